//! Destinations that are gone: each ends when nothing more can come for it and nothing is left of its queue.
//!
//! A message that was in hand when they went may be stored for them still. It is delivered, or goes where the queue went, as
//! it was acknowledged. Nobody else sends or moves such a queue before that is over: two who do would break END-1.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use wardline_store::{Name, Store};

use super::super::destinations::RunningDestination;
use super::moving::Mover;
use crate::drain::{Drain, Phase, PhaseSender};
use crate::outbound::PoolDoor;
use crate::ways::{CurrentWays, Unused};

/// How long what came at the last moment may take to be delivered. Then it is kept as an orphaned queue.
const AT_THE_LAST_MOMENT: Duration = Duration::from_secs(60);
/// How often it is looked whether it was.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A destination that is leaving, as those see it who come after it.
pub(in crate::engine) struct Departure {
    pub(in crate::engine) id: Name,
    /// Who gets what is left of its queue.
    pub(in crate::engine) heir: Option<Name>,
    /// Absent where it was gone before.
    pub(in crate::engine) pool: Option<PoolDoor>,
    hurry: PhaseSender,
    farewell: JoinHandle<()>,
}

/// What becomes of a queue.
pub(super) enum Fate {
    /// It is sent to its end.
    Delivered,
    /// It is kept, and held when its destination comes back.
    Parked,
    /// It is elsewhere; what comes late goes there, too.
    Moved(Mover),
}

/// How one goes.
pub(super) struct Farewell {
    pub(super) id: Name,
    /// None where it was gone before.
    pub(super) running: Option<RunningDestination>,
    pub(super) fate: Fate,
    pub(super) store: Arc<dyn Store>,
    pub(super) ways: CurrentWays,
    /// Of the engine.
    pub(super) drain: Drain,
    /// Every version by which something may be stored for it still.
    pub(super) versions: Vec<Unused>,
}

impl Departure {
    /// What is in flight gets its answer; nothing else is waited for any more.
    pub(in crate::engine) fn hurry(&self) {
        self.hurry.send_replace(Phase::Draining);
    }

    pub(in crate::engine) fn is_over(&self) -> bool {
        self.farewell.is_finished()
    }

    /// Whether it was over by then.
    pub(in crate::engine) async fn over_by(&mut self, deadline: Instant) -> bool {
        timeout_at(deadline, &mut self.farewell).await.is_ok()
    }
}

impl Farewell {
    /// Begins it.
    pub(super) fn begin(self) -> Departure {
        let (hurry, hurried) = Drain::new();
        let heir = match &self.fate {
            Fate::Moved(mover) => Some(mover.to().arc()),
            Fate::Delivered | Fate::Parked => None,
        };
        let pool = self.running.as_ref().map(|running| running.face.pool.clone());
        let id = Name::clone(&self.id);
        Departure { id, heir, pool, hurry, farewell: actix::spawn(self.say(hurried)) }
    }

    async fn say(mut self, hurried: Drain) {
        let (mut hastened, mut drain) = (hurried.clone(), self.drain.clone());
        let versions = std::mem::take(&mut self.versions);
        tokio::select! {
            () = Unused::all(versions) => {}
            () = hastened.begun() => {}
            () = drain.begun() => {}
        }
        if matches!(self.fate, Fate::Delivered) {
            self.delivered(&hurried).await;
        }
        if let Some(running) = &mut self.running {
            running.end();
            running.face.pool.drained().await;
        }
        self.move_late_ones().await;
    }

    /// Moves what was stored at the old place after its queue had gone, and what was in flight then and did not get through.
    async fn move_late_ones(&mut self) {
        let Fate::Moved(mover) = &mut self.fate else { return };
        if self.drain.is_draining() {
            return;
        }
        mover.in_flight.clear();
        let ways = Arc::clone(&self.ways.borrow());
        let deliveries = mover.move_all(&ways.charsets, u64::MAX).await;
        if deliveries > 0 {
            tracing::warn!(destination = %self.id, to = %mover.to(), deliveries,
                "what came late for it goes elsewhere, too, behind what came there meanwhile");
        }
    }

    /// Returns when its queue is empty.
    async fn delivered(&self, hurried: &Drain) {
        let deadline = Instant::now() + AT_THE_LAST_MOMENT;
        loop {
            let (store, name) = (Arc::clone(&self.store), Name::clone(&self.id));
            let queued = tokio::task::spawn_blocking(move || {
                let states = store.destinations().ok()?;
                let state = states.into_iter().find(|state| state.destination == name)?;
                Some(state.pending + state.held)
            });
            let queued = queued.await.ok().flatten().unwrap_or(0);
            if queued == 0 || self.drain.is_draining() {
                return;
            }
            if hurried.is_draining() || Instant::now() >= deadline {
                tracing::warn!(destination = %self.id, queued,
                    "what came for it at the last moment is not delivered: its queue is kept");
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    }
}
