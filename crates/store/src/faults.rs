//! A disk that fails on demand, for tests of the store and of what stands on it.
//!
//! It works on real files, so that what a test leaves behind can be opened by any store. It can
//!
//! - fail the nth write or sync of the journal with an error; what a failed sync should have written is read as it was
//!   written and gone when the power is cut, whatever syncs follow, unless it is written again: so Linux does it,
//! - run out of space,
//! - lose power: of the 4 KiB blocks written since their file's last sync a random subset is lost, and of the last
//!   renames those after a random one. What it cannot show: a disk that lies about its syncs, or tears a block.
//!
//! [`find_journal`] shows what a start makes of a journal, whatever was done to its files.

mod blocks;
mod start;

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::disk::{Disk, DiskFile, Listed, RealDisk};
use crate::journal::names::FileRole;
use blocks::Unsynced;
pub use start::{FoundJournal, FoundRecord, find_journal};

/// A disk that fails on demand. Clones are the same disk.
#[derive(Clone, Default)]
pub struct FaultyDisk {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    files: HashMap<PathBuf, Arc<FileState>>,
    renames: Vec<(PathBuf, PathBuf)>,
    /// Journal writes until one fails; 1 = the next.
    fail_write_in: Option<u64>,
    fail_sync_in: Option<u64>,
    /// Bytes by which files may still grow.
    space: Option<u64>,
    power_is_off: bool,
    writes: u64,
    syncs: u64,
}

struct FileState {
    path: Mutex<PathBuf>,
    unsynced: Mutex<Unsynced>,
}

struct FaultyFile {
    disk: FaultyDisk,
    below: Arc<dyn DiskFile>,
    state: Arc<FileState>,
}

/// What is wrong with a disk without power.
const NO_POWER: &str = "the power is off";

impl FaultyDisk {
    /// A disk without faults so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the nth write to a journal segment from now on fail; 1 = the next.
    pub fn fail_write(&self, nth: u64) {
        self.shared().fail_write_in = Some(nth);
    }

    /// Lets the nth sync of a journal segment from now on fail; 1 = the next.
    pub fn fail_sync(&self, nth: u64) {
        self.shared().fail_sync_in = Some(nth);
    }

    /// Lets files grow by so many bytes in all; removing one gives its bytes back. `None` = without limit.
    pub fn limit_space(&self, bytes: Option<u64>) {
        self.shared().space = bytes;
    }

    /// Writes and syncs of journal segments so far.
    pub fn writes_and_syncs(&self) -> (u64, u64) {
        let shared = self.shared();
        (shared.writes, shared.syncs)
    }

    /// From now on every operation fails.
    pub fn power_off(&self) {
        self.shared().power_is_off = true;
    }

    /// Loses a random part of what was not synced, and gives power again. Nothing may use the disk meanwhile.
    pub fn cut_and_restore(&self, seed: u64) -> io::Result<()> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut shared = self.shared();
        let mut files: Vec<_> = shared.files.drain().collect();
        files.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (path, state) in files {
            if path.exists() {
                lock(&state.unsynced).lose(&path, &mut random)?;
            }
        }
        let kept = random.usize(0..=shared.renames.len());
        for (from, to) in shared.renames.drain(..).skip(kept).rev() {
            std::fs::rename(&to, &from)?;
        }
        *shared = Shared::default();
        Ok(())
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }

    fn powered(&self) -> io::Result<MutexGuard<'_, Shared>> {
        let shared = self.shared();
        if shared.power_is_off { Err(io::Error::other(NO_POWER)) } else { Ok(shared) }
    }

    fn file(&self, path: &Path, below: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        let fresh = || {
            let unsynced = Mutex::new(Unsynced::default());
            Arc::new(FileState { path: Mutex::new(path.to_owned()), unsynced })
        };
        let state = Arc::clone(self.shared().files.entry(path.to_owned()).or_insert_with(fresh));
        Arc::new(FaultyFile { disk: self.clone(), below, state })
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        drop(self.powered()?);
        Ok(self.file(path, RealDisk.create(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        drop(self.powered()?);
        Ok(self.file(path, RealDisk.open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut shared = self.powered()?;
        RealDisk.rename(from, to)?;
        shared.renames.push((from.to_owned(), to.to_owned()));
        if let Some(state) = shared.files.remove(from) {
            to.clone_into(&mut lock(&state.path));
            shared.files.insert(to.to_owned(), state);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut shared = self.powered()?;
        let length = std::fs::metadata(path)?.len();
        RealDisk.remove(path)?;
        shared.files.remove(path);
        shared.renames.retain(|(_, to)| to != path);
        if let Some(space) = &mut shared.space {
            *space += length;
        }
        Ok(())
    }

    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        self.powered()?.renames.clear();
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Listed>> {
        drop(self.powered()?);
        RealDisk.list(path)
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        let space = self.powered()?.space;
        space.map_or_else(|| RealDisk.free(path), Ok)
    }
}

impl FaultyFile {
    fn is_journal(&self) -> bool {
        let path = lock(&self.state.path);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| matches!(FileRole::of(&name), FileRole::Segment(_)))
    }

    /// Takes the room by which a write makes the file longer.
    fn grow(shared: &mut Shared, length: u64, end: u64) -> io::Result<()> {
        if let Some(space) = &mut shared.space {
            let more = end.saturating_sub(length);
            *space = space.checked_sub(more).ok_or(io::ErrorKind::StorageFull)?;
        }
        Ok(())
    }
}

/// Counts down to a fault; `true` = now.
fn is_due(countdown: &mut Option<u64>) -> bool {
    match countdown {
        Some(1) => {
            *countdown = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        drop(self.disk.powered()?);
        self.below.read_at(buffer, offset)
    }

    fn write_all_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let mut shared = self.disk.powered()?;
        if self.is_journal() {
            shared.writes += 1;
            if is_due(&mut shared.fail_write_in) {
                return Err(io::Error::other("an injected write error"));
            }
        }
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        let end = offset + length as u64;
        Self::grow(&mut shared, self.below.length()?, end)?;
        lock(&self.state.unsynced).remember(&*self.below, offset, end)?;
        self.below.write_all_at(slices, offset)
    }

    fn sync(&self) -> io::Result<()> {
        let mut shared = self.disk.powered()?;
        if self.is_journal() {
            shared.syncs += 1;
            if is_due(&mut shared.fail_sync_in) {
                lock(&self.state.unsynced).sync_failed();
                return Err(io::Error::other("an injected sync error"));
            }
        }
        lock(&self.state.unsynced).forget();
        Ok(())
    }

    fn set_direct(&self, direct: bool) -> io::Result<()> {
        drop(self.disk.powered()?);
        self.below.set_direct(direct)
    }

    fn length(&self) -> io::Result<u64> {
        drop(self.disk.powered()?);
        self.below.length()
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut shared = self.disk.powered()?;
        let before = self.below.length()?;
        Self::grow(&mut shared, before, length)?;
        if let Some(space) = &mut shared.space {
            *space += before.saturating_sub(length);
        }
        lock(&self.state.unsynced).remember(&*self.below, length, before)?;
        self.below.set_length(length)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
