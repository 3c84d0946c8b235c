//! By what the store's history finds messages: it knows no HL7, this does.
//!
//! Called by a thread of the history's own, behind the sync and behind the answer. A body that is no HL7 has no keys, and
//! is found by its time, its listener and its number.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use wardline_config::Config;
use wardline_flow::search::{KeyKind as Kind, SearchKeys};
use wardline_hl7::{Message, ParseOptions};
use wardline_store::history::{KeyKind, SearchKey, TakeKeys};

/// Takes the keys of stored messages.
#[derive(Debug)]
pub(crate) struct HistoryKeys {
    keys: SearchKeys,
    /// As each listener reads what comes through it.
    readings: BTreeMap<Arc<str>, ParseOptions>,
}

impl HistoryKeys {
    pub(crate) fn of(config: &Config) -> Self {
        let readings = config.listeners.iter().map(|one| (one.id.arc(), one.reading()));
        Self { keys: SearchKeys::new(config.history.keys.clone()), readings: readings.collect() }
    }
}

impl TakeKeys for HistoryKeys {
    fn take(&self, listener: &str, body: &[u8]) -> Vec<SearchKey> {
        let options = self.readings.get(listener).copied().unwrap_or_default();
        let Ok(message) = Message::parse_with(Bytes::copy_from_slice(body), options) else {
            return Vec::new();
        };
        let found = self.keys.of(&message).into_iter();
        found.map(|found| SearchKey::new(of_store(found.kind), found.text.as_bytes())).collect()
    }

    /// How a listener reads is no part of it: that hardly changes an id, and a year of messages need not be read again
    /// because a listener was told another charset.
    fn fingerprint(&self) -> u64 {
        self.keys.fingerprint()
    }
}

/// The same kind in the words of the store.
pub(crate) fn of_store(kind: Kind) -> KeyKind {
    match kind {
        Kind::ControlId => KeyKind::ControlId,
        Kind::MessageType => KeyKind::MessageType,
        Kind::Sender => KeyKind::Sender,
        Kind::Receiver => KeyKind::Receiver,
        Kind::Patient => KeyKind::PatientId,
        Kind::Visit => KeyKind::Visit,
        Kind::Order => KeyKind::Order,
        Kind::Custom(place) => KeyKind::Custom(place),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(config: &Config, listener: &str, body: &[u8]) -> Vec<SearchKey> {
        HistoryKeys::of(config).take(listener, body)
    }

    #[test]
    fn a_stored_message_is_found_by_its_patient() {
        let body = b"MSH|^~\\&|A|B|C|D|||ADT^A01|7|P|2.5\rPID|1||17^^^X~18\r";
        let found = keys(&Config::default(), "in", body);
        for id in [b"17", b"18"] {
            assert!(found.contains(&SearchKey::new(KeyKind::PatientId, id)));
        }
        assert!(found.contains(&SearchKey::new(KeyKind::ControlId, b"7")));
    }

    #[test]
    fn what_is_no_message_has_no_keys() {
        for body in [b"".as_slice(), b"MSH", b"hello", b"PID|1||17\r", &[0xff; 64]] {
            assert_eq!(keys(&Config::default(), "in", body), []);
        }
    }
}
