//! How the parts of the running configuration are joined.

use wardline_config::{
    AckWhen, Config, Destination, DestinationKind, Entrance, Listener, Order, PeerEndpoint,
    TlsVersion,
};
use wardline_flow::{OnExhausted, Route, Source};

use super::super::protocol::{DestinationWiring, ListenerWiring, Response, RouteWiring, Wiring};
use super::{Desk, DeskError};

impl Desk {
    /// The wiring of the engine as it runs.
    pub(super) fn wiring(&self) -> Result<Response, DeskError> {
        let face = self.face().ok_or(DeskError::NotRunning)?;
        Ok(Response::Wiring(Box::new(of(&face.config))))
    }
}

fn of(config: &Config) -> Wiring {
    Wiring {
        listeners: config.listeners.iter().map(listener).collect(),
        routes: config.routing.routes.iter().map(|one| route(one, &config.listeners)).collect(),
        destinations: config.destinations.iter().map(destination).collect(),
    }
}

fn listener(listener: &Listener) -> ListenerWiring {
    let kind = match listener.entrance {
        Entrance::Bind(_) | Entrance::Dial(_) => "mllp",
        Entrance::Folder(_) => "file",
    };
    let tls = match &listener.entrance {
        Entrance::Dial(dialling) => dialling.peer.tls.as_ref().map(|tls| tls.min_version),
        Entrance::Bind(_) | Entrance::Folder(_) => listener.tls.as_ref().map(|tls| tls.min_version),
    };
    ListenerWiring {
        id: listener.id.to_string(),
        kind: kind.to_owned(),
        tls: tls.map(version),
        client_certificates: listener.tls.as_ref().is_some_and(|tls| tls.clients.is_some()),
        ack: match listener.ack {
            AckWhen::AfterStore => "after_store",
            AckWhen::AfterDelivery(_) => "after_delivery",
            AckWhen::None => "none",
        }
        .to_owned(),
        handlers: listener.handlers.iter().map(ToString::to_string).collect(),
        rules: listener.rules.len() as u64,
    }
}

/// A route without `from` looks at the messages of every listener.
fn route(route: &Route, listeners: &[Listener]) -> RouteWiring {
    let from = match &route.from {
        Some(sources) => sources.iter().map(source).collect(),
        None => listeners.iter().map(|listener| listener.id.to_string()).collect(),
    };
    let matcher = route.matcher.as_ref();
    let messages = matcher.map(|matcher| &matcher.messages[..]).unwrap_or_default();
    let beside_type = matcher.is_some_and(|matcher| {
        let header = [
            &matcher.sending_applications,
            &matcher.sending_facilities,
            &matcher.receiving_applications,
            &matcher.receiving_facilities,
        ];
        !matcher.paths.is_empty() || header.iter().any(|wanted| !wanted.is_empty())
    });
    RouteWiring {
        id: route.id.to_string(),
        from,
        messages: messages.iter().map(ToString::to_string).collect(),
        has_conditions: beside_type || route.when.is_some(),
        transforms: route.transform.steps.len() as u64,
        to: route.to.iter().map(ToString::to_string).collect(),
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::Listener(id) => id.to_string(),
        Source::Handler(id) => id.to_string(),
    }
}

fn destination(destination: &Destination) -> DestinationWiring {
    let retry = &destination.policy.retry;
    let (kind, tls, connections, ack_timeout) = match &destination.kind {
        DestinationKind::Mllp(mllp) => {
            let tls = match &mllp.endpoint {
                PeerEndpoint::Dialled(dialled) => dialled.tls.as_ref().map(|tls| tls.min_version),
                PeerEndpoint::Awaited(awaited) => awaited.tls.as_ref().map(|tls| tls.min_version),
            };
            ("mllp", tls, mllp.connections.get(), Some(mllp.ack_timeout))
        }
        DestinationKind::File(_) => ("file", None, 1, None),
        DestinationKind::Handler(handler) => ("handler", None, 1, Some(handler.timeout)),
        DestinationKind::Http(http) => {
            let tls = http.tls.as_ref().map(|tls| tls.min_version);
            ("http", tls, http.connections.get(), Some(http.timeout))
        }
        DestinationKind::Postgres(postgres) => {
            let tls = postgres.tls.as_ref().map(|tls| tls.min_version);
            ("postgres", tls, 1, None)
        }
    };
    DestinationWiring {
        id: destination.id.to_string(),
        kind: kind.to_owned(),
        tls: tls.map(version),
        order: match destination.order {
            Order::Fifo => "fifo",
            Order::ByKey(_) => "by-key",
            Order::None => "none",
        }
        .to_owned(),
        connections: connections as u64,
        retry_for_ms: millis(retry.retry_for),
        retry_max_ms: millis(retry.max),
        max_attempts: retry.max_attempts.map(|attempts| attempts.get().into()),
        blocks_when_exhausted: destination.policy.on_exhausted == OnExhausted::Block,
        ack_timeout_ms: ack_timeout.map(millis),
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn version(version: TlsVersion) -> String {
    match version {
        TlsVersion::V1_2 => "1.2",
        TlsVersion::V1_3 => "1.3",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use wardline_config::MllpDestination;
    use wardline_flow::{Matcher, Routing, Transform};

    use super::*;

    #[test]
    fn a_route_without_from_is_joined_to_every_listener() {
        let listener = |id: &str| Listener::new(id.into(), ([127, 0, 0, 1], 0).into());
        let kind = DestinationKind::Mllp(Box::new(MllpDestination::new("127.0.0.1:1")));
        let route = Route {
            id: "everything".into(),
            from: None,
            matcher: Some(Matcher {
                messages: vec!["ADT^A01".parse().expect("one"), "ORU^*".parse().expect("one")],
                sending_facilities: vec!["ST-E".to_owned()],
                ..Matcher::default()
            }),
            when: None,
            to: vec!["lis".into()],
            handlers: Vec::new(),
            transform: Transform::default(),
        };
        let wiring = of(&Config {
            listeners: vec![listener("adt-in"), listener("lab-in")],
            routing: Routing { routes: vec![route], ..Routing::default() },
            destinations: vec![Destination::new("lis".into(), kind)],
            ..Config::default()
        });
        let route = wiring.routes.first().expect("a route");
        assert_eq!(route.from, ["adt-in", "lab-in"]);
        assert_eq!(route.messages, ["ADT^A01", "ORU^*"]);
        assert!(route.has_conditions);
        assert_eq!(wiring.destinations.first().map(|one| one.order.as_str()), Some("fifo"));
    }
}
