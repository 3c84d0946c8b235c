use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use wardline_config::{DestinationKind, MllpDestination, ServerTls};
use wardline_flow::{AckMode, OnMiss, RouteId, Transform};

use super::*;

fn listener(id: &str) -> Listener {
    Listener::new(id.into(), ([127, 0, 0, 1], 2575).into())
}

fn destination(id: &str) -> Destination {
    Destination::new(id.into(), DestinationKind::Mllp(Box::new(MllpDestination::new("lis:2576"))))
}

fn route(id: &str) -> Route {
    Route {
        id: RouteId::from(id),
        from: None,
        matcher: None,
        when: None,
        to: vec!["lis".into()],
        handlers: Vec::new(),
        transform: Transform::default(),
    }
}

fn site() -> Config {
    Config {
        listeners: vec![listener("in"), listener("lab")],
        routing: Routing { routes: vec![route("one"), route("two")], ..Routing::default() },
        destinations: vec![destination("lis")],
        ..Config::default()
    }
}

/// What is different when the site is changed so, one line each.
fn changed(change: impl FnOnce(&mut Config)) -> Vec<String> {
    let mut new = site();
    change(&mut new);
    let diff = Diff::between(&site(), &new);
    let live = diff.changes.iter().map(|row| {
        format!("{} {} {} [{}] {:?}", row.change, row.part, row.id, row.keys.join(" "), row.effect)
    });
    let at_start = diff.needs_restart.iter().map(|key| format!("restart {key}"));
    live.chain(at_start).collect()
}

#[test]
fn the_same_is_no_difference() {
    assert_eq!(changed(|_| {}), Vec::<String>::new());
    assert!(Diff::between(&site(), &site()).changes.is_empty());
}

#[test]
fn what_is_new_and_what_is_gone_is_named() {
    let lines = changed(|site| {
        site.listeners.remove(0);
        site.listeners.push(listener("new"));
        site.destinations.push(destination("archive"));
        site.routing.routes.remove(1);
    });
    assert_eq!(
        lines,
        [
            "added listener new [] Starts",
            "removed listener in [] Drains",
            "removed route two [] NextMessage",
            "added destination archive [] Starts",
        ]
    );
}

#[test]
fn a_listener_keeps_its_connections_unless_they_would_have_to_speak_otherwise() {
    let first = |change: fn(&mut Listener)| changed(|site| change(&mut site.listeners[0]));
    assert_eq!(
        first(|one| {
            one.ack_mode = AckMode::Original;
            one.max_connections = NonZeroUsize::MIN;
        }),
        ["changed listener in [max_connections ack_mode] NextMessage"]
    );
    let files = wardline_config::CertificateFiles { certificate: "a".into(), key: "b".into() };
    let encrypted = changed(|site| site.listeners[0].tls = Some(ServerTls::new(files)));
    assert_eq!(encrypted, ["changed listener in [tls] Reconnects"]);
    assert_eq!(
        first(|one| one.entrance = listener("other").entrance),
        Vec::<String>::new(),
        "the same address"
    );
    assert_eq!(
        first(|one| one.entrance = wardline_config::Entrance::Bind(([0, 0, 0, 0], 1).into())),
        ["changed listener in [bind] Reopens"]
    );
}

#[test]
fn a_destination_restarts_its_pool_only_for_what_the_pool_looks_at() {
    let lis = |change: fn(&mut Destination)| changed(|site| change(&mut site.destinations[0]));
    assert_eq!(
        lis(|one| one.kind = DestinationKind::Mllp(Box::new(MllpDestination::new("lis:1")))),
        ["changed destination lis [address] RestartsPool"]
    );
    assert_eq!(
        lis(|one| one.accept_test = true),
        ["changed destination lis [accept_test] NextMessage"]
    );
}

#[test]
fn routes_and_tables_are_compared_by_what_they_say() {
    assert_eq!(
        changed(|site| site.routing.routes.swap(0, 1)),
        ["changed routes routes [order] NextMessage"]
    );
    assert_eq!(
        changed(|site| site.routing.routes[1].to.push("archive".into())),
        ["changed route two [to] NextMessage"]
    );
    let table = |value: &str| {
        let entries = HashMap::from([("A".to_owned(), value.to_owned())]);
        let table = LookupTable::new(entries, OnMiss::Keep);
        Arc::new(Lookups::new(BTreeMap::from([("units".to_owned(), table)])))
    };
    let with = |value| Config {
        routing: Routing { lookups: table(value), ..Routing::default() },
        ..Config::default()
    };
    let diff = Diff::between(&with("1"), &with("2"));
    assert_eq!(
        (diff.changes[0].id.as_str(), &diff.changes[0].keys[..]),
        ("units", &["file".to_owned()][..])
    );
    assert_eq!(Diff::between(&with("1"), &with("1")), Diff::default());
}

#[test]
fn what_the_engine_is_made_of_needs_a_restart() {
    let lines = changed(|site| {
        site.engine.data_dir = "elsewhere".into();
        site.engine.drain_timeout = Duration::from_secs(1);
        site.store.retain_for = Duration::from_secs(1);
        site.log.filter = "debug".to_owned();
    });
    assert_eq!(
        lines,
        [
            "changed engine engine [drain_timeout] NextMessage",
            "restart engine.data_dir",
            "restart store.retain_for",
            "restart log.filter",
        ]
    );
}
