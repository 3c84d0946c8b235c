//! Messages that were received: which of them, and what became of each.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use super::bytes_as_text::latin1;

/// Which messages, newest first. What is left out matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageSearch {
    /// All of these are true of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyQuery>,
    /// Received at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Received before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Received through this listener; of what a handler emitted, the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
    /// Sent to this destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// With a delivery in this state: the one to `destination`, where that is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<StateWanted>,
    /// Of at least so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_size: Option<u64>,
    /// Of at most so many bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<u64>,
    /// Sent in by this replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<u64>,
    /// Only those before this one: the `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<MessageId>,
    /// At most this many rows, capped at [`MAX_PAGE`](super::MAX_PAGE).
    pub limit: usize,
    /// Who asks. That somebody looks for keys that are content is logged: which keys, not what they are. Absent = goes on
    /// with what was logged already, as the pages behind the first do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub by: String,
}

impl MessageSearch {
    /// Names of its keys that are content; `any` where one may be.
    pub fn content_keys(&self) -> Vec<&str> {
        let named = self.keys.iter().flat_map(|query| match query.names.as_slice() {
            [] => vec!["any"],
            names => names.iter().map(String::as_str).collect(),
        });
        named.filter(|name| !OPEN_KEYS.contains(name)).collect()
    }
}

/// Names of keys that are no content: they stand in every list.
pub const OPEN_KEYS: [&str; 4] = ["control-id", "type", "sender", "receiver"];

/// A key that a message must have.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyQuery {
    /// Under one of these names: `control-id`, `type`, `sender`, `receiver`, `patient`, `visit`, `order`, or one of
    /// `[history] keys`. None = any that is one message's own: its control id, patient, visit, order, or one of `keys`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Its text. Of a sender or receiver `APPLICATION|FACILITY`, or the application alone.
    pub value: String,
    /// Whether it only has to begin so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prefix: bool,
}

impl fmt::Debug for KeyQuery {
    /// The value may name a patient: PHI-1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyQuery")
            .field("names", &self.names)
            .field("value_bytes", &self.value.len())
            .field("prefix", &self.prefix)
            .finish()
    }
}

/// What a message is looked for by: how one of its deliveries stands, or the message itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateWanted {
    /// One waits for its turn or its retry.
    Pending,
    /// One is stopped until an operator decides.
    Held,
    /// One is a dead letter.
    Dead,
    /// One was delivered.
    Delivered,
    /// One was withdrawn, and the sender told so.
    Returned,
    /// One was given up.
    Discarded,
    /// It was taken, and went nowhere: no route matched.
    Unrouted,
    /// It was not taken: answered negatively, or set aside.
    Rejected,
}

/// How a delivery stands, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryFate {
    /// Waits for its turn or its retry.
    Pending,
    /// Stopped until an operator decides.
    Held,
    /// A dead letter.
    Dead,
    /// The peer took responsibility.
    Delivered,
    /// Withdrawn, and the sender told so.
    Returned,
    /// Given up by an operator or by retention.
    Discarded,
}

impl DeliveryFate {
    /// The word it is shown by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Dead => "dead",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Discarded => "discarded",
        }
    }

    /// Whether nothing follows it.
    pub fn is_end(self) -> bool {
        match self {
            Self::Delivered | Self::Returned | Self::Discarded => true,
            Self::Pending | Self::Held | Self::Dead => false,
        }
    }
}

/// One message in a list: ids, codes and sizes, nothing that names a patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Its number.
    pub message: MessageId,
    /// When it was received, RFC 3339.
    pub received: Timestamp,
    /// Through which listener; of what a handler emitted, the destination.
    pub listener: String,
    /// From where; empty for what a handler emitted.
    pub peer: String,
    /// Bytes.
    pub size: u64,
    /// MSH-10; empty where it has none.
    pub control_id: String,
    /// MSH-9, as `ADT^A01`.
    pub message_type: String,
    /// MSH-3 and MSH-4, as `RIS|ST-E`.
    pub sender: String,
    /// MSH-5 and MSH-6.
    pub receiver: String,
    /// What was found out about it: `duplicate`, `in a batch`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
    /// How many handler destinations it has passed.
    pub hops: u8,
    /// The positive answer its sender got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<AnswerRow>,
    /// Why it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusalRow>,
    /// What it is a replay of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<OriginRow>,
    /// Its record could not be read: what stands only there is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    /// Where it went.
    pub destinations: Vec<FateRow>,
}

/// What a sender was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRow {
    /// MSA-1: `AA` or `CA`.
    pub code: String,
    /// MSH-10 of the answer.
    pub control_id: String,
    /// MSH-7 of the answer.
    pub at: Timestamp,
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalRow {
    /// MSA-1 of what was answered.
    pub code: String,
    /// The cause's stable code.
    pub cause: String,
}

/// Where a replayed message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginRow {
    /// The job that sent it in.
    pub job: u64,
    /// The message that it was made of.
    pub message: MessageId,
}

/// How one delivery of a message stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FateRow {
    /// The destination's id.
    pub destination: String,
    /// Its state.
    pub state: DeliveryFate,
    /// How often it was sent.
    pub attempts: u32,
    /// Since when it is so.
    pub at: Timestamp,
    /// The stable code of its last cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The code of the answer it was delivered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_code: Option<String>,
}

/// A message that has something in common with another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedRow {
    /// What they have in common: `replay` of one another, `order`, `visit` or `control-id`.
    pub same: String,
    /// The message.
    pub row: MessageRow,
}

/// One message and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageHistory {
    /// The message.
    pub row: MessageRow,
    /// What happened, the oldest first; of very many, the newest.
    pub events: Vec<EventRow>,
    /// Bytes of the journal that are not noted down yet: what happened in them is not told.
    #[serde(default)]
    pub behind: u64,
}

/// One thing that happened to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// When.
    pub at: Timestamp,
    /// To the delivery to this destination; absent = to the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// What.
    pub what: MessageEvent,
}

/// What happened to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum MessageEvent {
    /// It came.
    Received {
        /// Through which listener.
        listener: String,
        /// From where.
        peer: String,
        /// Bytes.
        size: u64,
        /// What was found out about it.
        marks: Vec<String>,
    },
    /// It was durable, and its sender was answered.
    Answered(AnswerRow),
    /// It was not taken.
    Refused(RefusalRow),
    /// The peer took responsibility.
    Delivered {
        /// How often it was sent.
        attempts: u32,
        /// The code of the peer's answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_code: Option<String>,
        /// By when its application's answer is due.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        application_due: Option<Timestamp>,
    },
    /// It failed, and is tried again.
    Deferred {
        /// How often it was sent.
        attempts: u32,
        /// When it is tried again.
        due: Timestamp,
        /// The cause's stable code.
        cause: String,
    },
    /// It became a dead letter.
    Dead {
        /// How often it was sent.
        attempts: u32,
        /// The cause's stable code.
        cause: String,
        /// Bytes of the answer that is kept.
        reply_size: u64,
    },
    /// It was stopped.
    Held {
        /// How often it was sent.
        attempts: u32,
        /// The cause's stable code.
        cause: String,
        /// Bytes of the answer that is kept.
        reply_size: u64,
    },
    /// It was withdrawn, and the sender told so.
    Returned,
    /// It was given up.
    Discarded {
        /// By whom.
        by: String,
        /// Why.
        reason: String,
    },
    /// An operator put it back in line.
    Revived {
        /// Who.
        by: String,
    },
    /// Retention copied it forward; what happened before may be gone.
    Carried {
        /// How the delivery stood.
        state: DeliveryFate,
        /// How often it was sent.
        attempts: u32,
        /// The stable code of its last cause.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
    },
}

/// The bytes of a message: content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageContent {
    /// The message.
    pub message: MessageId,
    /// As it was received, as Latin-1 text.
    #[serde(with = "latin1")]
    pub body: Vec<u8>,
    /// What is sent where that differs, by destination.
    pub sent: Vec<SentBody>,
    /// What peers answered, as far as that is kept: of deliveries that stopped, and the last of one that is tried again.
    pub replies: Vec<ReplyBody>,
}

/// What is sent to one destination.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentBody {
    /// The destination's id.
    pub destination: String,
    /// The bytes, as Latin-1 text.
    #[serde(with = "latin1")]
    pub body: Vec<u8>,
}

/// What a peer answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyBody {
    /// The destination's id.
    pub destination: String,
    /// When the delivery stopped with it; absent = of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The bytes, as Latin-1 text.
    #[serde(with = "latin1")]
    pub body: Vec<u8>,
}

impl fmt::Debug for MessageContent {
    /// Bytes show their sizes only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageContent")
            .field("message", &self.message)
            .field("body_bytes", &self.body.len())
            .field("sent", &self.sent)
            .field("replies", &self.replies)
            .finish()
    }
}

impl fmt::Debug for SentBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SentBody({}, {} bytes)", self.destination, self.body.len())
    }
}

impl fmt::Debug for ReplyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplyBody({}, {} bytes)", self.destination, self.body.len())
    }
}
