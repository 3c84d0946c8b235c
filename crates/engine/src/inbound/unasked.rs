//! Senders that wait for an answer they did not ask for: they send again what was kept and, as they asked, not answered.
//!
//! Nothing is lost by it, but such a sender never gets on to its next message; so somebody must be told.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use wardline_flow::ListenerId;
use wardline_hl7::Message;

use crate::observe::ListenerCounters;

/// How many messages are remembered: a sender that waits sends the same one, with few of others between.
const REMEMBERED: usize = 1024;

/// The messages of one listener for which no positive answer was due, by sender and MSH-10.
#[derive(Debug, Default)]
pub(crate) struct Unasked {
    seen: Mutex<VecDeque<u64>>,
    state: RandomState,
    told: AtomicBool,
}

impl Unasked {
    /// A message came that gets no positive answer; the first that had come before is told of.
    pub(crate) fn hear(
        &self,
        message: &Message,
        listener: &ListenerId,
        counters: &ListenerCounters,
    ) {
        if !self.is_sent_again(message) {
            return;
        }
        counters.unasked_resends.one();
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(%listener, "the sender waits for an ACK that it did not ask for; set ack_mode");
        }
    }

    /// Remembers the message; whether it had come before.
    fn is_sent_again(&self, message: &Message) -> bool {
        let header = message.header();
        let id = self.state.hash_one((
            header.sending_application(),
            header.sending_facility(),
            header.control_id(),
        ));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.contains(&id) {
            return true;
        }
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(id);
        false
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn message(sender: &str, id: usize) -> Message {
        let text = format!("MSH|^~\\&|{sender}|B|C|D|2026||ADT^A01|{id}|P|2.5|||NE|NE\rPID|1\r");
        Message::parse(Bytes::from(text)).expect("a message")
    }

    #[test]
    fn what_comes_again_is_known_until_enough_others_came() {
        let unasked = Unasked::default();
        assert!(!unasked.is_sent_again(&message("A", 1)));
        assert!(!unasked.is_sent_again(&message("B", 1)), "another sender's");
        assert!(unasked.is_sent_again(&message("A", 1)));
        for id in 2..=REMEMBERED {
            assert!(!unasked.is_sent_again(&message("A", id)));
        }
        assert!(!unasked.is_sent_again(&message("A", 1)), "the oldest is forgotten");
    }
}
