//! All open outboxes, and the writer's way to them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::{Outbox, Pending};
use crate::api::{MessageId, Name};

/// The outboxes by destination.
#[derive(Default)]
pub(crate) struct Outboxes(RwLock<HashMap<Name, Arc<Outbox>>>);

/// The writer's hold on them during one group.
pub(crate) struct Session<'o> {
    outboxes: RwLockReadGuard<'o, HashMap<Name, Arc<Outbox>>>,
    to_wake: Vec<Arc<Outbox>>,
}

impl Outboxes {
    /// Opens one; an earlier one of the same destination is cut off.
    pub(crate) fn open(&self, outbox: Arc<Outbox>) {
        let mut outboxes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        outboxes.insert(outbox.destination.clone(), outbox);
    }

    pub(crate) fn session(&self) -> Session<'_> {
        let outboxes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Session { outboxes, to_wake: Vec::new() }
    }
}

impl Session<'_> {
    /// A fresh delivery is durable. A destination without an open outbox has it on disk.
    pub(crate) fn offer(
        &mut self,
        destination: &str,
        number: u64,
        bytes: usize,
        pending: impl FnOnce() -> Pending,
    ) {
        let Some(outbox) = self.outboxes.get(destination) else { return };
        let wake = outbox.window().offer(number, bytes, pending);
        if wake {
            note(&mut self.to_wake, outbox);
        }
    }

    /// A dead letter or a held delivery is pending again.
    pub(crate) fn revived(&mut self, destination: &str, message: MessageId) {
        if let Some(outbox) = self.outboxes.get(destination) {
            outbox.window().revived(message);
            note(&mut self.to_wake, outbox);
        }
    }

    /// A destination was held, or released.
    pub(crate) fn held(&mut self, destination: &str, held: bool) {
        if let Some(outbox) = self.outboxes.get(destination) {
            outbox.window().set_held(held);
            note(&mut self.to_wake, outbox);
        }
    }

    /// Wakes each outbox that got something, once.
    pub(crate) fn wake(self) {
        let Self { outboxes, to_wake } = self;
        drop(outboxes);
        for outbox in to_wake {
            (outbox.wake)();
        }
    }
}

fn note(to_wake: &mut Vec<Arc<Outbox>>, outbox: &Arc<Outbox>) {
    if !to_wake.iter().any(|noted| Arc::ptr_eq(noted, outbox)) {
        to_wake.push(Arc::clone(outbox));
    }
}
