//! The desk: asked in the words of the protocol, it looks and acts.
//!
//! With a running engine, what concerns a destination's queue goes through its pool, which owns the leases; on a
//! stopped store, and for queues whose destination is gone from the configuration, the desk acts on the store itself
//! ([`stopped`]). An action is answered after it is durable: the queue shown with it is read from what was synced.

mod copies;
mod deliveries;
mod figures;
mod intake;
mod lanes;
mod listing;
mod messages;
mod moving;
mod process;
mod queues;
mod readiness;
mod refused;
mod replays;
mod retained;
mod sessions;
mod stopped;
mod trying;
mod wiring;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};

use jiff::Timestamp;
use tokio::sync::watch;
use wardline_config::{Config, Destination};
use wardline_flow::{Lookups, SearchKeys};
use wardline_hl7::ParseOptions;
use wardline_store::{MessageId, Store};

use self::messages::Looks;
use self::refused::{DeskError, in_words};
use self::replays::Lists;
pub use self::sessions::SignedIn;
use super::face::{DestinationFace, Face};
use super::protocol::{
    CertificateState, DiscardFrom, LookupRow, MAX_PAGE, QueueRow, ReplayState, Request, Response,
    Rest, Status, Which,
};
use super::reloading::{Asked, Reloads};
use super::verifying::Verifying;
use crate::engine::terms;
use crate::observe::{LogLevel, RecentLog};
use crate::outbound::{self, Chosen};
use crate::replay::Replays;
use crate::trial::Trials;

/// What answers requests, beside a running engine or on a stopped store.
pub struct Desk {
    store: Arc<dyn Store>,
    /// Shown by `store stats`.
    folder: String,
    /// Configured destinations of a stopped engine, in the order of the configuration.
    stopped: Vec<Destination>,
    /// What messages are found by; another configuration of it needs a restart.
    keys: SearchKeys,
    /// As each listener reads what comes through it, as of the start.
    readings: Arc<BTreeMap<Arc<str>, ParseOptions>>,
    /// Places for those who look into the history.
    looks: Looks,
    /// What was shown before a replay.
    lists: Lists,
    /// The running engine; none on a stopped store.
    live: Option<Live>,
    /// Its page, once that is served.
    page: OnceLock<Weak<dyn SignedIn>>,
}

/// The way to a running engine.
struct Live {
    /// Another one whenever it goes by another configuration.
    face: watch::Receiver<Arc<Face>>,
    reloads: Reloads,
    recent_log: Arc<RecentLog>,
    replays: Arc<Replays>,
    trials: Trials,
    verifying: Arc<Verifying>,
}

/// What an action has done.
#[derive(Debug, Default)]
struct Acted {
    affected: u64,
    /// Of a skip.
    message: Option<MessageId>,
    /// What is left of all.
    rest: Option<Rest>,
}

/// Who acts, and what is said of it.
#[derive(Debug, Clone)]
struct Act {
    by: Arc<str>,
    reason: Arc<str>,
    dry_run: bool,
}

impl Desk {
    /// The desk of a running engine.
    pub(crate) fn live(
        store: Arc<dyn Store>,
        config: &Config,
        face: watch::Receiver<Arc<Face>>,
        reloads: Reloads,
        recent_log: Arc<RecentLog>,
        replays: Arc<Replays>,
    ) -> Self {
        let (trials, verifying) = (Trials::default(), Arc::default());
        let live = Live { face, reloads, recent_log, replays, trials, verifying };
        Self { live: Some(live), ..Self::stopped(store, config) }
    }

    /// The desk of a store whose engine is stopped. The caller holds the store's lock and closes it afterwards.
    pub fn stopped(store: Arc<dyn Store>, config: &Config) -> Self {
        store.retain_each(terms(config));
        let readings = config.listeners.iter().map(|one| (one.id.arc(), one.reading()));
        Self {
            store,
            folder: config.engine.data_dir.join("store").display().to_string(),
            stopped: config.destinations.clone(),
            keys: SearchKeys::new(config.history.keys.clone()),
            readings: Arc::new(readings.collect()),
            looks: Looks::default(),
            lists: Lists::default(),
            live: None,
            page: OnceLock::new(),
        }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request) -> Response {
        self.try_answer(request).await.unwrap_or_else(|error| Response::Refused {
            reason: error.reason(),
            text: in_words(&error),
        })
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each request, and nothing else")]
    async fn try_answer(&self, request: Request) -> Result<Response, DeskError> {
        match request {
            Request::Status => self.status().await,
            Request::Queues => Ok(Response::Queues { queues: self.queues().await? }),
            Request::Deliveries { destination, state, after, limit } => {
                self.deliveries(destination, state, after, limit).await
            }
            Request::Lanes { destination, limit, content } => {
                self.lanes(destination, limit, content).await
            }
            Request::Delivery { destination, message, content } => {
                self.delivery(&destination, message, content).await
            }
            Request::Retry { destination, by } => {
                self.retry(&destination, &Act::of(by, "", false)).await
            }
            Request::Hold { destination, by, reason } => {
                self.hold(&destination, &Act::of(by, &reason, false)).await
            }
            Request::Skip { destination, message, by, reason, dry_run } => {
                self.skip(&destination, message, &Act::of(by, &reason, dry_run)).await
            }
            Request::Discard { destination, from, which, by, reason, dry_run } => {
                self.discard(&destination, from, which, &Act::of(by, &reason, dry_run)).await
            }
            Request::Move { from, to, which, by, reason, dry_run } => {
                self.move_queue(&from, &to, which, &Act::of(by, &reason, dry_run)).await
            }
            Request::Revive { destination, which, by, dry_run } => {
                self.revive(&destination, which, &Act::of(by, "", dry_run)).await
            }
            Request::Lookups { table, keys } => self.lookups(table.as_deref(), keys),
            Request::Logs { after, level, limit } => self.logs(after, level, limit),
            Request::Readiness => Ok(Response::Readiness(self.readiness()?)),
            Request::StoreStats => Ok(Response::StoreStats(Box::new(self.store_figures().await?))),
            Request::StorePreview { retain_for_seconds, retain_bytes } => {
                self.store_preview(retain_for_seconds, retain_bytes).await
            }
            Request::StoreVerify => self.store_verified().await,
            Request::VerifyStart { by } => self.verify_start(by),
            Request::Verification => self.verification(),
            Request::Reload { dry_run, moves, park, expected, by } => {
                self.reload(Asked { by, dry_run, moves, park, expected }).await
            }
            Request::Copies { limit } => self.copies(limit).await,
            Request::Release { message, by } => self.release(message, &by).await,
            Request::ReplayPreview { order, by } => self.replay_preview(order, by).await,
            Request::ReplayStart { order, count, by, reason } => {
                self.replay_start(order, count, (by, reason)).await
            }
            Request::Replays { job } => self.replay_rows(job),
            Request::ReplayPause { job, by, reason } => {
                self.replay_stop(job, ReplayState::Paused, (by, reason)).await
            }
            Request::ReplayResume { job, by } => self.replay_resume(job, &by).await,
            Request::ReplayCancel { job, by, reason } => {
                self.replay_stop(job, ReplayState::Cancelled, (by, reason)).await
            }
            Request::Search(search) => self.search(&search).await,
            Request::Messages { messages } => self.messages(messages).await,
            Request::History { message } => self.message_history(message).await,
            Request::Related { message, content } => self.related(message, content).await,
            Request::Anatomy { message, content, by } => self.anatomy(message, content, &by).await,
            Request::Document { message, path, by } => self.document(message, path, &by).await,
            Request::Content { message, by, reason, most } => {
                self.content(message, &by, &reason, most).await
            }
            Request::Pause { listener, by, reason } => self.pause(&listener, by, reason),
            Request::Go { listener, by } => self.go(&listener, &by),
            Request::Wiring => self.wiring(),
            Request::Sessions => self.sessions(),
            Request::EndSession { session, by } => self.end_session(&session, &by),
            Request::Try { listener, what, by, reason } => {
                self.try_out(listener, what, (&by, &reason)).await
            }
        }
    }

    async fn status(&self) -> Result<Response, DeskError> {
        let face = self.face().ok_or(DeskError::NotRunning)?;
        let process = tokio::task::spawn_blocking(process::figures).await?;
        let phase = match () {
            () if face.drain.is_draining() => "draining",
            () if face.drain.is_leaving() => "leaving",
            () => "running",
        };
        let certificates = face.certificates.rows(Timestamp::now());
        let expiring = certificates.iter().filter(|row| row.state != CertificateState::Valid);
        let certificates_expiring = expiring.count() as u64;
        let received = face.listeners.iter().map(|listener| listener.counts().unrouted);
        let emitted = face.destinations.iter().map(|one| one.counters.emitted_unrouted.get());
        let unrouted = received.chain(emitted).sum();
        Ok(Response::Status(Box::new(Status {
            name: face.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started: face.started.to_string(),
            phase: phase.to_owned(),
            intake: face.intake.borrow().to_string(),
            resident_bytes: process.resident_bytes,
            process,
            listeners: face.listeners.iter().map(super::face::ListenerFace::row).collect(),
            destinations: self.queues().await?,
            handlers: face.handlers.iter().map(super::face::HandlerFace::row).collect(),
            unrouted,
            lookups: lookup_rows(&face.lookups, false).collect(),
            certificates,
            certificates_expiring,
        })))
    }

    async fn reload(&self, asked: Asked) -> Result<Response, DeskError> {
        let live = self.live.as_ref().ok_or(DeskError::NotRunning)?;
        let reloaded = live.reloads.ask(asked).await.map_err(DeskError::NotReloaded)?;
        Ok(Response::Reloaded(Box::new(reloaded)))
    }

    fn logs(
        &self,
        after: Option<u64>,
        level: LogLevel,
        limit: usize,
    ) -> Result<Response, DeskError> {
        let live = self.live.as_ref().ok_or(DeskError::NotRunning)?;
        let (lines, newest) = live.recent_log.read(after, level, limit.min(MAX_PAGE));
        Ok(Response::Logs { lines, newest })
    }

    fn lookups(&self, table: Option<&str>, keys: bool) -> Result<Response, DeskError> {
        let face = self.face().ok_or(DeskError::NotRunning)?;
        let rows = lookup_rows(&face.lookups, keys);
        let lookups = rows.filter(|row| table.is_none_or(|table| row.name == table)).collect();
        Ok(Response::Lookups { lookups })
    }

    async fn retry(&self, destination: &str, act: &Act) -> Result<Response, DeskError> {
        let acted = match self.face_of(destination) {
            Some(face) => face.pool.retry(&act.by).await?.into(),
            None => self.on_store(destination, act, stopped::retry).await?,
        };
        self.done(destination, acted, act).await
    }

    async fn hold(&self, destination: &str, act: &Act) -> Result<Response, DeskError> {
        match self.face_of(destination) {
            Some(face) => {
                face.pool.hold(&act.by, &act.reason).await?;
            }
            None => self.on_store(destination, act, stopped::hold).await?,
        }
        self.done(destination, Acted::default(), act).await
    }

    async fn skip(
        &self,
        destination: &str,
        seen: Option<MessageId>,
        act: &Act,
    ) -> Result<Response, DeskError> {
        let message = if let Some(face) = self.face_of(destination) {
            Some(face.pool.skip(seen, &act.by, &act.reason, act.dry_run).await?)
        } else {
            let skip = move |queue: &stopped::Queue<'_>, act: &Act| stopped::skip(queue, seen, act);
            self.on_store(destination, act, skip).await?
        };
        let acted = Acted { affected: u64::from(message.is_some()), message, rest: None };
        self.done(destination, acted, act).await
    }

    async fn discard(
        &self,
        destination: &str,
        from: DiscardFrom,
        which: Which,
        act: &Act,
    ) -> Result<Response, DeskError> {
        let acted = if let Some(face) = self.face_of(destination) {
            let dead_letters = from == DiscardFrom::Dead;
            let (by, reason) = (&act.by, &act.reason);
            face.pool.discard(dead_letters, which.into(), by, reason, act.dry_run).await?.into()
        } else {
            let discard = move |queue: &stopped::Queue<'_>, act: &Act| {
                stopped::discard(queue, from, &which, act)
            };
            self.on_store(destination, act, discard).await?
        };
        self.done(destination, acted, act).await
    }

    async fn revive(
        &self,
        destination: &str,
        which: Which,
        act: &Act,
    ) -> Result<Response, DeskError> {
        let acted = if let Some(face) = self.face_of(destination) {
            face.pool.revive(which.into(), &act.by, act.dry_run).await?.into()
        } else {
            let revive =
                move |queue: &stopped::Queue<'_>, act: &Act| stopped::revive(queue, &which, act);
            self.on_store(destination, act, revive).await?
        };
        self.done(destination, acted, act).await
    }

    /// Acts on the store itself, on a thread that may block. A destination that the store has never heard of is not
    /// found: a slip of the pen must not make a queue.
    async fn on_store<F, T>(&self, destination: &str, act: &Act, action: F) -> Result<T, DeskError>
    where
        F: FnOnce(&stopped::Queue<'_>, &Act) -> Result<T, DeskError> + Send + 'static,
        T: Send + 'static,
    {
        let (store, act) = (Arc::clone(&self.store), act.clone());
        let destination: Arc<str> = destination.into();
        let acted = tokio::task::spawn_blocking(move || {
            let known = store.destinations()?.iter().any(|state| state.destination == destination);
            if !known {
                return Err(DeskError::NotFound);
            }
            action(&stopped::Queue { store: &*store, destination }, &act)
        });
        acted.await?
    }

    /// The answer to an action: what it touched, and the queue afterwards.
    async fn done(
        &self,
        destination: &str,
        Acted { affected, message, rest }: Acted,
        act: &Act,
    ) -> Result<Response, DeskError> {
        let queues = self.queues().await?;
        let queue: Option<QueueRow> = queues.into_iter().find(|row| row.destination == destination);
        match queue {
            Some(_) => Ok(Response::Done { affected, dry_run: act.dry_run, queue, message, rest }),
            None => Err(DeskError::NotFound),
        }
    }

    /// The running engine as it is now.
    fn face(&self) -> Option<Arc<Face>> {
        self.live.as_ref().map(|live| Arc::clone(&live.face.borrow()))
    }

    fn face_of(&self, destination: &str) -> Option<Arc<DestinationFace>> {
        let face = self.face()?;
        let mut faces = face.destinations.iter();
        faces.find(|face| face.destination.id.as_str() == destination).cloned()
    }

    /// The destinations of the configuration, in its order.
    fn configured(&self) -> Vec<Destination> {
        match self.face() {
            Some(face) => face.destinations.iter().map(|one| one.destination.clone()).collect(),
            None => self.stopped.clone(),
        }
    }
}

impl Act {
    fn of(by: String, reason: &str, dry_run: bool) -> Self {
        Self { by: by.into(), reason: reason.into(), dry_run }
    }
}

impl From<u64> for Acted {
    fn from(affected: u64) -> Self {
        Self { affected, ..Self::default() }
    }
}

impl From<outbound::Done> for Acted {
    fn from(done: outbound::Done) -> Self {
        let rest = done.rest.map(|rest| Rest {
            began: rest.began,
            state: rest.state.into(),
            after: rest.after,
        });
        Self { affected: done.touched, message: None, rest }
    }
}

impl From<Which> for Chosen {
    fn from(which: Which) -> Self {
        match which {
            Which::All => Self::All,
            Which::Rest(Rest { began, state, after }) => {
                Self::Rest(outbound::Rest { began, state: state.into(), after })
            }
            Which::Messages(messages) => Self::Messages(messages),
        }
    }
}

fn lookup_rows(lookups: &Lookups, keys: bool) -> impl Iterator<Item = LookupRow> {
    lookups.iter().map(move |(name, table)| LookupRow::of(name, table, keys))
}
