//! What becomes of deliveries and destinations.
//!
//! ```text
//!             ┌── Deferred ──┐
//!             ▼              │
//!  accept ─▶ pending ────────┴─▶ Delivered | Returned | Discarded      ended, gone
//!             │  ▲  └─ Held ──▶ held ──▶ Discarded | Dead              stopped until an operator decides
//!             │  └── Revived ───┘
//!             └─ Dead ──▶ dead ──▶ Revived | Discarded                 a dead letter
//! ```

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use super::names::{DeliveryRef, Name};

/// One thing that happened, to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// To a delivery. One whose delivery has ended already changes nothing (END-1).
    Delivery {
        /// When.
        at: Timestamp,
        /// To which.
        delivery: DeliveryRef,
        /// What.
        outcome: Outcome,
    },
    /// A destination is stopped until it is released; its queue stays.
    DestinationHeld {
        /// When.
        at: Timestamp,
        /// Which.
        destination: Name,
        /// The operator, or what in the engine decided.
        by: Name,
        /// Why, without content of a message.
        reason: Name,
    },
    /// A destination goes on.
    DestinationReleased {
        /// When.
        at: Timestamp,
        /// Which.
        destination: Name,
        /// The operator.
        by: Name,
    },
}

/// How an attempt, or an operator's word, left a delivery.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The peer took responsibility.
    Delivered {
        /// How often it was sent.
        attempts: u32,
        /// The code of the answer; absent where none is due.
        reply_code: Option<[u8; 2]>,
        /// By when the application's answer is due that the peer owes beside this one.
        application_due: Option<Timestamp>,
    },
    /// It failed and is tried again.
    Deferred {
        /// How often it was sent.
        attempts: u32,
        /// When it failed first, for retry policies that count from there.
        first_attempt: Option<Timestamp>,
        /// When it is tried again. After a start everything is due.
        due: Timestamp,
        /// The cause's stable code.
        cause: Name,
    },
    /// It is a dead letter.
    Dead {
        /// How often it was sent.
        attempts: u32,
        /// The cause's stable code.
        cause: Name,
        /// What the peer answered; at most [`MAX_REPLY`](crate::limits::MAX_REPLY) bytes are kept.
        reply: Option<Bytes>,
    },
    /// It is stopped until an operator decides.
    Held {
        /// How often it was sent.
        attempts: u32,
        /// The cause's stable code.
        cause: Name,
        /// What the peer answered, as for `Dead`.
        reply: Option<Bytes>,
    },
    /// It was withdrawn and the sender told so.
    Returned,
    /// An operator gave it up.
    Discarded {
        /// The operator.
        by: Name,
        /// Why, without content of a message.
        reason: Name,
    },
    /// A dead letter or a held delivery is pending again, its attempts forgotten.
    Revived {
        /// The operator.
        by: Name,
    },
}

impl Outcome {
    /// Whether the delivery is gone with it.
    pub fn ends(&self) -> bool {
        match self {
            Self::Delivered { .. } | Self::Returned | Self::Discarded { .. } => true,
            Self::Deferred { .. }
            | Self::Dead { .. }
            | Self::Held { .. }
            | Self::Revived { .. } => false,
        }
    }
}

impl fmt::Debug for Outcome {
    /// A peer's answer shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = |f: &mut fmt::Formatter<'_>, name, attempts, cause, reply: &Option<Bytes>| {
            f.debug_struct(name)
                .field("attempts", attempts)
                .field("cause", cause)
                .field("reply_bytes", &reply.as_ref().map(Bytes::len))
                .finish()
        };
        match self {
            Self::Delivered { attempts, .. } => write!(f, "Delivered({attempts})"),
            Self::Deferred { attempts, due, cause, .. } => {
                write!(f, "Deferred({attempts}, {cause}, due {due})")
            }
            Self::Dead { attempts, cause, reply } => stopped(f, "Dead", attempts, cause, reply),
            Self::Held { attempts, cause, reply } => stopped(f, "Held", attempts, cause, reply),
            Self::Returned => f.write_str("Returned"),
            Self::Discarded { by, reason } => write!(f, "Discarded({by}, {reason})"),
            Self::Revived { by } => write!(f, "Revived({by})"),
        }
    }
}
