//! Ways: one version of everything that decides where a message goes and what it becomes on its way there.
//!
//! ```text
//!   configuration ──▶ Ways 1 ◀── a message in hand keeps the version that it began with
//!        │ another
//!        └──────────▶ Ways 2 ◀── whatever begins now
//! ```
//!
//! A version never changes; another takes its place as a whole, so that no message is routed by one configuration and
//! transformed by the next. What only an old version needs may end when nobody goes by that any more ([`Unused`]).

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use wardline_flow::{HandlerName, Routing, Transform};

use crate::charsets::Charsets;
use crate::handler::HandlerCaller;
use crate::observe::Withheld;

/// One version.
pub(crate) struct Ways {
    pub(crate) routing: Arc<Routing>,
    /// Whether a plan may take its time.
    pub(crate) has_scripts: bool,
    pub(crate) charsets: Charsets,
    pub(crate) withheld: Arc<Withheld>,
    /// The handlers, by name.
    pub(crate) callers: BTreeMap<HandlerName, HandlerCaller>,
    opens: Option<Opens>,
    /// Dropped with the version.
    _in_use: watch::Sender<()>,
}

/// Keeps waiting whoever would go by a version, until it is dropped.
pub(crate) struct Gate(#[expect(dead_code, reason = "its end is the word")] watch::Sender<()>);

/// Tells that the gate is open.
#[derive(Clone)]
pub(crate) struct Opens(watch::Receiver<()>);

/// The version of the moment.
pub(crate) type CurrentWays = watch::Receiver<Arc<Ways>>;

/// Tells when nobody goes by a version any more.
#[derive(Clone)]
pub(crate) struct Unused(watch::Receiver<()>);

impl Ways {
    pub(crate) fn new(
        routing: Arc<Routing>,
        charsets: Charsets,
        withheld: Arc<Withheld>,
        callers: BTreeMap<HandlerName, HandlerCaller>,
    ) -> (Arc<Self>, Unused) {
        Self::behind(None, routing, charsets, withheld, callers)
    }

    /// A version by which nobody goes before `opens` says so.
    pub(crate) fn behind(
        opens: Option<Opens>,
        routing: Arc<Routing>,
        charsets: Charsets,
        withheld: Arc<Withheld>,
        callers: BTreeMap<HandlerName, HandlerCaller>,
    ) -> (Arc<Self>, Unused) {
        let (in_use, unused) = watch::channel(());
        let of_routes = routing.routes.iter().map(|route| &route.transform);
        let has_scripts = of_routes.chain(routing.transforms.values()).any(Transform::has_script);
        let ways =
            Self { routing, has_scripts, charsets, withheld, callers, opens, _in_use: in_use };
        (Arc::new(ways), Unused(unused))
    }

    /// Returns when this version may be gone by: at once, but for the moment in which a queue is moved.
    pub(crate) async fn opened(&self) {
        if let Some(Opens(opens)) = &self.opens {
            let _gone_is_open = opens.clone().changed().await;
        }
    }

    /// Without routes and handlers.
    #[cfg(test)]
    pub(crate) fn none() -> Arc<Self> {
        Self::new(Arc::default(), Charsets::default(), Arc::default(), BTreeMap::new()).0
    }
}

impl Gate {
    /// A gate, and the word that it opens.
    pub(crate) fn closed() -> (Self, Opens) {
        let (sender, opens) = watch::channel(());
        (Self(sender), Opens(opens))
    }
}

impl Unused {
    /// Whether nobody goes by it any more.
    pub(crate) fn is_now(&self) -> bool {
        self.0.has_changed().is_err()
    }

    /// Returns when nobody goes by any of these any more.
    pub(crate) async fn all(versions: Vec<Self>) {
        for Self(mut version) in versions {
            while version.changed().await.is_ok() {}
        }
    }
}
