//! File descriptors: the soft limit is raised to the hard one, and held against what the configuration promises.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors the engine itself needs beside those of its store: control socket, logs, arbiters, reader threads.
const OWN: u64 = 256;

/// Raises the soft limit to the hard one. Warns where that is less than all `promised` connections and files could need.
pub(super) fn raise(promised: u64) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let available = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let needed = promised.saturating_add(OWN);
    if needed > available {
        tracing::warn!(
            needed,
            available,
            "the limit of open files is below the sum of all connections configured and of the store's files: raise LimitNOFILE"
        );
    }
}
