//! What the engine answers, and why it may not.

use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use super::{
    After, CopyRow, DeliveryDetail, DeliveryRow, IntakeChanged, LaneRow, LookupRow, MAX_LINE,
    MessageAnatomy, MessageContent, MessageDocument, MessageHistory, MessageRow, QueueRow,
    Readiness, RelatedRow, Reload, ReplayPreview, ReplayRow, Rest, SessionRow, Status,
    StoreFigures, StorePreview, Tried, Verification, VerifyFigures, Wiring,
};
use crate::observe::LogLine;

/// Why a request could not be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedReason {
    /// The line was not a request this engine knows.
    NotUnderstood,
    /// No such destination, queue or message.
    NotFound,
    /// The delivery is being sent at this moment; ask again.
    InFlight,
    /// The queue is being read, or its pool has much to do; ask again.
    Busy,
    /// Another message is at the head of the queue by now.
    NotTheHead,
    /// The answer would be longer than [`MAX_LINE`].
    TooLong,
    /// The store could not be read or has failed.
    StoreFailed,
    /// The engine is draining.
    Draining,
    /// It needs a running engine, and there is none.
    NotRunning,
    /// The configuration has faults; everything stays as it was.
    ConfigurationInvalid,
    /// A file for TLS cannot be used; everything stays as it was.
    CertificatesUnusable,
    /// Something is changed that cannot be changed while the engine runs; everything stays as it was.
    NeedsRestart,
    /// A destination is gone, and its queue is not empty; everything stays as it was.
    QueueNotEmpty,
    /// An address, a folder or a handler could not be had; everything stays as it was.
    NotReloaded,
    /// What is to be applied is not what was looked at; everything stays as it was.
    AnotherDifference,
    /// Deliveries were not moved, or not all of them; what is not moved stays where it is.
    NotMoved,
    /// A copy was not taken again, or could not be stored.
    NotReleased,
    /// A replay cannot be started so, or not changed in that way any more; nothing was done.
    NotReplayed,
    /// Messages are not noted down: `[history] enabled = false`.
    NoHistory,
    /// It asks for something that messages are not found by.
    UnknownKey,
    /// There are several listeners, and nothing tells which is meant.
    WhichListener,
    /// A message was not tried to its end: its scripts take too long, most likely.
    NotTried,
}

/// What the engine answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "one answer a request, and gone")]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Response {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Queues`].
    Queues {
        /// A row per destination, in the order of the configuration, orphaned ones last.
        queues: Vec<QueueRow>,
    },
    /// To [`Request::Deliveries`].
    Deliveries {
        /// Oldest first.
        deliveries: Vec<DeliveryRow>,
        /// Where to go on; absent = nothing follows. There may be none on this page although some follow: looking
        /// through a long queue has its time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<After>,
    },
    /// To [`Request::Lanes`].
    Lanes {
        /// As many as were asked for.
        lanes: Vec<LaneRow>,
        /// How many there are.
        count: u64,
        /// How many of them are held.
        held: u64,
        /// How many wait for a retry.
        retrying: u64,
        /// Whether the whole queue was looked through: that has its time. Without it, counts are too small, and lanes
        /// whose first message came late are missing; those that are held are all here.
        whole: bool,
    },
    /// To [`Request::Delivery`].
    Message(Box<DeliveryDetail>),
    /// To everything that changes something.
    Done {
        /// How many deliveries were (or with `dry_run` would be) touched.
        affected: u64,
        /// Whether it was only looked at.
        dry_run: bool,
        /// The queue afterwards.
        queue: Option<QueueRow>,
        /// Of a skip: which message it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// Of a request for all: what is left. Ask again, a [`Request::Retry`] as it was, others with [`Which::Rest`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rest: Option<Rest>,
    },
    /// To [`Request::Lookups`].
    Lookups {
        /// A row per table, by name.
        lookups: Vec<LookupRow>,
    },
    /// To [`Request::Logs`].
    Logs {
        /// Oldest first.
        lines: Vec<LogLine>,
        /// The number of the newest line of all. A gap in the numbers before it are lines that matter less, or that there
        /// was no room for.
        newest: u64,
    },
    /// To [`Request::Readiness`].
    Readiness(Readiness),
    /// To [`Request::StoreStats`].
    StoreStats(Box<StoreFigures>),
    /// To [`Request::StorePreview`].
    StorePreviewed(Box<StorePreview>),
    /// To [`Request::StoreVerify`].
    StoreVerified(Box<VerifyFigures>),
    /// To [`Request::VerifyStart`] and [`Request::Verification`].
    Verification(Box<Verification>),
    /// To [`Request::Copies`].
    Copies {
        /// The newest first.
        copies: Vec<CopyRow>,
    },
    /// To [`Request::Release`].
    Released {
        /// The copy, which stays as it was.
        copy: MessageId,
        /// The message that is delivered in its place, or the first of several.
        message: MessageId,
    },
    /// To [`Request::Pause`] and [`Request::Go`].
    Intake(Box<IntakeChanged>),
    /// To [`Request::Wiring`].
    Wiring(Box<Wiring>),
    /// To [`Request::Sessions`], and to [`Request::EndSession`] what is left.
    Sessions {
        /// The newest first.
        sessions: Vec<SessionRow>,
    },
    /// To [`Request::Search`] and [`Request::Messages`].
    Messages {
        /// The newest first.
        messages: Vec<MessageRow>,
        /// Where to go on; absent = nothing follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next: Option<MessageId>,
        /// Whether everything up to `next` was looked through: looking has its time. Without it, `next` goes on.
        whole: bool,
        /// Bytes that were received lately and are not noted down yet: messages in them are not found.
        behind: u64,
    },
    /// To [`Request::History`].
    History(Box<MessageHistory>),
    /// To [`Request::Related`].
    Related {
        /// The newest first, each once.
        related: Vec<RelatedRow>,
    },
    /// To [`Request::Anatomy`].
    Anatomy(Box<MessageAnatomy>),
    /// To [`Request::Document`].
    Document(Box<MessageDocument>),
    /// To [`Request::Content`].
    Content(Box<MessageContent>),
    /// To [`Request::Try`].
    Tried(Box<Tried>),
    /// To [`Request::Reload`].
    Reloaded(Box<Reload>),
    /// To [`Request::ReplayPreview`].
    ReplayPreviewed(Box<ReplayPreview>),
    /// To everything that changes a job: how it stands by now.
    Replay(Box<ReplayRow>),
    /// To [`Request::Replays`].
    Replays {
        /// The newest first.
        replays: Vec<ReplayRow>,
    },
    /// The request could not be met.
    Refused {
        /// Why, for the exit code.
        reason: RefusedReason,
        /// The same in words, without content.
        text: String,
    },
}

impl Response {
    /// The line that travels, its end included. An answer too long for any reader becomes a refusal.
    ///
    /// # Errors
    ///
    /// It cannot be written as JSON.
    pub fn to_line(&self) -> serde_json::Result<Vec<u8>> {
        self.line_within(MAX_LINE)
    }

    fn line_within(&self, most: usize) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        if line.len() >= most {
            line = serde_json::to_vec(&Self::Refused {
                reason: RefusedReason::TooLong,
                text: format!("too long to be shown: {} bytes, at most {most}", line.len()),
            })?;
        }
        line.push(b'\n');
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_nobody_could_read_is_refused_in_words() {
        let long = Response::Refused { reason: RefusedReason::NotFound, text: "x".repeat(500) };
        let line = long.line_within(500).expect("written");
        let read: Response = serde_json::from_slice(&line).expect("an answer");
        assert!(matches!(read, Response::Refused { reason: RefusedReason::TooLong, .. }));
        assert_eq!(line.last(), Some(&b'\n'));
    }
}
