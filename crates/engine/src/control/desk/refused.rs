//! Why a request was refused, for the caller: a stable reason and words.

use std::error::Error;

use wardline_store::ReadError;

use super::super::protocol::{MAX_REPLAYED, RefusedReason};
use super::super::reloading::Refusal;
use crate::inbound::release::NotReleased;
use crate::outbound::OperatorFault;
use crate::outbound::relocation::DamagedDelivery;
use crate::replay::NotReplayed;
use crate::trial::NotTried;

/// Why a request was refused; becomes [`Response::Refused`].
#[derive(Debug, thiserror::Error)]
pub(super) enum DeskError {
    #[error("there is no destination, queue or delivery of that name")]
    NotFound,
    #[error("that delivery is being sent at this moment; ask again")]
    InFlight,
    #[error("the destination has much to do, or its queue is being read; ask again")]
    Busy,
    #[error("another message is at the head of the queue by now: look again")]
    NotTheHead,
    #[error("the engine is ending")]
    Draining,
    #[error("this needs a running engine")]
    NotRunning,
    #[error("the store could not be read")]
    Store(#[from] ReadError),
    #[error("the store has failed")]
    StoreFailed,
    #[error("a task of the engine failed")]
    Task(#[from] tokio::task::JoinError),
    #[error("{}", .0.text)]
    NotReloaded(Refusal),
    #[error("there is no copy of that number that was answered again and not delivered")]
    NoSuchCopy,
    #[error("the listener that it came through is gone from the configuration")]
    NoSuchListener,
    #[error(transparent)]
    NotReplayed(#[from] NotReplayed),
    #[error("there is no message of that number, or it is no longer kept")]
    NoSuchMessage,
    #[error("there is no such message, or no document at that place of it")]
    NoSuchDocument,
    #[error("messages are not noted down to be found again: `[history] enabled` is false")]
    NoHistory,
    #[error("no message is found by `{name}`: there are {known}")]
    UnknownKey { name: String, known: String },
    #[error("that asks for too many keys at once")]
    TooManyKeys,
    #[error("others look for messages at this moment; ask again")]
    Looking,
    #[error(
        "{} messages match, more than the {MAX_REPLAYED} that one replay takes: narrow the search",
        if *.is_whole { .count.to_string() } else { format!("at least {}", .count) }
    )]
    TooManyFound { count: usize, is_whole: bool },
    #[error("looking took too long, {0} messages were found until then: narrow the search")]
    NotAllFound(usize),
    #[error("what was looked at is not kept any more: look again")]
    NoSuchList,
    #[error("there is no listener of that name")]
    ListenerUnknown,
    #[error("no page is served: `[admin]` is not configured, or the engine does not run")]
    NoPage,
    #[error("there is no such session")]
    NoSuchSession,
    #[error("a queue cannot be moved to itself")]
    MovedToItself,
    #[error(
        "the two destinations are of different kinds: what is made for one is nothing for the other"
    )]
    AnotherKind,
    #[error("the store takes no messages at this moment: what is not moved stays where it is")]
    NothingTaken,
    #[error(transparent)]
    Damaged(#[from] DamagedDelivery),
    #[error(
        "there are several listeners, and none of them took a message of this sender: say which, of {known}"
    )]
    WhichListener { known: String },
    #[error(transparent)]
    NotTried(#[from] NotTried),
    #[error("the copy is not released")]
    NotReleased(#[from] NotReleased),
}

impl DeskError {
    /// The same for the exit code.
    pub(super) fn reason(&self) -> RefusedReason {
        match self {
            Self::NotFound
            | Self::NoSuchCopy
            | Self::NoSuchListener
            | Self::NoSuchMessage
            | Self::ListenerUnknown
            | Self::NoPage
            | Self::NoSuchSession
            | Self::NoSuchDocument => RefusedReason::NotFound,
            Self::NoHistory => RefusedReason::NoHistory,
            Self::UnknownKey { .. } | Self::TooManyKeys => RefusedReason::UnknownKey,
            Self::MovedToItself | Self::AnotherKind | Self::NothingTaken | Self::Damaged(_) => {
                RefusedReason::NotMoved
            }
            Self::NotReleased(_) => RefusedReason::NotReleased,
            Self::WhichListener { .. } => RefusedReason::WhichListener,
            Self::NotTried(error) => match error {
                NotTried::Busy => RefusedReason::Busy,
                NotTried::TooLong => RefusedReason::TooLong,
                NotTried::TooLate | NotTried::NoThread(_) | NotTried::BrokeOff => {
                    RefusedReason::NotTried
                }
            },
            Self::NotReplayed(error) => match error {
                NotReplayed::NoSuchJob(_) | NotReplayed::NoSuchDestination(_) => {
                    RefusedReason::NotFound
                }
                NotReplayed::Store(_) | NotReplayed::Task(_) => RefusedReason::StoreFailed,
                NotReplayed::TooManyOpen => RefusedReason::Busy,
                NotReplayed::EngineEnds => RefusedReason::Draining,
                NotReplayed::Nothing
                | NotReplayed::TooMany(_)
                | NotReplayed::AnotherCount { .. }
                | NotReplayed::EditedSeveral
                | NotReplayed::EditedTooLarge
                | NotReplayed::EditedBreaksItsFrame
                | NotReplayed::DestinationsOfRoutes
                | NotReplayed::NotNow { .. }
                | NotReplayed::NumbersUnknown
                | NotReplayed::Disk(_) => RefusedReason::NotReplayed,
            },
            Self::TooManyFound { .. } | Self::NotAllFound(_) | Self::NoSuchList => {
                RefusedReason::NotReplayed
            }
            Self::InFlight => RefusedReason::InFlight,
            Self::Busy | Self::Looking => RefusedReason::Busy,
            Self::NotTheHead => RefusedReason::NotTheHead,
            Self::Draining => RefusedReason::Draining,
            Self::NotRunning => RefusedReason::NotRunning,
            Self::Store(_) | Self::StoreFailed | Self::Task(_) => RefusedReason::StoreFailed,
            Self::NotReloaded(refusal) => refusal.reason,
        }
    }
}

impl From<OperatorFault> for DeskError {
    fn from(fault: OperatorFault) -> Self {
        match fault {
            OperatorFault::NotFound => Self::NotFound,
            OperatorFault::InFlight => Self::InFlight,
            OperatorFault::Busy => Self::Busy,
            OperatorFault::NotTheHead => Self::NotTheHead,
            OperatorFault::Draining => Self::Draining,
            OperatorFault::NothingTaken => Self::NothingTaken,
            OperatorFault::Damaged(damaged) => Self::Damaged(damaged),
            OperatorFault::Unreadable(error) => Self::Store(error),
            OperatorFault::StoreFailed => Self::StoreFailed,
        }
    }
}

/// An error and what is behind it, for a caller who gets no more than a text.
pub(super) fn in_words(error: &DeskError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
