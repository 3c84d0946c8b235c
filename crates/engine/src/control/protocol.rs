//! What is said between the engine and whoever operates it: one JSON object a line, a [`Request`] answered by one
//! [`Response`].
//!
//! Keys and values are stable: `--json` prints them as they are. No message content travels here except in
//! [`Response::Message`], [`Response::Content`], [`Response::Anatomy`] and [`Response::Tried`], and keys that were missed in [`Response::Lookups`]: all are sent only
//! when they were asked for by name.

mod amounts;
mod anatomy;
mod bytes_as_text;
mod certificates;
mod intake;
mod lookups;
mod messages;
mod process;
mod readiness;
mod reload;
mod replays;
mod response;
mod rows;
mod sessions;
mod storage;
mod trial;
mod wiring;

use serde::{Deserialize, Serialize};
pub use wardline_store::MessageId;

use crate::observe::LogLevel;

pub use amounts::{After, Rest, Which};
pub use anatomy::{
    DocumentPart, ElementChange, ElementPart, MessageAnatomy, MessageDocument, SegmentPart,
    SentChanges,
};
pub use certificates::{CertificateRow, CertificateState};
pub use intake::{IntakeChanged, PausedRow};
pub use lookups::{LookupRow, MissedKey};
pub use messages::{
    AnswerRow, DeliveryFate, EventRow, FateRow, KeyQuery, MessageContent, MessageEvent,
    MessageHistory, MessageRow, MessageSearch, OPEN_KEYS, OriginRow, RefusalRow, RelatedRow,
    ReplyBody, SentBody, StateWanted,
};
pub use process::ProcessFigures;
pub use readiness::{NotReady, Readiness};
pub use reload::{ChangeKind, ChangeRow, Effect, Part, QueueMove, QueueMoved, Reload};
pub use replays::{
    DEFAULT_RATE, EditedBody, MAX_EDITED, MAX_REPLAYED, MessageRange, ReplayMode, ReplayOrder,
    ReplayPreview, ReplayRow, ReplaySample, ReplayState,
};
pub use response::{RefusedReason, Response};
pub use rows::{
    CopyRow, DeliveryDetail, DeliveryRow, HandlerRow, LaneKind, LaneRow, LaneState, ListenerRow,
    QueueRow, Status, StoreFigures, StoreOutlook, VerifyFigures,
};
pub use sessions::SessionRow;
pub use storage::{
    HistoryFigures, NotEnded, PreviewListener, PreviewSegment, StorePreview, Verification,
    VerificationResult, VerificationRun,
};
pub use trial::{ToTry, Tried};
pub use wiring::{DestinationWiring, ListenerWiring, RouteWiring, Wiring};

/// The longest line either side reads, in bytes: a request is small, a page of a queue holds at most
/// [`MAX_PAGE`] rows. A message takes a byte for most of its own, two for each line end and beyond ASCII, six for
/// other control characters: of what is over 40 MiB not every one can be shown, and of what is over 256 MiB none.
pub const MAX_LINE: usize = 256 * 1024 * 1024;
/// The most rows one answer holds; `after` asks for the next page.
pub const MAX_PAGE: usize = 1000;

/// What an operator can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// The whole engine at a glance.
    Status,
    /// One row for each destination that is configured or has a queue.
    Queues,
    /// The deliveries of one destination, or of all, in one state, oldest first.
    Deliveries {
        /// The destination's id; absent = of all.
        destination: Option<String>,
        /// Which of them.
        state: DeliveryState,
        /// Start behind this one.
        after: Option<After>,
        /// At most this many rows, capped at [`MAX_PAGE`].
        limit: usize,
    },
    /// The lanes of one destination in which something waits: those that are held first, then those that wait for a
    /// retry.
    Lanes {
        /// The destination's id.
        destination: String,
        /// At most this many rows, capped at [`MAX_PAGE`].
        limit: usize,
        /// Also send the keys.
        content: bool,
    },
    /// One delivery with its reason and, if `content`, the bytes.
    Delivery {
        /// The destination's id.
        destination: String,
        /// The message.
        message: MessageId,
        /// Also send the body and the peer's answer.
        content: bool,
    },
    /// Try now: ends a hold of the destination, forgets its back-off and puts held deliveries back in line.
    Retry {
        /// The destination's id.
        destination: String,
        /// Who asks.
        by: String,
    },
    /// Keep everything of this destination where it is until `Retry`.
    Hold {
        /// The destination's id.
        destination: String,
        /// Who asks.
        by: String,
        /// Why, for whoever finds it held.
        reason: String,
    },
    /// Move the head of the queue to the dead letters so that the lane goes on.
    Skip {
        /// The destination's id.
        destination: String,
        /// The message that was seen at the head: nothing is done if it is another by now. Absent = whatever is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageId>,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
        /// Only tell what would happen.
        dry_run: bool,
    },
    /// End deliveries for good, undelivered.
    Discard {
        /// The destination's id.
        destination: String,
        /// Pending and held ones, or dead letters.
        from: DiscardFrom,
        /// Which.
        which: Which,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
        /// Only tell what would happen.
        dry_run: bool,
    },
    /// Have what waits or stopped delivered by another destination of the same kind, in the order in which it stands.
    /// What is in flight is waited for; the destination is held meanwhile.
    Move {
        /// The destination's id.
        from: String,
        /// Who gets it.
        to: String,
        /// Which.
        which: Which,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
        /// Only tell what would happen.
        dry_run: bool,
    },
    /// Put dead letters back in line.
    Revive {
        /// The destination's id.
        destination: String,
        /// Which.
        which: Which,
        /// Who asks.
        by: String,
        /// Only tell what would happen.
        dry_run: bool,
    },
    /// The lookup tables of the running engine, and what was missed in them.
    Lookups {
        /// One of them; absent = all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        table: Option<String>,
        /// Also send the keys that were missed. They come from messages.
        keys: bool,
    },
    /// The newest lines of the log.
    Logs {
        /// Start behind the line of this number; absent = the newest lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// Only what matters at least so much.
        level: LogLevel,
        /// At most this many lines, capped at [`MAX_PAGE`].
        limit: usize,
    },
    /// Whether the engine can do its work, for whoever sends it messages.
    Readiness,
    /// Figures of the store.
    StoreStats,
    /// What retention would let go if it ran now under these limits. Nothing goes.
    StorePreview {
        /// What is older would go; absent = as it is configured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retain_for_seconds: Option<u64>,
        /// The oldest would go until the journal is no larger; absent = as it is configured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retain_bytes: Option<u64>,
    },
    /// Read the whole store and compare.
    StoreVerify,
    /// The same beside a running engine: answered at once, read behind everything else. One that runs goes on.
    VerifyStart {
        /// Who asks.
        by: String,
    },
    /// How that stands, and what the last one found.
    Verification,
    /// Copies of the last day that were answered again and not delivered, the newest first.
    Copies {
        /// At most this many rows, capped at [`MAX_PAGE`].
        limit: usize,
    },
    /// Deliver such a copy after all: it goes through its listener as if it came now.
    Release {
        /// The copy.
        message: MessageId,
        /// Who asks.
        by: String,
    },
    /// Let nothing in through a listener, until [`Request::Go`] or the end of the engine.
    Pause {
        /// The listener's id.
        listener: String,
        /// Who asks.
        by: String,
        /// Why, for whoever finds it paused.
        reason: String,
    },
    /// Let messages in again.
    Go {
        /// The listener's id.
        listener: String,
        /// Who asks.
        by: String,
    },
    /// How listeners, routes and destinations of the running engine are joined.
    Wiring,
    /// Who is signed in at the page.
    Sessions,
    /// End one session of the page.
    EndSession {
        /// As it is listed.
        session: String,
        /// Who asks.
        by: String,
    },
    /// What the running configuration would do with a message. Nothing is sent or stored, and scripts speak with nobody.
    Try {
        /// The listener through which it would come; absent = the one it came through, the only one, or the one through
        /// which its sender's newest message came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        listener: Option<String>,
        /// The message.
        what: ToTry,
        /// Who asks.
        by: String,
        /// Why, of a message that was received.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// Messages that were received, newest first.
    Search(MessageSearch),
    /// These messages, as [`Request::Search`] shows them; those that are not kept any more are left out.
    Messages {
        /// Their numbers, at most [`MAX_PAGE`].
        messages: Vec<MessageId>,
    },
    /// One message and all that happened to it.
    History {
        /// Its number.
        message: MessageId,
    },
    /// Other messages with the same control id, and replays of it.
    Related {
        /// Its number.
        message: MessageId,
        /// Also those of the same order or visit: which messages belong together is content.
        #[serde(default)]
        content: bool,
    },
    /// A message taken apart: its segments and elements, and what differs in what is sent.
    Anatomy {
        /// Its number.
        message: MessageId,
        /// Also send values that are content. That somebody read them is logged.
        content: bool,
        /// Who asks.
        by: String,
    },
    /// A document that travels inside a message. That somebody read it is logged.
    Document {
        /// The message's number.
        message: MessageId,
        /// Which of its segments: `OBX[2]`.
        path: String,
        /// Who asks.
        by: String,
    },
    /// The bytes of a message: as received, as sent, and what was answered. That somebody read it is logged.
    Content {
        /// Its number.
        message: MessageId,
        /// Who asks.
        by: String,
        /// Why, where he was asked.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// At most so many bytes of each; absent = all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most: Option<usize>,
    },
    /// Read the configuration and every file it names again, and apply what is changed.
    Reload {
        /// Only tell what would happen.
        dry_run: bool,
        /// Where the queues of destinations go that are gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        moves: Vec<QueueMove>,
        /// Destinations that are gone and whose queue is kept.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        park: Vec<String>,
        /// The digest of the difference that was looked at: nothing is applied where it is another by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<String>,
        /// Who asks.
        by: String,
    },
    /// How many messages a replay would be about, and some of them. Nothing is sent.
    ReplayPreview {
        /// What would be replayed.
        order: ReplayOrder,
        /// Who asks: the list that is kept of it is for nobody else.
        #[serde(default)]
        by: String,
    },
    /// Send messages of the past in once more.
    ReplayStart {
        /// What is replayed.
        order: ReplayOrder,
        /// How many the preview told: nothing is done where it is another number by now.
        count: u64,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
    },
    /// The jobs, the newest first; or one of them.
    Replays {
        /// This one; absent = all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<u64>,
    },
    /// Send nothing more of a job in until it is resumed.
    ReplayPause {
        /// The job.
        job: u64,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
    },
    /// Go on with a job that was paused.
    ReplayResume {
        /// The job.
        job: u64,
        /// Who asks.
        by: String,
    },
    /// End a job where it stands. What it has sent in is delivered all the same.
    ReplayCancel {
        /// The job.
        job: u64,
        /// Who asks.
        by: String,
        /// Why.
        reason: String,
    },
}

/// Where a delivery stands when it has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Waits for its turn or its retry.
    Pending,
    /// Stopped until an operator decides: the answer was unclear too often.
    Held,
    /// A dead letter.
    Dead,
}

/// From where a discard takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiscardFrom {
    /// Pending and held deliveries.
    Queue,
    /// Dead letters.
    Dead,
}

impl Request {
    /// What to ask next when the answer to this one was that so much is left.
    #[must_use]
    pub fn going_on(&self, rest: Rest) -> Self {
        let mut next = self.clone();
        if let Self::Discard { which, .. } | Self::Move { which, .. } | Self::Revive { which, .. } =
            &mut next
        {
            *which = Which::Rest(rest);
        }
        next
    }
}
