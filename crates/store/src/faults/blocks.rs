//! What a file held before the writes that no sync covers yet.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::disk::{DiskFile, read_full};
use crate::format::{BLOCK, BLOCK_BYTES};

/// The blocks of one file that were written since its last sync, as they were before.
#[derive(Default)]
pub(super) struct Unsynced {
    before: BTreeMap<u64, Vec<u8>>,
    /// Those of which a failed sync said so: what is read is what was written, no later sync writes it to the disk.
    never_written: BTreeMap<u64, Vec<u8>>,
    /// The length at the last sync, once it was changed.
    length: Option<u64>,
}

impl Unsynced {
    /// Bytes `offset..end` are about to change.
    pub(super) fn remember(
        &mut self,
        file: &dyn DiskFile,
        offset: u64,
        end: u64,
    ) -> io::Result<()> {
        self.length.get_or_insert(file.length()?);
        for block in offset / BLOCK..end.div_ceil(BLOCK) {
            if let Some(bytes) = self.never_written.remove(&block) {
                self.before.insert(block, bytes);
            } else if let Entry::Vacant(unknown) = self.before.entry(block) {
                let mut bytes = vec![0; BLOCK_BYTES];
                let read = read_full(file, &mut bytes, block * BLOCK)?;
                bytes.truncate(read);
                unknown.insert(bytes);
            }
        }
        Ok(())
    }

    /// A sync has returned.
    pub(super) fn forget(&mut self) {
        self.before.clear();
        self.length = None;
    }

    /// A sync has failed: the system holds what it could not write to be written.
    pub(super) fn sync_failed(&mut self) {
        self.never_written.append(&mut self.before);
    }

    /// Puts a random subset of the blocks back, all that were never written, and sometimes the length.
    pub(super) fn lose(&mut self, path: &Path, random: &mut fastrand::Rng) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        for (block, bytes) in std::mem::take(&mut self.never_written) {
            FileExt::write_all_at(&file, &bytes, block * BLOCK)?;
        }
        for (block, bytes) in std::mem::take(&mut self.before) {
            if random.bool() {
                FileExt::write_all_at(&file, &bytes, block * BLOCK)?;
            }
        }
        if let Some(length) = self.length.take()
            && random.bool()
            && file.metadata()?.len() > length
        {
            file.set_len(length)?;
        }
        Ok(())
    }
}
