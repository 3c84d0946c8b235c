//! A folder in memory: a start reads it, writes its last group once more, and makes no file.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use wardline_store::disk::{Disk, DiskFile, Listed};

/// Files by name.
pub(crate) type Contents = BTreeMap<String, Arc<Vec<u8>>>;

#[derive(Clone)]
pub(crate) struct MemoryDisk(Arc<Mutex<Contents>>);

struct MemoryFile {
    disk: MemoryDisk,
    name: String,
}

impl MemoryDisk {
    pub(crate) fn new(contents: Contents) -> Self {
        Self(Arc::new(Mutex::new(contents)))
    }

    pub(crate) fn contents(&self) -> Contents {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().expect("nothing panics under it")
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn unexpected<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl Disk for MemoryDisk {
    fn create(&self, _path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        unexpected()
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let name = name(path);
        if self.locked().contains_key(&name) {
            Ok(Arc::new(MemoryFile { disk: self.clone(), name }))
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        unexpected()
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        unexpected()
    }

    fn sync_folder(&self, _path: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, _path: &Path) -> io::Result<Vec<Listed>> {
        let listed = |(name, bytes): (&String, &Arc<Vec<u8>>)| Listed {
            name: name.clone(),
            length: bytes.len() as u64,
        };
        Ok(self.locked().iter().map(listed).collect())
    }

    fn free(&self, _path: &Path) -> io::Result<u64> {
        unexpected()
    }
}

impl DiskFile for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let contents = self.disk.locked();
        let bytes = &contents[&self.name];
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
        let rest = rest.unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_all_at(&self, slices: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let mut contents = self.disk.locked();
        let mut at = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        for slice in slices {
            // What is written as it was leaves the file shared with the journal that all runs begin with.
            let known = contents[&self.name].get(at..at + slice.len());
            if known != Some(&**slice)
                && let Some(bytes) = contents.get_mut(&self.name)
            {
                let bytes = Arc::make_mut(bytes);
                bytes.resize(bytes.len().max(at + slice.len()), 0);
                bytes[at..at + slice.len()].copy_from_slice(slice);
            }
            at += slice.len();
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn set_direct(&self, _direct: bool) -> io::Result<()> {
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.locked()[&self.name].len() as u64)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        if let Some(bytes) = self.disk.locked().get_mut(&self.name) {
            Arc::make_mut(bytes).resize(length, 0);
        }
        Ok(())
    }
}
