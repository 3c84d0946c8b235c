//! A message taken apart.

use std::fmt;

use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use super::bytes_as_text::latin1;

/// What a message is made of. Values are content, but for ids and codes of the header: others are here only where they
/// were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAnatomy {
    /// The message.
    pub message: MessageId,
    /// Its segments, in their order; none where it is no HL7.
    pub segments: Vec<SegmentPart>,
    /// Whether there is more than is shown.
    pub is_cut: bool,
    /// Destinations to which something else is sent than what came.
    pub sent: Vec<SentChanges>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentPart {
    /// Its name, `PID`; `?` for a line that is none.
    pub name: String,
    /// What it is called, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it stands: `OBX[2]`.
    pub path: String,
    /// How many fields it has, empty ones included.
    pub fields: u16,
    /// The document that it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentPart>,
    /// Those with something in them.
    pub elements: Vec<ElementPart>,
}

/// A document inside a message, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPart {
    /// What it is, as browsers call it: `application/pdf`.
    pub media: String,
    /// About how many bytes it has.
    pub size: u64,
}

/// A document inside a message: content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDocument {
    /// What it is.
    pub media: String,
    /// Its bytes, as Latin-1 text.
    #[serde(with = "latin1")]
    pub body: Vec<u8>,
}

/// One element of a segment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElementPart {
    /// Where it stands: `PID-3[2].1`.
    pub path: String,
    /// What it is called, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its text, shortened where it is long; absent = masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What differs in what is sent to one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentChanges {
    /// The destination's id.
    pub destination: String,
    /// Bytes that are sent.
    pub size: u64,
    /// Element by element; none where only line ends or the charset differ.
    pub changes: Vec<ElementChange>,
}

/// One element that differs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElementChange {
    /// Where it stands.
    pub path: String,
    /// What came; absent = masked, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What is sent; absent = masked, or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Nothing came there.
    pub is_added: bool,
    /// Nothing is sent there.
    pub is_removed: bool,
}

impl fmt::Debug for MessageDocument {
    /// Bytes show their size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageDocument({}, {} bytes)", self.media, self.body.len())
    }
}

impl fmt::Debug for ElementPart {
    /// The place only: PHI-1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ElementPart({})", self.path)
    }
}

impl fmt::Debug for ElementChange {
    /// The place only: PHI-1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ElementChange({})", self.path)
    }
}
