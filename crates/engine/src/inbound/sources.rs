//! Sources: who may connect to one listener, and how much of it one of them may have.
//!
//! A source is an address, whatever number of connections comes from it. Who is in no network of `allow` is turned away
//! before it has a seat. A source over its `rate` is not read for a while; with as many messages in hand as it may have,
//! its next one waits here and its connection reads nothing meanwhile. Nothing is ever refused for it. So one that
//! floods its listener leaves the rest of the engine to the others.
//!
//! Where none of the keys is set a connection has no [`Source`], and none of this runs.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wardline_config::{Listener, Network, Rate};

use crate::drain::Drain;
use crate::observe::ListenerCounters;

/// Sources that are remembered without a connection. One that is forgotten starts with a whole burst again.
const MAX_KNOWN: usize = 10_000;
/// How much of a rate may come at once: so long a pause is caught up with.
const BURST: Duration = Duration::from_secs(1);

/// The sources of one listener.
#[derive(Debug)]
pub(crate) struct Sources {
    allow: Vec<Network>,
    rate: Option<Rate>,
    max_in_flight: Option<usize>,
    known: Mutex<HashMap<IpAddr, Arc<Source>>>,
}

/// What the connections from one address share.
#[derive(Debug)]
pub(crate) struct Source {
    pace: Option<Mutex<Pace>>,
    in_flight: Option<Arc<Semaphore>>,
}

/// A message's place among those in hand. Dropping it lets the next one of its source go on.
#[derive(Debug)]
pub(super) struct Turn {
    _place: Option<OwnedSemaphorePermit>,
}

/// When the next message of a source is due, if they came evenly.
#[derive(Debug)]
struct Pace {
    interval: Duration,
    due: Option<Instant>,
}

impl Sources {
    pub(crate) fn new(listener: &Listener) -> Arc<Self> {
        Arc::new(Self {
            allow: listener.allow.clone(),
            rate: listener.rate,
            max_in_flight: listener.max_in_flight_per_source.map(usize::from),
            known: Mutex::default(),
        })
    }

    /// Whether this address may connect.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(address))
    }

    /// What a connection from this address shares with the others from there; none where nothing is limited.
    pub(super) fn of(&self, address: IpAddr) -> Option<Arc<Source>> {
        if self.rate.is_none() && self.max_in_flight.is_none() {
            return None;
        }
        let mut known = lock(&self.known);
        if known.len() >= MAX_KNOWN && !known.contains_key(&address) {
            known.retain(|_, source| Arc::strong_count(source) > 1);
        }
        let source = known.entry(address).or_insert_with(|| {
            Arc::new(Source {
                pace: self.rate.map(|rate| Mutex::new(Pace::new(rate))),
                in_flight: self.max_in_flight.map(|most| Arc::new(Semaphore::new(most))),
            })
        });
        Some(Arc::clone(source))
    }
}

impl Source {
    /// Returns when a message of this source may be taken in hand, in the order in which they came. A drain ends every
    /// wait: what was read is answered.
    pub(super) async fn turn(&self, drain: &mut Drain, counters: &ListenerCounters) -> Turn {
        if let Some(pace) = &self.pace {
            lock(pace).pay(Instant::now());
        }
        let Some(in_flight) = &self.in_flight else { return Turn { _place: None } };
        if let Ok(place) = Arc::clone(in_flight).try_acquire_owned() {
            return Turn { _place: Some(place) };
        }
        counters.slowed_in_flight.one();
        tokio::select! {
            biased;
            () = drain.begun() => Turn { _place: None },
            place = Arc::clone(in_flight).acquire_owned() => Turn { _place: place.ok() },
        }
    }

    /// How long its connections are not to be read, by its rate. They pay for a message when they take it in hand, and
    /// wait when the next one has begun to come.
    pub(super) fn debt(&self, now: Instant) -> Duration {
        self.pace.as_ref().map_or(Duration::ZERO, |pace| lock(pace).debt(now))
    }
}

impl Pace {
    fn new(rate: Rate) -> Self {
        Self { interval: rate.interval(), due: None }
    }

    /// One message was taken in hand.
    fn pay(&mut self, now: Instant) {
        let due = self.due.map_or(now, |due| due.max(now));
        self.due = Some(due + self.interval);
    }

    /// How long it is until the next message may come.
    fn debt(&self, now: Instant) -> Duration {
        let at_once = BURST.saturating_sub(self.interval);
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
            .saturating_sub(at_once)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const HOSPITAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    fn pace(messages: u32, per: Duration) -> Pace {
        Pace::new(Rate { messages: NonZeroU32::new(messages).unwrap(), per })
    }

    fn listener() -> Listener {
        Listener::new("in".into(), ([127, 0, 0, 1], 0).into())
    }

    #[test]
    fn a_second_s_worth_may_come_at_once_and_then_it_comes_evenly() {
        let now = Instant::now();
        let mut pace = pace(5, Duration::from_secs(1));
        let mut debt_after_one = |now| {
            pace.pay(now);
            pace.debt(now).as_millis()
        };
        let waits: Vec<u128> = (0..7).map(|_| debt_after_one(now)).collect();
        assert_eq!(waits, [0, 0, 0, 0, 200, 400, 600]);
        let later = now + Duration::from_secs(9);
        assert_eq!(debt_after_one(later), 0, "a pause is caught up with");
    }

    #[test]
    fn a_rate_below_one_a_second_has_no_burst() {
        let now = Instant::now();
        let mut pace = pace(10, Duration::from_secs(60));
        assert!(pace.debt(now).is_zero());
        pace.pay(now);
        assert_eq!(pace.debt(now).as_secs(), 6);
    }

    #[test]
    fn where_nothing_is_limited_there_is_no_source() {
        assert!(Sources::new(&listener()).of(HOSPITAL).is_none());
    }

    #[test]
    fn connections_from_one_address_share_a_source_that_outlives_them() {
        let limited =
            Listener { max_in_flight_per_source: std::num::NonZeroUsize::new(1), ..listener() };
        let sources = Sources::new(&limited);
        let (one, other) = (sources.of(HOSPITAL).unwrap(), sources.of(HOSPITAL).unwrap());
        assert!(Arc::ptr_eq(&one, &other));
        drop((one, other));
        for last in 0..=u16::MAX {
            let [high, low] = last.to_be_bytes();
            let _gone_at_once = sources.of([10, 1, high, low].into());
        }
        assert!(
            lock(&sources.known).len() <= MAX_KNOWN,
            "those without a connection are forgotten"
        );
    }

    #[actix::test]
    async fn a_message_waits_until_another_of_its_source_has_left_its_place() {
        let limited =
            Listener { max_in_flight_per_source: std::num::NonZeroUsize::new(1), ..listener() };
        let source = Sources::new(&limited).of(HOSPITAL).unwrap();
        let counters = ListenerCounters::default();
        let (_phase, mut drain) = Drain::new();
        let first = source.turn(&mut drain.clone(), &counters).await;
        let second = source.turn(&mut drain, &counters);
        let leaving = async {
            assert_eq!(counters.slowed_in_flight.get(), 1, "the second waits");
            drop(first);
        };
        tokio::join!(biased; second, leaving);
    }

    #[actix::test]
    async fn a_drain_ends_the_wait() {
        let limited =
            Listener { max_in_flight_per_source: std::num::NonZeroUsize::new(1), ..listener() };
        let source = Sources::new(&limited).of(HOSPITAL).unwrap();
        let counters = ListenerCounters::default();
        let (phase, mut drain) = Drain::new();
        let _first = source.turn(&mut drain, &counters).await;
        phase.send_replace(crate::drain::Phase::Draining);
        source.turn(&mut drain, &counters).await;
        assert_eq!(counters.slowed_in_flight.get(), 1);
    }
}
