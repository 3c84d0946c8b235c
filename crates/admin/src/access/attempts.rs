//! How often somebody may guess: a name from one place, a place whatever names it tries, and a name from everywhere.
//!
//! ```text
//! name from a place: 5 wrong in a row ─▶ a minute's pause     place: 20 wrong in a row ─▶ the same
//! name from everywhere: from 30 wrong on each try waits, longer and longer
//! ```
//!
//! Nobody keeps another one out by guessing his name: the pause is for who guesses. A browser in which somebody has signed
//! in before is a place of its own, so that he comes in though all the others share his address, behind a proxy.
//!
//! A name that nobody has counts like any other. During a pause nothing is compared, so a flood costs no hashing and
//! tells nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Digest;

/// Wrong tries of one name from one place before they rest.
const PER_NAME: u32 = 5;
/// Wrong tries from one network before it rests: a ward shares an address.
const PER_NETWORK: u32 = 20;
/// How long it rests, and after how long without a try everything is forgotten.
const PAUSE: Duration = Duration::from_secs(60);
/// Wrong tries of one name from everywhere before each further one waits.
const UNHURRIED: u32 = 30;
/// So many more make the wait a second longer.
const SLOWER_EACH: u32 = 10;
/// The longest wait, in seconds: whoever has the name still comes in.
const LONGEST_WAIT: u32 = 5;
/// What is remembered of each kind. What was longest without a try is forgotten first, and nothing that rests.
const MAX_REMEMBERED: usize = 4_096;
/// Bits of an IPv6 address that tell networks apart: the rest is whoever sits in one to choose.
const NETWORK: u32 = 64;

/// It rests for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paused(pub(crate) Duration);

/// From where somebody tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// An address; of IPv6 its network.
    Network(IpAddr),
    /// A browser in which this name has signed in before.
    Known,
}

/// Tries that went wrong.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<Wrong>);

#[derive(Default)]
struct Wrong {
    /// By digest: a name may be as long as a request.
    names_from: HashMap<(Digest, Place), Tries>,
    networks: HashMap<IpAddr, Tries>,
    names: HashMap<Digest, Tries>,
}

#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Place {
    /// Where this address is.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self::Network(match address {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let bits = address.to_bits() >> (Ipv6Addr::BITS - NETWORK);
                let network = Ipv6Addr::from_bits(bits << (Ipv6Addr::BITS - NETWORK));
                address.to_ipv4_mapped().map_or(network.into(), IpAddr::V4)
            }
        })
    }
}

impl Attempts {
    /// Counts a try before it is judged, so that many at once are as many; how long it waits before it is, or that it may
    /// not be made.
    pub(crate) fn begin(&self, name: &str, from: Place, now: Instant) -> Result<Duration, Paused> {
        let name = named(name);
        let mut wrong = self.wrong();
        let rests = rest(&wrong.names_from, &(name, from), PER_NAME, now);
        let network = match from {
            Place::Network(address) => Some(address),
            Place::Known => None,
        };
        let of_network = network.and_then(|one| rest(&wrong.networks, &one, PER_NETWORK, now));
        if let Some(left) = rests.max(of_network) {
            return Err(Paused(left));
        }
        count(&mut wrong.names_from, (name, from), PER_NAME, now)?;
        if let Some(network) = network {
            count(&mut wrong.networks, network, PER_NETWORK, now)?;
            // Those that come to a name from everywhere rest nowhere: none of them is kept.
            count(&mut wrong.names, name, u32::MAX, now)?;
        }
        let tries = wrong.names.get(&name).map_or(0, |tries| tries.wrong);
        Ok(network.map_or(Duration::ZERO, |_| wait(tries)))
    }

    /// It was right: nothing is remembered of the name there, and the network has one wrong try less.
    pub(crate) fn was_right(&self, name: &str, from: Place) {
        let (name, mut wrong) = (named(name), self.wrong());
        wrong.names_from.remove(&(name, from));
        if let Some(tries) = wrong.names.get_mut(&name) {
            tries.wrong = tries.wrong.saturating_sub(1);
        }
        if let Place::Network(network) = from
            && let Some(tries) = wrong.networks.get_mut(&network)
        {
            tries.wrong = tries.wrong.saturating_sub(1);
        }
    }

    fn wrong(&self) -> MutexGuard<'_, Wrong> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(name: &str) -> Digest {
    Digest::of(&name.trim().to_ascii_lowercase())
}

/// How long a try waits of a name that was tried so often.
fn wait(wrong: u32) -> Duration {
    let longer = wrong.saturating_sub(UNHURRIED).div_ceil(SLOWER_EACH);
    Duration::from_secs(longer.min(LONGEST_WAIT).into())
}

/// How long it rests still, if it does.
fn rest<K: Eq + Hash>(
    tries: &HashMap<K, Tries>,
    key: &K,
    most: u32,
    now: Instant,
) -> Option<Duration> {
    tries.get(key).and_then(|tries| tries.rest(most, now))
}

impl Tries {
    fn rest(&self, most: u32, now: Instant) -> Option<Duration> {
        let left = PAUSE.saturating_sub(now.duration_since(self.last));
        (self.wrong >= most && !left.is_zero()).then_some(left)
    }
}

/// One more. Where all that is remembered rests, no other begins before one of them wakes.
fn count<K: Eq + Hash + Copy>(
    tries: &mut HashMap<K, Tries>,
    key: K,
    most: u32,
    now: Instant,
) -> Result<(), Paused> {
    if tries.len() >= MAX_REMEMBERED && !tries.contains_key(&key) {
        tries.retain(|_, tries| now.duration_since(tries.last) < PAUSE);
    }
    if tries.len() >= MAX_REMEMBERED && !tries.contains_key(&key) {
        let awake = tries.iter().filter(|(_, tries)| tries.rest(most, now).is_none());
        let oldest = awake.min_by_key(|(_, tries)| tries.last).map(|(key, _)| *key);
        tries.remove(&oldest.ok_or(Paused(PAUSE))?);
    }
    let one = tries.entry(key).or_insert(Tries { wrong: 0, last: now });
    if now.duration_since(one.last) >= PAUSE {
        one.wrong = 0;
    }
    *one = Tries { wrong: one.wrong.saturating_add(1), last: now };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place = Place::Network(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    const THERE: Place = Place::Network(IpAddr::V6(Ipv6Addr::LOCALHOST));

    fn address(text: &str) -> Place {
        Place::of(text.parse().unwrap())
    }

    #[test]
    fn a_name_rests_where_it_was_tried_five_times_and_wakes_after_a_minute() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..PER_NAME {
            assert!(attempts.begin("ann", HERE, now).is_ok());
        }
        assert_eq!(attempts.begin(" ANN ", HERE, now), Err(Paused(PAUSE)));
        assert!(attempts.begin("bob", HERE, now).is_ok(), "another name is not touched");
        assert!(attempts.begin("ann", HERE, now + PAUSE).is_ok());
    }

    #[test]
    fn whoever_has_the_name_is_not_kept_out_by_others_who_try_it() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..PER_NAME {
            assert!(attempts.begin("ann", HERE, now).is_ok());
        }
        assert_eq!(attempts.begin("ann", THERE, now), Ok(Duration::ZERO), "from elsewhere");
        assert_eq!(attempts.begin("ann", Place::Known, now), Ok(Duration::ZERO), "her browser");
        for number in 0..PER_NETWORK {
            let _paused_in_the_end = attempts.begin(&number.to_string(), HERE, now);
        }
        assert!(attempts.begin("zoe", HERE, now).is_err(), "the address rests");
        assert_eq!(attempts.begin("ann", Place::Known, now), Ok(Duration::ZERO));
    }

    #[test]
    fn a_browser_that_is_known_does_not_guess_for_ever_either() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..PER_NAME {
            assert!(attempts.begin("ann", Place::Known, now).is_ok());
        }
        assert_eq!(attempts.begin("ann", Place::Known, now), Err(Paused(PAUSE)));
    }

    #[test]
    fn a_name_that_is_tried_from_everywhere_is_judged_later_and_later() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let wait_of = |number: u32| {
            let from = Place::of(IpAddr::V4(number.into()));
            attempts.begin("ann", from, now).unwrap().as_secs()
        };
        let waits: Vec<u64> = (1..=100).map(wait_of).collect();
        assert_eq!((waits[29], waits[30], waits[40], waits[99]), (0, 1, 2, 5));
    }

    #[test]
    fn a_network_rests_after_twenty_whatever_names_it_tries() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..PER_NETWORK {
            let from = address(&format!("2001:db8:0:1::{number:x}"));
            assert!(attempts.begin(&number.to_string(), from, now).is_ok());
        }
        assert_eq!(attempts.begin("ann", address("2001:db8:0:1:ff::1"), now), Err(Paused(PAUSE)));
        assert!(attempts.begin("ann", address("2001:db8:0:2::1"), now).is_ok());
        assert_eq!(address("::ffff:10.0.0.1"), address("10.0.0.1"));
        assert_ne!(address("10.0.0.1"), address("10.0.0.2"));
    }

    #[test]
    fn a_right_try_forgets_the_wrong_ones() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 1..PER_NAME {
            assert!(attempts.begin("ann", HERE, now).is_ok());
        }
        attempts.was_right("Ann", HERE);
        for _ in 0..PER_NAME {
            assert!(attempts.begin("ann", HERE, now).is_ok());
        }
    }

    #[test]
    fn what_is_remembered_has_an_end_and_what_rests_is_not_pushed_out_of_it() {
        let (attempts, mut now) = (Attempts::default(), Instant::now());
        for _ in 0..PER_NAME {
            assert!(attempts.begin("ann", HERE, now).is_ok());
        }
        for number in 0..=MAX_REMEMBERED {
            now += Duration::from_millis(1);
            let from = Place::of(IpAddr::V4(u32::try_from(number).unwrap().into()));
            assert!(attempts.begin(&number.to_string(), from, now).is_ok());
        }
        assert!(attempts.begin("ann", HERE, now).is_err(), "she rests still");
        let wrong = attempts.wrong();
        let remembered = (wrong.names_from.len(), wrong.networks.len(), wrong.names.len());
        assert_eq!(remembered, (MAX_REMEMBERED, MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
