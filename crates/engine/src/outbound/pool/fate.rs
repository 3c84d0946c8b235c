//! What becomes of a delivery after an attempt, on its way from the decision to the record (END-1).

use bytes::Bytes;
use jiff::Timestamp;
use wardline_flow::Cause;
use wardline_hl7::AckCode;
use wardline_store::MessageId;

use crate::outbound::delivery::Lease;

/// One attempt's end, to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settled {
    /// The message.
    pub(super) id: MessageId,
    /// Size of its body, bytes.
    pub(super) bytes: usize,
    /// When it was received.
    pub(super) received_at: Timestamp,
    /// How often it was sent by now.
    pub(super) sends: u32,
    /// When it was first answered with an error.
    pub(super) first_error: Option<Timestamp>,
    /// What was answered last, as far as that is kept.
    pub(super) reply: Bytes,
    /// What becomes of it.
    pub(super) fate: Fate,
}

/// What becomes of a delivery after an attempt.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Delivered; the peer's code, where it gave one.
    Delivered(Option<AckCode>),
    /// Delivered, and recorded already.
    Concluded,
    /// Again, at this time.
    Retry { due: Timestamp, cause: Cause },
    /// A dead letter. `hold` when it is one too many in a row.
    Dead { cause: Cause, reply: Bytes, hold: bool },
    /// Stopped until an operator decides.
    Held { cause: Cause, reply: Bytes },
    /// It never went out and goes first again; there is nothing to record.
    Returned,
}

impl Settled {
    /// What becomes of this one.
    pub(super) fn of(lease: &Lease, fate: Fate) -> Self {
        Self {
            id: lease.delivery.id,
            bytes: lease.delivery.body.len(),
            received_at: lease.delivery.received_at,
            sends: lease.delivery.sends,
            first_error: lease.first_error,
            reply: lease.last_reply.clone(),
            fate,
        }
    }
}

impl std::fmt::Debug for Fate {
    /// An answer may quote the message: only its size is shown, PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Delivered(code) => f.debug_tuple("Delivered").field(code).finish(),
            Self::Concluded => f.write_str("Concluded"),
            Self::Retry { due, cause } => write!(f, "Retry({due}, {})", cause.code()),
            Self::Dead { cause, reply, hold } => {
                write!(f, "Dead({}, {} bytes, hold: {hold})", cause.code(), reply.len())
            }
            Self::Held { cause, reply } => {
                write!(f, "Held({}, {} bytes)", cause.code(), reply.len())
            }
            Self::Returned => f.write_str("Returned"),
        }
    }
}
