//! What is said between the engine and whoever operates it: one JSON object a line, a [`Request`] answered by one
//! [`Response`].
//!
//! Keys and values are stable: `--json` prints them as they are. No message content travels here except in
//! [`Response::Message`], which is sent only when it was asked for by name.

use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use crate::observe::{DestinationCounts, HandlerCounts, ListenerCounts};

/// The longest line either side reads, in bytes: a request is small, a page of a queue holds at most
/// [`MAX_PAGE`] rows, a message at most the largest `max_message_size` in base64.
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
    /// The deliveries of one destination in one state, oldest first.
    Deliveries {
        /// The destination's id; absent = all (dead letters only).
        destination: Option<String>,
        /// Which of them.
        state: DeliveryState,
        /// Start behind this message.
        after: Option<MessageId>,
        /// At most this many rows, capped at [`MAX_PAGE`].
        limit: usize,
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
    /// Figures of the store.
    StoreStats,
    /// Read the whole store and compare.
    StoreVerify,
    /// Drain, then stop.
    Stop,
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

/// Which deliveries an action is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// All of the destination at the moment of the request.
    All,
    /// These.
    Messages(Vec<MessageId>),
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
        /// Whether there are more behind the last.
        more: bool,
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
    },
    /// To [`Request::StoreStats`].
    StoreStats(Box<StoreFigures>),
    /// To [`Request::StoreVerify`].
    StoreVerified(Box<VerifyFigures>),
    /// To [`Request::Stop`].
    Stopping,
    /// The request could not be met.
    Refused {
        /// Why, for the exit code.
        reason: RefusedReason,
        /// The same in words, without content.
        text: String,
    },
}

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
    /// The store could not be read or has failed.
    StoreFailed,
    /// The engine is draining.
    Draining,
    /// It needs a running engine, and there is none.
    NotRunning,
}

/// The engine at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `[engine] name`.
    pub name: String,
    /// The version of the binary.
    pub version: String,
    /// The process.
    pub pid: u32,
    /// When it started, RFC 3339.
    pub started: String,
    /// `running` or `draining`.
    pub phase: String,
    /// Whether messages are taken in, and why not.
    pub intake: String,
    /// Resident memory, bytes.
    pub resident_bytes: u64,
    /// One row a listener.
    pub listeners: Vec<ListenerRow>,
    /// One row a destination.
    pub destinations: Vec<QueueRow>,
    /// One row a handler.
    pub handlers: Vec<HandlerRow>,
    /// Messages accepted that no route matched.
    pub unrouted: u64,
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenerRow {
    /// Its id.
    pub id: String,
    /// The bound address, with the real port where 0 was asked for.
    pub address: String,
    /// Open connections.
    pub connections: u64,
    /// The most it takes.
    pub max_connections: u64,
    /// When the last message came, RFC 3339.
    pub last_received: Option<String>,
    /// Its counters since the start.
    pub counts: ListenerCounts,
}

/// One handler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandlerRow {
    /// Its name.
    pub name: String,
    /// `up`, `degraded` or `down`.
    pub state: String,
    /// Instances that take messages.
    pub instances: u64,
    /// Threads abandoned because the handler blocked them.
    pub stuck: u64,
    /// Its counters since the start.
    pub counts: HandlerCounts,
}

/// One destination and its queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// The destination's id.
    pub destination: String,
    /// `mllp`, `file`, `handler`, or `orphaned` when the configuration does not name it.
    pub kind: String,
    /// Where it delivers: an address, a folder template, a handler's name.
    pub endpoint: String,
    /// `up`, `retrying`, `down`, `held`, `idle`, `orphaned`, `stopped`.
    pub state: String,
    /// Why it is in that state, with the cause's stable code.
    pub reason: Option<String>,
    /// Deliveries waiting.
    pub pending: u64,
    /// Deliveries stopped as unclear.
    pub held: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest waiting message was received, RFC 3339.
    pub oldest: Option<String>,
    /// Attempts of the head of the queue.
    pub head_attempts: u32,
    /// When the head is tried next, RFC 3339.
    pub next_retry: Option<String>,
    /// Why its last connection ended, by a stable code.
    pub last_close: Option<String>,
    /// When the last delivery succeeded, RFC 3339.
    pub last_delivered: Option<String>,
    /// Its counters since the start; absent on a stopped store.
    pub counts: Option<DestinationCounts>,
}

/// One delivery in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// The message.
    pub message: MessageId,
    /// The destination's id.
    pub destination: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// MSH-10.
    pub control_id: String,
    /// MSH-9, as `ADT^A01`.
    pub message_type: String,
    /// When it was received, RFC 3339.
    pub received: String,
    /// Through which listener.
    pub listener: String,
    /// How often it was sent.
    pub attempts: u32,
    /// The cause's stable code, if an attempt failed.
    pub cause: Option<String>,
    /// When it is tried next, RFC 3339.
    pub due: Option<String>,
    /// Size of what is sent, bytes.
    pub size: u64,
}

/// One delivery, whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// Its row.
    pub row: DeliveryRow,
    /// The bytes to send, only if asked for and not damaged on the disk. Serialised as Latin-1 text so that every byte survives JSON.
    #[serde(with = "latin1", skip_serializing_if = "Option::is_none", default)]
    pub body: Option<Vec<u8>>,
    /// What the peer answered last, only if asked for.
    #[serde(with = "latin1", skip_serializing_if = "Option::is_none", default)]
    pub reply: Option<Vec<u8>>,
}

impl std::fmt::Debug for DeliveryDetail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeliveryDetail")
            .field("row", &self.row)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .field("reply_bytes", &self.reply.as_ref().map(Vec::len))
            .finish()
    }
}

/// Figures of the store, for `store stats`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreFigures {
    /// The folder.
    pub folder: String,
    /// Journal segments and their bytes.
    pub segments: u64,
    /// Bytes of all segments.
    pub journal_bytes: u64,
    /// Bytes of the index's files.
    pub index_bytes: u64,
    /// Files in the index's `blobs/`; anything but 0 is a fault.
    pub index_blobs: u64,
    /// Bytes durable in the journal that the index has not taken in yet.
    pub index_lag: u64,
    /// How often the index was rebuilt since the start.
    pub index_rebuilds: u64,
    /// Deliveries that have not ended, dead letters included.
    pub live_deliveries: u64,
    /// Free space where the store lies, bytes.
    pub free_bytes: u64,
    /// Groups synced since the start, and records in them.
    pub syncs: u64,
    /// Records written since the start.
    pub records: u64,
    /// Bytes written to the journal since the start, headers and padding included.
    pub written_bytes: u64,
    /// When the oldest record kept was written, RFC 3339.
    pub oldest: Option<String>,
    /// Why the oldest segment is still there, if retention would drop it.
    pub oldest_kept_because: Option<String>,
}

/// What `store verify` found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyFigures {
    /// Records read.
    pub records: u64,
    /// Messages among them.
    pub messages: u64,
    /// Deliveries that have not ended.
    pub live: u64,
    /// What is wrong, each with its place; empty = sound.
    pub faults: Vec<String>,
}

/// Bytes as Latin-1 text: one character a byte, readable for most messages and lossless for all.
mod latin1 {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's `with` asks for this signature")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => {
                serializer.serialize_some(&bytes.iter().map(|&b| char::from(b)).collect::<String>())
            }
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        text.map(|text| {
            text.chars()
                .map(|c| u8::try_from(u32::from(c)))
                .collect::<Result<_, _>>()
                .map_err(|_| serde::de::Error::custom("a character beyond Latin-1 in bytes"))
        })
        .transpose()
    }
}
