//! The sampler: looks at the engine every few seconds, and remembers what a single look does not tell: rates, since when,
//! what it was like an hour and a day ago.
//!
//! ```text
//!   engine ──Status, Wiring every 2 s──▶ Memory ──Snapshot──▶ watch channel ──▶ pages, live streams, API
//!          ──StoreStats every minute──▶
//! ```
//!
//! What it holds is bounded by the named limits of [`super::interface`] and here, whatever the engine does, and is gone
//! with the engine: rates begin anew with a start. It asks like anybody else; the engine never waits for it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use wardline_engine::control::Desk;
use wardline_engine::control::protocol::{Request, Response, Status, StoreFigures, Wiring};

use super::condition::Condition;
use super::interface::{Counted, Interface, Side, Watched};
use super::series::Series;
use super::snapshot::{Snapshot, StateChange, Totals, moment};

/// How often it looks.
pub(crate) const EVERY: Duration = Duration::from_secs(2);
/// Looks between two at the store: its figures change slowly, and reading folders costs.
const LOOKS_PER_STORE: u64 = 30;
/// State changes that are kept: a screen of them, many times.
const CHANGES_KEPT: usize = 500;
/// Interfaces that are watched: several times the largest site. Of those beyond it the engine's own rows still show.
const MOST_WATCHED: usize = 4096;
/// Ten-minute buckets of the whole engine: eight days, so that a day has the same day of last week beside it.
const TENS_KEPT: usize = 8 * 24 * 6;
/// Minutes of the whole engine: a day.
const MINUTES_KEPT: usize = 24 * 60;

/// Looks, and gives what was seen to whoever wants it.
pub(crate) struct Sampler {
    desk: Arc<Desk>,
    memory: Mutex<Memory>,
    seen: watch::Sender<Option<Arc<Snapshot>>>,
}

/// What is remembered between looks.
pub(crate) struct Memory {
    looks: u64,
    watched: HashMap<(Side, String), Watched>,
    totals: Totals,
    changes: VecDeque<StateChange>,
    store: Option<Arc<StoreFigures>>,
}

impl Sampler {
    pub(crate) fn new(desk: Arc<Desk>) -> Arc<Self> {
        Arc::new(Self { desk, memory: Mutex::new(Memory::new()), seen: watch::Sender::new(None) })
    }

    /// Looks every few seconds, until the engine is gone.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    /// Looks now: behind an action, so that its page shows what came of it.
    pub(crate) async fn look(&self) -> Option<Arc<Snapshot>> {
        let mut memory = self.memory.lock().await;
        let Response::Status(status) = self.desk.answer(Request::Status).await else { return None };
        let wiring = match self.desk.answer(Request::Wiring).await {
            Response::Wiring(wiring) => wiring,
            _ => Box::default(),
        };
        if memory.looks.is_multiple_of(LOOKS_PER_STORE)
            && let Response::StoreStats(figures) = self.desk.answer(Request::StoreStats).await
        {
            memory.store = Some(Arc::new(*figures));
        }
        let snapshot = Arc::new(memory.look(Timestamp::now(), *status, *wiring));
        self.seen.send_replace(Some(Arc::clone(&snapshot)));
        Some(snapshot)
    }

    /// What was seen last, if anybody has looked.
    pub(crate) fn seen(&self) -> Option<Arc<Snapshot>> {
        self.seen.borrow().clone()
    }

    /// What was seen last; looked at now where nobody has.
    pub(crate) async fn latest(&self) -> Option<Arc<Snapshot>> {
        match self.seen() {
            Some(snapshot) => Some(snapshot),
            None => self.look().await,
        }
    }

    /// Told of every look.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Arc<Snapshot>>> {
        self.seen.subscribe()
    }
}

impl Memory {
    pub(crate) fn new() -> Self {
        let minutes = || Series::new(60, MINUTES_KEPT);
        let tens = || Series::new(600, TENS_KEPT);
        Self {
            looks: 0,
            watched: HashMap::new(),
            totals: Totals {
                received: minutes(),
                delivered: minutes(),
                received_long: tens(),
                delivered_long: tens(),
            },
            changes: VecDeque::new(),
            store: None,
        }
    }

    pub(crate) fn look(&mut self, at: Timestamp, status: Status, wiring: Wiring) -> Snapshot {
        self.looks += 1;
        let started = moment(Some(&status.started)).unwrap_or(at);
        let mut interfaces = Vec::new();
        let (mut received, mut delivered) = (0, 0);
        for row in &status.listeners {
            let counted = Counted::of_listener(row);
            let last = moment(row.last_received.as_deref());
            let silent_since = last.unwrap_or(started);
            let silence = u64::try_from(at.as_second() - silent_since.as_second()).unwrap_or(0);
            let paused = row.paused.as_ref();
            let reason = paused.map(|pause| format!("{}: {}", pause.by, pause.reason));
            let state = |watched: &Watched| {
                let quiet = watched.is_quiet(silence, last);
                Condition::of_listener(paused.is_some(), quiet, last.is_some())
            };
            let seen = Seen { id: &row.id, side: Side::Listener, counted, reason, started };
            let (interface, grown) = self.see(at, seen, state);
            received += grown.messages;
            interfaces.push(interface);
        }
        let one_lane: HashMap<&str, bool> =
            wiring.destinations.iter().map(|one| (one.id.as_str(), one.order == "fifo")).collect();
        for row in &status.destinations {
            let counted = Counted::of_destination(row);
            let one_lane = one_lane.get(row.destination.as_str()).copied().unwrap_or(true);
            let says = Condition::of_destination(row, one_lane, status.phase != "draining");
            let reason = row.reason.clone();
            let id = &row.destination;
            let seen = Seen { id, side: Side::Destination, counted, reason, started };
            let (interface, grown) = self.see(at, seen, |watched| watched.destination(says, at));
            delivered += grown.messages;
            interfaces.push(interface);
        }
        self.forget_the_gone(&interfaces);
        for (series, more) in [
            (&mut self.totals.received, received),
            (&mut self.totals.received_long, received),
            (&mut self.totals.delivered, delivered),
            (&mut self.totals.delivered_long, delivered),
        ] {
            series.add(at, more);
        }
        Snapshot {
            at,
            status: Arc::new(status),
            wiring: Arc::new(wiring),
            store: self.store.clone(),
            interfaces: Arc::new(interfaces),
            totals: Arc::new(self.totals.clone()),
            changes: Arc::new(self.changes.iter().cloned().collect()),
        }
    }

    /// One interface of this look. The first look at one tells no change, unless it stands badly from the start on.
    fn see(
        &mut self,
        at: Timestamp,
        seen: Seen<'_>,
        state: impl FnOnce(&Watched) -> Condition,
    ) -> (Interface, Counted) {
        let Seen { id, side, counted, reason, started } = seen;
        let key = (side, id.to_owned());
        if !self.watched.contains_key(&key) && self.watched.len() >= MOST_WATCHED {
            let fresh = Watched::new(Condition::Up, at);
            let condition = state(&fresh);
            let mut unwatched = fresh;
            unwatched.stand(condition, at);
            return (unwatched.shown(id.to_owned(), side), Counted::default());
        }
        let new = || Watched::new(Condition::Idle, started);
        let watched = self.watched.entry(key).or_insert_with(new);
        let grown = watched.look(at, counted);
        let (from, from_since) = (watched.condition, watched.since);
        let to = state(watched);
        if watched.stand(to, at) {
            let comes_up = from.is_well() && to.is_well();
            if !comes_up {
                let interface = id.to_owned();
                let change = StateChange { at, interface, to, from, from_since, reason };
                self.changes.push_front(change);
                self.changes.truncate(CHANGES_KEPT);
            }
        }
        (watched.shown(id.to_owned(), side), grown)
    }

    /// A destination that is gone from the configuration and has no queue is not remembered.
    fn forget_the_gone(&mut self, interfaces: &[Interface]) {
        if self.watched.len() > interfaces.len() {
            let there: std::collections::HashSet<(Side, &str)> =
                interfaces.iter().map(|one| (one.side, one.id.as_str())).collect();
            self.watched.retain(|(side, id), _| there.contains(&(*side, id.as_str())));
        }
    }
}

/// One interface as the engine told of it.
struct Seen<'a> {
    id: &'a str,
    side: Side,
    counted: Counted,
    reason: Option<String>,
    started: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::super::interface;
    use super::super::testing::{listener, queue, status};
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    fn states(memory: &Memory) -> Vec<(&str, Condition)> {
        memory.changes.iter().map(|one| (one.interface.as_str(), one.to)).collect()
    }

    #[test]
    fn a_destination_that_goes_down_and_comes_back_is_told_of_once_each() {
        let mut memory = Memory::new();
        let mut look = |second, state: &str| {
            let rows = status(vec![], vec![queue("lis", state)]);
            memory.look(at(second), rows, Wiring::default());
        };
        for (second, state) in [(0, "idle"), (2, "up"), (4, "down"), (6, "down"), (8, "up")] {
            look(second, state);
        }
        assert_eq!(states(&memory), [("lis", Condition::Up), ("lis", Condition::Down)]);
        assert_eq!(memory.changes.front().map(|back| back.from_since), Some(at(4)));
    }

    #[test]
    fn who_is_down_at_the_first_look_is_down_since_that_look() {
        let mut memory = Memory::new();
        let rows = status(vec![], vec![queue("lis", "down")]);
        let snapshot = memory.look(at(100), rows, Wiring::default());
        assert_eq!(snapshot.interface("lis").map(|one| one.since), Some(at(100)));
        assert_eq!(states(&memory), [("lis", Condition::Down)]);
    }

    #[test]
    fn five_hundred_interfaces_that_change_all_day_take_no_more_than_their_rings() {
        let mut memory = Memory::new();
        let names: Vec<String> = (0..500).map(|number| format!("d{number}")).collect();
        for minute in 0..2000_i64 {
            let state = if minute % 2 == 0 { "up" } else { "down" };
            let rows = names.iter().take(if minute < 1990 { 20 } else { 500 });
            let rows = status(vec![], rows.map(|name| queue(name, state)).collect());
            memory.look(at(minute * 60), rows, Wiring::default());
        }
        assert_eq!(memory.watched.len(), 500);
        assert!(memory.watched.values().all(|one| one.messages.len() <= interface::MINUTES_KEPT));
        assert_eq!(memory.changes.len(), CHANGES_KEPT);
        assert!(memory.totals.received_long.len() <= TENS_KEPT);
        let one = status(vec![], vec![queue("d0", "up")]);
        memory.look(at(3000 * 60), one, Wiring::default());
        assert_eq!(memory.watched.len(), 1, "what is gone is not remembered");
    }

    #[test]
    fn more_interfaces_than_are_watched_still_show_how_they_stand() {
        let mut memory = Memory::new();
        let rows = (0..=MOST_WATCHED).map(|number| queue(&format!("d{number}"), "down"));
        let snapshot = memory.look(at(0), status(vec![], rows.collect()), Wiring::default());
        assert_eq!(memory.watched.len(), MOST_WATCHED);
        assert_eq!(snapshot.count(|state| state == Condition::Down), MOST_WATCHED as u64 + 1);
    }

    #[test]
    fn what_all_listeners_receive_is_summed() {
        let mut memory = Memory::new();
        for (second, frames) in [(0, 100), (60, 103), (120, 110)] {
            let mut one = listener("adt-in");
            one.counts.frames = frames;
            let mut other = listener("lab-in");
            other.counts.files = frames * 2;
            memory.look(at(second), status(vec![one, other], vec![]), Wiring::default());
        }
        assert_eq!(memory.totals.received.last(3).collect::<Vec<_>>(), [0, 9, 21]);
    }
}
