//! `FolderWatcher`: one folder whose files are messages, and one file in hand at a time.
//!
//! ```text
//!   lies still ──taken──▶ in hand ──read, split, decided──▶ stored, synced ──▶ done
//!                           │  ▲          │AE                                   (moved or deleted)
//!                           │  └──pause───┤
//!                           │             └─AR, unreadable, AE too often──▶ failed, with its reason
//!                           └──the engine ends: taken again at the next start
//! ```
//!
//! A file is a payload: one message, a batch, or a bare run of messages. It is stored as one record, whole or not at all
//! (ROUTE-1). It leaves its place in hand only below the sync that covers that record, as an answer would (ACK-1); what
//! fails between the two costs a duplicate. Nothing holds a file up for ever but a store that takes nothing.
//!
//! Who sends to it: nobody; it learns of a drain by its watch, and holds a seat in its roster so that the drain waits for
//! it. Its death costs the files that come until the next start, and loses none.

mod inbox;
mod reason;
mod watch;

use std::ffi::OsString;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::Refusal;
use wardline_hl7::AckCode;
use wardline_store::Accept;

pub(crate) use self::inbox::Inbox;
use self::inbox::{InHand, Unread};
use self::reason::Reason;
use self::watch::Watch;
use super::connection::Surroundings;
use super::handover::{NotHandedOver, hand_over};
use super::intake::{BatchDecided, Settled};
use super::listener::Berth;
use super::roster::{Roster, Seat};
use crate::drain::Drain;

/// The peer of a message that came in a file. The file's name may be a patient's: PHI-1.
const PEER: &str = "file";

/// How long a file rests that a handler did not decide about, or that could not be read, each time. A handler that was
/// restarted is back within the first ones; after the last the file is set aside, so that others get their turn.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(60),
];

/// How long the disk rests that would not move a file or show the folder: somebody has to make room or give a right.
const DISK_PAUSE: Duration = Duration::from_secs(5);

/// The actor.
pub(crate) struct FolderWatcher {
    watching: Option<Watching>,
}

/// What the watching future owns.
struct Watching {
    inbox: Arc<Inbox>,
    watch: Watch,
    around: Arc<Surroundings>,
    drain: Drain,
    /// What the disk refused last, told once.
    trouble: Option<io::ErrorKind>,
    _seat: Option<Seat>,
}

/// Why a file in hand is not stored.
enum NotStored {
    /// It never will be.
    Ever(Reason),
    /// It may be, a little later.
    Now(Reason),
    /// The engine ends first.
    Draining,
}

impl FolderWatcher {
    /// Starts watching on the arbiter of `berth`.
    pub(crate) fn start(inbox: Inbox, berth: Berth, roster: &Arc<Roster>) {
        let Berth { arbiter, around } = berth;
        let watching = Watching {
            watch: Watch::new(inbox.settings().stable_for),
            inbox: Arc::new(inbox),
            drain: around.drain.clone(),
            around,
            trouble: None,
            _seat: roster.admit(Ipv4Addr::UNSPECIFIED.into()).ok(),
        };
        let started = arbiter.spawn_fn(move || {
            Actor::start(Self { watching: Some(watching) });
        });
        if !started {
            tracing::error!("an arbiter has ended: a folder is not watched");
        }
    }
}

impl Actor for FolderWatcher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(watching) = self.watching.take() {
            ctx.spawn(watching.run().into_actor(self).map(|(), _, ctx| ctx.stop()));
        }
    }
}

impl Watching {
    async fn run(mut self) {
        self.take_what_was_left().await;
        while !self.drain.is_draining() {
            for name in self.look().await {
                if self.drain.is_draining() {
                    return;
                }
                self.take(name).await;
            }
            let rest = self.inbox.settings().poll_every;
            self.rest(rest).await;
        }
    }

    /// Files that were in hand when the engine ended come first: they came first.
    async fn take_what_was_left(&mut self) {
        let Some(left) = self.insist(Inbox::left_behind).await else { return };
        if !left.is_empty() {
            let listener = &self.around.intake.listener().id;
            tracing::info!(%listener, files = left.len(), "files that were in hand are taken again");
        }
        for file in left {
            if self.drain.is_draining() {
                return;
            }
            self.handle(file).await;
        }
    }

    /// What is ready to be taken.
    async fn look(&mut self) -> Vec<OsString> {
        let found = self.on_disk(Inbox::list).await;
        match self.told(found) {
            Some(found) => self.watch.look(found, Instant::now()),
            None => Vec::new(),
        }
    }

    async fn take(&mut self, name: OsString) {
        let taken = self.on_disk(move |inbox| inbox.take(&name)).await;
        if let Some(Some(file)) = self.told(taken) {
            self.handle(file).await;
        }
    }

    /// From a file in hand to its end.
    async fn handle(&mut self, file: InHand) {
        let file = Arc::new(file);
        let counters = Arc::clone(&self.around.counters);
        counters.files.one();
        match self.store(&file).await {
            Ok(()) => {
                if self.insist(move |inbox| inbox.put_away(&file)).await.is_some() {
                    counters.files_done.one();
                }
            }
            Err(reason) => {
                let Some(reason) = reason else { return };
                let (listener, code) = (&self.around.intake.listener().id, reason.code());
                let (message, error) = (reason.message(), reason.error());
                tracing::warn!(%listener, reason = code, message, error, "a file is set aside");
                if self.insist(move |inbox| inbox.set_aside(&file, &reason)).await.is_some() {
                    counters.files_failed.one();
                }
            }
        }
    }

    /// Stores what is in the file, however often that takes. An error without a reason is a drain.
    async fn store(&mut self, file: &Arc<InHand>) -> Result<(), Option<Reason>> {
        let mut pauses = PAUSES.iter();
        loop {
            let reason = match self.try_store(file).await {
                Ok(()) => return Ok(()),
                Err(NotStored::Draining) => return Err(None),
                Err(NotStored::Ever(reason)) => return Err(Some(reason)),
                Err(NotStored::Now(reason)) => reason,
            };
            let Some(pause) = pauses.next() else { return Err(Some(reason)) };
            let (listener, code) = (&self.around.intake.listener().id, reason.code());
            tracing::warn!(%listener, reason = code, again_s = pause.as_secs(), "a file is not taken yet");
            self.around.counters.files_retried.one();
            self.rest(*pause).await;
            if self.drain.is_draining() {
                return Err(None);
            }
        }
    }

    async fn try_store(&self, file: &Arc<InHand>) -> Result<(), NotStored> {
        let payload = self.read(Arc::clone(file)).await?;
        let received_at = Timestamp::now();
        let around = &self.around;
        around.last_received.set(received_at);
        around.counters.bytes.add(payload.len() as u64);
        let refused = |message, refusal: Refusal| {
            let passes = refusal.code == AckCode::AE;
            let reason = Reason::Refused { message, refusal };
            if passes { NotStored::Now(reason) } else { NotStored::Ever(reason) }
        };
        let batch = around.intake.split(&payload).map_err(|refusal| refused(None, refusal))?;
        let members = around.intake.read_each(&batch, &around.replies, &around.counters);
        match around.intake.decide_each(&members, None, received_at, &around.counters).await {
            BatchDecided::Store(settled) => self.keep(settled, received_at).await,
            BatchDecided::Refuse { number, refusal, .. } => Err(refused(Some(number), refusal)),
        }
    }

    async fn read(&self, file: Arc<InHand>) -> Result<Bytes, NotStored> {
        let read = self.on_disk(move |inbox| Ok(inbox.read(&file))).await;
        read.unwrap_or_else(|error| Err(Unread::Failed(error))).map_err(|unread| match unread {
            Unread::NoFile => NotStored::Ever(Reason::NoFile),
            Unread::TooLarge => {
                NotStored::Ever(Reason::TooLarge { limit: self.inbox.settings().max_file_size })
            }
            Unread::Failed(error) => NotStored::Now(Reason::Unreadable(error.kind())),
        })
    }

    /// Makes the messages durable; waits for a store that takes nothing, as long as the engine runs.
    async fn keep(&self, mut settled: Settled, received_at: Timestamp) -> Result<(), NotStored> {
        let around = &self.around;
        let messages = std::mem::take(&mut settled.messages);
        while !messages.is_empty() {
            let accept = Accept {
                received_at,
                listener: around.intake.listener().id.arc(),
                peer: PEER.into(),
                answer: None,
                messages: messages.clone(),
                concludes: None,
            };
            let wait = around.intake.listener().unavailable_wait;
            let deadline = tokio::time::Instant::now() + wait;
            let intake = around.store_intake.clone();
            let mut drain = self.drain.clone();
            let handed = tokio::select! {
                biased;
                handed = hand_over(&*around.store, &around.completions, intake, accept, deadline) => handed,
                () = drain.begun() => return Err(NotStored::Draining),
            };
            match handed {
                Ok(awaited) => {
                    if awaited.stored().await.is_some() {
                        break;
                    }
                    // It stays in hand, and is offered again when there is space.
                    self.rest(DISK_PAUSE).await;
                }
                Err(NotHandedOver::InTime) => {}
                Err(NotHandedOver::Ever) => return Err(NotStored::Ever(Reason::TooLargeToStore)),
            }
            if self.drain.is_draining() {
                return Err(NotStored::Draining);
            }
        }
        tracing::debug!(messages = settled.taken, unrouted = settled.unrouted.len(), "file stored");
        around.intake.stored(&settled, &around.counters);
        Ok(())
    }

    /// Asks the disk until it does it, or the engine ends.
    async fn insist<T: Send + 'static>(
        &mut self,
        work: impl Fn(&Inbox) -> io::Result<T> + Send + Sync + 'static,
    ) -> Option<T> {
        let work = Arc::new(work);
        loop {
            let again = Arc::clone(&work);
            let done = self.on_disk(move |inbox| again(inbox)).await;
            if let Some(done) = self.told(done) {
                return Some(done);
            }
            if self.drain.is_draining() {
                return None;
            }
            self.rest(DISK_PAUSE).await;
        }
    }

    /// Works on the disk on a thread that may block.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inbox) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let inbox = Arc::clone(&self.inbox);
        let done = tokio::task::spawn_blocking(move || work(&inbox)).await;
        done.unwrap_or_else(|fault| Err(io::Error::other(fault)))
    }

    /// What the disk gave. What it refuses is told once, and its end too.
    fn told<T>(&mut self, done: io::Result<T>) -> Option<T> {
        let listener = &self.around.intake.listener().id;
        let trouble = done.as_ref().err().map(io::Error::kind);
        if trouble != self.trouble {
            if let Some(reason) = trouble {
                tracing::error!(%listener, %reason, "the folder cannot be worked on");
            } else {
                tracing::info!(%listener, "the folder can be worked on again");
            }
            self.trouble = trouble;
        }
        done.ok()
    }

    /// Waits so long, or until the engine drains.
    async fn rest(&self, duration: Duration) {
        let mut drain = self.drain.clone();
        tokio::select! {
            biased;
            () = drain.begun() => {}
            () = tokio::time::sleep(duration) => {}
        }
    }
}
