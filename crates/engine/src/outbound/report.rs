//! What a carrier tells its pool: how an attempt ended, and whether the carrier goes on.

use bytes::Bytes;
use wardline_flow::{Received, TransportFault};
use wardline_store::MessageId;

use super::pool::CarrierId;

/// How one attempt ended.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Ended {
    /// The bytes went out, all or some of them, or were handed over.
    Attempted {
        /// What came of it.
        received: Received,
        /// What the peer or the handler said, if anything; kept with a delivery that is not delivered.
        reply: Bytes,
    },
    /// Its outcome is in the store already, with what it emitted, as one record.
    Concluded,
    /// No byte went out. With a fault the carrier failed before its first answer; without one it was merely no longer
    /// of use, and a new one may try at once.
    NotSent(Option<TransportFault>),
}

/// Why a carrier ended. Kept, and shown with the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// It did not come up, or broke.
    Fault(TransportFault),
    /// The peer closed it while nothing was in flight.
    ByPeer,
    /// What the peer sent left doubt about whose answer would come next.
    Doubtful,
    /// The next message could not be told from one sent before.
    SameControlId,
    /// `mode = "per_message"`.
    PerMessage,
    /// It was made for this work and has done it.
    Done,
    /// The engine drains.
    Draining,
    /// A fault of ours ended it.
    Panicked,
}

/// From a carrier to its pool.
#[derive(Debug)]
pub(super) struct Report {
    /// Who says it.
    pub(super) carrier: CarrierId,
    /// The deliveries that have left its hands, in their order.
    pub(super) ended: Vec<(MessageId, Ended)>,
    /// Set when the carrier is gone.
    pub(super) closed: Option<CloseReason>,
}

impl actix::Message for Report {
    type Result = ();
}

impl Ended {
    /// An attempt without an answer to keep.
    pub(super) fn attempted(received: Received) -> Self {
        Self::Attempted { received, reply: Bytes::new() }
    }

    /// What was wrong with the way there.
    pub(super) fn fault(&self) -> Option<TransportFault> {
        match self {
            Self::Attempted { received: Received::Transport(fault), .. } => Some(*fault),
            Self::NotSent(fault) => *fault,
            Self::Attempted { .. } | Self::Concluded => None,
        }
    }
}

impl CloseReason {
    /// Whether the peer or the way to it brought it about.
    pub(super) fn is_the_peers(self) -> bool {
        match self {
            Self::Fault(_) | Self::ByPeer | Self::Doubtful => true,
            Self::SameControlId
            | Self::PerMessage
            | Self::Done
            | Self::Draining
            | Self::Panicked => false,
        }
    }

    /// The reason's stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Fault(fault) => fault.cause().code(),
            Self::ByPeer => "closed-by-peer",
            Self::Doubtful => "doubtful-answer",
            Self::SameControlId => "same-control-id",
            Self::PerMessage => "per-message",
            Self::Done => "done",
            Self::Draining => "draining",
            Self::Panicked => "panicked",
        }
    }
}

impl std::fmt::Debug for Ended {
    /// An answer may quote the message: only its size is shown, PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Attempted { received, reply } => f
                .debug_struct("Attempted")
                .field("received", received)
                .field("reply_bytes", &reply.len())
                .finish(),
            Self::Concluded => f.write_str("Concluded"),
            Self::NotSent(fault) => f.debug_tuple("NotSent").field(fault).finish(),
        }
    }
}
