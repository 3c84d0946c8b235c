//! Replays: messages of the past sent in once more, as jobs.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use super::MessageSearch;

/// The most messages of one job: their numbers fit a request many times.
pub const MAX_REPLAYED: usize = 250_000;
/// Messages a second, where nothing else is said: quick for who waits, and no storm for who receives them.
pub const DEFAULT_RATE: NonZeroU32 = match NonZeroU32::new(100) {
    Some(rate) => rate,
    None => NonZeroU32::MIN,
};
/// The largest new body of an edited copy, bytes.
pub const MAX_EDITED: usize = 1024 * 1024;

/// What is to be replayed, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayOrder {
    /// Which messages. They go in the order in which they came, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageId>,
    /// All that there are with these numbers, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<MessageRange>,
    /// All that this search finds, too: once, when the order is looked at or begun. Its `limit` does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Box<MessageSearch>>,
    /// Exactly those of this list, too: of a preview that the same person saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<u64>,
    /// How.
    pub mode: ReplayMode,
    /// Of a resend: to these destinations instead of where each message went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// In place of the bytes of the one message: an edited copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<EditedBody>,
    /// Messages a second, at most.
    #[serde(default = "default_rate")]
    pub rate: NonZeroU32,
}

impl ReplayOrder {
    /// Whether it is about the list of a preview, and nothing beside it.
    pub fn names_a_list_alone(&self) -> bool {
        let names_none = self.messages.is_empty() && self.ranges.is_empty();
        self.list.is_some() && names_none && self.search.is_none()
    }
}

fn default_rate() -> NonZeroU32 {
    DEFAULT_RATE
}

/// Numbers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageRange {
    /// The first.
    pub first: MessageId,
    /// The last.
    pub last: MessageId,
}

/// How messages are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayMode {
    /// The bytes that were sent then, to the same destinations or to chosen ones.
    Resend,
    /// Through today's rules, handlers, routes and transforms of the listener, as if it came now.
    Reprocess,
}

/// The new bytes of an edited copy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EditedBody(#[serde(with = "super::rows::latin1_bytes")] pub Bytes);

impl fmt::Debug for EditedBody {
    /// Its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EditedBody({} bytes)", self.0.len())
    }
}

/// What a replay would be about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayPreview {
    /// How many messages the job would have: said again when it is started.
    pub count: u64,
    /// How many of them were looked at: looking has its time.
    pub looked_at: u64,
    /// How many of these cannot be replayed, by cause.
    pub left_out: BTreeMap<String, u64>,
    /// The first ones.
    pub sample: Vec<ReplaySample>,
    /// The number under which exactly these messages are kept for a while, for whoever looked: `list` of the order.
    #[serde(default)]
    pub list: u64,
    /// Of a search: how many of them were sent in by a replay themselves, and would go out once more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replays: u64,
    /// Of a search: bytes that were received lately and are not noted down yet. Messages in them are not meant.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub behind: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

/// A message that would be replayed, without content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplaySample {
    /// Its number.
    pub message: MessageId,
    /// When it was received.
    pub received: String,
    /// Through which listener.
    pub listener: String,
    /// MSH-9.
    pub message_type: String,
    /// MSH-10.
    pub control_id: String,
    /// Its bytes.
    pub size: u64,
    /// Where it went.
    pub destinations: Vec<String>,
    /// Why it was refused, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// One job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRow {
    /// Its number.
    pub job: u64,
    /// Where it stands.
    pub state: ReplayState,
    /// How.
    pub mode: ReplayMode,
    /// Of a resend: where to, if not where each message went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<String>,
    /// Whether it is an edited copy.
    #[serde(default)]
    pub edited: bool,
    /// Messages a second, at most.
    pub rate: NonZeroU32,
    /// Messages it is about.
    pub count: u64,
    /// Messages that were sent in.
    pub sent: u64,
    /// Messages that could not be, by cause.
    pub left_out: BTreeMap<String, u64>,
    /// Some of them, the first ones, each with its cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_left_out: Vec<(MessageId, String)>,
    /// When it was started.
    pub started: String,
    /// Who started it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Who paused or cancelled it last, or what in the engine did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_because: Option<String>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayState {
    /// It goes on, after a restart too.
    Running,
    /// It waits for an operator.
    Paused,
    /// It was ended before it was through.
    Cancelled,
    /// It is through.
    Done,
}

impl ReplayState {
    /// Whether nothing more comes of it.
    pub fn has_ended(self) -> bool {
        match self {
            Self::Running | Self::Paused => false,
            Self::Cancelled | Self::Done => true,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::KeyQuery;

    fn patient(value: &str) -> MessageSearch {
        let query =
            KeyQuery { names: vec!["patient".into()], value: value.to_owned(), prefix: false };
        MessageSearch { keys: vec![query], ..MessageSearch::default() }
    }

    #[test]
    fn an_order_travels_whole_and_shows_nothing_of_what_was_edited() {
        let order = ReplayOrder {
            messages: vec![MessageId::from_number(7).expect("not 0")],
            ranges: Vec::new(),
            search: Some(Box::new(patient("SECRET"))),
            list: Some(3),
            mode: ReplayMode::Reprocess,
            destinations: Vec::new(),
            edited: Some(EditedBody(Bytes::from_static(b"MSH|^~\\&|SECRET\xe4\r"))),
            rate: DEFAULT_RATE,
        };
        let line = serde_json::to_string(&order).expect("written");
        assert_eq!(serde_json::from_str::<ReplayOrder>(&line).expect("read"), order);
        assert!(!format!("{order:?}").contains("SECRET"), "PHI-1");
    }
}
