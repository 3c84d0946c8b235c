//! What the end of an attempt speaks of: this message, the destination as a whole, or the way to it.

use wardline_flow::{
    Cause, DatabaseFault, FileFault, HandlerFault, Received, ReplyOutcome, StatusMeaning,
};
use wardline_hl7::AckCode;

use crate::outbound::report::Ended;

/// Whether an attempt's end is about the destination as a whole: then its slot waits, whatever it would carry next.
pub(super) fn is_the_destinations(ended: &Ended) -> bool {
    match ended {
        Ended::Attempted { received, .. } => failed_as_a_whole(*received),
        Ended::NotSent(fault) => fault.is_some(),
        Ended::Concluded => false,
    }
}

/// The same of what came of it.
pub(super) fn failed_as_a_whole(received: Received) -> bool {
    match received {
        Received::Transport(_)
        | Received::Unclear(_)
        | Received::Status { meaning: StatusMeaning::Busy, .. }
        | Received::Database(DatabaseFault::Unavailable)
        | Received::Handler(HandlerFault::Busy | HandlerFault::Down)
        | Received::File(FileFault::NoSpace | FileFault::Denied | FileFault::Failed) => true,
        Received::Reply { .. }
        | Received::Ruled { .. }
        | Received::Status { .. }
        | Received::Written
        | Received::Silent { .. }
        | Received::Anything
        | Received::HandlerAccepted
        | Received::HandlerRejected
        | Received::Handler(
            HandlerFault::Failed | HandlerFault::Panicked | HandlerFault::TimedOut,
        )
        | Received::FileWritten
        | Received::Inserted
        | Received::Database(DatabaseFault::Failed | DatabaseFault::Rejected)
        | Received::File(FileFault::NamesTaken)
        | Received::Loop
        | Received::Unframeable => false,
    }
}

/// Whether the destination judged this message and may judge it otherwise later: that is what `retry.for` is counted
/// from.
pub(super) fn is_error(received: Received) -> bool {
    match received {
        Received::Reply { code, .. } => !code.is_positive(),
        Received::Ruled { then, .. } => then != ReplyOutcome::Delivered,
        Received::Status { meaning, .. } => !meaning.is_taken(),
        Received::Silent { is_yes } => !is_yes,
        Received::Handler(fault) => fault.was_asked(),
        Received::Database(fault) => fault != DatabaseFault::Unavailable,
        Received::Transport(_)
        | Received::Unclear(_)
        | Received::Written
        | Received::Anything
        | Received::HandlerAccepted
        | Received::HandlerRejected
        | Received::FileWritten
        | Received::Inserted
        | Received::File(_)
        | Received::Loop
        | Received::Unframeable => false,
    }
}

/// Whether this was a send: `retry.max_attempts` counts those.
pub(super) fn reached_the_peer(received: Received) -> bool {
    !matches!(
        received,
        Received::Handler(HandlerFault::Busy | HandlerFault::Down)
            | Received::Loop
            | Received::Unframeable
    )
}

/// What the peer answered, where that has a code.
pub(super) fn code(received: Received) -> Option<AckCode> {
    match received {
        Received::Reply { code, .. } => Some(code),
        Received::Ruled { code, .. } => code,
        _ => None,
    }
}

/// Whether the way to the peer failed, and not what was said on it.
pub(super) fn is_of_the_way(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::NoPeer
            | Cause::Tls
            | Cause::TlsCertificate
            | Cause::Reset
            | Cause::Closed
            | Cause::WriteTimeout
            | Cause::AckTimeout
    )
}
