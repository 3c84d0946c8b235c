//! Who is connected to one listener, and who has to leave when it is full.
//!
//! A place is taken before the connection's actor starts and given back by a drop guard, so that the count is true
//! even when an actor dies.

use std::cell::Cell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, oneshot};
use wardline_config::{Listener, WhenFull};

/// The connections of one listener.
#[derive(Debug)]
pub(crate) struct Roster {
    born: Instant,
    places: Mutex<Places>,
    left: Notify,
}

/// How many may be connected, and who gives way.
#[derive(Debug, Clone, Copy)]
struct Limits {
    max_connections: usize,
    max_per_source: usize,
    when_full: WhenFull,
}

#[derive(Debug)]
struct Places {
    limits: Limits,
    next_number: u64,
    by_number: HashMap<u64, Place>,
    by_source: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Place {
    source: IpAddr,
    presence: Arc<Presence>,
}

/// What a connection shows of itself to its roster.
#[derive(Debug)]
pub(crate) struct Presence {
    /// Milliseconds after the roster's birth since when it is idle; [`BUSY`] while it is not.
    idle_since: AtomicU64,
    leave: Notify,
}

/// No moment: the connection is inside a frame or has a message in hand.
const BUSY: u64 = u64::MAX;

/// A connection's place. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Seat {
    number: u64,
    roster: Arc<Roster>,
    presence: Arc<Presence>,
    /// Something of a message has come.
    something_came: Cell<bool>,
    /// Who waits for the end of this connection.
    word: Option<oneshot::Sender<bool>>,
}

/// Why a newcomer gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// `max_connections` is reached.
    Listener,
    /// `max_per_source` is reached.
    Source,
}

impl std::fmt::Display for Full {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Listener => "`max_connections` are open and none of them makes room",
            Self::Source => "its source has `max_per_source` open and none of them makes room",
        })
    }
}

impl Roster {
    pub(crate) fn new(
        max_connections: NonZeroUsize,
        max_per_source: Option<NonZeroUsize>,
        when_full: WhenFull,
    ) -> Arc<Self> {
        let limits = Limits::new(max_connections, max_per_source, when_full);
        let places =
            Places { limits, next_number: 0, by_number: HashMap::new(), by_source: HashMap::new() };
        Arc::new(Self { born: Instant::now(), places: Mutex::new(places), left: Notify::new() })
    }

    /// The roster of this listener.
    pub(crate) fn of(listener: &Listener) -> Arc<Self> {
        Self::new(listener.max_connections, listener.max_per_source, listener.when_full)
    }

    /// Goes by the limits of this listener from here on. Who is connected stays.
    pub(crate) fn limit(&self, listener: &Listener) {
        self.lock().limits =
            Limits::new(listener.max_connections, listener.max_per_source, listener.when_full);
    }

    /// Takes a place for a connection from `source`; with `replace-oldest-idle-of-same-source` somebody who idles
    /// may be asked to leave for it.
    pub(crate) fn admit(self: &Arc<Self>, source: IpAddr) -> Result<Seat, Full> {
        let mut places = self.lock();
        let of_source = places.by_source.get(&source).copied().unwrap_or(0);
        let limits = places.limits;
        let full = if of_source >= limits.max_per_source {
            Some(Full::Source)
        } else if places.by_number.len() >= limits.max_connections {
            Some(Full::Listener)
        } else {
            None
        };
        if let Some(full) = full {
            match limits.when_full {
                WhenFull::CloseNewcomer => return Err(full),
                WhenFull::ReplaceOldestIdleOfSameSource => {
                    let oldest = places.oldest_idle(source).ok_or(full)?;
                    if let Some(place) = places.remove(oldest) {
                        place.presence.leave.notify_one();
                    }
                }
            }
        }
        Ok(self.seat(&mut places, source))
    }

    /// Open connections, those asked to leave not counted.
    pub(crate) fn count(&self) -> usize {
        self.lock().by_number.len()
    }

    /// Returns when nobody is connected any more.
    pub(crate) async fn emptied(&self) {
        loop {
            let left = self.left.notified();
            if self.count() == 0 {
                return;
            }
            left.await;
        }
    }

    fn seat(self: &Arc<Self>, places: &mut Places, source: IpAddr) -> Seat {
        let number = places.next_number;
        places.next_number += 1;
        let presence =
            Arc::new(Presence { idle_since: AtomicU64::new(self.age()), leave: Notify::new() });
        places.by_number.insert(number, Place { source, presence: Arc::clone(&presence) });
        *places.by_source.entry(source).or_default() += 1;
        Seat {
            number,
            roster: Arc::clone(self),
            presence,
            something_came: Cell::new(false),
            word: None,
        }
    }

    fn age(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Limits {
    fn new(
        max_connections: NonZeroUsize,
        max_per_source: Option<NonZeroUsize>,
        when_full: WhenFull,
    ) -> Self {
        let max_per_source = max_per_source.map_or(usize::MAX, NonZeroUsize::get);
        Self { max_connections: max_connections.get(), max_per_source, when_full }
    }
}

impl Places {
    fn oldest_idle(&self, source: IpAddr) -> Option<u64> {
        self.by_number
            .iter()
            .filter(|(_, place)| place.source == source)
            .map(|(&number, place)| (place.presence.idle_since.load(Ordering::Acquire), number))
            .filter(|&(idle_since, _)| idle_since != BUSY)
            .min()
            .map(|(_, number)| number)
    }

    fn remove(&mut self, number: u64) -> Option<Place> {
        let place = self.by_number.remove(&number)?;
        if let Some(count) = self.by_source.get_mut(&place.source) {
            *count -= 1;
            if *count == 0 {
                self.by_source.remove(&place.source);
            }
        }
        Some(place)
    }
}

impl Seat {
    /// The connection waits for a frame: it may be asked to leave.
    pub(crate) fn idle(&self) {
        self.presence.idle_since.store(self.roster.age(), Ordering::Release);
    }

    /// The connection is inside a frame or has a message in hand: it may not.
    pub(crate) fn busy(&self) {
        self.presence.idle_since.store(BUSY, Ordering::Release);
        self.something_came.set(true);
    }

    /// The same seat, whose end tells `word` whether anything of a message had come.
    pub(crate) fn telling(self, word: oneshot::Sender<bool>) -> Self {
        let mut seat = self;
        seat.word = Some(word);
        seat
    }

    /// Returns when this connection has to make room for another.
    pub(crate) async fn asked_to_leave(&self) {
        self.presence.leave.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.roster.lock().remove(self.number);
        self.roster.left.notify_waiters();
        if let Some(word) = self.word.take() {
            // Nobody waits any more where the engine drains.
            let _nobody_waits = word.send(self.something_came.get());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSPITAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const LABORATORY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn of(count: usize) -> NonZeroUsize {
        NonZeroUsize::new(count).unwrap()
    }

    #[test]
    fn a_full_listener_turns_newcomers_away_until_a_seat_is_dropped() {
        let roster = Roster::new(of(1), None, WhenFull::CloseNewcomer);
        let seat = roster.admit(HOSPITAL).unwrap();
        assert_eq!(roster.admit(HOSPITAL).unwrap_err(), Full::Listener);
        drop(seat);
        assert!(roster.admit(HOSPITAL).is_ok());
    }

    #[test]
    fn a_full_source_does_not_shut_out_others() {
        let roster = Roster::new(of(9), Some(of(1)), WhenFull::CloseNewcomer);
        let _seat = roster.admit(HOSPITAL).unwrap();
        assert_eq!(roster.admit(HOSPITAL).unwrap_err(), Full::Source);
        assert!(roster.admit(LABORATORY).is_ok());
    }

    #[actix::test]
    async fn the_oldest_idle_connection_of_the_same_source_makes_room() {
        let roster = Roster::new(of(2), None, WhenFull::ReplaceOldestIdleOfSameSource);
        let first = roster.admit(HOSPITAL).unwrap();
        let second = roster.admit(HOSPITAL).unwrap();
        first.busy();
        let third = roster.admit(HOSPITAL).unwrap();
        second.asked_to_leave().await;
        assert_eq!(roster.count(), 2);
        third.busy();
        assert_eq!(roster.admit(HOSPITAL).unwrap_err(), Full::Listener, "nobody idles");
        drop(second);
        assert_eq!(roster.count(), 2, "its place was given away already");
    }

    #[test]
    fn new_limits_turn_newcomers_away_and_nobody_out() {
        let roster = Roster::new(of(2), None, WhenFull::CloseNewcomer);
        let _seats = [roster.admit(HOSPITAL).unwrap(), roster.admit(HOSPITAL).unwrap()];
        let mut listener = Listener::new("in".into(), ([127, 0, 0, 1], 0).into());
        listener.max_connections = of(1);
        listener.when_full = WhenFull::CloseNewcomer;
        roster.limit(&listener);
        assert_eq!((roster.count(), roster.admit(HOSPITAL).unwrap_err()), (2, Full::Listener));
        listener.max_connections = of(3);
        roster.limit(&listener);
        assert!(roster.admit(HOSPITAL).is_ok());
    }

    #[test]
    fn another_source_is_never_asked_to_leave() {
        let roster = Roster::new(of(1), None, WhenFull::ReplaceOldestIdleOfSameSource);
        let _seat = roster.admit(LABORATORY).unwrap();
        assert_eq!(roster.admit(HOSPITAL).unwrap_err(), Full::Listener);
    }
}
