//! One owner: the lock on a store's folder. It goes with the process, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::api::OpenError;
use crate::journal::names;

/// Held as long as the store is open.
#[derive(Debug)]
pub(crate) struct FolderLock(#[expect(dead_code, reason = "held, never read")] File);

impl FolderLock {
    /// Takes the lock, or tells that another process has it.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join(names::LOCK);
        let failed = |source| OpenError::Io { attempt: "lock", path: path.clone(), source };
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}
