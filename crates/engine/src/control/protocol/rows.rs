//! What is shown of the engine and its parts.

use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use super::bytes_as_text::optional;
use super::{CertificateRow, DeliveryState, HistoryFigures, LookupRow, PausedRow, ProcessFigures};
use crate::observe::{DestinationCounts, HandlerCounts, ListenerCounts};

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
    /// `running`, `leaving` (it will drain after `shutdown_delay`) or `draining`.
    pub phase: String,
    /// Whether messages are taken in, and why not.
    pub intake: String,
    /// Resident memory, bytes.
    pub resident_bytes: u64,
    /// What the process has of the machine.
    #[serde(default)]
    pub process: ProcessFigures,
    /// One row a listener.
    pub listeners: Vec<ListenerRow>,
    /// One row a destination.
    pub destinations: Vec<QueueRow>,
    /// One row a handler.
    pub handlers: Vec<HandlerRow>,
    /// Messages accepted that no route matched.
    pub unrouted: u64,
    /// One row a lookup table, without the keys that were missed.
    #[serde(default)]
    pub lookups: Vec<LookupRow>,
    /// One row for each listener and destination that shows a certificate.
    #[serde(default)]
    pub certificates: Vec<CertificateRow>,
    /// How many of them have expired, or will within `certificate_warning`.
    #[serde(default)]
    pub certificates_expiring: u64,
}

/// One listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenerRow {
    /// Its id.
    pub id: String,
    /// The bound address, with the real port where 0 was asked for; the address that is dialled; or the folder that is
    /// watched.
    pub address: String,
    /// Of connections: `server` where others dial us, `client` where we dial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Open connections.
    pub connections: u64,
    /// The most it takes.
    pub max_connections: u64,
    /// When the last message came, RFC 3339.
    pub last_received: Option<String>,
    /// Who lets nothing in through it, if somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<PausedRow>,
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
    /// Of `mllp`: `client` where we dial the endpoint, `server` where the peer dials us there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
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
    /// Answers that its application owes behind a commit accept, or may still give; 0 on a stopped store.
    #[serde(default)]
    pub application_awaited: u64,
    /// What is given up by its configuration, for whoever looks at it.
    pub warnings: Vec<String>,
    /// Messages since the start that it did not get because they are tests and it is for production.
    #[serde(default)]
    pub withheld: u64,
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

/// One lane: the deliveries of a destination that keep their order among each other.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneRow {
    /// What it is the lane of.
    pub kind: LaneKind,
    /// The number of its key, which tells the key to nobody; the same for the same key as long as `order_by` stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// How it stands.
    pub state: LaneState,
    /// The delivery before its first one that has to end first, where that is in another lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<MessageId>,
    /// Deliveries in it, those in other lanes as well included.
    pub deliveries: u64,
    /// The first of them.
    pub head: DeliveryRow,
    /// The key, only if asked for, and where it is the first one's own. As Latin-1 text.
    #[serde(with = "optional", skip_serializing_if = "Option::is_none", default)]
    pub key: Option<Vec<u8>>,
}

/// What a lane is the lane of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneKind {
    /// One key.
    Key,
    /// What goes behind everything before it, and before everything behind it: messages without a key, or the one line of
    /// `order = "fifo"`.
    Every,
    /// What keeps no order (`order = "none"`).
    Free,
}

/// How a lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneState {
    /// Its first delivery is stopped until an operator decides.
    Held,
    /// Its first delivery was tried, and is tried again.
    Retrying,
    /// Its first delivery waits for one of another lane.
    Waiting,
    /// Its first delivery is being sent, or is next.
    Ready,
}

impl std::fmt::Debug for LaneRow {
    /// A key names a patient: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneRow")
            .field("kind", &self.kind)
            .field("lane", &self.lane)
            .field("state", &self.state)
            .field("behind", &self.behind)
            .field("deliveries", &self.deliveries)
            .field("head", &self.head)
            .field("key_bytes", &self.key.as_ref().map(Vec::len))
            .finish()
    }
}

/// A copy that was answered again and not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyRow {
    /// Its number.
    pub message: MessageId,
    /// Through which listener.
    pub listener: String,
    /// From where.
    pub peer: String,
    /// MSH-10.
    pub control_id: String,
    /// MSH-9, as `ADT^A01`.
    pub message_type: String,
    /// When it was received, RFC 3339.
    pub received: String,
    /// Bytes.
    pub size: u64,
}

/// One delivery, whole.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryDetail {
    /// Its row.
    pub row: DeliveryRow,
    /// The bytes to send, only if asked for and not damaged on the disk. As Latin-1 text, so that every byte survives
    /// JSON.
    #[serde(with = "optional", skip_serializing_if = "Option::is_none", default)]
    pub body: Option<Vec<u8>>,
    /// What the peer answered last, only if asked for.
    #[serde(with = "optional", skip_serializing_if = "Option::is_none", default)]
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
    /// Messages that were refused since the start, and kept to be looked at.
    #[serde(default)]
    pub refused_kept: u64,
    /// Messages that were refused since the start, and only counted: there was no room for more of them.
    #[serde(default)]
    pub refused_passed_over: u64,
    /// Bytes written to the journal since the start, headers and padding included.
    pub written_bytes: u64,
    /// When the oldest record kept was written, RFC 3339.
    pub oldest: Option<String>,
    /// Why the oldest segment is still there, if retention would drop it.
    pub oldest_kept_because: Option<String>,
    /// The history; absent = it is off.
    #[serde(default)]
    pub history: Option<HistoryFigures>,
    /// How it will grow, judged by the last days.
    #[serde(default)]
    pub outlook: StoreOutlook,
}

/// How the journal will grow. A figure is absent where there is too little to judge by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreOutlook {
    /// Bytes written a day.
    pub bytes_a_day: Option<u64>,
    /// Seconds until the oldest segments go because the journal is as large as `retain_bytes`; 0 = they do already.
    pub limit_in_seconds: Option<u64>,
    /// Seconds until only `min_free` is left, if nothing else is written there and nothing goes.
    pub no_space_in_seconds: Option<u64>,
    /// How far back it will reach then, in seconds.
    pub reaches_back_seconds: Option<u64>,
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

/// Bytes as Latin-1 text, where they are shared.
pub(super) mod latin1_bytes {
    use bytes::Bytes;
    use serde::{Deserializer, Serializer};

    use super::super::bytes_as_text::latin1;

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        latin1::serialize(bytes, serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        latin1::deserialize(deserializer).map(Bytes::from)
    }
}
