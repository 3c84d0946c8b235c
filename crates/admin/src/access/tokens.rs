//! Tokens: how programs come in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Digest, Right, Rights};

/// What every token begins with, so that it is known where it does not belong.
pub(crate) const PREFIX: &str = "wardline_";

/// A program that may come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Token {
    /// What it is called.
    pub name: String,
    /// What is kept of it.
    pub(crate) digest: Digest,
    /// What it may do.
    pub rights: Vec<Right>,
    /// When it ends; absent = never.
    pub ends: Option<Timestamp>,
    /// Since when there is one.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

/// A token to be.
#[derive(Debug)]
pub struct NewToken {
    /// What it is to be called.
    pub name: String,
    /// What it is to be good for.
    pub rights: Rights,
    /// When it is to end; absent = never.
    pub ends: Option<Timestamp>,
    /// Who makes it.
    pub by: String,
    /// What he may do himself.
    pub own: Rights,
}

impl Token {
    /// What it may do.
    pub fn rights(&self) -> Rights {
        self.rights.iter().copied().collect()
    }

    /// Whether its time is over.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|ends| ends <= now)
    }
}
