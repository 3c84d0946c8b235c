//! How connections learn that their record is durable: one wake per arbiter and group.
//!
//! The store's writer thread answers a whole group at once. Each arbiter has a port; the writer puts the group's
//! answers for that arbiter into a channel, which wakes one task there, and that task resolves the connections'
//! futures without leaving its thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::ArbiterHandle;
use slab::Slab;
use tokio::sync::{mpsc, oneshot};
use wardline_store::{Completion, NotStored, Port, PortId, Store, Stored, Ticket};

/// One arbiter's end. Clone it for each connection.
#[derive(Clone)]
pub(crate) struct Completions {
    port: PortId,
    waiting: Arc<Mutex<Waiting>>,
}

type Waiting = Slab<oneshot::Sender<Kept>>;
/// How one record fared.
type Kept = Result<Stored, NotStored>;

/// A record handed over, to be awaited.
#[derive(Debug)]
pub(crate) struct Awaited(oneshot::Receiver<Kept>);

/// The writer's end. The channel holds at most one entry per message in hand, so it needs no bound of its own.
struct ArbiterPort(mpsc::UnboundedSender<Vec<Completion>>);

impl Port for ArbiterPort {
    fn completed(&self, group: Vec<Completion>) {
        let _arbiter_gone_with_its_connections = self.0.send(group);
    }
}

impl Completions {
    /// Opens a port for `arbiter` and starts the task there that serves it.
    pub(crate) fn open(store: &dyn Store, arbiter: &ArbiterHandle) -> Self {
        let (sender, mut groups) = mpsc::unbounded_channel();
        let port = store.open_port(Box::new(ArbiterPort(sender)));
        let waiting = Arc::new(Mutex::new(Slab::new()));
        let served = Arc::clone(&waiting);
        arbiter.spawn(async move {
            while let Some(group) = groups.recv().await {
                serve(&served, group);
            }
        });
        Self { port, waiting }
    }

    /// A ticket for one record, and the future of its answer.
    pub(crate) fn ticket(&self) -> (Ticket, Awaited) {
        let (sender, receiver) = oneshot::channel();
        let number = lock(&self.waiting).insert(sender) as u64;
        (Ticket { port: self.port, number }, Awaited(receiver))
    }

    /// Takes back a ticket that was not used.
    pub(crate) fn give_back(&self, ticket: Ticket) {
        take(&mut lock(&self.waiting), ticket.number);
    }
}

impl Awaited {
    /// Returns once the sync that covers the record has returned: ACK-1. `None` when it is not written: no space was
    /// left for it, or the store is gone, which ends the process.
    pub(crate) async fn stored(self) -> Option<Stored> {
        self.0.await.ok()?.ok()
    }
}

fn serve(waiting: &Mutex<Waiting>, group: Vec<Completion>) {
    let mut waiting = lock(waiting);
    for completion in group {
        if let Some(waiter) = take(&mut waiting, completion.number) {
            let _connection_gone = waiter.send(completion.result);
        }
    }
}

fn take(waiting: &mut Waiting, number: u64) -> Option<oneshot::Sender<Kept>> {
    waiting.try_remove(usize::try_from(number).ok()?)
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
