//! Connection: one peer of a listener, from its first byte to its last answer.
//!
//! ```text
//!  handshake, where there is TLS
//!            ┌──────────────────────────────────────────────────────────────┐
//!            ▼                                                              │
//!  Reading ──frame──▶ Deciding ──▶ Storing ──synced──▶ Answering ───────────┘
//!     │                  │refused     │ cannot store: wait unavailable_wait (handover)
//!     │                  ▼            ▼
//!     │               Answering    Close without an answer
//!     └──end of stream, a clock, drain, a newer connection──▶ Close
//! ```
//!
//! One message in hand at a time: frames are answered in the order they came (ACK-2). The positive answer is built
//! while the sync runs and leaves below it, in [`Conversation::keep`] and nowhere else (ACK-1). An answer that comes in
//! as a message is never acknowledged; it goes to the destination that awaits it, or is kept where a route names its
//! type. A payload with several messages is one message in hand: they are kept together and answered as `batch_ack` says.
//!
//! Who sends to it: nobody; it is told to leave through its seat in the roster and of a drain by its watch. Its death
//! costs its socket: the peer has no answer for the message in hand and sends it again.

mod batch;
mod block;
mod keep;
mod owed;
mod reading;
mod recognise;
mod refused;
mod relay;
mod say;
mod waiting;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::*;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::net::TcpStream;
use tracing::Instrument;
use wardline_flow::Asked;
use wardline_hl7::Message;
use wardline_hl7::ack::Original;
use wardline_mllp::Release;
use wardline_store::Name;

pub(crate) use self::keep::letters;
use self::recognise::{Known, Recognised};
pub(crate) use self::relay::Relaying;
use self::say::Heard;
use super::answer::Clock;
use super::apart::{LARGE, apart};
use super::blocks::{InHand, LastBlock};
use super::budget::Share;
use super::close::CloseReason;
use super::handshake::shake_hands;
use super::intake::{Decided, Read, Settled};
use super::roster::Seat;
use super::session::{Next, Session};
use super::socket::Socket;
use super::sources::Source;
use super::surroundings::{Around, Surroundings};
use crate::drain::Drain;
use crate::events::{ExceptionReason, Telling};
use crate::ways::Deciding;

/// The actor: a shell around one conversation.
pub(crate) struct Connection {
    newcomer: Option<Newcomer>,
}

/// A peer that has a seat and has not said a word.
struct Newcomer {
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    current: Around,
}

/// One peer's socket, session and message in hand.
struct Conversation {
    socket: Socket,
    session: Session,
    share: Share,
    telling: Telling,
    seat: Seat,
    /// Where something is limited by source.
    source: Option<Arc<Source>>,
    /// What came, while it is in hand.
    payload: Bytes,
    /// Messages handled since nothing was left to be read.
    in_a_row: u8,
    /// Under MLLP release 2, what waits for its commit block.
    uncommitted: Option<InHand>,
    last_block: LastBlock,
    peer: SocketAddr,
    peer_name: Name,
    clock: Clock,
    /// What the message in hand goes by.
    around: Arc<Surroundings>,
    /// What the next one will.
    current: Around,
    drain: Drain,
    /// There is a message in hand that is not yet stored.
    deciding: Option<Deciding>,
    /// How long to rest before reading on: the peer repeats itself without end.
    rest: Option<Duration>,
}

/// Whether the conversation goes on.
type Goes = Result<(), CloseReason>;

impl Connection {
    /// A connection over `stream`, which must be registered with this thread's runtime.
    pub(crate) fn new(stream: TcpStream, peer: SocketAddr, seat: Seat, current: Around) -> Self {
        Self { newcomer: Some(Newcomer { stream, peer, seat, current }) }
    }
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(newcomer) = self.newcomer.take() {
            let around = newcomer.current.now();
            let listener = &around.intake.listener().id;
            let span = tracing::debug_span!("connection", %listener, peer = %newcomer.peer);
            let ended = newcomer.run().instrument(span);
            ctx.spawn(ended.into_actor(self).map(|(), _, ctx| ctx.stop()));
        }
    }
}

impl Newcomer {
    async fn run(self) {
        let Self { stream, peer, seat, mut current } = self;
        let around = current.newest();
        around.intake.opened().await;
        let listener = around.intake.listener();
        tracing::debug!("connection opened");
        let mut telling = Telling::opened(&around.events, &listener.id.arc(), peer);
        let wire = match shake_hands(stream, peer, &seat, &around).await {
            Ok(wire) => wire,
            Err(reason) => return ended(reason, &mut telling, peer, &around),
        };
        let mut conversation = Conversation {
            socket: Socket::new(wire, listener.write_timeout),
            session: Session::new(listener, Arc::clone(&around.counters), Instant::now()),
            share: around.budget.share(),
            telling,
            seat,
            source: around.sources.of(peer.ip()),
            payload: Bytes::new(),
            in_a_row: 0,
            uncommitted: None,
            last_block: LastBlock::default(),
            peer,
            peer_name: peer.to_string().into(),
            clock: Clock::new(),
            drain: around.drain.clone(),
            deciding: None,
            rest: None,
            around: Arc::clone(&around),
            current,
        };
        drop(around); // What it goes by may be replaced while it lasts.
        let Err(reason) = conversation.converse().await;
        ended(reason, &mut conversation.telling, peer, &conversation.around);
    }
}

/// Tells, logs and counts the end of a connection.
fn ended(reason: CloseReason, telling: &mut Telling, peer: SocketAddr, around: &Surroundings) {
    telling.closed(reason.told());
    if reason.is_notable() {
        let listener = &around.intake.listener().id;
        tracing::warn!(%listener, %peer, reason = reason.code(), "connection closed");
    } else {
        tracing::debug!(reason = reason.code(), "connection closed");
    }
    reason.count(&around.counters); // Behind the log: whoever sees the count finds the line.
}

impl Conversation {
    async fn converse(&mut self) -> Result<Infallible, CloseReason> {
        let mut next = self.session.next(Instant::now());
        loop {
            match next {
                Next::Message(payload) => {
                    let whole_since = Instant::now();
                    self.seat.busy();
                    let turn = self.turn(payload.len()).await;
                    if !self.begin().await {
                        self.socket.part().await;
                        return Err(CloseReason::Draining);
                    }
                    self.telling.came(payload.len(), self.socket.written());
                    match self.around.intake.listener().release {
                        Release::One => self.answer(payload).await?,
                        Release::Two => self.answer_block(payload).await?,
                    }
                    self.deciding = None;
                    self.payload = Bytes::new();
                    self.telling.answered(self.socket.written());
                    self.around.counters.answer_latency.add(whole_since.elapsed());
                    if self.share.is_granted() {
                        self.share.keep_for(self.session.let_go());
                    }
                    drop(turn); // Others of its source need not wait while it rests.
                    self.rest().await;
                    if self.session.buffered() > 0 {
                        self.keep_pace().await;
                    }
                    if self.drain.is_draining() {
                        self.socket.part().await;
                        return Err(CloseReason::Draining);
                    }
                    next = self.session.next(Instant::now());
                }
                Next::Read { deadline } if self.share.covers(self.session.buffered()) => {
                    next = self.read(deadline).await?;
                }
                Next::Read { .. } => next = self.make_room().await?,
                Next::TooLarge { head } => {
                    self.telling.failed(ExceptionReason::TooLarge);
                    if self.begin().await {
                        self.refuse_too_large(&head).await?;
                    }
                    return Err(CloseReason::TooLarge);
                }
                Next::Close(reason) => return Err(reason),
            }
        }
    }

    /// From a payload to its answer.
    async fn answer(&mut self, payload: Bytes) -> Goes {
        let received_at = Timestamp::now();
        let around = Arc::clone(&self.around);
        around.last_received.set(received_at);
        self.payload = payload.clone();
        let read = if payload.len() > LARGE {
            let (intake, counters) = (Arc::clone(&around.intake), Arc::clone(&around.counters));
            let payload = payload.clone();
            apart(move || intake.read(&payload, &counters)).await
        } else {
            around.intake.read(&payload, &around.counters)
        };
        let (message, checked) = match read {
            Read::Message(message, checked) => (message, checked),
            Read::Batch => return self.answer_batch(&payload, received_at).await,
            Read::Unreadable(refusal) => {
                let heard = self.heard(Original::Unreadable(&payload), Asked::Original);
                return self.refuse(heard, &refusal).await;
            }
        };
        let asked = around.intake.asked(&message, &around.counters);
        if around.replies.hear(&around.intake.listener().id, &message) {
            around.counters.answers_matched.one();
            if asked == Asked::Nothing {
                return Ok(());
            }
        }
        if asked == Asked::Nothing && !(checked.is_ok() && around.intake.is_named(&message)) {
            around.counters.answers_unmatched.one();
            return Ok(());
        }
        let heard = self.heard(Original::Message(&message), asked);
        if let Err(refusal) = checked {
            return self.refuse(heard, &refusal).await;
        }
        if !self.let_in().await {
            return self.unavailable(heard).await;
        }
        let span = span_of(&message);
        self.decide(&message, heard, received_at).instrument(span).await
    }

    async fn decide(
        &mut self,
        message: &Message,
        heard: Heard<'_>,
        received_at: Timestamp,
    ) -> Goes {
        let around = Arc::clone(&self.around);
        let known = match self.recognise(message, received_at).await {
            Recognised::Process(known) => known,
            Recognised::Copy(digest, answer) => {
                return self.answer_again(message, heard, (digest, answer), received_at).await;
            }
        };
        match around.intake.decide(message, Some(self.peer), received_at, &around.counters).await {
            Decided::Store(mut settled) => {
                known.mark(&mut settled);
                self.keep(heard, settled, known, received_at).await
            }
            Decided::Discard { messages } => {
                known.discarded();
                let settled = Settled { discarded: messages, ..Settled::default() };
                self.keep(heard, settled, Known::default(), received_at).await
            }
            Decided::Refuse(refusal) => self.refuse(heard, &refusal).await,
            Decided::Undecided { refusal, reason } => {
                self.telling.failed(reason);
                self.refuse(heard, &refusal).await
            }
        }
    }
}

/// The span of one message, with the ids that PHI-1 allows; they are read only where somebody listens.
fn span_of(message: &Message) -> tracing::Span {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return tracing::Span::none();
    }
    let identity = message.header().identity();
    tracing::debug_span!(
        "message",
        control_id = identity.control_id,
        message_type = message.header().message_code(),
        sending_application = identity.sending_application,
        sending_facility = identity.sending_facility,
    )
}
