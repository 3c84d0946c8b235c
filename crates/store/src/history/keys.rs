//! By what messages are found again, and who takes it from them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

/// Kept of a value, bytes: the longest identifiers of the standard fit; what is asked for is cut in the same way.
pub const MAX_KEY: usize = 128;

/// The most keys kept of one message: a patient with a page of identifiers and an order of a few hundred lines.
pub const MAX_KEYS: usize = 1024;

/// What a message is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// MSH-10.
    ControlId,
    /// MSH-9.
    MessageType,
    /// MSH-3 and MSH-4.
    Sender,
    /// MSH-5 and MSH-6.
    Receiver,
    /// An identifier of the patient.
    PatientId,
    /// The visit.
    Visit,
    /// An order's number.
    Order,
    /// The replay that sent it in: the job's number in decimal. Not asked of [`TakeKeys`].
    Job,
    /// The message it is a replay of: its number in decimal. Not asked of [`TakeKeys`].
    Original,
    /// The configured path of this place.
    Custom(u8),
}

/// Codes of configured paths begin here.
const CUSTOM: u8 = 32;

impl KeyKind {
    /// The most configured paths.
    pub const MAX_CUSTOM: u8 = u8::MAX - CUSTOM;

    /// As runs have it.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::ControlId => 1,
            Self::MessageType => 2,
            Self::Sender => 3,
            Self::Receiver => 4,
            Self::PatientId => 5,
            Self::Visit => 6,
            Self::Order => 7,
            Self::Job => 8,
            Self::Original => 9,
            Self::Custom(place) => CUSTOM.saturating_add(place),
        }
    }
}

/// One value that a message is found by.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SearchKey {
    /// Of what kind.
    pub kind: KeyKind,
    /// The value; white space around it is none of it, and at most [`MAX_KEY`] bytes are kept.
    pub value: Bytes,
}

impl SearchKey {
    /// A key as it is kept.
    pub fn new(kind: KeyKind, value: &[u8]) -> Self {
        Self { kind, value: Bytes::copy_from_slice(kept(value)) }
    }
}

impl fmt::Debug for SearchKey {
    /// The value may name a patient: it shows its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchKey")
            .field("kind", &self.kind)
            .field("value_bytes", &self.value.len())
            .finish()
    }
}

/// What is kept of a value, and compared.
pub(super) fn kept(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    value.get(..MAX_KEY).unwrap_or(value)
}

/// Who knows what messages are found by: the store knows no HL7.
pub trait TakeKeys: Send + Sync + 'static {
    /// The keys of a message that came through this listener. Of a large body only the first
    /// [`KEYS_FROM`](crate::limits::KEYS_FROM) bytes are shown. Called by a thread of the history's own, and by whoever
    /// asks for rows; a panic costs the keys of that message.
    fn take(&self, listener: &str, body: &[u8]) -> Vec<SearchKey>;

    /// Changes whenever `take` would give other keys for the same message: what was taken before is then taken anew, in
    /// the background.
    fn fingerprint(&self) -> u64;
}

/// Takes the keys of a message; `None` = a panic, which is somebody else's.
pub(super) fn taken(keys: &dyn TakeKeys, listener: &str, body: &[u8]) -> Option<Vec<SearchKey>> {
    let taken = catch_unwind(AssertUnwindSafe(|| keys.take(listener, body))).ok()?;
    Some(taken.into_iter().map(|key| SearchKey::new(key.kind, &key.value)).collect())
}
