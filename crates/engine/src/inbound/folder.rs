//! `FolderWatcher`: one folder whose files are messages, and one file in hand at a time.
//!
//! ```text
//!   lies still ──taken──▶ in hand ──read, split, decided──▶ stored, synced ──▶ done
//!                           │  ▲          │AE                                   (moved or deleted)
//!                           │  └──pause───┤
//!                           │             └─AR, unreadable, AE too often──▶ failed, with its reason
//!                           ├──somebody writes to it: back into the folder, to lie still anew
//!                           └──the engine ends: taken again at the next start
//! ```
//!
//! A file is a payload: one message, a batch, or a bare run of messages. It is stored as one record, whole or not at all
//! (ROUTE-1). It leaves its place in hand only below the sync that covers that record, as an answer would (ACK-1); what
//! fails between the two costs a duplicate. Nothing holds a file up for ever but a store that takes nothing.
//!
//! Who sends to it: nobody; it learns of a drain by its watch, and holds a seat in its roster so that the drain waits for
//! it. Its death costs the files that come until the next start, and loses none.

mod disk;
mod goals;
mod inbox;
mod names;
mod reason;
mod refused;
mod trouble;
mod watch;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::Refusal;
use wardline_hl7::AckCode;
use wardline_store::Accept;

use self::disk::Disk;
pub(crate) use self::inbox::Inbox;
use self::inbox::{Away, InHand, Unread};
use self::reason::Reason;
use self::watch::Watch;
use super::handover::{NotHandedOver, hand_over};
use super::intake::{BatchDecided, Settled, recognise_each};
use super::listener::Berth;
use super::roster::{Roster, Seat};
use super::surroundings::{Around, Surroundings};
use crate::drain::Drain;
use crate::ways::Deciding;

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

/// How long a file rests that the store had no room for on its disk.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// The actor.
pub(crate) struct FolderWatcher {
    watching: Option<Watching>,
}

/// What the watching future owns.
struct Watching {
    disk: Disk,
    watch: Watch,
    /// What the file in hand goes by.
    around: Arc<Surroundings>,
    /// What the next one will.
    current: Around,
    drain: Drain,
    _seat: Option<Seat>,
}

/// Why a file in hand is not stored.
enum NotStored {
    /// It never will be.
    Ever(Reason),
    /// It may be, a little later.
    Now(Reason),
    /// Somebody writes to it.
    Changed,
    /// The engine ends first.
    Draining,
}

impl FolderWatcher {
    /// Starts watching on the arbiter of `berth`.
    pub(crate) fn start(inbox: Inbox, berth: Berth, roster: &Arc<Roster>) {
        let Berth { arbiter, around: mut current } = berth;
        let around = current.newest();
        let watching = Watching {
            watch: Watch::new(inbox.settings().stable_for),
            disk: Disk::new(inbox, around.intake.listener().id.clone(), around.drain.clone()),
            drain: around.drain.clone(),
            around,
            current,
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
            if self.around.valve.paused().is_none() {
                self.take_what_is_ready().await;
            }
            let rest = self.disk.settings().poll_every;
            self.rest(rest).await;
        }
    }

    /// Files that were in hand when the engine ended come first: they came first. They have to lie still anew: who had
    /// one of them open may have it still.
    async fn take_what_was_left(&mut self) {
        let Some(left) = self.disk.insist(Inbox::left_behind).await else { return };
        if !left.is_empty() {
            let listener = &self.around.intake.listener().id;
            tracing::info!(%listener, files = left.len(), "files that were in hand are taken again");
            self.rest(self.disk.settings().stable_for).await;
        }
        for file in left {
            if self.drain.is_draining() {
                return;
            }
            self.handle(file).await;
        }
    }

    /// Goes by the configuration of now. Between files only.
    async fn renew(&mut self) {
        if self.current.has_changed() {
            self.around = self.current.newest();
            self.around.intake.opened().await;
        }
    }

    /// Begins with a file. None where nobody decides any more by what a folder that is gone goes by.
    async fn begin(&mut self) -> Option<Deciding> {
        loop {
            self.renew().await;
            let deciding = self.around.intake.begin();
            if deciding.is_some() || self.drain.is_draining() || !self.current.has_changed() {
                return deciding;
            }
        }
    }

    async fn take_what_is_ready(&mut self) {
        self.renew().await;
        let Some(found) = self.disk.list().await else { return };
        for found in self.watch.look(found, Instant::now()) {
            if self.drain.is_draining() {
                return;
            }
            if let Some(file) = self.disk.take(found).await {
                self.handle(file).await;
            }
        }
        self.disk.end_round();
    }

    /// From a file in hand to its end.
    async fn handle(&mut self, file: InHand) {
        let file = Arc::new(file);
        self.around.counters.files.one();
        match self.store(&file).await {
            Ok(()) => self.put_away(file).await,
            Err(NotStored::Ever(reason) | NotStored::Now(reason)) => {
                self.set_aside(file, reason).await;
            }
            Err(NotStored::Changed) => self.give_back(file).await,
            Err(NotStored::Draining) => {}
        }
    }

    async fn put_away(&mut self, file: Arc<InHand>) {
        let stored = Arc::clone(&file);
        match self.disk.insist(move |inbox| inbox.put_away(&stored)).await {
            Some(Away::Done) => self.around.counters.files_done.one(),
            Some(Away::WrittenOn) => self.set_aside(file, Reason::WrittenOn).await,
            None => {}
        }
    }

    async fn set_aside(&mut self, file: Arc<InHand>, reason: Reason) {
        let (listener, code) = (&self.around.intake.listener().id, reason.code());
        let (number, error) = (reason.message(), reason.error());
        self.keep_refused(&file, &reason).await;
        tracing::warn!(%listener, reason = code, number, error, "a file is set aside");
        let Some(unwritten) = self.disk.insist(move |inbox| inbox.set_aside(&file, &reason)).await
        else {
            return;
        };
        self.around.counters.files_failed.one();
        if let Some(error) = unwritten {
            let listener = &self.around.intake.listener().id;
            tracing::warn!(%listener, %error, "the reason could not be written beside a file that is set aside");
        }
    }

    /// Lets a file lie still anew that somebody writes to.
    async fn give_back(&mut self, file: Arc<InHand>) {
        let changed = Arc::clone(&file);
        match self.disk.insist(move |inbox| inbox.give_back(&changed)).await {
            Some(true) => {
                let listener = &self.around.intake.listener().id;
                tracing::warn!(%listener, "a file that had lain still is written to: it is not taken yet");
                self.around.counters.files_retried.one();
            }
            Some(false) => self.set_aside(file, Reason::Changed).await,
            None => {}
        }
    }

    /// Stores what is in the file, however often that takes.
    async fn store(&mut self, file: &Arc<InHand>) -> Result<(), NotStored> {
        let mut pauses = PAUSES.iter();
        loop {
            let Some(deciding) = self.begin().await else { return Err(NotStored::Draining) };
            let stored = self.try_store(file).await;
            drop(deciding);
            let Err(NotStored::Now(reason)) = &stored else { return stored };
            let Some(pause) = pauses.next() else { return stored };
            let (listener, code) = (&self.around.intake.listener().id, reason.code());
            tracing::warn!(%listener, reason = code, again_s = pause.as_secs(), "a file is not taken yet");
            self.around.counters.files_retried.one();
            self.rest(*pause).await;
            if self.drain.is_draining() {
                return Err(NotStored::Draining);
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
        let batch =
            around.intake.split_apart(&payload).await.map_err(|refusal| refused(None, refusal))?;
        let mut members = around.intake.read_each(&batch, &around.replies, &around.counters).await;
        let (duplicates, counters) = (around.duplicates.as_ref(), &around.counters);
        let mut several = recognise_each(&mut members, duplicates, received_at, counters).await;
        match around.intake.decide_each(&members, None, received_at, counters).await {
            BatchDecided::Store(settled) => {
                several.forget(&settled.forgotten);
                self.keep(settled, received_at).await?;
                several.kept(received_at);
                Ok(())
            }
            BatchDecided::Refuse { number, refusal, .. } => Err(refused(Some(number), refusal)),
        }
    }

    async fn read(&self, file: Arc<InHand>) -> Result<Bytes, NotStored> {
        let read = self.disk.work(move |inbox| Ok(inbox.read(&file))).await;
        read.unwrap_or_else(|error| Err(Unread::Failed(error))).map_err(|unread| match unread {
            Unread::NoFile => NotStored::Ever(Reason::NoFile),
            Unread::TooLarge => {
                NotStored::Ever(Reason::TooLarge { limit: self.disk.settings().max_file_size })
            }
            Unread::Changed => NotStored::Changed,
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
                    self.rest(STORE_PAUSE).await;
                }
                Err(NotHandedOver::InTime) => {}
                Err(NotHandedOver::Ever) => return Err(NotStored::Ever(Reason::TooLargeToStore)),
            }
            if self.drain.is_draining() {
                return Err(NotStored::Draining);
            }
        }
        tracing::debug!(messages = settled.taken, unrouted = settled.unrouted.len(), "file stored");
        around.intake.stored(&settled, &around.replies, &around.counters);
        Ok(())
    }

    async fn rest(&self, duration: Duration) {
        rest(duration, self.drain.clone()).await;
    }
}

/// Waits so long, or until the engine drains.
async fn rest(duration: Duration, mut drain: Drain) {
    tokio::select! {
        biased;
        () = drain.begun() => {}
        () = tokio::time::sleep(duration) => {}
    }
}
