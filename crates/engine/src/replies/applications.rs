//! What applications still owe: their replies to messages whose delivery a commit accept has ended (HL7 v2.5 chapter
//! 2.9).
//!
//! ```text
//!   CA ─┬─ MSH-16 AL, SU ─▶ owed ─────┬─ AA, AE, AR that names it, over any connection ─▶ counted
//!       └─ MSH-16 ER ─────▶ possible ─┤  of the destination, or through a listener
//!                                     └─ app_ack_within ─▶ overdue: counted and told; what was possible is forgotten
//! ```
//!
//! Tracked apart from the queue: nothing is ever sent again because of it. It is in memory; a restart forgets it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wardline_config::{Destination, DestinationKind, MllpDestination};
use wardline_flow::{AckMatch, DestinationId, Later};
use wardline_hl7::{AckCode, presentable};
use wardline_store::MessageId;

use crate::observe::DestinationCounters;

/// What one destination may owe at once: a day of more than one message a second. With more the oldest is given up, as
/// overdue. Some 200 bytes each.
const MOST_OWED: usize = 100_000;

/// How often it is looked for what is overdue, at the most and at the least.
const LOOK_EVERY: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(60)];

/// The application's replies that one destination awaits.
pub(crate) struct Applications {
    destination: DestinationId,
    within: Duration,
    matching: AckMatch,
    counters: Arc<DestinationCounters>,
    ledger: Mutex<Ledger>,
    /// Its length, to be read without a lock.
    owed: AtomicUsize,
    /// By other terms, which its pool may go by until it has drained.
    before: Mutex<Option<Arc<Self>>>,
    /// Whether there is that, to be read without a lock.
    follows: AtomicBool,
}

/// What is owed, the oldest first, and by the id that a reply will name.
#[derive(Default)]
struct Ledger {
    next: u64,
    owed: BTreeMap<u64, Owed>,
    by_id: HashMap<u64, VecDeque<u64>>,
}

/// One message.
struct Owed {
    message: MessageId,
    /// As it may be shown.
    control_id: String,
    id: u64,
    until: Instant,
    /// Whether silence is worth an alarm.
    due: bool,
}

impl Applications {
    /// Of this destination, which owes nothing yet.
    pub(crate) fn of(destination: &Destination, counters: Arc<DestinationCounters>) -> Arc<Self> {
        let (within, matching) = match &destination.kind {
            DestinationKind::Mllp(mllp) => (mllp.app_ack_within, mllp.ack_match),
            DestinationKind::File(_)
            | DestinationKind::Handler(_)
            | DestinationKind::Http(_)
            | DestinationKind::Postgres(_) => (MllpDestination::APP_ACK_WITHIN, AckMatch::Exact),
        };
        Arc::new(Self {
            destination: destination.id.clone(),
            within,
            matching,
            counters,
            ledger: Mutex::default(),
            owed: AtomicUsize::new(0),
            before: Mutex::default(),
            follows: AtomicBool::new(false),
        })
    }

    /// For the pool that follows, by these terms: what is owed stays owed.
    pub(super) fn followed_by(self: &Arc<Self>, next: Arc<Self>) -> Arc<Self> {
        if (self.within, self.matching) == (next.within, next.matching) {
            return Arc::clone(self);
        }
        *next.before() = Some(Arc::clone(self));
        next.follows.store(true, Ordering::Release);
        next
    }

    /// The peer has committed this message, and its application may say more.
    pub(crate) fn owe(&self, message: MessageId, control_id: &[u8], later: Later, now: Instant) {
        let due = match later {
            Later::Nothing => return,
            Later::IfNegative => false,
            Later::Due => true,
        };
        let owed = Owed {
            message,
            control_id: presentable(control_id),
            id: self.key(control_id),
            until: now + self.within,
            due,
        };
        let given_up = {
            let mut ledger = self.ledger();
            ledger.enter(owed);
            let too_many = ledger.owed.len() > MOST_OWED;
            let oldest = too_many.then(|| ledger.oldest()).flatten();
            self.owed.store(ledger.owed.len(), Ordering::Release);
            oldest
        };
        self.tell(given_up.as_slice());
    }

    /// How many replies may still come.
    pub(crate) fn owed(&self) -> usize {
        self.owed.load(Ordering::Acquire) + self.earlier().map_or(0, |earlier| earlier.owed())
    }

    /// Whether a reply to the message with this id is owed.
    pub(crate) fn is_owed(&self, code: AckCode, control_id: &[u8]) -> bool {
        !code.is_accept_level()
            && self.owed() > 0
            && (self.ledger().by_id.contains_key(&self.key(control_id))
                || self.earlier().is_some_and(|earlier| earlier.is_owed(code, control_id)))
    }

    /// A reply to the message with this id. True where it was owed: then nobody else is to make anything of it.
    pub(crate) fn hear(&self, code: AckCode, control_id: &[u8]) -> bool {
        if code.is_accept_level() || self.owed() == 0 {
            return false;
        }
        let found = {
            let mut ledger = self.ledger();
            let found = ledger.settle(self.key(control_id));
            self.owed.store(ledger.owed.len(), Ordering::Release);
            found
        };
        let Some(owed) = found else {
            return self.earlier().is_some_and(|earlier| earlier.hear(code, control_id));
        };
        if code.is_positive() {
            self.counters.application_positive.one();
        } else {
            self.counters.application_negative.one();
            tracing::warn!(destination = %self.destination, message_id = %owed.message, control_id = owed.control_id, code = code.as_str(), "the application refused a message that its system had accepted");
        }
        true
    }

    /// How often [`look`](Self::look) is worth calling.
    pub(crate) fn look_every(&self) -> Duration {
        let [shortest, longest] = LOOK_EVERY;
        self.within.clamp(shortest, longest)
    }

    /// Gives up what is overdue.
    pub(crate) fn look(&self, now: Instant) {
        if let Some(earlier) = self.earlier() {
            earlier.look(now);
            drop(earlier);
            // Nothing more comes once nobody but this one has it.
            let is_over = |one: &mut Arc<Self>| Arc::strong_count(one) == 1 && one.owed() == 0;
            if self.before().take_if(is_over).is_some() {
                self.follows.store(false, Ordering::Release);
            }
        }
        if self.owed.load(Ordering::Acquire) == 0 {
            return;
        }
        let overdue: Vec<Owed> = {
            let mut ledger = self.ledger();
            let overdue = std::iter::from_fn(|| ledger.overdue(now)).collect();
            self.owed.store(ledger.owed.len(), Ordering::Release);
            overdue
        };
        self.tell(&overdue);
    }

    /// One line for all that are found overdue at once.
    fn tell(&self, given_up: &[Owed]) {
        let mut due = given_up.iter().filter(|owed| owed.due);
        let Some(oldest) = due.next() else { return };
        let overdue = 1 + due.count() as u64;
        self.counters.application_overdue.add(overdue);
        tracing::warn!(destination = %self.destination, overdue, oldest = %oldest.message, control_id = oldest.control_id, "application answers did not come within app_ack_within");
    }

    fn key(&self, control_id: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.matching.key(control_id).hash(&mut hasher);
        hasher.finish()
    }

    fn earlier(&self) -> Option<Arc<Self>> {
        if self.follows.load(Ordering::Acquire) { self.before().clone() } else { None }
    }

    fn before(&self) -> MutexGuard<'_, Option<Arc<Self>>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    fn enter(&mut self, owed: Owed) {
        let number = self.next;
        self.next += 1;
        self.by_id.entry(owed.id).or_default().push_back(number);
        self.owed.insert(number, owed);
    }

    /// Strikes out the oldest with this id.
    fn settle(&mut self, id: u64) -> Option<Owed> {
        let number = *self.by_id.get(&id)?.front()?;
        self.strike_out(number)
    }

    fn oldest(&mut self) -> Option<Owed> {
        let (&number, _) = self.owed.first_key_value()?;
        self.strike_out(number)
    }

    fn overdue(&mut self, now: Instant) -> Option<Owed> {
        let (_, oldest) = self.owed.first_key_value()?;
        if oldest.until <= now { self.oldest() } else { None }
    }

    fn strike_out(&mut self, number: u64) -> Option<Owed> {
        let owed = self.owed.remove(&number)?;
        if let Some(numbers) = self.by_id.get_mut(&owed.id) {
            // The oldest of all is the oldest of its id.
            numbers.pop_front();
            if numbers.is_empty() {
                self.by_id.remove(&owed.id);
            }
        }
        Some(owed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = MllpDestination::APP_ACK_WITHIN;

    fn applications() -> (Arc<Applications>, Arc<DestinationCounters>) {
        let kind = DestinationKind::Mllp(Box::new(MllpDestination::new("127.0.0.1:1")));
        let counters = Arc::new(DestinationCounters::default());
        let destination = Destination::new("lis".into(), kind);
        (Applications::of(&destination, Arc::clone(&counters)), counters)
    }

    fn number(number: u64) -> MessageId {
        number.to_string().parse().expect("a number above zero")
    }

    #[test]
    fn a_reply_settles_what_it_names_once() {
        let (applications, counters) = applications();
        let now = Instant::now();
        for (nth, control_id) in (1..).zip([b"M1", b"M2", b"M3"]) {
            applications.owe(number(nth), control_id, Later::Due, now);
        }
        assert!(!applications.hear(AckCode::CA, b"M1"), "a commit accept is no application's");
        assert!(!applications.hear(AckCode::AA, b"M4"));
        assert!(
            !applications.is_owed(AckCode::CA, b"M1") && !applications.is_owed(AckCode::AA, b"M4")
        );
        assert!(applications.is_owed(AckCode::AA, b"M1"));
        assert!(applications.hear(AckCode::AA, b"M1"), "to be asked is not to be told");
        assert!(applications.hear(AckCode::AE, b"M3"));
        assert!(!applications.hear(AckCode::AA, b"M1"), "once");
        assert_eq!(applications.owed(), 1);
        let counts = counters.read();
        assert_eq!((counts.application_positive, counts.application_negative), (1, 1));
    }

    #[test]
    fn the_same_id_is_owed_as_often_as_it_was_sent() {
        let (applications, counters) = applications();
        applications.owe(number(1), b"SAME", Later::Due, Instant::now());
        applications.owe(number(2), b"SAME", Later::Due, Instant::now());
        assert!(applications.hear(AckCode::AA, b"SAME"));
        assert!(applications.hear(AckCode::AR, b"SAME"));
        assert_eq!((applications.owed(), counters.application_negative.get()), (0, 1));
    }

    #[test]
    fn what_is_overdue_is_given_up_once_and_a_no_that_was_only_possible_is_not_missed() {
        let (applications, counters) = applications();
        let now = Instant::now();
        applications.owe(number(1), b"M1", Later::Due, now);
        applications.owe(number(2), b"M2", Later::IfNegative, now);
        applications.owe(number(3), b"M3", Later::Due, now + DAY);
        applications.look(now + DAY / 2);
        assert_eq!((applications.owed(), counters.application_overdue.get()), (3, 0));
        for _ in 0..2 {
            applications.look(now + DAY);
            assert_eq!((applications.owed(), counters.application_overdue.get()), (1, 1));
        }
        assert!(!applications.hear(AckCode::AA, b"M1"), "it is not waited for any more");
    }

    #[test]
    fn what_is_owed_by_the_terms_before_stays_owed_by_them() {
        let (before, counters) = applications();
        let mut mllp = MllpDestination::new("127.0.0.1:1");
        mllp.app_ack_within = DAY / 2;
        let destination = Destination::new("lis".into(), DestinationKind::Mllp(Box::new(mllp)));
        let next = Applications::of(&destination, Arc::clone(&counters));
        let now = Instant::now();
        before.owe(number(1), b"M1", Later::Due, now);
        let after = before.followed_by(next);
        before.owe(number(2), b"M2", Later::Due, now);
        after.owe(number(3), b"M3", Later::Due, now);
        assert_eq!(after.owed(), 3);
        assert!(after.is_owed(AckCode::AA, b"M1") && after.hear(AckCode::AA, b"M1"));
        after.look(now + DAY / 2);
        assert_eq!((after.owed(), counters.application_overdue.get()), (1, 1));
        drop(before);
        after.look(now + DAY);
        assert_eq!((after.owed(), counters.application_overdue.get()), (0, 2));
        assert!(after.earlier().is_none(), "its pool is gone, and nothing is owed");
    }

    #[test]
    fn of_too_many_the_oldest_is_given_up() {
        let (applications, counters) = applications();
        let now = Instant::now();
        for nth in 1..=MOST_OWED as u64 + 1 {
            applications.owe(number(nth), nth.to_string().as_bytes(), Later::Due, now);
        }
        assert_eq!((applications.owed(), counters.application_overdue.get()), (MOST_OWED, 1));
        assert!(!applications.hear(AckCode::AA, b"1"));
        assert!(applications.hear(AckCode::AA, b"2"));
    }
}
