//! What messages come to: the answers, and what each destination gets. The same for whoever compares it with what was
//! expected, or with what another configuration makes of them.

use std::collections::BTreeMap;

use bytes::Bytes;
use wardline_engine::rehearsal::{Fate, Rehearsal, Stamp};
use wardline_flow::{DestinationId, ListenerId};

/// What answers have in MSH-10 and MSH-7 here: nothing, for they are new with each answer and are not compared.
const UNSTAMPED: Stamp<'static> = Stamp { control_id: "", time: "" };

/// What one or more messages come to.
#[derive(Default)]
pub(super) struct Effect {
    /// What is decided on each.
    pub(super) fates: Vec<Fate>,
    /// The answers to all, in order.
    pub(super) answers: Vec<Bytes>,
    /// The system whose answer goes back behind ours.
    pub(super) answered_by: Option<DestinationId>,
    /// What each destination gets, in order.
    pub(super) sent: BTreeMap<String, Vec<Bytes>>,
}

impl Effect {
    /// What this payload comes to at that listener; `None` where there is no such listener.
    pub(super) fn of(
        rehearsal: &Rehearsal,
        listener: &ListenerId,
        payload: &Bytes,
    ) -> Option<Self> {
        let mut effect = Self::default();
        for message in rehearsal.apart(listener, payload) {
            effect.add(rehearsal, listener, &message)?;
        }
        Some(effect)
    }

    fn add(&mut self, rehearsal: &Rehearsal, listener: &ListenerId, message: &Bytes) -> Option<()> {
        let rehearsed = rehearsal.rehearse(listener, message, UNSTAMPED)?;
        self.fates.push(rehearsed.fate);
        self.answers.extend(rehearsed.answers);
        self.answered_by = rehearsed.answered_by.or_else(|| self.answered_by.take());
        for sent in rehearsed.kept.into_iter().flat_map(|kept| kept.deliveries) {
            self.sent.entry(sent.destination.to_string()).or_default().push(sent.body);
        }
        Some(())
    }

    /// What another payload comes to besides.
    pub(super) fn join(&mut self, other: Self) {
        self.fates.extend(other.fates);
        self.answers.extend(other.answers);
        self.answered_by = other.answered_by.or_else(|| self.answered_by.take());
        for (destination, bodies) in other.sent {
            self.sent.entry(destination).or_default().extend(bodies);
        }
    }
}
