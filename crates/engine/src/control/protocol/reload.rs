//! What a reload changes, or would.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::CertificateRow;

/// How a running engine differs from its configuration, and what was done about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reload {
    /// Whether it was only looked at.
    pub dry_run: bool,
    /// What is added, removed or changed; the engine, listeners, routes, lookups, handlers and destinations, each in the
    /// order of the configuration.
    pub changes: Vec<ChangeRow>,
    /// Why it would be refused; empty where it was applied.
    pub refused: Vec<String>,
    /// Queues that were moved or parked.
    pub queues: Vec<QueueMoved>,
    /// What looks wrong in the configuration, each with its place.
    pub warnings: Vec<String>,
    /// The certificates that are shown from now on; of a dry run, those shown now.
    pub certificates: Vec<CertificateRow>,
    /// Tells this difference from any other: said again when it is applied, nothing else is.
    #[serde(default)]
    pub digest: String,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// What it is.
    pub part: Part,
    /// Its id, or its name.
    pub id: String,
    /// What becomes of it.
    pub change: ChangeKind,
    /// Of what is changed: which keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// What that means for what is running.
    pub effect: Effect,
}

/// A part of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// `[engine]`.
    Engine,
    /// One of `[[listeners]]`.
    Listener,
    /// One of `[[routes]]`.
    Route,
    /// The order of `[[routes]]`.
    Routes,
    /// One of `[lookups]`.
    Lookup,
    /// One of `[handlers]`.
    Handler,
    /// One of `[[destinations]]`.
    Destination,
}

/// What becomes of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
}

/// What a change means for what is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It starts.
    Starts,
    /// It finishes what it has in hand and ends.
    Drains,
    /// It holds from the next message on; connections stay.
    NextMessage,
    /// Connections finish the message in hand and close; newcomers find the new.
    Reconnects,
    /// It opens anew: another address or folder, or another peer.
    Reopens,
    /// Its connections are made anew; its queue stays.
    RestartsPool,
    /// Its instances are made anew, once nobody waits for the old ones.
    Restarts,
}

/// What became of the queue of a destination that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueMoved {
    /// Whose it was.
    pub destination: String,
    /// Who has it now; absent = it is parked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How many deliveries.
    pub deliveries: u64,
    /// How many stay under its id: dead letters, and what could not be moved.
    pub left: u64,
}

/// Where the queue of one destination goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueMove {
    /// Whose it is.
    pub from: String,
    /// Who gets it.
    pub to: String,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine => "engine",
            Self::Listener => "listener",
            Self::Route => "route",
            Self::Routes => "routes",
            Self::Lookup => "lookup",
            Self::Handler => "handler",
            Self::Destination => "destination",
        })
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starts => "starts",
            Self::Drains => "ends when what it has in hand is done",
            Self::NextMessage => "from the next message on, connections stay",
            Self::Reconnects => "connections close behind the message in hand",
            Self::Reopens => "opens anew, connections close behind the message in hand",
            Self::RestartsPool => "connects anew, its queue stays",
            Self::Restarts => "new instances, the old end when nobody waits for them",
        })
    }
}
