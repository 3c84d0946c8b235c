//! What the disk allows: records appended to a file that is there and full of zeros, one sync for a group.
//!
//! A group holds one record of every producer, as it does when each waits for its sync before it appends the next.
//! Nothing else is paid for: no index, no filling ahead, no socket. No engine that syncs before it answers is faster.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::BenchError;
use super::load::per_second;

/// The size of the file, bytes: a segment of the journal.
const FILE_SIZE: usize = 64 * 1024 * 1024;
/// A group begins at a multiple of this, bytes.
const BLOCK: usize = 4096;
/// What a record holds beside its body, bytes: header, names, ids.
const RECORD_OVERHEAD: usize = 128;
/// What fills the file ahead is written in pieces of this size, bytes.
const FILL_PIECE: usize = 1024 * 1024;

/// Syncs a second, each of one block.
pub(super) fn syncs_per_second(folder: &Path, lasting: Duration) -> Result<f64, BenchError> {
    groups_per_second(folder, BLOCK, lasting)
}

/// Records of `size` bytes a second that so many producers make durable together.
#[expect(clippy::cast_precision_loss, reason = "thousands of producers at most")]
pub(super) fn records_per_second(
    folder: &Path,
    producers: usize,
    size: usize,
    lasting: Duration,
) -> Result<f64, BenchError> {
    let group = producers * (size + RECORD_OVERHEAD);
    groups_per_second(folder, group, lasting).map(|groups| groups * producers as f64)
}

fn groups_per_second(folder: &Path, group: usize, lasting: Duration) -> Result<f64, BenchError> {
    let file = ZeroFilled::make(folder.join("ceiling")).map_err(BenchError::Disk)?;
    let bytes = vec![b'x'; group.clamp(1, FILE_SIZE)];
    let blocks = bytes.len().div_ceil(BLOCK);
    let (mut offset, mut groups) = (0, 0);
    let begun = Instant::now();
    while begun.elapsed() < lasting {
        if offset + blocks * BLOCK > FILE_SIZE {
            offset = 0;
        }
        file.append(&bytes, offset as u64).map_err(BenchError::Disk)?;
        offset += blocks * BLOCK;
        groups += 1;
    }
    Ok(per_second(groups, begun.elapsed()))
}

/// A file whose blocks are all allocated and written, as a segment is; it goes when it is done with.
struct ZeroFilled {
    file: File,
    path: PathBuf,
}

impl ZeroFilled {
    fn make(path: PathBuf) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path)?;
        let piece = vec![0; FILL_PIECE];
        for _ in 0..FILE_SIZE / FILL_PIECE {
            file.write_all(&piece)?;
        }
        file.sync_all()?;
        Ok(Self { file, path })
    }

    fn append(&self, group: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(group, offset)?;
        self.file.sync_data()
    }
}

impl Drop for ZeroFilled {
    fn drop(&mut self) {
        let _left_behind = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let rate = records_per_second(folder.path(), 16, 600, Duration::from_millis(20)).unwrap();
        assert!(rate > 0.0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
