//! How often somebody may guess: by name, and by the address he guesses from.
//!
//! ```text
//! name:    5 wrong in a row  ─▶ a minute's pause        address: 20 wrong in a row ─▶ the same
//! ```
//!
//! A name that nobody has counts like any other. During a pause nothing is compared, so a flood costs no hashing and
//! tells nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Digest;

/// Wrong tries of one name before it rests.
const PER_NAME: u32 = 5;
/// Wrong tries from one address before it rests: a ward shares one.
const PER_ADDRESS: u32 = 20;
/// How long it rests, and after how long without a try everything is forgotten.
const PAUSE: Duration = Duration::from_secs(60);
/// Names and addresses that are remembered, each; those longest without a try are forgotten first.
const MAX_REMEMBERED: usize = 4_096;

/// It rests for so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paused(pub(crate) Duration);

/// Tries that went wrong.
#[derive(Default)]
pub(crate) struct Attempts(Mutex<Wrong>);

#[derive(Default)]
struct Wrong {
    /// By digest: a name may be as long as a request.
    names: HashMap<Digest, Tries>,
    addresses: HashMap<IpAddr, Tries>,
}

#[derive(Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Attempts {
    /// Counts a try before it is judged, so that many at once are as many; whether it may be made.
    pub(crate) fn begin(&self, name: &str, from: IpAddr, now: Instant) -> Result<(), Paused> {
        let name = Digest::of(&name.trim().to_ascii_lowercase());
        let mut wrong = self.wrong();
        let rests = rest(&wrong.names, &name, PER_NAME, now);
        let rests = rests.max(rest(&wrong.addresses, &from, PER_ADDRESS, now));
        if let Some(left) = rests {
            return Err(Paused(left));
        }
        count(&mut wrong.names, name, now);
        count(&mut wrong.addresses, from, now);
        Ok(())
    }

    /// It was right: nothing is remembered of the name, and the address has one wrong try less.
    pub(crate) fn was_right(&self, name: &str, from: IpAddr) {
        let mut wrong = self.wrong();
        wrong.names.remove(&Digest::of(&name.trim().to_ascii_lowercase()));
        if let Some(tries) = wrong.addresses.get_mut(&from) {
            tries.wrong = tries.wrong.saturating_sub(1);
        }
    }

    fn wrong(&self) -> MutexGuard<'_, Wrong> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long it rests still, if it does.
fn rest<K: Eq + Hash>(
    tries: &HashMap<K, Tries>,
    key: &K,
    most: u32,
    now: Instant,
) -> Option<Duration> {
    let tries = tries.get(key).filter(|tries| tries.wrong >= most)?;
    let left = PAUSE.saturating_sub(now.duration_since(tries.last));
    (!left.is_zero()).then_some(left)
}

fn count<K: Eq + Hash + Copy>(tries: &mut HashMap<K, Tries>, key: K, now: Instant) {
    if tries.len() >= MAX_REMEMBERED && !tries.contains_key(&key) {
        tries.retain(|_, tries| now.duration_since(tries.last) < PAUSE);
    }
    if tries.len() >= MAX_REMEMBERED && !tries.contains_key(&key) {
        let oldest = tries.iter().min_by_key(|(_, tries)| tries.last).map(|(key, _)| *key);
        oldest.and_then(|oldest| tries.remove(&oldest));
    }
    let one = tries.entry(key).or_insert(Tries { wrong: 0, last: now });
    if now.duration_since(one.last) >= PAUSE {
        one.wrong = 0;
    }
    *one = Tries { wrong: one.wrong.saturating_add(1), last: now };
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    #[test]
    fn a_name_rests_after_five_wrong_tries_from_wherever_and_wakes_after_a_minute() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..PER_NAME {
            assert_eq!(attempts.begin("ann", HERE, now), Ok(()));
        }
        assert_eq!(attempts.begin(" ANN ", THERE, now), Err(Paused(PAUSE)));
        assert_eq!(attempts.begin("bob", HERE, now), Ok(()), "another name is not touched");
        assert_eq!(attempts.begin("ann", THERE, now + PAUSE), Ok(()));
    }

    #[test]
    fn an_address_rests_after_twenty_whatever_names_it_tries() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..PER_ADDRESS {
            assert_eq!(attempts.begin(&number.to_string(), HERE, now), Ok(()));
        }
        assert_eq!(attempts.begin("ann", HERE, now), Err(Paused(PAUSE)));
        assert_eq!(attempts.begin("ann", THERE, now), Ok(()));
    }

    #[test]
    fn a_right_try_forgets_the_wrong_ones() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 1..PER_NAME {
            assert_eq!(attempts.begin("ann", HERE, now), Ok(()));
        }
        attempts.was_right("Ann", HERE);
        for _ in 0..PER_NAME {
            assert_eq!(attempts.begin("ann", HERE, now), Ok(()));
        }
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let (attempts, mut now) = (Attempts::default(), Instant::now());
        for number in 0..=MAX_REMEMBERED {
            now += Duration::from_millis(1);
            let from = IpAddr::V4(u32::try_from(number).unwrap().into());
            assert_eq!(attempts.begin(&number.to_string(), from, now), Ok(()));
        }
        let wrong = attempts.wrong();
        assert_eq!((wrong.names.len(), wrong.addresses.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
    }
}
