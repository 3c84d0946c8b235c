//! Deliveries whose answer comes through a listener: peers with a port for each direction (`ack_connection`).
//!
//! ```text
//!   connection ──message──▶ peer ──answer, a message with MSA──▶ listener ──▶ Elsewhere ──▶ connection
//! ```
//!
//! What the answer means is the connection's to say, as of one that it has read itself (MATCH-1).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::mpsc;
use wardline_config::{Destination, DestinationKind};
use wardline_flow::{AckMatch, ListenerId};
use wardline_hl7::Message;

/// Answers to one delivery that may lie between a listener and its connection: an accept answer, the application's, and a
/// few that come twice. What comes beyond is an answer that nobody awaits.
const ANSWERS_AT_ONCE: usize = 8;

/// The deliveries of one destination that wait so; one a connection at most.
pub(crate) struct Elsewhere {
    /// Where the answers come in; absent: on the connections themselves.
    listener: Option<ListenerId>,
    matching: AckMatch,
    next: AtomicU64,
    waiting: Mutex<Vec<Waiting>>,
    /// Their number, to be read without a lock.
    count: AtomicUsize,
}

struct Waiting {
    number: u64,
    control_id: Bytes,
    answers: mpsc::Sender<Bytes>,
}

/// A delivery's place among those that wait, until it is dropped.
pub(crate) struct Wait {
    elsewhere: Arc<Elsewhere>,
    number: u64,
}

impl Elsewhere {
    /// Of this destination; nothing waits yet.
    pub(crate) fn of(destination: &Destination) -> Arc<Self> {
        let (listener, matching) = match &destination.kind {
            DestinationKind::Mllp(mllp) => (mllp.ack_connection.clone(), mllp.ack_match),
            DestinationKind::File(_) | DestinationKind::Handler(_) => (None, AckMatch::Exact),
        };
        Arc::new(Self {
            listener,
            matching,
            next: AtomicU64::new(0),
            waiting: Mutex::default(),
            count: AtomicUsize::new(0),
        })
    }

    /// Waits for the answers to a message with this MSH-10. `None` where they come on the connection.
    pub(crate) fn wait(
        self: &Arc<Self>,
        control_id: &Bytes,
    ) -> Option<(Wait, mpsc::Receiver<Bytes>)> {
        self.listener.as_ref()?;
        let (answers, received) = mpsc::channel(ANSWERS_AT_ONCE);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut waiting = self.waiting();
        waiting.push(Waiting { number, control_id: control_id.clone(), answers });
        self.count.store(waiting.len(), Ordering::Release);
        drop(waiting);
        Some((Wait { elsewhere: Arc::clone(self), number }, received))
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// An answer that came in there, for the message with this id. True where a delivery waits for it.
    pub(crate) fn hear(&self, listener: &ListenerId, control_id: &[u8], answer: &Message) -> bool {
        if self.count() == 0 || self.listener.as_ref() != Some(listener) {
            return false;
        }
        let waiting = self.waiting();
        let found = waiting.iter().find(|one| self.matching.accepts(&one.control_id, control_id));
        found.is_some_and(|one| one.answers.try_send(answer.bytes().clone()).is_ok())
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut waiting = self.elsewhere.waiting();
        waiting.retain(|one| one.number != self.number);
        self.elsewhere.count.store(waiting.len(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use wardline_config::MllpDestination;

    use super::*;

    fn elsewhere(ack_connection: Option<&str>) -> Arc<Elsewhere> {
        let mut mllp = MllpDestination::new("127.0.0.1:1");
        mllp.ack_connection = ack_connection.map(ListenerId::from);
        Elsewhere::of(&Destination::new("lis".into(), DestinationKind::Mllp(Box::new(mllp))))
    }

    fn answer() -> Message {
        let payload = Bytes::from_static(b"MSH|^~\\&|C|D|A|B|||ACK|R1|P|2.5\rMSA|AA|M1\r");
        Message::parse(payload).expect("an answer")
    }

    #[test]
    fn an_answer_goes_to_the_delivery_that_it_names_and_only_from_its_listener() {
        let elsewhere = elsewhere(Some("answers"));
        let (first, mut one) = elsewhere.wait(&Bytes::from_static(b"M1")).expect("a wait");
        let (_second, mut two) = elsewhere.wait(&Bytes::from_static(b"M2")).expect("a wait");
        assert!(!elsewhere.hear(&"other".into(), b"M1", &answer()));
        assert!(!elsewhere.hear(&"answers".into(), b"M3", &answer()));
        assert!(elsewhere.hear(&"answers".into(), b"M1", &answer()));
        assert_eq!(one.try_recv().expect("the answer"), answer().bytes());
        assert!(two.try_recv().is_err());
        drop(first);
        assert_eq!(elsewhere.count(), 1);
        assert!(!elsewhere.hear(&"answers".into(), b"M1", &answer()), "it waits no more");
    }

    #[test]
    fn a_flood_of_answers_is_bounded() {
        let elsewhere = elsewhere(Some("answers"));
        let (_wait, _answers) = elsewhere.wait(&Bytes::from_static(b"M1")).expect("a wait");
        let taken = (0..100).filter(|_| elsewhere.hear(&"answers".into(), b"M1", &answer()));
        assert_eq!(taken.count(), ANSWERS_AT_ONCE);
    }

    #[test]
    fn nobody_waits_where_answers_come_on_the_connection() {
        assert!(elsewhere(None).wait(&Bytes::from_static(b"M1")).is_none());
    }
}
