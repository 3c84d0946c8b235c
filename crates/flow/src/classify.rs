//! What an attempt's end means for the delivery (END-1).
//!
//! ```text
//!   AA CA · anything, where that counts ───────────────▶ Delivered
//!   AE CE · 206 · 5xx · handler failed ─▶ RetryAfter ──retry.for or max_attempts──▶ Dead, or Hold where on_exhausted = block
//!   AR CR · 4xx · refused row · handler rejected · loop · unframeable ▶ Dead
//!   no connection, no answer, no disk ──▶ RetryAfter, for ever
//!   an answer that says nothing ──▶ RetryAfter ──max_attempts, else 10──▶ Hold, or Dead where on_unclear = dead
//! ```
//!
//! A rule of `on_reply` or `on_status` puts an answer into another of these rows.
//!
//! The line between the second row and the fourth: a peer that answered has judged this message, and may judge it so
//! for ever; a peer that is away has judged nothing.

use std::num::NonZeroU32;
use std::time::Duration;

use wardline_hl7::AckCode;

use crate::cause::Cause;
use crate::on_reply::ReplyOutcome;
use crate::received::Received;
use crate::retry::RetryPolicy;
use crate::sqlstate::DatabaseFault;
use crate::status::StatusMeaning;

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
    /// Not before an operator has decided.
    Stop,
    /// Within `retry`, then as `on_exhausted` says.
    Errors,
    /// A count of sends, then as `on_unclear` says.
    Unclear,
    /// For ever.
    Endless,
}

/// Decides about one delivery after one attempt.
pub fn classify(policy: &DeliveryPolicy, situation: &Situation, received: Received) -> Verdict {
    let Some((patience, cause)) = patience_after(received) else { return Verdict::Delivered };
    let delay = policy.retry.next_delay(situation.failures, situation.random);
    let delay = delay.max(received.wait_asked_for(&policy.retry));
    let retry = Verdict::RetryAfter { delay, cause };
    match patience {
        Patience::None => Verdict::Dead { cause },
        Patience::Stop => Verdict::Hold { cause },
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

/// How long what came is worth retrying, and why; none where the destination has taken responsibility.
fn patience_after(received: Received) -> Option<(Patience, Cause)> {
    let failed = match received {
        Received::Reply { code: AckCode::AA | AckCode::CA, .. }
        | Received::Status { meaning: StatusMeaning::Delivered, .. }
        | Received::Written
        | Received::Silent { is_yes: true }
        | Received::Anything
        | Received::HandlerAccepted
        | Received::FileWritten
        | Received::Inserted => return None,
        Received::Reply { code: AckCode::AE | AckCode::CE, .. } => (Patience::Errors, Cause::Error),
        Received::Reply { code: AckCode::AR | AckCode::CR, record_locked: true } => {
            (Patience::Errors, Cause::RecordLocked)
        }
        Received::Reply { code: AckCode::AR | AckCode::CR, record_locked: false } => {
            (Patience::None, Cause::Rejected)
        }
        Received::Ruled { then, .. }
        | Received::Status { meaning: StatusMeaning::Ruled(then), .. } => match then {
            ReplyOutcome::Delivered => return None,
            ReplyOutcome::Retry => (Patience::Errors, Cause::Ruled),
            ReplyOutcome::Dead => (Patience::None, Cause::Ruled),
            ReplyOutcome::Hold => (Patience::Stop, Cause::Ruled),
        },
        Received::Status { meaning: StatusMeaning::Failed, .. } => {
            (Patience::Errors, Cause::HttpFailed)
        }
        Received::Status { meaning: StatusMeaning::Busy, .. } => {
            (Patience::Errors, Cause::HttpBusy)
        }
        Received::Status { meaning: StatusMeaning::Rejected, .. } => {
            (Patience::None, Cause::HttpRejected)
        }
        Received::Silent { is_yes: false } => (Patience::Errors, Cause::Silence),
        Received::Transport(fault) => (Patience::Endless, fault.cause()),
        Received::Unclear(unclear) => (Patience::Unclear, unclear.cause()),
        Received::HandlerRejected => (Patience::None, Cause::HandlerRejected),
        Received::Handler(fault) if !fault.was_asked() => (Patience::Endless, fault.cause()),
        Received::Handler(fault) => (Patience::Errors, fault.cause()),
        Received::File(fault) => (Patience::Endless, fault.cause()),
        Received::Database(fault) => match fault {
            DatabaseFault::Unavailable => (Patience::Endless, fault.cause()),
            DatabaseFault::Failed => (Patience::Errors, fault.cause()),
            DatabaseFault::Rejected => (Patience::None, fault.cause()),
        },
        Received::Loop => (Patience::None, Cause::Loop),
        Received::Unframeable => (Patience::None, Cause::Unframeable),
    };
    Some(failed)
}

/// Whether errors have lasted for `retry.for`, or used up `retry.max_attempts`.
fn errors_exhausted(retry: &RetryPolicy, situation: &Situation) -> bool {
    situation.since_first_error >= retry.retry_for
        || retry.max_attempts.is_some_and(|limit| situation.attempts >= limit.get())
}
