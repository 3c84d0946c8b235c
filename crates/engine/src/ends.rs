//! How deliveries ended and what was answered, for senders that wait to hear it (`ack = "after_delivery"`).
//!
//! ```text
//!   connection   message n is durable ──▶ asks for its end ──waits──▶ answers the sender
//!   pool         n has ended ──▶ tells, or keeps it for a question to come: an end may be first
//! ```
//!
//! Nothing of it is kept on the disk: who loses his answer with the process sends again, as after any broken connection.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use wardline_store::MessageId;

/// Ends that are kept for questions to come. A question follows its message's sync at once; what was pushed out before
/// is answered as late.
const MAX_KEPT: usize = 1024;
/// Bytes of their ends.
const MAX_KEPT_BYTES: usize = 16 * 1024 * 1024;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The peer has it.
    Delivered,
    /// A dead letter: it was not delivered, and is not unless an operator sends it again.
    Dead,
    /// Held until an operator decides: it may yet be delivered.
    Held,
    /// An operator discarded it: it will never be delivered.
    Discarded,
}

/// How a delivery ended.
#[derive(Clone)]
pub(crate) struct Ended {
    /// What became of it.
    pub(crate) end: End,
    /// What the peer said, as far as it said anything.
    pub(crate) reply: Bytes,
}

/// The ends of the deliveries of one destination.
#[derive(Default)]
pub(crate) struct Ends {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    asked: HashMap<MessageId, oneshot::Sender<Ended>>,
    kept: VecDeque<(MessageId, Ended)>,
    kept_bytes: usize,
}

/// Somebody waits for the end of one delivery, until this is dropped.
pub(crate) struct Question {
    message: MessageId,
    ends: Arc<Ends>,
    answer: oneshot::Receiver<Ended>,
}

impl Ends {
    /// The delivery of this message has ended.
    pub(crate) fn tell(&self, message: MessageId, ended: Ended) {
        let mut state = self.lock();
        match state.asked.remove(&message) {
            Some(asker) => {
                let _gave_up = asker.send(ended);
            }
            None => state.keep(message, ended),
        }
    }

    /// Asks for the end of this delivery. One question a message.
    pub(crate) fn ask(self: &Arc<Self>, message: MessageId) -> Question {
        let (asker, answer) = oneshot::channel();
        let mut state = self.lock();
        match state.take(message) {
            Some(ended) => {
                let _received_below = asker.send(ended);
            }
            None => {
                state.asked.insert(message, asker);
            }
        }
        Question { message, ends: Arc::clone(self), answer }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, message: MessageId, ended: Ended) {
        self.kept_bytes += ended.reply.len();
        self.kept.push_back((message, ended));
        while (self.kept.len() > MAX_KEPT || self.kept_bytes > MAX_KEPT_BYTES)
            && let Some((_, oldest)) = self.kept.pop_front()
        {
            self.kept_bytes -= oldest.reply.len();
        }
    }

    /// The newest are asked for first.
    fn take(&mut self, message: MessageId) -> Option<Ended> {
        let place = self.kept.iter().rposition(|(kept, _)| *kept == message)?;
        let (_, ended) = self.kept.remove(place)?;
        self.kept_bytes -= ended.reply.len();
        Some(ended)
    }
}

impl Question {
    /// How it ended, once it has.
    pub(crate) async fn answer(&mut self) -> Option<Ended> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.ends.lock().asked.remove(&self.message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> MessageId {
        MessageId::from_number(number).expect("from 1 on")
    }

    fn delivered(reply: &'static [u8]) -> Ended {
        Ended { end: End::Delivered, reply: Bytes::from_static(reply) }
    }

    #[actix::test]
    async fn an_end_is_told_whether_it_comes_before_the_question_or_behind_it() {
        let ends = Arc::new(Ends::default());
        ends.tell(id(1), delivered(b"first"));
        let mut before = ends.ask(id(1));
        assert_eq!(before.answer().await.expect("told").reply, "first");
        let mut behind = ends.ask(id(2));
        ends.tell(id(2), delivered(b"second"));
        assert_eq!(behind.answer().await.expect("told").reply, "second");
        assert_eq!(ends.lock().kept_bytes, 0);
    }

    #[test]
    fn who_gives_up_leaves_nothing_behind() {
        let ends = Arc::new(Ends::default());
        drop(ends.ask(id(1)));
        assert!(ends.lock().asked.is_empty());
    }

    #[test]
    fn ends_that_nobody_asks_for_make_room_by_number_and_by_size() {
        let ends = Ends::default();
        for number in 1..=5000 {
            ends.tell(id(number), delivered(b"x"));
        }
        assert_eq!(ends.lock().kept.len(), MAX_KEPT);
        assert_eq!(ends.lock().kept_bytes, MAX_KEPT);
        let large = Bytes::from(vec![b'x'; MAX_KEPT_BYTES / 2]);
        for number in 1..=3 {
            ends.tell(id(number), Ended { end: End::Delivered, reply: large.clone() });
        }
        assert!(ends.lock().kept_bytes <= MAX_KEPT_BYTES);
    }
}
