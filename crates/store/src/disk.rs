//! The file layer under the journal: the few operations it is made of, so that tests can put another disk below.
//!
//! ```text
//!   writer · filler · recovery · retention ──▶ Disk ──▶ RealDisk        files, pwritev, fdatasync
//!                                                 └───▶ faults::FaultyDisk   the same, failing or losing on demand
//! ```
//!
//! The index is not on it: sled opens its own files and is held to be lost at any time.

mod real;

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

pub use real::RealDisk;

/// An open file, for all threads.
pub trait DiskFile: Send + Sync {
    /// Reads into `buffer` from `offset`; fewer bytes only at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `slices`, at most [`MAX_SLICES`] of them, one behind the other from `offset`.
    fn write_all_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()>;
    /// Returns when everything written to the file, and its length, is durable.
    fn sync(&self) -> io::Result<()>;
    /// Lets writes pass by the page cache, or no longer; such writes are whole, aligned blocks. A file system may
    /// refuse, here or at the first write.
    fn set_direct(&self, direct: bool) -> io::Result<()>;
    /// Its length, bytes.
    fn length(&self) -> io::Result<u64>;
    /// Cuts or extends it.
    fn set_length(&self, length: u64) -> io::Result<()>;
}

/// A file in a folder's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its length, bytes.
    pub length: u64,
}

/// A disk with folders.
pub trait Disk: Send + Sync + 'static {
    /// Makes a new file for reading and writing; one that is there is an error.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Opens a file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file inside its folder.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Returns when the names in the folder are durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// The files of a folder, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<Listed>>;
    /// Bytes that may still be written where `path` lies.
    fn free(&self, path: &Path) -> io::Result<u64>;
}

/// What one vectored write takes: the least `IOV_MAX` of the systems Wardline runs on.
pub const MAX_SLICES: usize = 1024;

/// Whether an error says that there is no room, which is no fault.
pub(crate) fn is_no_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Reads until `buffer` is full or the file ends.
pub(crate) fn read_full(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
