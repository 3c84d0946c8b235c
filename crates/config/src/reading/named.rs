//! What of this machine a configuration names, so that somebody can look whether it is there.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Something of this machine that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A file that is read.
    File(PathBuf),
    /// A file that is read and that nobody else may read.
    Secret(PathBuf),
    /// A folder that must be there, and whose files are moved.
    Folder(PathBuf),
    /// A folder that files are written to; it is made where it is not there.
    Goal(PathBuf),
    /// An address to listen at.
    Address(SocketAddr),
}
