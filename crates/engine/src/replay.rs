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
    /// Held while something is done to a job: one after the other.
    acting: tokio::sync::Mutex<NextJob>,
}

/// The number of the next job; none where it is not known which were given.
struct NextJob(Option<u64>);

struct Entry {
    job: Arc<Mutex<Job>>,
    /// While it is at work.
    worker: Option<AtWork>,
}

struct AtWork {
    order: watch::Sender<Order>,
    ended: oneshot::Receiver<()>,
}

impl Replays {
    /// Those that are on the disk; what was at work goes on. Their workers run on this thread's arbiter.
    pub(crate) fn start(data_dir: &Path, means: Means) -> Arc<Self> {
        let archive = Archive::in_folder(data_dir);
        let found = archive.load();
        let are_known = found.is_ok();
        let found = found.unwrap_or_else(|error| {
            tracing::error!(%error, "the replays cannot be read: none of them goes on, and none begins");
            archive::Found::default()
        });
        for job in &found.unreadable {
            tracing::error!(job, "a replay cannot be read: it does not go on");
        }
        let numbers = found.jobs.iter().map(|job| job.number).chain(found.unreadable);
        let next = numbers.max().unwrap_or_default() + 1;
        let next = NextJob(are_known.then_some(next));
        let entry = |job: Job| (job.number, Entry { job: Arc::new(Mutex::new(job)), worker: None });
        let replays = Arc::new(Self {
            means,
            archive,
            arbiter: actix::Arbiter::current(),
            jobs: Mutex::new(found.jobs.into_iter().map(entry).collect()),
            acting: tokio::sync::Mutex::new(next),
        });
        replays.go_on();
        replays
    }

    /// Sets to work what was at work before a restart.
    fn go_on(&self) {
        let open: Vec<_> = self.jobs().values().map(|entry| Arc::clone(&entry.job)).collect();
        for shared in open {
            let job = lock(&shared).clone();
            if job.state != ReplayState::Running {
                continue;
            }
            match self.archive.work(&job) {
                Ok(work) => self.set_to_work(&shared, work),
                Err(error) => {
                    tracing::error!(job = job.number, %error, "what a replay is about cannot be read: it is paused");
                    let stopped =
                        Stopped { by: "engine".to_owned(), because: "list-unreadable".to_owned() };
                    lock(&shared).stop(ReplayState::Paused, stopped, Timestamp::now());
                }
            }
        }
    }

    /// Begins a job. It is on the disk when this returns.
    pub(crate) async fn begin(
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
        let mut acting = self.acting.lock().await;
        if self.open() >= MOST_OPEN {
            return Err(NotReplayed::TooManyOpen);
        }
        let number = acting.0.ok_or(NotReplayed::NumbersUnknown)?;
        acting.0 = Some(number + 1);
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
        self.jobs().insert(number, Entry { job: Arc::clone(&shared), worker: None });
        self.set_to_work(&shared, work);
        self.forget_the_oldest().await;
        Ok(row)
    }

    /// Stops a job, for now or for good. It sends nothing in any more when this returns, nor after a restart where this
    /// does not fail.
    pub(crate) async fn stop(
        &self,
        number: u64,
        state: ReplayState,
        stopped: (String, String),
    ) -> Result<ReplayRow, NotReplayed> {
        let _one_at_a_time = self.acting.lock().await;
        let (shared, worker) = {
            let mut jobs = self.jobs();
            let entry = jobs.get_mut(&number).ok_or(NotReplayed::NoSuchJob(number))?;
            (Arc::clone(&entry.job), entry.worker.take())
        };
        let (by, because) = stopped;
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
        if now.has_ended() || now == ReplayState::Running {
            return Err(NotReplayed::NotNow { job: number, state: now });
        }
        lock(&shared).stop(state, stopped, Timestamp::now());
        self.save(&shared).await?;
        Ok(lock(&shared).row())
    }

    /// Goes on with a job that is paused.
    pub(crate) async fn resume(&self, number: u64, by: &str) -> Result<ReplayRow, NotReplayed> {
        let _one_at_a_time = self.acting.lock().await;
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
