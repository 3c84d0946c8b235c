//! What the history tells of a message.

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::keys::{KeyKind, SearchKey};
use crate::api::{DeliveryState, KeptRefusal, Marks, MessageId, Name, Origin, StoredAnswer};

/// One message without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Its number.
    pub message: MessageId,
    /// When it was received.
    pub received_at: Timestamp,
    /// Through which listener; of what a handler emitted, the destination.
    pub listener: Name,
    /// From where; empty for what a handler emitted.
    pub peer: Name,
    /// Size of all that came.
    pub bytes: u64,
    /// What was found out about it.
    pub marks: Marks,
    /// How many handler destinations it has passed.
    pub hops: u8,
    /// The positive answer its sender got.
    pub answer: Option<StoredAnswer>,
    /// What it is a replay of.
    pub origin: Option<Origin>,
    /// Set where it was not taken.
    pub refusal: Option<KeptRefusal>,
    /// Its record could not be read: what stands only there is missing.
    pub unreadable: bool,
    /// What it is found by, as far as its first [`ROW_KEYS_FROM`](crate::limits::ROW_KEYS_FROM) bytes tell: content.
    pub keys: Vec<SearchKey>,
    /// Where it went; of one that retention has carried forward, where it still has to go.
    pub destinations: Vec<HistoryDelivery>,
}

impl HistoryRow {
    /// Its first key of a kind.
    pub fn key(&self, kind: KeyKind) -> Option<&Bytes> {
        self.keys.iter().find(|key| key.kind == kind).map(|key| &key.value)
    }
}

/// How a delivery stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryDelivery {
    /// Its destination.
    pub destination: Name,
    /// Its state.
    pub state: HistoryState,
    /// How often it was sent.
    pub attempts: u32,
    /// Since when it is so.
    pub at: Timestamp,
    /// The stable code of its last cause.
    pub cause: Option<Name>,
    /// The code of the answer it was delivered with.
    pub reply_code: Option<[u8; 2]>,
}

/// Where a delivery stands, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HistoryState {
    /// Waits for its turn or its retry.
    Pending,
    /// Stopped until an operator decides.
    Held,
    /// A dead letter.
    Dead,
    /// The peer took responsibility.
    Delivered,
    /// Withdrawn, and the sender told so.
    Returned,
    /// An operator, or retention, gave it up.
    Discarded,
}

impl HistoryState {
    /// Nothing follows it.
    pub fn is_end(self) -> bool {
        match self {
            Self::Delivered | Self::Returned | Self::Discarded => true,
            Self::Pending | Self::Held | Self::Dead => false,
        }
    }
}

impl From<DeliveryState> for HistoryState {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Held => Self::Held,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

/// One thing that happened to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// When.
    pub at: Timestamp,
    /// To the delivery to this destination; `None` = to the message.
    pub destination: Option<Name>,
    /// What.
    pub what: Happened,
}

/// What happened.
#[derive(Clone, PartialEq, Eq)]
pub enum Happened {
    /// It came.
    Received {
        /// Through which listener.
        listener: Name,
        /// From where.
        peer: Name,
        /// Its size.
        bytes: u64,
        /// What was found out about it.
        marks: Marks,
    },
    /// Its sender was answered, and it was taken.
    Answered(StoredAnswer),
    /// It was not taken.
    Refused(KeptRefusal),
    /// The peer took responsibility.
    Delivered {
        /// How often it was sent.
        attempts: u32,
        /// The code of the answer.
        reply_code: Option<[u8; 2]>,
        /// By when the application's answer is due.
        application_due: Option<Timestamp>,
    },
    /// It failed and is tried again.
    Deferred {
        /// How often it was sent.
        attempts: u32,
        /// When it is tried again.
        due: Timestamp,
        /// The cause's stable code.
        cause: Name,
    },
    /// It became a dead letter.
    Dead(Stopped),
    /// It was stopped.
    Held(Stopped),
    /// It was withdrawn and the sender told so.
    Returned,
    /// It was given up.
    Discarded {
        /// By whom.
        by: Name,
        /// Why.
        reason: Name,
    },
    /// An operator made it pending again.
    Revived {
        /// Who.
        by: Name,
    },
    /// Retention copied the message forward; what happened before may be gone.
    Carried {
        /// How the delivery stood.
        state: DeliveryState,
        /// How often it was sent.
        attempts: u32,
        /// The stable code of its last cause.
        cause: Option<Name>,
    },
}

/// How a delivery stopped.
#[derive(Clone, PartialEq, Eq)]
pub struct Stopped {
    /// How often it was sent.
    pub attempts: u32,
    /// The cause's stable code.
    pub cause: Name,
    /// What the peer answered; `None` = nothing, or it is damaged.
    pub reply: Option<Bytes>,
}

impl fmt::Debug for Stopped {
    /// A peer's answer shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopped")
            .field("attempts", &self.attempts)
            .field("cause", &self.cause)
            .field("reply_bytes", &self.reply.as_ref().map(Bytes::len))
            .finish()
    }
}

impl fmt::Debug for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Received { listener, bytes, .. } => write!(f, "Received({listener}, {bytes})"),
            Self::Answered(answer) => write!(f, "Answered({answer:?})"),
            Self::Refused(refusal) => write!(f, "Refused({refusal:?})"),
            Self::Delivered { attempts, .. } => write!(f, "Delivered({attempts})"),
            Self::Deferred { attempts, due, cause } => {
                write!(f, "Deferred({attempts}, {cause}, due {due})")
            }
            Self::Dead(stopped) => write!(f, "Dead({stopped:?})"),
            Self::Held(stopped) => write!(f, "Held({stopped:?})"),
            Self::Returned => f.write_str("Returned"),
            Self::Discarded { by, reason } => write!(f, "Discarded({by}, {reason})"),
            Self::Revived { by } => write!(f, "Revived({by})"),
            Self::Carried { state, attempts, cause } => {
                write!(f, "Carried({state:?}, {attempts}, {cause:?})")
            }
        }
    }
}

/// The bytes of a message.
#[derive(Clone, PartialEq, Eq)]
pub struct HistoryContent {
    /// As it came (RAW-1); of one that was refused as much as is kept.
    pub body: Bytes,
    /// What is sent where that differs, by destination.
    pub sent: Vec<(Name, Bytes)>,
}

impl fmt::Debug for HistoryContent {
    /// Bytes show their sizes only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = self.sent.iter().map(|(destination, bytes)| (destination, bytes.len()));
        f.debug_struct("HistoryContent")
            .field("body_bytes", &self.body.len())
            .field("sent", &sent.collect::<Vec<_>>())
            .finish()
    }
}

/// How the history is doing. Sizes are bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryFigures {
    /// Whether it can be searched: it is opened behind the start.
    pub ready: bool,
    /// Bytes durable in the journal that it does not hold yet.
    pub lag: u64,
    /// Of its files.
    pub bytes: u64,
    /// Messages it holds.
    pub messages: u64,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
    /// Its files.
    pub runs: u64,
    /// Of them, those whose keys were taken by another configuration: they are made anew.
    pub outdated: u64,
    /// How often something went wrong since the start; the log says what.
    pub faults: u64,
}
