//! What an attempt's end means for the delivery (END-1).
//!
//! ```text
//!   AA CA · anything, where that counts ───────────────▶ Delivered
//!   AE CE · 206 · handler failed ──▶ RetryAfter ──retry.for or max_attempts──▶ Dead, or Hold where on_exhausted = block
//!   AR CR · handler rejected · loop · unframeable ─────▶ Dead
//!   no connection, no answer, no disk ──▶ RetryAfter, for ever
//!   an answer that says nothing ──▶ RetryAfter ──max_attempts, else 10──▶ Hold, or Dead where on_unclear = dead
//! ```
//!
//! A rule of `on_reply` puts an answer into another of these rows.
//!
//! The line between the second row and the fourth: a peer that answered has judged this message, and may judge it so
//! for ever; a peer that is away has judged nothing.

use std::num::NonZeroU32;
use std::time::Duration;

use wardline_hl7::ack::{Reply, ReplyError};
use wardline_hl7::{AckCode, ErrorCode};

use crate::cause::Cause;
use crate::on_reply::{ReplyOutcome, ReplyRule, ruled};
use crate::retry::RetryPolicy;

/// Sends of a message whose answers stay unclear, where `retry.max_attempts` is not set: enough for a peer that is
/// being restarted, few enough that it does not store the message a hundred times.
pub const UNCLEAR_ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// How one destination's failures are dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryPolicy {
    /// When to try again and how often.
    pub retry: RetryPolicy,
    /// What follows when errors have outlasted `retry`.
    pub on_exhausted: OnExhausted,
    /// What follows when answers have stayed unclear.
    pub on_unclear: OnUnclear,
}

/// What becomes of a message whose errors have outlasted the retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnExhausted {
    /// A dead letter; the lane goes on.
    #[default]
    Dead,
    /// It keeps its place and its lane waits for an operator.
    Block,
}

/// What becomes of a message whose answers have stayed unclear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnclear {
    /// It keeps its place and its lane waits for an operator: the peer may well have it.
    #[default]
    Hold,
    /// A dead letter; the lane goes on.
    Dead,
}

/// Where the delivery stood when the attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// How often the message was sent, this time included. A connection that did not come up is no send.
    pub attempts: u32,
    /// Attempts of any kind that failed one after the other, this one included: sets the back-off.
    pub failures: u32,
    /// Since this delivery was first answered with an error; zero when this is the first. An outage before it does not
    /// count: the peer could not judge the message while it was away.
    pub since_first_error: Duration,
    /// Any number, for the spread of the delay.
    pub random: u64,
}

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

/// What is to be done with the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The destination has taken responsibility.
    Delivered,
    /// Again, the same bytes, after this wait; its lane waits with it.
    RetryAfter {
        /// The wait.
        delay: Duration,
        /// Why.
        cause: Cause,
    },
    /// A dead letter; the lane goes on.
    Dead {
        /// Why.
        cause: Cause,
    },
    /// It keeps its place and its lane waits for an operator.
    Hold {
        /// Why.
        cause: Cause,
    },
}

/// How long a failure is worth retrying.
enum Patience {
    /// Never: the answer is final.
    None,
    /// Within `retry`, then as `on_exhausted` says.
    Errors,
    /// A count of sends, then as `on_unclear` says.
    Unclear,
    /// For ever.
    Endless,
}

/// Decides about one delivery after one attempt.
pub fn classify(policy: &DeliveryPolicy, situation: &Situation, received: Received) -> Verdict {
    let (patience, cause) = match received {
        Received::Reply { code: AckCode::AA | AckCode::CA, .. }
        | Received::Ruled { then: ReplyOutcome::Delivered, .. }
        | Received::Written
        | Received::Silent { is_yes: true }
        | Received::Anything
        | Received::HandlerAccepted
        | Received::FileWritten => {
            return Verdict::Delivered;
        }
        Received::Reply { code: AckCode::AE | AckCode::CE, .. } => (Patience::Errors, Cause::Error),
        Received::Reply { code: AckCode::AR | AckCode::CR, record_locked: true } => {
            (Patience::Errors, Cause::RecordLocked)
        }
        Received::Reply { code: AckCode::AR | AckCode::CR, record_locked: false } => {
            (Patience::None, Cause::Rejected)
        }
        Received::Ruled { then: ReplyOutcome::Retry, .. } => (Patience::Errors, Cause::Ruled),
        Received::Ruled { then: ReplyOutcome::Dead, .. } => (Patience::None, Cause::Ruled),
        Received::Ruled { then: ReplyOutcome::Hold, .. } => {
            return Verdict::Hold { cause: Cause::Ruled };
        }
        Received::Silent { is_yes: false } => (Patience::Errors, Cause::Silence),
        Received::Transport(fault) => (Patience::Endless, fault.cause()),
        Received::Unclear(unclear) => (Patience::Unclear, unclear.cause()),
        Received::HandlerRejected => (Patience::None, Cause::HandlerRejected),
        Received::Handler(fault) if !fault.was_asked() => (Patience::Endless, fault.cause()),
        Received::Handler(fault) => (Patience::Errors, fault.cause()),
        Received::File(fault) => (Patience::Endless, fault.cause()),
        Received::Loop => (Patience::None, Cause::Loop),
        Received::Unframeable => (Patience::None, Cause::Unframeable),
    };
    let delay = policy.retry.next_delay(situation.failures, situation.random);
    let retry = Verdict::RetryAfter { delay, cause };
    match patience {
        Patience::None => Verdict::Dead { cause },
        Patience::Endless => retry,
        Patience::Errors if !errors_exhausted(&policy.retry, situation) => retry,
        Patience::Errors => match policy.on_exhausted {
            OnExhausted::Dead => Verdict::Dead { cause },
            OnExhausted::Block => Verdict::Hold { cause },
        },
        Patience::Unclear
            if situation.attempts < policy.retry.max_attempts.unwrap_or(UNCLEAR_ATTEMPTS).get() =>
        {
            retry
        }
        Patience::Unclear => match policy.on_unclear {
            OnUnclear::Hold => Verdict::Hold { cause },
            OnUnclear::Dead => Verdict::Dead { cause },
        },
    }
}

/// Whether errors have lasted for `retry.for`, or used up `retry.max_attempts`.
fn errors_exhausted(retry: &RetryPolicy, situation: &Situation) -> bool {
    situation.since_first_error >= retry.retry_for
        || retry.max_attempts.is_some_and(|limit| situation.attempts >= limit.get())
}

impl Received {
    /// Whether the peer says that it has the message.
    pub fn is_taken(self) -> bool {
        match self {
            Self::Reply { code, .. } => code.is_positive(),
            Self::Ruled { then, code } => {
                then == ReplyOutcome::Delivered || code.is_some_and(AckCode::is_positive)
            }
            Self::Silent { is_yes } => is_yes,
            Self::Written | Self::Anything | Self::HandlerAccepted | Self::FileWritten => true,
            Self::Transport(_)
            | Self::Unclear(_)
            | Self::HandlerRejected
            | Self::Handler(_)
            | Self::File(_)
            | Self::Loop
            | Self::Unframeable => false,
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

#[cfg(test)]
mod tests;
