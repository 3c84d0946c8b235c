//! What is tried against the running configuration, and what would become of it.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use crate::trial::Account;

/// What is tried.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToTry {
    /// A payload, byte for byte.
    Payload(#[serde(with = "super::rows::latin1_bytes")] Bytes),
    /// What somebody typed or pasted: lines are segments, and its characters are written in the charset that it names.
    Text(String),
    /// A message of the past, as it was received. That somebody read it is logged.
    Message(MessageId),
}

/// What would become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The listener through which it would come.
    pub listener: String,
    /// One for each message that the listener finds in it, at most [`MOST_TRIED`](crate::trial::MOST_TRIED).
    pub accounts: Vec<Account>,
    /// Further messages in it.
    #[serde(default)]
    pub left_out: usize,
}

impl fmt::Debug for ToTry {
    /// Its size only (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payload(bytes) => write!(f, "Payload({} bytes)", bytes.len()),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Message(message) => write!(f, "Message({message})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_travels_whole_and_shows_nothing_of_itself() {
        for what in [
            ToTry::Payload(Bytes::from_static(b"MSH|SECRET\xe4\r")),
            ToTry::Text("MSH|SECRET".to_owned()),
            ToTry::Message(MessageId::from_number(7).expect("not 0")),
        ] {
            let line = serde_json::to_string(&what).expect("written");
            assert_eq!(serde_json::from_str::<ToTry>(&line).expect("read"), what);
            assert!(!format!("{what:?}").contains("SECRET"), "PHI-1");
        }
    }
}
