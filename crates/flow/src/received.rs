//! How an attempt ended, as far as it was seen: what came back, or why nothing did.
//!
//! The words of whoever carries a delivery, to be judged by [`classify`](crate::classify::classify). They hold no content
//! of the answer (PHI-1), and each failure has one [`Cause`] that it is kept and shown as.

use std::time::Duration;

use wardline_hl7::ack::{Reply, ReplyError};
use wardline_hl7::{AckCode, ErrorCode};

use crate::cause::Cause;
use crate::on_reply::{ReplyOutcome, ReplyRule, ruled};
use crate::retry::RetryPolicy;
use crate::sqlstate::DatabaseFault;
use crate::status::StatusMeaning;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// An answer to this very message: MSA-2 has been compared (MATCH-1).
    Reply {
        /// MSA-1.
        code: AckCode,
        /// Whether ERR-3 holds 206 "application record locked".
        record_locked: bool,
    },
    /// An answer to this very message, of which a rule of `on_reply` says what it means.
    Ruled {
        /// What the rule says.
        then: ReplyOutcome,
        /// MSA-1, where it is one of the six.
        code: Option<AckCode>,
    },
    /// An HTTP server answered.
    Status {
        /// What its status says.
        meaning: StatusMeaning,
        /// What it asks for before the next attempt (Retry-After).
        wait: Option<Duration>,
    },
    /// The message was written, and wants no answer.
    Written,
    /// Nothing came within `ack_timeout`, which the message asked for.
    Silent {
        /// Whether that is a yes.
        is_yes: bool,
    },
    /// Something came, which is no acknowledgement, and `ack_match = "any"` lets it count as one.
    Anything,
    /// The peer did not answer.
    Transport(TransportFault),
    /// Something came that says nothing about this message.
    Unclear(Unclear),
    /// A handler destination accepted, or emitted messages that are now stored.
    HandlerAccepted,
    /// A handler destination said `Reject`.
    HandlerRejected,
    /// A handler destination did not decide.
    Handler(HandlerFault),
    /// A database has the row: committed.
    Inserted,
    /// A database said why not.
    Database(DatabaseFault),
    /// A file destination has the message: synced, renamed, folder synced.
    FileWritten,
    /// A file destination could not write.
    File(FileFault),
    /// The message has gone through as many handlers as a message may.
    Loop,
    /// The message was not sent: MLLP cannot carry its bytes.
    Unframeable,
}

/// Why the peer did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportFault {
    /// The host name has no address.
    Unresolved,
    /// Nobody listens there.
    Refused,
    /// No way to the host.
    Unreachable,
    /// Not connected within `connect_timeout`.
    ConnectTimeout,
    /// It is the peer who dials, and it has not within `connect_timeout`.
    NoPeer,
    /// No TLS handshake, or TLS broken off.
    Tls,
    /// The peer's certificate is not trusted.
    Certificate,
    /// Broken off before the answer.
    Reset,
    /// Closed before the answer.
    Closed,
    /// Not written within `write_timeout`.
    WriteTimeout,
    /// Not answered within `ack_timeout`.
    AckTimeout,
    /// MLLP release 2: refused below HL7 (15), each time it was sent again.
    NotCommitted,
    /// A secret that goes with each message cannot be read.
    NoSecret,
    /// The server does not let us in.
    Denied,
    /// The server lets nobody in at this time.
    Unavailable,
}

/// Why an answer says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclear {
    /// MSA-2 is no id that was sent on this connection.
    UnknownControlId,
    /// No MSA segment.
    NoMsa,
    /// Not HL7, or larger than `max_reply_size`.
    Unreadable,
    /// A frame without content.
    Empty,
    /// MSA-1 is no acknowledgement code.
    UnknownCode,
    /// It says that the message was taken, which was not written to its end then.
    Early,
    /// A status of HTTP that is about something else: a redirect, a change of protocol.
    Status,
    /// The whole request was sent, and no answer came in time: unlike a peer that repeats itself by MSH-10, a server may
    /// do what it is asked for twice.
    NoAnswer,
}

/// Why a handler did not decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlerFault {
    /// It said `Fail`.
    Failed,
    /// It panicked.
    Panicked,
    /// It took longer than its `timeout`.
    TimedOut,
    /// None of its instances was free in time; nothing was asked of it.
    Busy,
    /// It is not running any more; nothing was asked of it.
    Down,
}

/// Why a file could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// No space.
    NoSpace,
    /// Not allowed.
    Denied,
    /// The name and all numbered ones beside it are taken.
    NamesTaken,
    /// Anything else.
    Failed,
}

impl Received {
    /// Whether the peer says that it has the message.
    pub fn is_taken(self) -> bool {
        match self {
            Self::Reply { code, .. } => code.is_positive(),
            Self::Ruled { then, code } => {
                then == ReplyOutcome::Delivered || code.is_some_and(AckCode::is_positive)
            }
            Self::Status { meaning, .. } => meaning.is_taken(),
            Self::Silent { is_yes } => is_yes,
            Self::Written
            | Self::Anything
            | Self::HandlerAccepted
            | Self::FileWritten
            | Self::Inserted => true,
            Self::Transport(_)
            | Self::Unclear(_)
            | Self::HandlerRejected
            | Self::Handler(_)
            | Self::File(_)
            | Self::Database(_)
            | Self::Loop
            | Self::Unframeable => false,
        }
    }

    /// The wait that the peer asks for before the next attempt, as far as `retry` goes; zero where it asks for none.
    pub fn wait_asked_for(self, retry: &RetryPolicy) -> Duration {
        match self {
            Self::Status { wait, .. } => wait.unwrap_or_default().min(retry.max),
            _ => Duration::ZERO,
        }
    }

    /// What an answer says under rules, once its MSA-2 has been found to be ours.
    pub fn ruled_reply(reply: &Reply, rules: &[ReplyRule]) -> Self {
        match ruled(rules, reply) {
            Some(then) => Self::Ruled { then, code: reply.code() },
            None => Self::reply(reply),
        }
    }

    /// What an answer says by its code, once its MSA-2 has been found to be ours.
    pub fn reply(reply: &Reply) -> Self {
        match reply.code() {
            Some(code) => Self::Reply {
                code,
                record_locked: reply.reports(ErrorCode::ApplicationRecordLocked),
            },
            None => Self::Unclear(Unclear::UnknownCode),
        }
    }
}

impl From<&ReplyError> for Unclear {
    fn from(error: &ReplyError) -> Self {
        match error {
            ReplyError::Empty => Self::Empty,
            ReplyError::Unreadable(_) => Self::Unreadable,
            ReplyError::NoMsa => Self::NoMsa,
        }
    }
}

impl TransportFault {
    /// The cause that this fault is kept and shown as.
    pub fn cause(self) -> Cause {
        match self {
            Self::Unresolved => Cause::Unresolved,
            Self::Refused => Cause::Refused,
            Self::Unreachable => Cause::Unreachable,
            Self::ConnectTimeout => Cause::ConnectTimeout,
            Self::NoPeer => Cause::NoPeer,
            Self::Tls => Cause::Tls,
            Self::Certificate => Cause::TlsCertificate,
            Self::Reset => Cause::Reset,
            Self::Closed => Cause::Closed,
            Self::WriteTimeout => Cause::WriteTimeout,
            Self::AckTimeout => Cause::AckTimeout,
            Self::NotCommitted => Cause::NotCommitted,
            Self::NoSecret => Cause::NoSecret,
            Self::Denied => Cause::Denied,
            Self::Unavailable => Cause::DatabaseUnavailable,
        }
    }
}

impl Unclear {
    /// The cause that this answer is kept and shown as.
    pub fn cause(self) -> Cause {
        match self {
            Self::UnknownControlId => Cause::UnclearUnknownId,
            Self::NoMsa => Cause::UnclearNoMsa,
            Self::Unreadable => Cause::UnclearUnreadable,
            Self::Empty => Cause::UnclearEmpty,
            Self::UnknownCode => Cause::UnclearUnknownCode,
            Self::Early => Cause::UnclearEarly,
            Self::Status => Cause::UnclearStatus,
            Self::NoAnswer => Cause::UnclearNoAnswer,
        }
    }
}

impl HandlerFault {
    /// Whether the handler has seen the message: only then is the fault about it.
    pub fn was_asked(self) -> bool {
        match self {
            Self::Failed | Self::Panicked | Self::TimedOut => true,
            Self::Busy | Self::Down => false,
        }
    }

    /// The cause that this fault is kept and shown as.
    pub fn cause(self) -> Cause {
        match self {
            Self::Failed => Cause::HandlerFailed,
            Self::Panicked => Cause::HandlerPanicked,
            Self::TimedOut => Cause::HandlerTimeout,
            Self::Busy => Cause::HandlerBusy,
            Self::Down => Cause::HandlerDown,
        }
    }
}

impl DatabaseFault {
    /// The cause that this fault is kept and shown as.
    pub fn cause(self) -> Cause {
        match self {
            Self::Unavailable => Cause::DatabaseUnavailable,
            Self::Failed => Cause::DatabaseFailed,
            Self::Rejected => Cause::DatabaseRejected,
        }
    }
}

impl FileFault {
    /// The cause that this fault is kept and shown as.
    pub fn cause(self) -> Cause {
        match self {
            Self::NoSpace => Cause::FileNoSpace,
            Self::Denied => Cause::FileDenied,
            Self::NamesTaken => Cause::FileNamesTaken,
            Self::Failed => Cause::FileFailed,
        }
    }
}
