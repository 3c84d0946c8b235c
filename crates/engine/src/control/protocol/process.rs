//! What the process has of the machine it runs on.

use serde::{Deserialize, Serialize};

/// What the process has of the machine. A figure is 0 where the system does not tell it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessFigures {
    /// Time of processors that it has used, all threads together, in milliseconds.
    pub cpu_milliseconds: u64,
    /// Processors it may run on.
    pub processors: u64,
    /// Resident memory, bytes.
    pub resident_bytes: u64,
    /// Files and sockets that are open.
    pub open_descriptors: u64,
    /// The most that may be.
    pub max_descriptors: u64,
    /// Threads.
    pub threads: u64,
}
