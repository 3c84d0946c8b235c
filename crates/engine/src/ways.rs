//! Ways: one version of everything that decides where a message goes and what it becomes on its way there.
//!
//! ```text
//!   configuration ──▶ Ways 1 ◀── a message in hand keeps the version that it began with
//!        │ another
//!        └──────────▶ Ways 2 ◀── whatever begins now
//! ```
//!
//! A version never changes; another takes its place as a whole, so that no message is routed by one configuration and
//! transformed by the next. What only an old version needs may end when nobody decides by that any more ([`Unused`]).

mod deciding;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;
use wardline_flow::{HandlerName, Routing, Transform};

use self::deciding::Count;
pub(crate) use self::deciding::{Deciding, Unused};
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
    /// Messages that are decided by it.
    deciding: Arc<Count>,
}

/// Keeps waiting whoever would go by a version, until it is dropped.
pub(crate) struct Gate(#[expect(dead_code, reason = "its end is the word")] watch::Sender<()>);

/// Tells that the gate is open.
#[derive(Clone)]
pub(crate) struct Opens(watch::Receiver<()>);

/// The version of the moment.
pub(crate) type CurrentWays = watch::Receiver<Arc<Ways>>;

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
        let deciding = Arc::<Count>::default();
        let unused = Unused(Arc::clone(&deciding));
        let of_routes = routing.routes.iter().map(|route| &route.transform);
        let has_scripts = of_routes.chain(routing.transforms.values()).any(Transform::has_script);
        let ways = Self { routing, has_scripts, charsets, withheld, callers, opens, deciding };
        (Arc::new(ways), unused)
    }

    /// Returns when this version may be gone by: at once, but for the moment in which a queue is moved.
    pub(crate) async fn opened(&self) {
        if let Some(Opens(opens)) = &self.opens {
            let _gone_is_open = opens.clone().changed().await;
        }
    }

    /// Begins with a message. None where nobody decides by this version any more: there is a newer one.
    pub(crate) fn begin(&self) -> Option<Deciding> {
        Deciding::begin(&self.deciding)
    }

    /// Begins with a message by the version of the moment, once that may be gone by. None where the engine is gone.
    pub(crate) async fn begun(current: &CurrentWays) -> Option<(Arc<Self>, Deciding)> {
        let mut current = current.clone();
        loop {
            let ways = Arc::clone(&current.borrow_and_update());
            ways.opened().await;
            if let Some(deciding) = ways.begin() {
                return Some((ways, deciding));
            }
            if current.changed().await.is_err() {
                return None;
            }
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
