//! Folders whose entries must outlive a power cut.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Filed, fault};

/// The folders of one group, each synced once.
#[derive(Debug, Default)]
pub(super) struct Folders(BTreeMap<PathBuf, Filed>);

impl Folders {
    /// Makes the entry of `path` durable; with it every other entry made in that folder before.
    pub(super) fn sync_parent(&mut self, path: &Path) -> Filed {
        let folder = parent(path);
        if let Some(&synced) = self.0.get(folder) {
            return synced;
        }
        let synced = match sync_folder(folder) {
            Ok(()) => Filed::Delivered,
            Err(error) => Filed::Failed(fault(&error)),
        };
        self.0.insert(folder.to_owned(), synced);
        synced
    }
}

/// Makes a folder and those above it, each durable before anything is put into it.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    match make_one(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = parent(folder);
            // A working directory that was removed is below nothing.
            if above == folder {
                return Err(error);
            }
            make_folder(above)?;
            make_one(folder)
        }
        made => made,
    }
}

fn make_one(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Ok(()) => sync_folder(parent(folder)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder of a path; the working directory where it names none.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}
