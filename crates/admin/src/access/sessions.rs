//! Who is signed in. In memory only: a restart signs everybody out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{AccessFault, Digest, Secret, User};

/// The most sessions of all users; the one that was idle longest makes room.
const MAX_SESSIONS: usize = 2_000;
/// The most sessions of one user, likewise: a browser each at home, at work, on call.
const MAX_PER_USER: usize = 10;

/// Sessions by the SHA-256 of their ids.
pub(crate) struct Sessions {
    idle: Duration,
    max: Duration,
    held: Mutex<HashMap<Digest, Session>>,
}

struct Session {
    user: String,
    /// The user's generation when he signed in.
    generation: u64,
    address: IpAddr,
    began: Instant,
    used: Instant,
    began_at: Timestamp,
    used_at: Timestamp,
}

/// Who holds a session.
pub(crate) struct Held {
    pub(crate) user: String,
    pub(crate) generation: u64,
}

/// A session as it is listed.
pub(crate) struct SessionRow {
    pub(crate) digest: Digest,
    pub(crate) user: String,
    pub(crate) generation: u64,
    pub(crate) address: IpAddr,
    pub(crate) began: Timestamp,
    pub(crate) used: Timestamp,
}

impl Sessions {
    /// Sessions that end after being idle for so long, and after `max` in any case.
    pub(crate) fn new(idle: Duration, max: Duration) -> Self {
        Self { idle, max, held: Mutex::default() }
    }

    /// Signs in. The id is told once, to the browser.
    pub(crate) fn begin(&self, user: &User, address: IpAddr) -> Result<Secret, AccessFault> {
        let id = Secret::random()?;
        let (now, at) = (Instant::now(), Timestamp::now());
        let mut held = self.living(now);
        let of_user = |session: &Session| session.user == user.name;
        make_room(&mut held, MAX_PER_USER, of_user);
        make_room(&mut held, MAX_SESSIONS, |_| true);
        let session = Session {
            user: user.name.clone(),
            generation: user.generation,
            address,
            began: now,
            used: now,
            began_at: at,
            used_at: at,
        };
        held.insert(Digest::of(&id.to_hex()), session);
        Ok(id)
    }

    /// Whose session this is, and that it is used.
    pub(crate) fn used(&self, id: &Digest) -> Option<Held> {
        let now = Instant::now();
        let mut held = self.living(now);
        let session = held.get_mut(id)?;
        session.used = now;
        session.used_at = Timestamp::now();
        Some(Held { user: session.user.clone(), generation: session.generation })
    }

    /// Whose session this is, without using it: what goes on by itself is nobody who is there.
    pub(crate) fn seen(&self, id: &Digest) -> Option<Held> {
        let held = self.living(Instant::now());
        let session = held.get(id)?;
        Some(Held { user: session.user.clone(), generation: session.generation })
    }

    /// Ends one. Whether there was one.
    pub(crate) fn end(&self, id: &Digest) -> bool {
        self.living(Instant::now()).remove(id).is_some()
    }

    /// All of them, the newest first.
    pub(crate) fn rows(&self) -> Vec<SessionRow> {
        let held = self.living(Instant::now());
        let row = |(digest, session): (&Digest, &Session)| SessionRow {
            digest: *digest,
            user: session.user.clone(),
            generation: session.generation,
            address: session.address,
            began: session.began_at,
            used: session.used_at,
        };
        let mut rows: Vec<SessionRow> = held.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.began));
        rows
    }

    /// Those whose time is not over.
    fn living(&self, now: Instant) -> std::sync::MutexGuard<'_, HashMap<Digest, Session>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, session| {
            now.duration_since(session.used) < self.idle
                && now.duration_since(session.began) < self.max
        });
        held
    }
}

/// Ends what was idle longest among these, until one more fits.
fn make_room(held: &mut HashMap<Digest, Session>, most: usize, of: impl Fn(&Session) -> bool) {
    while held.values().filter(|session| of(session)).count() >= most {
        let those = held.iter().filter(|(_, session)| of(session));
        let Some(oldest) = those.min_by_key(|(_, session)| session.used).map(|(id, _)| *id) else {
            return;
        };
        held.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{HashedPassword, NewUser, Record, Role};

    fn ann() -> User {
        let password = HashedPassword::of("correct horse battery").unwrap();
        let (name, by) = ("ann".to_owned(), "root".to_owned());
        let new = NewUser { name, role: Role::Admin, content: false, password, by };
        Record::default().add_user(new, Timestamp::now()).unwrap().clone()
    }

    fn digest(id: &Secret) -> Digest {
        Digest::of(&id.to_hex())
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_user_has_so_many_sessions_and_the_one_idle_longest_makes_room() {
        let (sessions, ann) = (Sessions::new(HOUR, HOUR), ann());
        let mut ids: Vec<Secret> =
            (0..MAX_PER_USER).map(|_| sessions.begin(&ann, HERE).unwrap()).collect();
        assert!(sessions.used(&digest(&ids[0])).is_some(), "the first is used last");
        ids.push(sessions.begin(&ann, HERE).unwrap());
        let living: Vec<bool> = ids.iter().map(|id| sessions.used(&digest(id)).is_some()).collect();
        let mut expected = vec![true; MAX_PER_USER + 1];
        expected[1] = false;
        assert_eq!(living, expected);
        assert_eq!(sessions.rows().len(), MAX_PER_USER);
    }

    #[test]
    fn a_session_that_was_ended_is_nobody_s() {
        let (sessions, ann) = (Sessions::new(HOUR, HOUR), ann());
        let id = sessions.begin(&ann, HERE).unwrap();
        assert_eq!(sessions.used(&digest(&id)).map(|held| held.user).as_deref(), Some("ann"));
        assert!(sessions.end(&digest(&id)));
        assert!(!sessions.end(&digest(&id)));
        assert!(sessions.used(&digest(&id)).is_none());
    }

    #[test]
    fn a_session_that_is_only_looked_at_is_as_idle_as_before() {
        let (sessions, ann) = (Sessions::new(HOUR, HOUR), ann());
        let id = sessions.begin(&ann, HERE).unwrap();
        let used = || sessions.rows().first().map(|row| row.used);
        let before = used();
        assert_eq!(sessions.seen(&digest(&id)).map(|held| held.user).as_deref(), Some("ann"));
        assert_eq!(used(), before);
        assert!(sessions.used(&digest(&id)).is_some());
        assert_ne!(used(), before);
    }

    #[test]
    fn no_time_at_all_is_over_at_once() {
        for (idle, max) in [(Duration::ZERO, HOUR), (HOUR, Duration::ZERO)] {
            let (sessions, ann) = (Sessions::new(idle, max), ann());
            let id = sessions.begin(&ann, HERE).unwrap();
            assert!(sessions.used(&digest(&id)).is_none());
        }
    }
}
