//! What an embedding program can be told while it happens: connections and messages, as typed values.
//!
//! ```text
//!   ConnectionStart ─▶ ( MessageStart ─▶ MessageStop | MessageException )* ─▶ ConnectionStop
//! ```
//!
//! One [`Subscriber`] hears all events of all listeners, on the threads that serve connections: it must not block. One
//! that panics is not called again, and costs no connection. The same events go to `tracing`, target
//! `wardline::events`, at level debug. Where nobody listens, no clock is read for them.
//!
//! An event has sizes, times and the peer's address, and nothing of a message (PHI-1).

mod telling;

use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

pub(crate) use self::telling::Telling;

/// The target of the events in `tracing`.
pub const TARGET: &str = "wardline::events";

/// One connection of this process: all its events have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionRef(u64);

impl fmt::Display for ConnectionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What happened on a connection of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A peer connected and was let in.
    ConnectionStart {
        /// The connection.
        reference: ConnectionRef,
        /// When.
        system_time: SystemTime,
        /// The listener's id.
        listener: Arc<str>,
        /// The peer's address and port.
        peer: SocketAddr,
    },
    /// The connection ended.
    ConnectionStop {
        /// The connection.
        reference: ConnectionRef,
        /// How long it stood.
        duration: Duration,
        /// Why it ended.
        reason: StopReason,
    },
    /// A whole frame has come.
    MessageStart {
        /// The connection.
        reference: ConnectionRef,
        /// When.
        system_time: SystemTime,
        /// The payload, in bytes.
        message_size: usize,
    },
    /// The message has been answered, or stored where none is due. A message whose connection ends before has no stop.
    MessageStop {
        /// The connection.
        reference: ConnectionRef,
        /// Since the frame was whole.
        duration: Duration,
        /// What was written back, framing included, in bytes.
        response_size: usize,
    },
    /// A handler did not decide about the message, which was answered AE; or a payload was over its limit, which is
    /// answered AR and has no start before it.
    MessageException {
        /// The connection.
        reference: ConnectionRef,
        /// Since the frame was whole; zero where it never was.
        duration: Duration,
        /// What went wrong.
        reason: ExceptionReason,
    },
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// By the peer between frames, by a drain, or for a newer connection.
    Closed,
    /// One of the listener's timeouts passed.
    Timeout,
    /// A payload was over `max_message_size`.
    MessageTooLarge,
    /// Anything else, by the code that logs and counters have.
    Error(&'static str),
    /// The connection's actor ended without a reason: a fault of ours.
    Crash,
}

/// Why a message has no regular end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExceptionReason {
    /// A handler took longer than its timeout.
    HandlerTimeout,
    /// A handler panicked on this message. Where to is the program's panic hook's business, on the handler's thread.
    HandlerCrash,
    /// A handler said `Fail`, or emitted what is no message.
    HandlerError,
    /// A handler had no instance free within its timeout.
    HandlerBusy,
    /// A handler has no instance that runs.
    HandlerDown,
    /// The payload was over `max_message_size`.
    TooLarge,
}

impl ExceptionReason {
    /// What kind of end that is: `timeout`, `exit` or `error`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::HandlerTimeout | Self::HandlerBusy => "timeout",
            Self::HandlerCrash | Self::HandlerDown => "exit",
            Self::HandlerError | Self::TooLarge => "error",
        }
    }
}

/// Hears events.
pub trait Subscriber: Send + Sync + 'static {
    /// Called for each event, in order for each connection, from the threads of all connections. Must not block.
    fn event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync + 'static> Subscriber for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

/// Whom events are told, and the numbers of connections. Clone it freely.
#[derive(Clone, Default)]
pub struct Events(Arc<Told>);

#[derive(Default)]
struct Told {
    subscriber: Option<Box<dyn Subscriber>>,
    /// It panicked.
    silenced: AtomicBool,
    connections: AtomicU64,
}

impl Events {
    /// Told to `subscriber`, and to `tracing`.
    pub fn to(subscriber: impl Subscriber) -> Self {
        Self(Arc::new(Told { subscriber: Some(Box::new(subscriber)), ..Told::default() }))
    }

    fn is_wanted(&self) -> bool {
        self.subscriber().is_some() || tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
    }

    fn subscriber(&self) -> Option<&dyn Subscriber> {
        let subscriber = self.0.subscriber.as_deref();
        subscriber.filter(|_| !self.0.silenced.load(Ordering::Relaxed))
    }

    fn next_connection(&self) -> ConnectionRef {
        ConnectionRef(self.0.connections.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn tell(&self, event: &Event) {
        telling::trace(event);
        let Some(subscriber) = self.subscriber() else { return };
        if catch_unwind(AssertUnwindSafe(|| subscriber.event(event))).is_err() {
            self.0.silenced.store(true, Ordering::Relaxed);
            tracing::error!("the subscriber of events panicked: it is not called again");
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("subscribed", &self.subscriber().is_some()).finish()
    }
}
