//! Bytes as Latin-1 text: one character a byte, readable for most messages and lossless for all.

use serde::{Deserialize, Deserializer, Serializer};

/// Bytes that are there.
pub(super) mod latin1 {
    use super::{Deserialize, Deserializer, Serializer, bytes, text};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        bytes(&String::deserialize(deserializer)?)
    }
}

/// Bytes that may be absent.
pub(super) mod optional {
    use super::{Deserialize, Deserializer, Serializer, bytes, text};

    #[expect(clippy::ref_option, reason = "serde's `with` asks for this signature")]
    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_some(&text(bytes)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        let text: Option<String> = Option::deserialize(deserializer)?;
        text.map(|text| bytes(&text)).transpose()
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn bytes<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)))
        .collect::<Result<_, _>>()
        .map_err(|_| E::custom("a character beyond Latin-1 in bytes"))
}
