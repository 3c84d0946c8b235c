//! Which keys of a part differ. Every key of the model is named here, so that none can be changed unseen: a new one does
//! not compile until it is.

use std::mem::discriminant;

use wardline_config::{
    Admin, Awaited, Destination, DestinationKind, Dialled, Dialling, Engine, Entrance,
    FileDestination, HandlerDestination, HandlerLimits, History, HttpDestination, Listener, Log,
    MllpDestination, PeerEndpoint, PostgresDestination, Store, WatchedFolder,
};
use wardline_flow::{DestinationId, Route, Routing};

/// Names of keys, as the configuration has them.
pub(super) type Keys = Vec<&'static str>;

/// The keys by which two values of one type differ. It names every field of it.
macro_rules! differing {
    ($type:ident, $old:expr, $new:expr, { $($field:ident: $key:literal),+ $(,)? }) => {{
        let $type { $($field),+ } = $old;
        let mut keys = Keys::new();
        $(if *$field != $new.$field {
            keys.push($key);
        })+
        keys
    }};
}

pub(super) fn engine(old: &Engine, new: &Engine) -> Keys {
    differing!(Engine, old, new, {
        name: "name",
        data_dir: "data_dir",
        shutdown_delay: "shutdown_delay",
        drain_timeout: "drain_timeout",
        arbiters: "arbiters",
        max_buffered: "max_buffered",
        certificate_warning: "certificate_warning",
        rules: "rules",
    })
}

pub(super) fn store(old: &Store, new: &Store) -> Keys {
    differing!(Store, old, new, {
        segment_size: "segment_size",
        retain_for: "retain_for",
        retain_bytes: "retain_bytes",
        min_free: "min_free",
        max_index_lag: "max_index_lag",
        dead_letter_retention: "dead_letter_retention",
    })
}

pub(super) fn history(old: &History, new: &History) -> Keys {
    differing!(History, old, new, { enabled: "enabled", keys: "keys" })
}

pub(super) fn log(old: &Log, new: &Log) -> Keys {
    differing!(Log, old, new, { filter: "filter", format: "format" })
}

/// All of them where the page comes or goes.
pub(super) fn admin(old: Option<&Admin>, new: Option<&Admin>) -> Keys {
    match (old, new) {
        (None, None) => Keys::new(),
        (None, Some(_)) | (Some(_), None) => vec!["bind"],
        (Some(old), Some(new)) => differing!(Admin, old, new, {
            bind: "bind",
            tls: "tls",
            environment: "environment",
            session_idle: "session_idle",
            session_max: "session_max",
            max_connections: "max_connections",
        }),
    }
}

pub(super) fn handler(old: &HandlerLimits, new: &HandlerLimits) -> Keys {
    differing!(HandlerLimits, old, new, {
        name: "name",
        script: "file",
        instances: "instances",
        max_stuck: "max_stuck",
        max_restarts: "max_restarts",
        restart_window: "restart_window",
    })
}

pub(super) fn route(old: &Route, new: &Route) -> Keys {
    differing!(Route, old, new, {
        id: "id",
        from: "from",
        matcher: "match",
        when: "when",
        to: "to",
        handlers: "handlers",
        transform: "transform",
    })
}

pub(super) fn listener(old: &Listener, new: &Listener) -> Keys {
    let mut keys = entrance(&old.entrance, &new.entrance);
    keys.extend(differing!(Listener, old, new, {
        id: "id",
        entrance: "kind",
        release: "mllp",
        frame_end: "frame_end",
        max_message_size: "max_message_size",
        max_connections: "max_connections",
        max_per_source: "max_per_source",
        when_full: "when_full",
        allow: "allow",
        rate: "rate",
        max_in_flight_per_source: "max_in_flight_per_source",
        idle_timeout: "idle_timeout",
        frame_idle_timeout: "frame_idle_timeout",
        frame_timeout: "frame_timeout",
        write_timeout: "write_timeout",
        handler_timeout: "handler_timeout",
        ack: "ack",
        ack_mode: "ack_mode",
        app_ack_to: "app_ack_to",
        ack_type: "ack_type",
        err: "err",
        multiple: "multiple",
        batch_ack: "batch_ack",
        dedup: "dedup",
        dedup_window: "dedup_window",
        retain_for: "retain_for",
        unrouted: "unrouted",
        on_unavailable: "on_unavailable",
        unavailable_wait: "unavailable_wait",
        intake: "header",
        rules: "rules",
        segments: "segments",
        charset: "charset",
        profile: "profile",
        profile_level: "profile_level",
        handlers: "handlers",
        tls: "tls",
    }));
    // What differs within its entrance says more.
    let says_more = discriminant(&old.entrance) == discriminant(&new.entrance);
    keys.retain(|key| *key != "kind" || !says_more);
    keys
}

pub(super) fn entrance(old: &Entrance, new: &Entrance) -> Keys {
    match (old, new) {
        (Entrance::Bind(old), Entrance::Bind(new)) if old != new => vec!["bind"],
        (Entrance::Dial(old), Entrance::Dial(new)) => {
            let mut keys = dialled(&old.peer, &new.peer);
            keys.extend(differing!(Dialling, old, new, {
                peer: "peer",
                connections: "connections",
                first: "retry.first",
                max: "retry.max",
            }));
            keys.retain(|key| *key != "peer");
            keys
        }
        (Entrance::Folder(old), Entrance::Folder(new)) => folder(old, new),
        (Entrance::Bind(_) | Entrance::Dial(_) | Entrance::Folder(_), _) => Keys::new(),
    }
}

fn folder(old: &WatchedFolder, new: &WatchedFolder) -> Keys {
    differing!(WatchedFolder, old, new, {
        path: "path",
        pattern: "pattern",
        poll_every: "poll_every",
        stable_for: "stable_for",
        sort: "sort",
        when_done: "when_done",
        done: "done",
        failed: "failed",
        max_file_size: "max_file_size",
    })
}

pub(super) fn destination(old: &Destination, new: &Destination) -> Keys {
    let mut keys = kind(&old.kind, &new.kind);
    keys.extend(differing!(Destination, old, new, {
        id: "id",
        kind: "kind",
        order: "order",
        policy: "retry",
        charset: "charset",
        unmappable: "unmappable",
        max_consecutive_dead: "max_consecutive_dead",
        processing_id: "processing_id",
        accept_test: "accept_test",
    }));
    let says_more = discriminant(&old.kind) == discriminant(&new.kind);
    keys.retain(|key| *key != "kind" || !says_more);
    keys
}

fn kind(old: &DestinationKind, new: &DestinationKind) -> Keys {
    match (old, new) {
        (DestinationKind::Mllp(old), DestinationKind::Mllp(new)) => mllp(old, new),
        (DestinationKind::File(old), DestinationKind::File(new)) => {
            differing!(FileDestination, old, new, { path: "path" })
        }
        (DestinationKind::Handler(old), DestinationKind::Handler(new)) => {
            differing!(HandlerDestination, old, new, { handler: "handler", timeout: "timeout" })
        }
        (DestinationKind::Http(old), DestinationKind::Http(new)) => {
            differing!(HttpDestination, &**old, new, {
                url: "url",
                method: "method",
                body: "body",
                content_type: "content_type",
                headers: "headers",
                idempotency_header: "idempotency_header",
                tls: "tls",
                connections: "connections",
                connect_timeout: "connect_timeout",
                timeout: "timeout",
                max_reply_size: "max_reply_size",
                on_status: "on_status",
            })
        }
        (DestinationKind::Postgres(old), DestinationKind::Postgres(new)) => {
            differing!(PostgresDestination, &**old, new, {
                address: "address",
                database: "database",
                user: "user",
                password: "password",
                tls: "tls",
                statement: "statement",
                batch: "batch",
                connect_timeout: "connect_timeout",
                timeout: "timeout",
            })
        }
        (
            DestinationKind::Mllp(_)
            | DestinationKind::File(_)
            | DestinationKind::Handler(_)
            | DestinationKind::Http(_)
            | DestinationKind::Postgres(_),
            _,
        ) => Keys::new(),
    }
}

fn mllp(old: &MllpDestination, new: &MllpDestination) -> Keys {
    let mut keys = endpoint(&old.endpoint, &new.endpoint);
    keys.extend(differing!(MllpDestination, old, new, {
        endpoint: "role",
        connections: "connections",
        mode: "mode",
        ack_timeout: "ack_timeout",
        connect_timeout: "connect_timeout",
        write_timeout: "write_timeout",
        max_reply_size: "max_reply_size",
        ack_match: "ack_match",
        expect_ack: "expect_ack",
        app_ack_within: "app_ack_within",
        ack_connection: "ack_connection",
        release: "mllp",
        on_reply: "on_reply",
    }));
    let says_more = discriminant(&old.endpoint) == discriminant(&new.endpoint);
    keys.retain(|key| *key != "role" || !says_more);
    keys
}

fn endpoint(old: &PeerEndpoint, new: &PeerEndpoint) -> Keys {
    match (old, new) {
        (PeerEndpoint::Dialled(old), PeerEndpoint::Dialled(new)) => dialled(old, new),
        (PeerEndpoint::Awaited(old), PeerEndpoint::Awaited(new)) => {
            differing!(Awaited, old, new, { bind: "bind", allow: "allow", tls: "tls" })
        }
        (PeerEndpoint::Dialled(_) | PeerEndpoint::Awaited(_), _) => Keys::new(),
    }
}

fn dialled(old: &Dialled, new: &Dialled) -> Keys {
    differing!(Dialled, old, new, { address: "address", tls: "tls" })
}

/// Keys of a destination that are obeyed on the way to its queue.
pub(super) fn on_the_way(destination: &DestinationId, old: &Routing, new: &Routing) -> Keys {
    let mut keys = Keys::new();
    if old.filters.get(destination) != new.filters.get(destination) {
        keys.push("filter");
    }
    if old.transforms.get(destination) != new.transforms.get(destination) {
        keys.push("transform");
    }
    keys
}
