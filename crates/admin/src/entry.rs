//! Coming in: by password, by session, by token, or as the very first.

use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::access::{
    AccessFault, AccessFolder, Attempts, Digest, HashedPassword, NewUser, Paused, Place, Record,
    Rights, Role, Secret, Sessions, SetUp, User,
};
use crate::door::{By, Who};
use crate::fault::Fault;
use crate::forgery::{self, Seal};

/// Passwords that are hashed at once: each takes 19 MiB and a core for tens of milliseconds.
const MAX_HASHING: usize = 2;

/// Who may come in, and who is here.
pub(crate) struct Entry {
    folder: AccessFolder,
    seen: Mutex<Option<(Stamp, Arc<Record>)>>,
    pub(crate) sessions: Sessions,
    pub(crate) set_up: SetUp,
    attempts: Attempts,
    hashing: Semaphore,
    /// Compared for names that nobody has.
    nobody: HashedPassword,
    seal: Seal,
}

/// Another one whenever the file was replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Entry {
    /// Reads who may come in. Blocks.
    pub(crate) fn open(
        folder: AccessFolder,
        (idle, max): (Duration, Duration),
        at: String,
    ) -> Result<Self, AccessFault> {
        folder.read()?;
        Ok(Self {
            seen: Mutex::default(),
            sessions: Sessions::new(idle, max),
            set_up: SetUp::new(folder.clone(), at),
            attempts: Attempts::default(),
            hashing: Semaphore::new(MAX_HASHING),
            nobody: HashedPassword::of_nobody()?,
            seal: Seal::new(&Secret::random()?),
            folder,
        })
    }

    /// Who may come in, as the file says now: the command line may have changed it.
    pub(crate) fn record(&self) -> Result<Arc<Record>, AccessFault> {
        let stamp = self.stamp()?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*seen, stamp) {
            (Some((before, record)), Some(stamp)) if *before == stamp => Ok(Arc::clone(record)),
            (_, None) => Ok(Arc::default()),
            (_, Some(stamp)) => {
                let record = Arc::new(self.folder.read()?);
                *seen = Some((stamp, Arc::clone(&record)));
                Ok(record)
            }
        }
    }

    /// None where there is no file.
    fn stamp(&self) -> Result<Option<Stamp>, AccessFault> {
        let path = self.folder.file();
        match std::fs::metadata(&path) {
            Ok(found) => Ok(Some(Stamp {
                inode: found.ino(),
                length: found.len(),
                modified: (found.mtime(), found.mtime_nsec()),
            })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(AccessFault::File { path, source }),
        }
    }

    /// Changes users or tokens, on a thread that may block.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Record) -> Result<T, AccessFault> + Send + 'static,
    ) -> Result<T, Fault> {
        let folder = self.folder.clone();
        let changed = tokio::task::spawn_blocking(move || folder.change(change)).await;
        Ok(changed.map_err(|_panicked| Fault::Failed)??)
    }

    /// Who holds this session, if it lives and its user may still come in. A page that listens by itself does not use it.
    pub(crate) fn by_session(&self, record: &Record, id: &str, listens: bool) -> Option<Who> {
        let digest = Digest::of(id);
        let held = if listens { self.sessions.seen(&digest) } else { self.sessions.used(&digest) }?;
        let user = record.user(&held.user).filter(|user| !user.disabled);
        let Some(user) = user.filter(|user| user.generation == held.generation) else {
            self.sessions.end(&digest);
            return None;
        };
        let csrf = self.seal.of(id).into();
        let by = By::Session { digest, csrf };
        Some(Who { name: user.name.as_str().into(), rights: user.rights(), by })
    }

    /// What the holder of a session may do by now; none where it has ended. Does not use it.
    pub(crate) fn rights_by_now(&self, session: &Digest) -> Option<Rights> {
        let held = self.sessions.seen(session)?;
        let record = self.record().ok()?;
        let user = record.user(&held.user).filter(|user| !user.disabled)?;
        (user.generation == held.generation).then(|| user.rights())
    }

    /// What this token is good for, if it is one.
    pub(crate) fn by_token(record: &Record, shown: &str, now: Timestamp) -> Option<Who> {
        let token = record.token(shown, now)?;
        let name = format!("token:{}", token.name).into();
        Some(Who { name, rights: record.rights_of(token)?, by: By::Token })
    }

    /// What a browser keeps in which this name has signed in: it proves that once, and opens nothing.
    pub(crate) fn mark_of(&self, name: &str) -> String {
        self.seal.of(&format!("known:{}", name.trim().to_ascii_lowercase()))
    }

    /// Signs in, and gives the id of the session. A name that nobody has takes as long as a wrong password.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: String,
        from: IpAddr,
        mark: Option<&str>,
    ) -> Result<Secret, Fault> {
        let is_known = mark.is_some() && forgery::is_same(&self.mark_of(name), mark);
        let place = if is_known { Place::Known } else { Place::of(from) };
        self.attempt(name, place).await?;
        let record = self.record()?;
        let user = record.user(name).filter(|user| !user.disabled);
        let kept = user.map_or(&self.nobody, |user| &user.password).clone();
        let is_right = self.hash(move || Ok(kept.is_of(&password))).await?;
        let Some(user) = user.filter(|_| is_right) else {
            tracing::warn!(%from, "a sign-in was refused");
            return Err(Fault::WrongPassword);
        };
        self.attempts.was_right(name, place);
        tracing::info!(user = user.name, %from, "signed in");
        Ok(self.sessions.begin(user, from)?)
    }

    /// Makes the first administrator, and signs him in.
    pub(crate) async fn set_up(
        &self,
        token: &str,
        (name, password): (String, String),
        from: IpAddr,
    ) -> Result<Secret, Fault> {
        const OF_SET_UP: &str = "setup";
        let place = Place::of(from);
        self.attempt(OF_SET_UP, place).await?;
        if !self.set_up.is_good(token) {
            tracing::warn!(%from, "a set-up was refused: the token is not the one");
            return Err(Fault::WrongSetUpToken);
        }
        self.attempts.was_right(OF_SET_UP, place);
        let password = self.hashed(password).await?;
        let added = self.change(move |record| {
            if !record.is_empty() {
                return Err(AccessFault::Taken);
            }
            let by = OF_SET_UP.to_owned();
            let new = NewUser { name, role: Role::Admin, content: false, password, by };
            record.add_user(new, Timestamp::now()).cloned()
        });
        let user: User = added.await?;
        self.set_up.use_up();
        tracing::info!(user = user.name, %from, "the first administrator is set up");
        Ok(self.sessions.begin(&user, from)?)
    }

    /// Whether this is the user's password; wrong ones are counted as at the sign-in.
    pub(crate) async fn confirm(
        &self,
        user: &User,
        password: String,
        from: IpAddr,
    ) -> Result<(), Fault> {
        let place = Place::of(from);
        self.attempt(&user.name, place).await?;
        let kept = user.password.clone();
        if !self.hash(move || Ok(kept.is_of(&password))).await? {
            return Err(Fault::WrongPassword);
        }
        self.attempts.was_right(&user.name, place);
        Ok(())
    }

    /// What is kept of a new password.
    pub(crate) async fn hashed(&self, password: String) -> Result<HashedPassword, Fault> {
        self.hash(move || HashedPassword::of(&password)).await
    }

    async fn attempt(&self, name: &str, from: Place) -> Result<(), Fault> {
        let begun = self.attempts.begin(name, from, Instant::now());
        let wait = begun.map_err(|Paused(left)| Fault::Paused(left))?;
        tokio::time::sleep(wait).await;
        Ok(())
    }

    async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AccessFault> + Send + 'static,
    ) -> Result<T, Fault> {
        let _turn = self.hashing.acquire().await.map_err(|_closed| Fault::Failed)?;
        let done = tokio::task::spawn_blocking(work).await;
        Ok(done.map_err(|_panicked| Fault::Failed)??)
    }
}
