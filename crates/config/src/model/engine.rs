//! `[engine]`: the process as a whole.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use wardline_flow::Strictness;

/// `[engine]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// What this engine is called where several are looked at.
    pub name: String,
    /// The folder of journal, queues and control socket. Absolute once loaded: relative ones start at the working
    /// directory.
    pub data_dir: PathBuf,
    /// How long messages are still taken after the word to stop, while the engine says that it is not ready; absent = not at
    /// all. For balancers of load that need time to look elsewhere.
    pub shutdown_delay: Option<Duration>,
    /// How long a stop may take before the process ends regardless, the delay before it not counted.
    pub drain_timeout: Duration,
    /// Threads that carry connections; absent = one per core.
    pub arbiters: Option<NonZeroUsize>,
    /// What the messages that are coming in may take of memory, all connections together, in bytes.
    pub max_buffered: usize,
    /// How long before a certificate of ours expires it is warned of.
    pub certificate_warning: Duration,
    /// What a segment that a message lacks is to rules and conditions.
    pub rules: Strictness,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            name: "wardline".to_owned(),
            data_dir: PathBuf::from("var/wardline"),
            shutdown_delay: None,
            drain_timeout: Duration::from_secs(10),
            arbiters: None,
            max_buffered: 256 * 1024 * 1024,
            certificate_warning: Duration::from_secs(30 * 24 * 60 * 60),
            rules: Strictness::Strict,
        }
    }
}
