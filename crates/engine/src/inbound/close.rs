//! Why a connection ended, counted once each: the second half of ACK-2.

use crate::events::StopReason;
use crate::observe::ListenerCounters;

/// Why a connection of a listener was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CloseReason {
    /// The peer closed between frames.
    ByPeer,
    /// The peer closed or reset inside a frame: nothing of it is stored.
    InsideFrame,
    /// Nothing came for `idle_timeout`.
    Idle,
    /// A frame stopped coming for `frame_idle_timeout`, or took longer than `frame_timeout`.
    FrameTimeout,
    /// The peer did not take its answer within `write_timeout`.
    WriteTimeout,
    /// No frame began within 64 KiB or `frame_idle_timeout`: not MLLP.
    NoFrame,
    /// A payload over `max_message_size`, after the refusal was written.
    TooLarge,
    /// The engine could not store for `unavailable_wait`: silence makes the sender retry.
    Unavailable,
    /// No room for more of a large message within `unavailable_wait`: silence makes the sender retry.
    NoRoom,
    /// The engine is draining.
    Draining,
    /// The TLS handshake failed, or the peer's certificate was refused: told where it happened.
    Tls,
    /// It made room for a newer connection of its source.
    Replaced,
    /// Reading or writing failed.
    Failed(std::io::ErrorKind),
}

impl CloseReason {
    /// The reason's stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::ByPeer => "closed-by-peer",
            Self::InsideFrame => "closed-inside-frame",
            Self::Idle => "idle",
            Self::FrameTimeout => "frame-timeout",
            Self::WriteTimeout => "write-timeout",
            Self::NoFrame => "no-frame",
            Self::TooLarge => "too-large",
            Self::Unavailable => "unavailable",
            Self::NoRoom => "no-room",
            Self::Draining => "draining",
            Self::Tls => "tls",
            Self::Replaced => "replaced",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether somebody should see it without asking for debug output. Load balancers connect and close all day.
    pub(crate) fn is_notable(self) -> bool {
        match self {
            Self::ByPeer | Self::Idle | Self::Draining | Self::Tls | Self::Failed(_) => false,
            Self::InsideFrame
            | Self::FrameTimeout
            | Self::WriteTimeout
            | Self::NoFrame
            | Self::TooLarge
            | Self::Unavailable
            | Self::NoRoom
            | Self::Replaced => true,
        }
    }

    /// The reason as an embedding program is told it.
    pub(crate) fn told(self) -> StopReason {
        match self {
            Self::ByPeer | Self::Draining | Self::Replaced => StopReason::Closed,
            Self::Idle | Self::FrameTimeout | Self::WriteTimeout => StopReason::Timeout,
            Self::TooLarge => StopReason::MessageTooLarge,
            Self::InsideFrame
            | Self::NoFrame
            | Self::Unavailable
            | Self::NoRoom
            | Self::Tls
            | Self::Failed(_) => StopReason::Error(self.code()),
        }
    }

    /// Counts the end of one connection.
    pub(crate) fn count(self, counters: &ListenerCounters) {
        counters.closed.one();
        match self {
            Self::ByPeer => counters.closed_by_peer.one(),
            Self::InsideFrame => counters.closed_inside_frame.one(),
            Self::Idle => counters.closed_idle.one(),
            Self::FrameTimeout => counters.closed_frame_timeout.one(),
            Self::WriteTimeout => counters.closed_write_timeout.one(),
            Self::NoFrame => counters.closed_no_frame.one(),
            Self::TooLarge => counters.closed_too_large.one(),
            Self::Unavailable => counters.closed_unavailable.one(),
            Self::NoRoom => counters.closed_no_room.one(),
            Self::Draining => counters.closed_draining.one(),
            Self::Tls => counters.closed_tls.one(),
            Self::Replaced => counters.closed_replaced.one(),
            Self::Failed(_) => counters.closed_error.one(),
        }
    }
}
