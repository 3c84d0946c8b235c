//! One job at work: it sends its messages in, a window at a time, at its rate, until it is through or told to stop.
//!
//! ```text
//!   what the journal has of it ─▶ read some ─▶ make, pace, hand over … ─▶ all durable ─▶ progress ─┐
//!                                    ▲                                                             │
//!                                    └─────────────────────────────────────────────────────────────┘
//! ```
//!
//! Progress is kept where nothing of the job is on its way: what is not settled then has a greater number than the newest of
//! that moment. So a later start, or the same worker after a fault, finds in the journal exactly what it has sent in beyond
//! that, and sends nothing twice.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::watch;
use wardline_flow::RefusalCause;
use wardline_store::{KeptMessage, MessageId, ReadError};

use super::archive::{Archive, Work};
use super::job::{Job, Progress, Stopped};
use super::sending::{Handed, LeftOut, Means, NotMade, Sending};
use crate::control::protocol::ReplayState;

/// Records of a job that are on their way to the disk together: some groups' worth.
const IN_FLIGHT: usize = 64;
/// How long a window of records may take to fill at a low rate: progress is to be seen.
const WINDOW: Duration = Duration::from_millis(250);
/// How often progress is written down: what lies behind it is read in the journal after a crash.
const SAVE_EVERY: Duration = Duration::from_millis(500);
/// Messages read at once, at most; as many are passed over in vain when the job is stopped.
const READ_MESSAGES: usize = 256;
/// Their bytes.
const READ_BYTES: usize = 8 * 1024 * 1024;
/// How long a job rests when the space ran out under a record of it.
const REST: Duration = Duration::from_secs(5);

/// How long a job rests while the configuration is being replaced, before it looks again.
const RELOADING: Duration = Duration::from_millis(20);

/// How long a job rests when a handler did not decide; each time twice as long.
const FIRST_UNDECIDED: Duration = Duration::from_secs(1);
/// How often the same message is shown to it again: half a minute, in which one that was restarted is up. Then it is
/// somebody's to look at.
const MOST_UNDECIDED: u32 = 5;

/// Who stops a job, and how it stands then.
pub(super) type Order = Option<(ReplayState, Stopped)>;

/// Messages that were read, each with what is there of it.
type Read = VecDeque<(MessageId, Result<Option<KeptMessage>, LeftOut>)>;

/// A job at work.
pub(super) struct Worker {
    pub(super) job: Arc<Mutex<Job>>,
    pub(super) work: Work,
    pub(super) sending: Sending,
    pub(super) means: Means,
    pub(super) archive: Archive,
    pub(super) order: watch::Receiver<Order>,
    pub(super) pace: Pace,
    pub(super) patience: Patience,
}

/// Why a worker ends before its job is through.
enum Stop {
    /// Somebody says so.
    Told(ReplayState, Stopped),
    /// The engine ends: the next start goes on.
    Draining,
    /// It cannot go on by itself.
    Fault(&'static str),
    /// A handler does not decide about this message.
    Undecided(MessageId, RefusalCause),
}

/// What became of one message.
enum Sent {
    /// It is with the store.
    Handed(Handed),
    /// It is not sent in.
    LeftOut(LeftOut),
    /// It is to be made anew after a rest, in which nothing of the job is on its way.
    NotYet(Duration, Option<KeptMessage>),
}

/// What became of a window.
enum Window {
    /// All of it is settled.
    Settled,
    /// The space ran out: what of it is in the journal has to be looked up.
    Unknown,
}

/// How often a message was left undecided.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience(u32);

/// When the next message may go.
pub(super) struct Pace {
    interval: Duration,
    next: tokio::time::Instant,
}

impl Worker {
    /// Works until the end, and keeps how the job stands then. It is shown when it is kept: what is through has nothing
    /// left on the disk that goes with its end.
    pub(super) async fn run(mut self) {
        let end = self.work().await;
        let now = Timestamp::now();
        let mut job = lock(&self.job).clone();
        match end {
            Ok(()) => job.finish(now),
            Err(Stop::Told(state, stopped)) => job.stop(state, stopped, now),
            Err(Stop::Draining) => {}
            Err(Stop::Fault(because)) => pause(&mut job, because.to_owned(), now),
            Err(Stop::Undecided(message, cause)) => {
                pause(&mut job, format!("{}: message {message}", cause.code()), now);
            }
        }
        let row = job.row();
        tracing::info!(
            job = row.job,
            state = row.state.word(),
            sent = row.sent,
            count = row.count,
            "replay"
        );
        if self.save(job.clone()).await.is_err() {
            tracing::error!(job = row.job, "how a replay stands cannot be written down");
        }
        *lock(&self.job) = job;
    }

    async fn work(&mut self) -> Result<(), Stop> {
        loop {
            let mut known = self.sent_already().await?;
            if self.pass(&mut known).await? {
                return Ok(());
            }
            self.rest(tokio::time::Instant::now() + REST).await?;
        }
    }

    /// The originals of what is in the journal and not in the progress.
    async fn sent_already(&self) -> Result<HashSet<MessageId>, Stop> {
        let (store, job, after) =
            (Arc::clone(&self.means.store), self.sending.job, self.progress().after);
        let told = tokio::task::spawn_blocking(move || {
            let mut originals = HashSet::new();
            let whole = store.replayed(job, after, &mut |original| {
                originals.insert(original);
            })?;
            Ok::<_, ReadError>(whole.then_some(originals))
        });
        match told.await {
            Ok(Ok(Some(originals))) => Ok(originals),
            Ok(Ok(None)) => Err(Stop::Fault("history-gone")),
            Ok(Err(error)) => {
                tracing::error!(job = self.sending.job, %error, "what a replay has sent in cannot be read");
                Err(Stop::Fault("store-unreadable"))
            }
            Err(_panicked) => Err(Stop::Fault("store-unreadable")),
        }
    }

    /// Sends in what is left. `false` = it has to be looked up what of it is in the journal.
    async fn pass(&mut self, known: &mut HashSet<MessageId>) -> Result<bool, Stop> {
        let mut read = VecDeque::new();
        let mut saved = Instant::now();
        loop {
            let window = self.window(&mut read, known).await?;
            if matches!(window, Window::Unknown) {
                return Ok(false);
            }
            let (done, count) = (self.progress().done, self.work.list.len() as u64);
            if done >= count {
                return Ok(true);
            }
            if saved.elapsed() >= SAVE_EVERY {
                let job = lock(&self.job).clone();
                self.save(job).await.map_err(|_| Stop::Fault("not-written-down"))?;
                saved = Instant::now();
            }
        }
    }

    /// Sends in some messages, and waits until they are durable.
    async fn window(
        &mut self,
        read: &mut Read,
        known: &HashSet<MessageId>,
    ) -> Result<Window, Stop> {
        let mut progress = self.progress();
        let mut settling = Vec::new();
        let full = Instant::now() + WINDOW;
        let (mut stopped, mut pause) = (None, None);
        while settling.len() < IN_FLIGHT && Instant::now() < full {
            let place = usize::try_from(progress.done).unwrap_or(usize::MAX) + settling.len();
            let Some(&next) = self.work.list.get(place) else { break };
            if known.contains(&next) {
                settling.push((next, Ok(None)));
                continue;
            }
            if read.front().is_none_or(|(id, _)| *id != next) {
                match self.read(place).await {
                    Ok(portion) => *read = portion,
                    Err(stop) => {
                        stopped = Some(stop);
                        break;
                    }
                }
            }
            let Some((id, kept)) = read.pop_front() else {
                stopped = Some(Stop::Fault("store-unreadable"));
                break;
            };
            match self.send(id, kept).await {
                Ok(Sent::Handed(handed)) => settling.push((id, Ok(Some(handed)))),
                Ok(Sent::LeftOut(why)) => settling.push((id, Err(why))),
                Ok(Sent::NotYet(rest, kept)) => {
                    read.push_front((id, Ok(kept)));
                    pause = Some(rest);
                    break;
                }
                Err(stop) => {
                    stopped = Some(stop);
                    break;
                }
            }
        }
        let mut is_known = true;
        for (id, handed) in settling {
            match handed {
                Ok(None) => progress.sent(),
                Ok(Some(handed)) => {
                    if handed.stored().await {
                        progress.sent();
                    } else {
                        is_known = false;
                    }
                }
                Err(why) => progress.left_out(id, why),
            }
        }
        if !is_known {
            // What was in this window is counted anew, out of the journal.
            return stopped.map_or(Ok(Window::Unknown), Err);
        }
        progress.after = self.means.store.newest().or(progress.after);
        lock(&self.job).progress = progress;
        if let Some(stop) = stopped {
            return Err(stop);
        }
        if let Some(rest) = pause {
            self.rest(tokio::time::Instant::now() + rest).await?;
        }
        Ok(Window::Settled)
    }

    /// Sends one message in, when its time has come.
    async fn send(
        &mut self,
        id: MessageId,
        kept: Result<Option<KeptMessage>, LeftOut>,
    ) -> Result<Sent, Stop> {
        let kept = match kept {
            Ok(kept) => kept,
            Err(why) => return Ok(Sent::LeftOut(why)),
        };
        let at = self.pace.take();
        self.rest(at).await?;
        let Some(in_hand) = self.means.begin() else { return Ok(Sent::NotYet(RELOADING, kept)) };
        let made = match self.sending.make(in_hand, id, kept.as_ref()).await {
            Ok(made) => made,
            Err(NotMade::LeftOut(why)) => {
                self.patience = Patience::default();
                return Ok(Sent::LeftOut(why));
            }
            Err(NotMade::Undecided(cause)) => {
                let rest = self.patience.again().ok_or(Stop::Undecided(id, cause))?;
                tracing::warn!(job = self.sending.job, message = %id, cause = cause.code(), "a message of a replay is shown to its handlers again");
                return Ok(Sent::NotYet(rest, kept));
            }
            Err(NotMade::Reloading) => return Ok(Sent::NotYet(RELOADING, kept)),
        };
        self.patience = Patience::default();
        loop {
            match self.means.hand(&made).await {
                Ok(Some(awaited)) => return Ok(Sent::Handed(made.handed(awaited))),
                Ok(None) => self.rest(tokio::time::Instant::now()).await?,
                Err(why) => return Ok(Sent::LeftOut(why)),
            }
            if !self.means.is_of_the_moment(&made) {
                return Ok(Sent::NotYet(RELOADING, kept));
            }
        }
    }

    /// Reads messages of the list from this place on.
    async fn read(&self, place: usize) -> Result<Read, Stop> {
        let store = Arc::clone(&self.means.store);
        let ids: Vec<_> = self.work.list.iter().skip(place).take(READ_MESSAGES).copied().collect();
        let read = tokio::task::spawn_blocking(move || {
            let (mut read, mut bytes): (Read, usize) = (VecDeque::new(), 0);
            let shown = store.messages(&ids, &mut |id, kept| {
                bytes += kept.as_ref().map_or(0, bytes_of);
                read.push_back((id, Ok(kept)));
                bytes < READ_BYTES
            });
            match (shown, ids.first()) {
                (Err(ReadError::Corrupt(_)), Some(first)) if read.is_empty() => {
                    read.push_back((*first, Err(LeftOut::Damaged)));
                }
                (Err(error), _) if read.is_empty() => return Err(error),
                (Ok(()) | Err(_), _) => {}
            }
            Ok(read)
        });
        match read.await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => {
                tracing::error!(job = self.sending.job, %error, "messages of a replay cannot be read");
                Err(Stop::Fault("store-unreadable"))
            }
            Err(_panicked) => Err(Stop::Fault("store-unreadable")),
        }
    }

    /// Waits until then, unless the job is to stop.
    async fn rest(&mut self, until: tokio::time::Instant) -> Result<(), Stop> {
        let mut drain = self.means.faces.borrow().drain.clone();
        if drain.is_draining() {
            return Err(Stop::Draining);
        }
        tokio::select! {
            biased;
            order = self.order.wait_for(Option::is_some) => match order.ok().and_then(|order| order.clone()) {
                Some((state, stopped)) => Err(Stop::Told(state, stopped)),
                None => Err(Stop::Draining),
            },
            () = drain.begun() => Err(Stop::Draining),
            () = tokio::time::sleep_until(until) => Ok(()),
        }
    }

    fn progress(&self) -> Progress {
        lock(&self.job).progress.clone()
    }

    async fn save(&self, job: Job) -> std::io::Result<()> {
        let archive = self.archive.clone();
        tokio::task::spawn_blocking(move || archive.save(&job)).await?
    }
}

impl Patience {
    /// How long to rest before the message is shown again. None where it was often enough.
    fn again(&mut self) -> Option<Duration> {
        let rest = FIRST_UNDECIDED * 2_u32.pow(self.0);
        self.0 += 1;
        (self.0 <= MOST_UNDECIDED).then_some(rest)
    }
}

impl Pace {
    /// So many a second.
    pub(super) fn of(rate: std::num::NonZeroU32) -> Self {
        let interval = Duration::from_secs(1) / rate.get();
        Self { interval, next: tokio::time::Instant::now() }
    }

    /// When the next message may go. What was not used for a second is not saved up.
    fn take(&mut self) -> tokio::time::Instant {
        let longest_ago = tokio::time::Instant::now().checked_sub(Duration::from_secs(1));
        let at = longest_ago.map_or(self.next, |ago| self.next.max(ago));
        self.next = at + self.interval;
        at
    }
}

/// What a message takes in memory: as it came, and as it was sent.
fn bytes_of(kept: &KeptMessage) -> usize {
    let sent = kept.sent.iter().filter_map(|one| one.body.as_ref());
    kept.body.len() + sent.map(bytes::Bytes::len).sum::<usize>()
}

/// It does not go on by itself.
fn pause(job: &mut Job, because: String, now: Timestamp) {
    tracing::error!(job = job.number, because, "a replay is paused");
    job.stop(ReplayState::Paused, Stopped { by: "engine".to_owned(), because }, now);
}

pub(super) fn lock(job: &Mutex<Job>) -> std::sync::MutexGuard<'_, Job> {
    job.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_shown_to_its_handlers_again_for_half_a_minute_and_no_longer() {
        let mut patience = Patience::default();
        let rests: Vec<_> = std::iter::from_fn(|| patience.again()).collect();
        assert_eq!(rests, [1, 2, 4, 8, 16].map(Duration::from_secs));
    }
}
