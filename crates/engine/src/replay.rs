//! Replays: messages of the past sent in once more, exactly those that were meant, each once.
//!
//! ```text
//!   desk ── order ──▶ Replays ── kept on the disk ──▶ Worker ── accept records with their origin ──▶ store, queues
//!     ▲                  │ pause, resume, cancel         │
//!     └── rows ──────────┴───────────────────────────────┘ progress
//! ```
//!
//! Resent as it was sent, or decided about anew by today's routes, or as an edited copy. Each becomes a record like any
//! other, and names the message it comes from. A job is on the disk before its first message is sent in, and goes on after
//! a restart; which of its messages it has sent in, the journal says ([`worker`]). So none is sent twice by one job,
//! however often the engine is killed.
//!
//! No actor: workers are futures on the engine's own arbiter. The death of one costs its job's progress of this process;
//! the next start goes on.

mod archive;
mod fault;
mod job;
mod order;
mod preview;
mod sending;
mod worker;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix::ArbiterHandle;
use jiff::Timestamp;
use tokio::sync::{oneshot, watch};
use wardline_flow::DestinationId;

use self::archive::{Archive, Work};
pub(crate) use self::fault::NotReplayed;
use self::job::{Job, Stopped};
pub(crate) use self::sending::Means;
use self::sending::Sending;
use self::worker::{Order, Pace, Patience, Worker, lock};
use crate::control::protocol::{ReplayOrder, ReplayRow, ReplayState};

/// Jobs that run or wait, at most: each reads and sends in beside the others.
const MOST_OPEN: usize = 8;
/// Jobs that have ended and are still shown; the oldest go first.
const MOST_KEPT: usize = 500;

/// All jobs of an engine.
pub(crate) struct Replays {
    means: Means,
    archive: Archive,
    arbiter: ArbiterHandle,
    jobs: Mutex<BTreeMap<u64, Entry>>,
    /// Held while a job begins: one after the other.
    beginning: tokio::sync::Mutex<NextJob>,
}

/// The number of the next job; none where it is not known which were given.
struct NextJob(Option<u64>);

struct Entry {
    job: Arc<Mutex<Job>>,
    /// While it is at work.
    worker: Option<AtWork>,
    /// Held while something is done to it: one after the other. A worker may take long to stop.
    acting: Arc<tokio::sync::Mutex<()>>,
}

impl Entry {
    fn of(job: Arc<Mutex<Job>>) -> Self {
        Self { job, worker: None, acting: Arc::default() }
    }
}

struct AtWork {
    order: watch::Sender<Order>,
    ended: oneshot::Receiver<()>,
}

impl Replays {
    /// Those that are on the disk; what was at work goes on. Their workers run on this thread's arbiter.
    pub(crate) async fn start(data_dir: &Path, means: Means) -> Arc<Self> {
        let archive = Archive::in_folder(data_dir);
        let reading = archive.clone();
        let read = tokio::task::spawn_blocking(move || {
            let found = reading.load()?;
            let is_open = |job: &&Job| job.state == ReplayState::Running;
            let open = found.jobs.iter().filter(is_open);
            let works: Vec<_> = open.map(|job| (job.number, reading.work(job))).collect();
            Ok::<_, io::Error>((found, works))
        });
        let read = read.await.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        let are_known = read.is_ok();
        let (found, works) = read.unwrap_or_else(|error| {
            tracing::error!(%error, "the replays cannot be read: none of them goes on, and none begins");
            Default::default()
        });
        for job in &found.unreadable {
            tracing::error!(
                job,
                "a replay cannot be read: it does not go on, and its files stay in `replay`, an edited copy too"
            );
        }
        let numbers = found.jobs.iter().map(|job| job.number).chain(found.unreadable);
        let next = NextJob(are_known.then_some(numbers.max().unwrap_or_default() + 1));
        let entry = |job: Job| (job.number, Entry::of(Arc::new(Mutex::new(job))));
        let replays = Arc::new(Self {
            means,
            archive,
            arbiter: actix::Arbiter::current(),
            jobs: Mutex::new(found.jobs.into_iter().map(entry).collect()),
            beginning: tokio::sync::Mutex::new(next),
        });
        for (job, work) in works {
            replays.go_on(job, work);
        }
        replays
    }

    /// Sets to work what was at work before a restart.
    fn go_on(&self, number: u64, work: io::Result<Work>) {
        let Ok(shared) = self.job(number) else { return };
        match work {
            Ok(work) => self.set_to_work(&shared, work),
            Err(error) => {
                tracing::error!(job = number, %error, "what a replay is about cannot be read: it is paused");
                let stopped =
                    Stopped { by: "engine".to_owned(), because: "list-unreadable".to_owned() };
                lock(&shared).stop(ReplayState::Paused, stopped, Timestamp::now());
            }
        }
    }

    /// Begins a job. It is on the disk when this returns.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        order: ReplayOrder,
        seen: u64,
        who: (String, String),
    ) -> Result<ReplayRow, NotReplayed> {
        let replays = Arc::clone(self);
        self.whole(async move { replays.begin_now(order, seen, who).await }).await
    }

    async fn begin_now(
        &self,
        order: ReplayOrder,
        seen: u64,
        (by, reason): (String, String),
    ) -> Result<ReplayRow, NotReplayed> {
        let order = self.checked(order).await?;
        let count = order.messages.len() as u64;
        if count != seen {
            return Err(NotReplayed::AnotherCount { found: count, seen });
        }
        let mut next = self.beginning.lock().await;
        if self.open() >= MOST_OPEN {
            return Err(NotReplayed::TooManyOpen);
        }
        let number = next.0.ok_or(NotReplayed::NumbersUnknown)?;
        next.0 = Some(number + 1);
        let newest = self.means.store.newest();
        let job = Job::new(number, &order, (by, reason), newest, Timestamp::now());
        let edited = order.edited.map(|edited| edited.0);
        let work = Work { list: order.messages, edited };
        let (archive, kept, of_job) = (self.archive.clone(), job.clone(), work.clone());
        tokio::task::spawn_blocking(move || archive.begin(&kept, &of_job)).await??;
        let ReplayRow { mode, count, by, reason, .. } = &job.row();
        tracing::info!(job = number, ?mode, count, by, reason, "a replay is started");
        let row = job.row();
        let shared = Arc::new(Mutex::new(job));
        self.jobs().insert(number, Entry::of(Arc::clone(&shared)));
        self.set_to_work(&shared, work);
        self.forget_the_oldest().await;
        Ok(row)
    }

    /// Stops a job, for now or for good. It sends nothing in any more when this returns, nor after a restart where this
    /// does not fail.
    pub(crate) async fn stop(
        self: &Arc<Self>,
        number: u64,
        state: ReplayState,
        stopped: (String, String),
    ) -> Result<ReplayRow, NotReplayed> {
        let replays = Arc::clone(self);
        self.whole(async move { replays.stop_now(number, state, stopped).await }).await
    }

    async fn stop_now(
        &self,
        number: u64,
        state: ReplayState,
        (by, because): (String, String),
    ) -> Result<ReplayRow, NotReplayed> {
        let _one_at_a_time = self.acting(number)?.lock_owned().await;
        let (shared, worker) = {
            let mut jobs = self.jobs();
            let entry = jobs.get_mut(&number).ok_or(NotReplayed::NoSuchJob(number))?;
            (Arc::clone(&entry.job), entry.worker.take())
        };
        tracing::info!(job = number, state = state.word(), by, because, "a replay is to stop");
        let stopped = Stopped { by, because };
        if let Some(AtWork { order, ended }) = worker {
            order.send_replace(Some((state, stopped.clone())));
            let _it_sends_nothing_more = ended.await;
        }
        let now = lock(&shared).state;
        if now == state {
            // Its worker may not have been able to write that down: the next start would go on with it.
            self.save(&shared).await?;
            return Ok(lock(&shared).row());
        }
        if now.has_ended() {
            return Err(NotReplayed::NotNow { job: number, state: now });
        }
        // Paused before, or its worker has died: nobody else says how it stands.
        lock(&shared).stop(state, stopped, Timestamp::now());
        self.save(&shared).await?;
        Ok(lock(&shared).row())
    }

    /// Goes on with a job that is paused.
    pub(crate) async fn resume(
        self: &Arc<Self>,
        number: u64,
        by: &str,
    ) -> Result<ReplayRow, NotReplayed> {
        let (replays, by) = (Arc::clone(self), by.to_owned());
        self.whole(async move { replays.resume_now(number, &by).await }).await
    }

    async fn resume_now(&self, number: u64, by: &str) -> Result<ReplayRow, NotReplayed> {
        let _one_at_a_time = self.acting(number)?.lock_owned().await;
        let shared = self.job(number)?;
        let job = lock(&shared).clone();
        if job.state != ReplayState::Paused {
            return Err(NotReplayed::NotNow { job: number, state: job.state });
        }
        let archive = self.archive.clone();
        let work = tokio::task::spawn_blocking(move || archive.work(&job)).await??;
        lock(&shared).resume();
        self.save(&shared).await?;
        tracing::info!(job = number, by, "a replay goes on");
        self.set_to_work(&shared, work);
        Ok(lock(&shared).row())
    }

    /// Does it to its end, whether or not somebody still waits: who asks may go away in the middle of it, and half a job
    /// would go on or be lost without anybody knowing.
    async fn whole<T: Send + 'static>(
        &self,
        act: impl Future<Output = Result<T, NotReplayed>> + Send + 'static,
    ) -> Result<T, NotReplayed> {
        let (done, told) = oneshot::channel();
        self.arbiter.spawn(async move {
            let _nobody_may_wait = done.send(act.await);
        });
        told.await.map_err(|_| NotReplayed::EngineEnds)?
    }

    /// The jobs, the newest first.
    pub(crate) fn rows(&self) -> Vec<ReplayRow> {
        self.jobs().values().rev().map(|entry| lock(&entry.job).row()).collect()
    }

    /// One of them.
    pub(crate) fn row(&self, number: u64) -> Result<ReplayRow, NotReplayed> {
        Ok(lock(&*self.job(number)?).row())
    }

    fn set_to_work(&self, shared: &Arc<Mutex<Job>>, work: Work) {
        let (order, ordered) = watch::channel(None);
        let (over, ended) = oneshot::channel();
        let job = lock(shared).clone();
        let worker = Worker {
            sending: Sending::of(&job, work.edited.clone()),
            pace: Pace::of(job.rate),
            job: Arc::clone(shared),
            work,
            means: self.means.clone(),
            archive: self.archive.clone(),
            order: ordered,
            patience: Patience::default(),
        };
        if let Some(entry) = self.jobs().get_mut(&job.number) {
            entry.worker = Some(AtWork { order, ended });
        }
        let started = self.arbiter.spawn_fn(move || {
            actix::spawn(async move {
                worker.run().await;
                let _nobody_may_wait = over.send(());
            });
        });
        if !started {
            tracing::error!(job = job.number, "the arbiter has ended: a replay does not go on");
        }
    }

    async fn save(&self, shared: &Arc<Mutex<Job>>) -> Result<(), NotReplayed> {
        let (archive, job) = (self.archive.clone(), lock(shared).clone());
        Ok(tokio::task::spawn_blocking(move || archive.save(&job)).await??)
    }

    /// Keeps no more jobs that have ended than are shown.
    async fn forget_the_oldest(&self) {
        let gone: Vec<u64> = {
            let jobs = self.jobs();
            let ended = jobs.iter().filter(|(_, entry)| lock(&entry.job).state.has_ended());
            let ended: Vec<u64> = ended.map(|(number, _)| *number).collect();
            ended.iter().take(ended.len().saturating_sub(MOST_KEPT)).copied().collect()
        };
        for number in gone {
            let archive = self.archive.clone();
            let forgotten = tokio::task::spawn_blocking(move || archive.forget(number)).await;
            match forgotten {
                Ok(Ok(())) => {
                    self.jobs().remove(&number);
                }
                Ok(Err(error)) => {
                    tracing::warn!(job = number, %error, "an old replay cannot be removed");
                }
                Err(_panicked) => {}
            }
        }
    }

    fn open(&self) -> usize {
        self.jobs().values().filter(|entry| !lock(&entry.job).state.has_ended()).count()
    }

    fn job(&self, number: u64) -> Result<Arc<Mutex<Job>>, NotReplayed> {
        let jobs = self.jobs();
        let entry = jobs.get(&number).ok_or(NotReplayed::NoSuchJob(number))?;
        Ok(Arc::clone(&entry.job))
    }

    fn acting(&self, number: u64) -> Result<Arc<tokio::sync::Mutex<()>>, NotReplayed> {
        let jobs = self.jobs();
        let entry = jobs.get(&number).ok_or(NotReplayed::NoSuchJob(number))?;
        Ok(Arc::clone(&entry.acting))
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sending {
    /// As this job does.
    fn of(job: &Job, edited: Option<bytes::Bytes>) -> Self {
        let destinations = job.destinations.iter().map(|id| DestinationId::from(id.as_str()));
        Self { job: job.number, mode: job.mode, destinations: destinations.collect(), edited }
    }
}
