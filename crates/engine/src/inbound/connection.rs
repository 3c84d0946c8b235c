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
//! while the sync runs and leaves below it, in [`Conversation::keep`] and nowhere else (ACK-1).
//!
//! Who sends to it: nobody; it is told to leave through its seat in the roster and of a drain by its watch. Its death
//! costs its socket: the peer has no answer for the message in hand and sends it again.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tracing::Instrument;
use wardline_config::{AckWhen, OnUnavailable};
use wardline_flow::Refusal;
use wardline_hl7::Message;
use wardline_hl7::ack::Original;
use wardline_store::{Accept, Intake as StoreIntake, Name, Store, StoredAnswer};

use super::answer::{AnswerStyle, Clock, ControlIds, failure, too_large, too_large_to_store};
use super::close::CloseReason;
use super::completions::{Awaited, Completions};
use super::handover::{NotHandedOver, hand_over};
use super::handshake::shake_hands;
use super::intake::{Decided, Intake, Settled};
use super::roster::Seat;
use super::session::{Next, Session};
use super::socket::{ReadOutcome, Socket};
use crate::drain::Drain;
use crate::events::{Events, ExceptionReason, Telling};
use crate::observe::{ListenerCounters, Moment};
use crate::tls::Acceptor;

/// What all connections of one listener on one arbiter share.
pub(crate) struct Surroundings {
    pub(crate) intake: Arc<Intake>,
    pub(crate) style: AnswerStyle,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) store_intake: watch::Receiver<StoreIntake>,
    pub(crate) completions: Completions,
    pub(crate) control_ids: Arc<ControlIds>,
    pub(crate) counters: Arc<ListenerCounters>,
    pub(crate) events: Events,
    pub(crate) last_received: Arc<Moment>,
    pub(crate) drain: Drain,
    /// Where the listener is encrypted.
    pub(crate) acceptor: Option<Arc<Acceptor>>,
}

/// The actor: a shell around one conversation.
pub(crate) struct Connection {
    newcomer: Option<Newcomer>,
}

/// A peer that has a seat and has not said a word.
struct Newcomer {
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    around: Arc<Surroundings>,
}

/// One peer's socket, session and message in hand.
struct Conversation {
    socket: Socket,
    session: Session,
    telling: Telling,
    seat: Seat,
    peer: SocketAddr,
    peer_name: Name,
    clock: Clock,
    around: Arc<Surroundings>,
    drain: Drain,
}

/// Whether the conversation goes on.
type Goes = Result<(), CloseReason>;

impl Connection {
    /// A connection over `stream`, which must be registered with this thread's runtime.
    pub(crate) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        seat: Seat,
        around: Arc<Surroundings>,
    ) -> Self {
        Self { newcomer: Some(Newcomer { stream, peer, seat, around }) }
    }
}

impl Actor for Connection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(newcomer) = self.newcomer.take() {
            let listener = &newcomer.around.intake.listener().id;
            let span = tracing::debug_span!("connection", %listener, peer = %newcomer.peer);
            let ended = newcomer.run().instrument(span);
            ctx.spawn(ended.into_actor(self).map(|(), _, ctx| ctx.stop()));
        }
    }
}

impl Newcomer {
    async fn run(self) {
        let Self { stream, peer, seat, around } = self;
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
            telling,
            seat,
            peer,
            peer_name: peer.to_string().into(),
            clock: Clock::new(),
            drain: around.drain.clone(),
            around: Arc::clone(&around),
        };
        let Err(reason) = conversation.converse().await;
        ended(reason, &mut conversation.telling, peer, &around);
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
                    self.seat.busy();
                    self.telling.came(payload.len(), self.socket.written());
                    self.answer(payload).await?;
                    self.telling.answered(self.socket.written());
                    if self.drain.is_draining() {
                        self.socket.part().await;
                        return Err(CloseReason::Draining);
                    }
                    next = self.session.next(Instant::now());
                }
                Next::Read { deadline } => next = self.read(deadline).await?,
                Next::TooLarge { head } => {
                    self.telling.failed(ExceptionReason::TooLarge);
                    self.refuse_too_large(&head).await?;
                    return Err(CloseReason::TooLarge);
                }
                Next::Close(reason) => return Err(reason),
            }
        }
    }

    /// Waits for bytes, for the session's clock, for a drain, or for a newcomer who needs the place.
    async fn read(&mut self, deadline: Option<Instant>) -> Result<Next, CloseReason> {
        let idle = self.session.is_idle();
        if idle {
            self.seat.idle();
        } else {
            self.seat.busy();
        }
        let outcome = tokio::select! {
            biased;
            () = self.drain.begun() => {
                if !idle || self.socket.has_unread() {
                    self.socket.part().await;
                }
                return Err(CloseReason::Draining);
            }
            outcome = self.socket.read(self.session.buffer(), deadline) => outcome,
            () = self.seat.asked_to_leave(), if idle => return Err(CloseReason::Replaced),
        };
        let now = Instant::now();
        match outcome {
            ReadOutcome::Bytes => self.session.received(now),
            ReadOutcome::EndOfStream => self.session.ended(),
            ReadOutcome::DeadlinePassed => return Ok(self.session.waited(now)),
            ReadOutcome::Failed(_) if !idle => return Err(CloseReason::InsideFrame),
            ReadOutcome::Failed(kind) => return Err(CloseReason::Failed(kind)),
        }
        Ok(self.session.next(now))
    }

    /// From a payload to its answer.
    async fn answer(&mut self, payload: Bytes) -> Goes {
        let received_at = Timestamp::now();
        let around = Arc::clone(&self.around);
        around.last_received.set(received_at);
        let (message, checked) = around.intake.read(&payload, &around.counters);
        let Some(message) = message else {
            let refusal = checked.err().unwrap_or_else(|| failure("The message could not be read"));
            return self.refuse(Original::Unreadable(&payload), &refusal).await;
        };
        if let Err(refusal) = checked {
            return self.refuse(Original::Message(&message), &refusal).await;
        }
        let span = span_of(&message);
        self.decide(&message, received_at).instrument(span).await
    }

    async fn decide(&mut self, message: &Message, received_at: Timestamp) -> Goes {
        let around = Arc::clone(&self.around);
        match around.intake.decide(message, self.peer, received_at, &around.counters).await {
            Decided::Store(settled) => self.keep(message, settled, received_at).await,
            Decided::Discard { messages } => {
                around.counters.discarded.add(messages);
                let control_id = around.control_ids.next();
                let time = self.clock.text(received_at);
                let answer = around.style.positive(Original::Message(message), &control_id, time);
                self.send_positive(answer).await
            }
            Decided::Refuse(refusal) => self.refuse(Original::Message(message), &refusal).await,
            Decided::Undecided { refusal, reason } => {
                self.telling.failed(reason);
                self.refuse(Original::Message(message), &refusal).await
            }
        }
    }

    /// Makes the messages durable, then lets the positive answer go: ACK-1.
    async fn keep(&mut self, message: &Message, settled: Settled, received_at: Timestamp) -> Goes {
        let around = Arc::clone(&self.around);
        let Settled { messages, unrouted, discarded } = settled;
        let control_id = around.control_ids.next();
        let deliveries: usize = messages.iter().map(|message| message.deliveries.len()).sum();
        let accept = Accept {
            received_at,
            listener: around.intake.listener().id.arc(),
            peer: Arc::clone(&self.peer_name),
            answer: self.answers().then(|| StoredAnswer {
                code: *b"AA",
                control_id: control_id.as_str().into(),
                at: received_at,
            }),
            messages,
            concludes: None,
        };
        let awaited = match self.hand_over(accept).await {
            Ok(awaited) => awaited,
            Err(NotHandedOver::InTime) => return self.unavailable(message).await,
            Err(NotHandedOver::Ever) => {
                let refusal = too_large_to_store();
                return self.refuse(Original::Message(message), &refusal).await;
            }
        };
        let time = self.clock.text(received_at);
        let answer = around.style.positive(Original::Message(message), &control_id, time);
        if awaited.stored().await.is_none() {
            return self.unavailable(message).await;
        }
        tracing::debug!(deliveries, unrouted = unrouted.len(), "stored");
        around.intake.stored(unrouted, discarded, &around.counters);
        self.send_positive(answer).await
    }

    async fn hand_over(&self, accept: Accept) -> Result<Awaited, NotHandedOver> {
        let around = &self.around;
        let deadline = tokio::time::Instant::now() + around.intake.listener().unavailable_wait;
        let intake = around.store_intake.clone();
        hand_over(&*around.store, &around.completions, intake, accept, deadline).await
    }

    /// The message could not be stored: silence, unless the listener is told to answer AE.
    async fn unavailable(&mut self, message: &Message) -> Goes {
        match self.around.intake.listener().on_unavailable {
            OnUnavailable::Close => Err(CloseReason::Unavailable),
            OnUnavailable::Answer => {
                let refusal = failure("The message cannot be stored now");
                self.refuse(Original::Message(message), &refusal).await
            }
        }
    }

    async fn refuse(&mut self, original: Original<'_>, refusal: &Refusal) -> Goes {
        let around = Arc::clone(&self.around);
        if !self.answers() {
            around.counters.unanswered.one();
            return Ok(());
        }
        let control_id = around.control_ids.next();
        let time = self.clock.text(Timestamp::now());
        let answer = around.style.negative(original, refusal, &control_id, time);
        tracing::debug!(code = %refusal.code, error = refusal.error.number(), "refused");
        if refusal.code.is_error() {
            around.counters.answered_ae.one();
        } else {
            around.counters.answered_ar.one();
        }
        self.socket.write(&answer).await
    }

    async fn send_positive(&mut self, answer: Bytes) -> Goes {
        if !self.answers() {
            self.around.counters.unanswered.one();
            return Ok(());
        }
        self.around.counters.answered_aa.one();
        self.socket.write(&answer).await
    }

    /// Answers AR by what was read of the payload, and waits for the peer to take it before closing.
    async fn refuse_too_large(&mut self, head: &Bytes) -> Goes {
        let limit = self.around.intake.listener().max_message_size;
        let refusal = too_large(limit);
        if begins_a_message(head) {
            self.refuse(Original::Unreadable(head), &refusal).await?;
        }
        self.socket.linger().await;
        Ok(())
    }

    fn answers(&self) -> bool {
        match self.around.intake.listener().ack {
            AckWhen::AfterStore => true,
            AckWhen::None => false,
        }
    }
}

/// Whether MSH was seen, behind what the parser forgives before it.
fn begins_a_message(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start().starts_with(b"MSH")
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
