//! In which lanes of a destination a message keeps its order (`order_by`).
//!
//! ```text
//!   PID-3  17^^^ST-E^MR~900^^^SSA^SS   ──▶ lane of "17"                 the first of type `order_id_type`
//!   PID-3  17                          ──▶ lane of "17"                 else PID-3.1
//!   A40, PID-3 17, MRG-1 23            ──▶ lanes of "17" and "23"       a merge is a barrier for both
//!   no key, or a fragment              ──▶ every lane                   a barrier for all
//!
//!   63         40 39                                  0
//!   ┌────────────┬─────────────────────────────────────┐
//!   │ scheme     │ key                                 │   a lane's number
//!   └────────────┴─────────────────────────────────────┘
//! ```
//!
//! Lanes are decided when a message is taken and stored with it, so the number of a key must never change. Two keys with
//! one number share a lane, which costs speed and no order. The scheme is a digest of what was ordered by: what was
//! stored under another one belongs to every lane, so that a changed order takes effect when that is gone.

mod spread;

use std::fmt;

use wardline_hl7::{Message, Path, Value};

pub use spread::Spread;

/// The trigger events that merge, link, move or swap: they concern the ids of all their PID-3 and MRG-1.
const MERGES: [&str; 21] = [
    "A17", "A18", "A24", "A30", "A34", "A35", "A36", "A37", "A39", "A40", "A41", "A42", "A43",
    "A44", "A45", "A46", "A47", "A48", "A49", "A50", "A51",
];

/// The most lanes beside its own that a message is put into; one that names more ids belongs to every lane.
pub const MAX_OTHERS: usize = 255;

/// Bits of a lane's number that tell the key.
const KEY_BITS: u32 = 40;

/// Bits that tell the scheme.
const SCHEME_BITS: u32 = 24;

/// By what a destination keeps its order: its keys `order_by` and `order_id_type`.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyOrder {
    path: Path,
    id_type: String,
    scheme: u64,
    patient: Option<PatientPaths>,
}

/// Where a patient's ids stand; read where `order_by` is PID-3.
#[derive(Clone, PartialEq, Eq)]
struct PatientPaths {
    /// The repetitions of the first PID-3.
    id: Path,
    /// Their types.
    id_type: Path,
    /// The repetitions of every PID-3.
    every_id: Path,
    /// The ids that go in a merge.
    merged: Path,
}

/// The lanes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lanes {
    /// These.
    Keyed {
        /// That of its key.
        own: u64,
        /// Those of the other ids that it merges with; each once.
        others: Vec<u64>,
    },
    /// All: it goes behind everything before it, and before everything behind it.
    Every,
}

impl KeyOrder {
    /// An order by what stands at `path`; of PID-3, by the first id of type `id_type`.
    pub fn new(path: Path, id_type: impl Into<String>) -> Self {
        let id_type = id_type.into();
        let patient = PatientPaths::of(&path);
        let named = match &patient {
            Some(_) => format!("PID-3\n{id_type}"),
            None => format!("{path}\n"),
        };
        // Neither none nor all ones: those are lanes of no key.
        let scheme = digest(named.as_bytes()) % ((1 << SCHEME_BITS) - 2) + 1;
        Self { path, id_type, scheme, patient }
    }

    /// Where the key stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the key is a patient's id, so that merges tell whom they concern.
    pub fn is_by_patient(&self) -> bool {
        self.patient.is_some()
    }

    /// The lanes of a message.
    pub fn lanes(&self, message: &Message) -> Lanes {
        let Some(key) = self.key(message) else { return Lanes::Every };
        if is_fragment(message) {
            return Lanes::Every;
        }
        let own = self.number(key);
        if !MERGES.iter().any(|event| event.as_bytes() == message.header().trigger_event()) {
            return Lanes::Keyed { own, others: Vec::new() };
        }
        // What merges cannot be put beside keys that are no ids of patients.
        let Some(patient) = &self.patient else { return Lanes::Every };
        let mut others: Vec<u64> = Vec::new();
        for id in message.all(&patient.every_id).chain(message.all(&patient.merged)) {
            let Some(number) = filled(id).map(|id| self.number(id)) else { continue };
            if number != own && !others.contains(&number) {
                if others.len() == MAX_OTHERS {
                    return Lanes::Every;
                }
                others.push(number);
            }
        }
        Lanes::Keyed { own, others }
    }

    /// Whether a lane of this number was given by the same order.
    pub fn gave(&self, lane: u64) -> bool {
        lane >> KEY_BITS == self.scheme
    }

    /// The key of a message, where it has one.
    pub fn key<'m>(&self, message: &'m Message) -> Option<&'m [u8]> {
        let Some(patient) = &self.patient else { return filled(message.get(&self.path)) };
        let ids = || message.each(&patient.id);
        let of_type = ids().zip(message.each(&patient.id_type)).find_map(|(id, id_type)| {
            (filled(id_type) == Some(self.id_type.as_bytes())).then(|| filled(id)).flatten()
        });
        of_type.or_else(|| ids().next().and_then(filled))
    }

    fn number(&self, key: &[u8]) -> u64 {
        let digest = digest(key);
        self.scheme << KEY_BITS | key_number(digest ^ digest >> KEY_BITS)
    }
}

/// The part of a lane's number that tells its key from others.
pub fn key_number(lane: u64) -> u64 {
    lane & ((1 << KEY_BITS) - 1)
}

impl PatientPaths {
    /// Where `path` is PID-3, or the id in it.
    fn of(path: &Path) -> Option<Self> {
        let parsed = |text: &str| text.parse().ok();
        if !matches!(path.to_string().as_str(), "PID-3" | "PID-3.1") {
            return None;
        }
        Some(Self {
            id: parsed("PID-3[*].1")?,
            id_type: parsed("PID-3[*].5")?,
            every_id: parsed("PID[*]-3[*].1")?,
            merged: parsed("MRG[*]-1[*].1")?,
        })
    }
}

impl fmt::Debug for KeyOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyOrder({}, {})", self.path, self.id_type)
    }
}

/// A value with something in it, without the spaces around it.
fn filled(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Present(bytes) => Some(bytes.trim_ascii()).filter(|bytes| !bytes.is_empty()),
        Value::Absent | Value::Empty | Value::Null => None,
    }
}

/// One message in several (MSH-14, DSC, ADD): its parts stay together.
fn is_fragment(message: &Message) -> bool {
    message.header().is_continuation()
        || message.segments().any(|segment| matches!(segment.name(), b"DSC" | b"ADD"))
}

/// FNV-1a, 64 bits: the same in every version and on every machine.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    bytes.iter().fold(OFFSET, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests;
