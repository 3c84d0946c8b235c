//! How the process ends when a store does not open.

use wardline_store::OpenError;

use super::exit::Exit;

/// The exit code for this error.
pub(crate) fn exit(error: &OpenError) -> Exit {
    match error {
        OpenError::Locked { .. } => Exit::Locked,
        OpenError::Corrupt(_) => Exit::StoreCorrupt,
        OpenError::Io { .. }
        | OpenError::UnknownFormat { .. }
        | OpenError::NoSpace { .. }
        | OpenError::Thread { .. } => Exit::StoreFailed,
    }
}
