//! Deliveries whose answer comes through a listener: peers with a port for each direction (`ack_connection`).
//!
//! ```text
//!   connection ──message──▶ peer ──answer, a message with MSA──▶ listener ──▶ Elsewhere ──▶ connection
//! ```
//!
//! What the answer means is the connection's to say, as of one that it has read itself (MATCH-1). A fresh connection
//! keeps nothing apart here: all answers take one way. So a message whose answer could be taken for a neighbour's waits
//! until the neighbour's can come no more.

mod echoes;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use wardline_config::{Destination, DestinationKind};
use wardline_flow::{AckMatch, ListenerId};
use wardline_hl7::Message;
use wardline_store::MessageId;

use self::echoes::Echoes;

/// How soon it is looked again whether a neighbour with the same MSH-10 that is being sent has its answer.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Answers to one delivery that may lie between a listener and its connection: an accept answer, the application's, and a
/// few that come twice. What comes beyond is an answer that nobody awaits.
const ANSWERS_AT_ONCE: usize = 8;

/// The deliveries of one destination that wait so; one a connection at most.
pub(crate) struct Elsewhere {
    /// Where the answers come in; absent: on the connections themselves.
    listener: Option<ListenerId>,
    matching: AckMatch,
    ack_timeout: Duration,
    next: AtomicU64,
    waits: Mutex<Waits>,
    /// Their number, to be read without a lock.
    count: AtomicUsize,
}

/// Those that wait, and those that did.
struct Waits {
    waiting: Vec<Waiting>,
    echoes: Echoes,
}

struct Waiting {
    number: u64,
    message: MessageId,
    control_id: Bytes,
    answers: mpsc::Sender<Bytes>,
}

/// A delivery's place among those that wait, until it is dropped.
pub(crate) struct Wait {
    elsewhere: Arc<Elsewhere>,
    number: u64,
    is_answered: bool,
}

impl Elsewhere {
    /// Of this destination; nothing waits yet.
    pub(crate) fn of(destination: &Destination) -> Arc<Self> {
        let (listener, matching, ack_timeout) = match &destination.kind {
            DestinationKind::Mllp(mllp) => {
                (mllp.ack_connection.clone(), mllp.ack_match, mllp.ack_timeout)
            }
            DestinationKind::File(_)
            | DestinationKind::Handler(_)
            | DestinationKind::Http(_)
            | DestinationKind::Postgres(_) => (None, AckMatch::Exact, Duration::ZERO),
        };
        let waits = Waits { waiting: Vec::new(), echoes: Echoes::new(ack_timeout) };
        Arc::new(Self {
            listener,
            matching,
            ack_timeout,
            next: AtomicU64::new(0),
            waits: Mutex::new(waits),
            count: AtomicUsize::new(0),
        })
    }

    /// For the pool that follows, by these terms.
    pub(super) fn followed_by(self: &Arc<Self>, next: Arc<Self>) -> Arc<Self> {
        let same = (self.matching, self.ack_timeout) == (next.matching, next.ack_timeout)
            && self.listener == next.listener;
        if same { Arc::clone(self) } else { next }
    }

    /// From when on the answers to this message can be told from those to others with its MSH-10; `None`: now. To be
    /// asked again at that moment. The same message may always go out again: whichever of its answers comes is its own.
    /// One that awaits no answer may get one all the same, which must not be taken for a neighbour's.
    pub(crate) fn clear_from(
        &self,
        message: MessageId,
        control_id: &[u8],
        awaits: bool,
        now: Instant,
    ) -> Option<Instant> {
        self.listener.as_ref()?;
        let key = self.matching.key(control_id);
        let waits = &mut *self.waits();
        let is_alike = |one: &Waiting| self.matching.key(&one.control_id) == key;
        if waits.waiting.iter().any(is_alike) {
            return Some(now + LOOK_AGAIN);
        }
        if awaits { waits.echoes.clear_from(message, key, now) } else { None }
    }

    /// Waits for the answers to this message, which has this MSH-10. `None` where they come on the connection.
    pub(crate) fn wait(
        self: &Arc<Self>,
        message: MessageId,
        control_id: &Bytes,
    ) -> Option<(Wait, mpsc::Receiver<Bytes>)> {
        self.listener.as_ref()?;
        let (answers, received) = mpsc::channel(ANSWERS_AT_ONCE);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut waits = self.waits();
        waits.waiting.push(Waiting { number, message, control_id: control_id.clone(), answers });
        self.count.store(waits.waiting.len(), Ordering::Release);
        drop(waits);
        Some((Wait { elsewhere: Arc::clone(self), number, is_answered: false }, received))
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Whether a delivery waits for an answer that came in there, for the message with this id.
    pub(crate) fn awaits(&self, listener: &ListenerId, control_id: &[u8]) -> bool {
        self.count() > 0
            && self.listener.as_ref() == Some(listener)
            && self.waits().of(self.matching, control_id).is_some()
    }

    /// An answer that came in there, for the message with this id. True where a delivery waits for it.
    pub(crate) fn hear(&self, listener: &ListenerId, control_id: &[u8], answer: &Message) -> bool {
        if self.count() == 0 || self.listener.as_ref() != Some(listener) {
            return false;
        }
        let waits = self.waits();
        let found = waits.of(self.matching, control_id);
        found.is_some_and(|one| one.answers.try_send(answer.bytes().clone()).is_ok())
    }

    fn waits(&self) -> MutexGuard<'_, Waits> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waits {
    /// Who waits for an answer that names this id.
    fn of(&self, matching: AckMatch, control_id: &[u8]) -> Option<&Waiting> {
        self.waiting.iter().find(|one| matching.accepts(&one.control_id, control_id))
    }
}

impl Wait {
    /// Gives the place up: the answer has come, and no other is due.
    pub(crate) fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let elsewhere = &self.elsewhere;
        let waits = &mut *elsewhere.waits();
        for gone in waits.waiting.extract_if(.., |one| one.number == self.number) {
            let key = elsewhere.matching.key(&gone.control_id);
            waits.echoes.expect(gone.message, key, self.is_answered, Instant::now());
        }
        elsewhere.count.store(waits.waiting.len(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use wardline_config::MllpDestination;

    use super::*;

    const ACK_TIMEOUT: Duration = Duration::from_secs(30);

    fn number(number: u64) -> MessageId {
        number.to_string().parse().expect("a number above zero")
    }

    fn elsewhere(ack_connection: Option<&str>) -> Arc<Elsewhere> {
        let mut mllp = MllpDestination::new("127.0.0.1:1");
        mllp.ack_timeout = ACK_TIMEOUT;
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
        let (first, mut one) =
            elsewhere.wait(number(1), &Bytes::from_static(b"M1")).expect("a wait");
        let (_second, mut two) =
            elsewhere.wait(number(2), &Bytes::from_static(b"M2")).expect("a wait");
        assert!(!elsewhere.hear(&"other".into(), b"M1", &answer()));
        assert!(!elsewhere.hear(&"answers".into(), b"M3", &answer()));
        assert!(!elsewhere.awaits(&"other".into(), b"M1"));
        assert!(elsewhere.awaits(&"answers".into(), b"M1"));
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
        let (_wait, _answers) =
            elsewhere.wait(number(1), &Bytes::from_static(b"M1")).expect("a wait");
        let taken = (0..100).filter(|_| elsewhere.hear(&"answers".into(), b"M1", &answer()));
        assert_eq!(taken.count(), ANSWERS_AT_ONCE);
    }

    #[test]
    fn nobody_waits_where_answers_come_on_the_connection() {
        assert!(elsewhere(None).wait(number(1), &Bytes::from_static(b"M1")).is_none());
    }

    #[test]
    fn one_answer_is_never_awaited_by_two() {
        let elsewhere = elsewhere(Some("answers"));
        let now = Instant::now();
        for (first, second) in [(b"M1".as_slice(), b"M1".as_slice()), (b"", b"")] {
            let first = Bytes::copy_from_slice(first);
            assert_eq!(elsewhere.clear_from(number(1), &first, true, now), None);
            let _waits = elsewhere.wait(number(1), &first).expect("a wait");
            assert_eq!(elsewhere.clear_from(number(2), second, true, now), Some(now + LOOK_AGAIN));
            assert_eq!(elsewhere.clear_from(number(2), b"M2", true, now), None);
        }
    }

    #[test]
    fn after_a_timeout_another_with_its_id_waits_and_the_same_message_does_not() {
        let elsewhere = elsewhere(Some("answers"));
        let began = Instant::now();
        drop(elsewhere.wait(number(1), &Bytes::from_static(b"M1")).expect("a wait"));
        assert_eq!(elsewhere.clear_from(number(1), b"M1", true, began), None);
        assert_eq!(elsewhere.clear_from(number(2), b"M2", true, began), None);
        let clear = elsewhere.clear_from(number(2), b"M1", true, began).expect("it waits");
        assert!(clear >= began + ACK_TIMEOUT);
        assert_eq!(elsewhere.clear_from(number(2), b"M1", true, clear), None);
        // That its second answer came says nothing of the first.
        let (again, _answers) = elsewhere.wait(number(1), &Bytes::from_static(b"M1")).expect("it");
        again.answered();
        assert_eq!(elsewhere.clear_from(number(2), b"M1", true, began), Some(clear));
    }

    #[test]
    fn match_1_one_that_awaits_nothing_waits_for_its_neighbours_and_for_no_echo() {
        let elsewhere = elsewhere(Some("answers"));
        let now = Instant::now();
        let (waits, _answers) =
            elsewhere.wait(number(1), &Bytes::from_static(b"M1")).expect("a wait");
        assert_eq!(elsewhere.clear_from(number(2), b"M1", false, now), Some(now + LOOK_AGAIN));
        drop(waits);
        assert_eq!(elsewhere.clear_from(number(2), b"M1", false, now), None);
    }

    #[test]
    fn where_answers_come_on_the_connection_nothing_waits_here() {
        let elsewhere = elsewhere(None);
        assert_eq!(elsewhere.clear_from(number(1), b"", true, Instant::now()), None);
    }
}
