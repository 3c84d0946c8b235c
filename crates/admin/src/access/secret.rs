//! Secrets that nobody can guess, and what is kept of them.

use std::fmt::{self, Write};

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::AccessFault;

/// Bytes of a secret: 256 bits.
const SECRET: usize = 32;

/// A session's id, or the random part of a token. It is shown once, to whom it is for.
pub(crate) struct Secret([u8; SECRET]);

/// SHA-256 of a secret: what is kept. A secret of 256 random bits needs no salt and no slowness.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; SECRET]);

impl Secret {
    /// Another one.
    pub(crate) fn random() -> Result<Self, AccessFault> {
        let mut bytes = [0; SECRET];
        SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| AccessFault::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// As it is given out.
    pub(crate) fn to_hex(&self) -> String {
        hex(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Digest {
    /// Of what was shown to us.
    pub(crate) fn of(shown: &str) -> Self {
        let mut bytes = [0; SECRET];
        bytes.copy_from_slice(digest(&SHA256, shown.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Enough of it to be told from others, and too little to be of use.
    pub(crate) fn short(&self) -> String {
        let mut all = hex(&self.0);
        all.truncate(12);
        all
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not a SHA-256"))
    }
}

/// Lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<[u8; SECRET]> {
    let mut bytes = [0; SECRET];
    if text.len() != SECRET * 2 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_nothing_shows_the_secret() {
        let secret = Secret::random().unwrap();
        let kept = Digest::of(&secret.to_hex());
        let written = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&written).unwrap(), kept);
        assert!(!written.contains(&secret.to_hex()));
        assert!(!format!("{secret:?}").contains(&secret.to_hex()[..4]));
        assert_ne!(Secret::random().unwrap().to_hex(), secret.to_hex());
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        for text in ["\"\"", "\"zz\"", "7"] {
            assert!(serde_json::from_str::<Digest>(text).is_err(), "{text}");
        }
    }
}
