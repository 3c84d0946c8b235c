//! A message written beside its place, under a name that no one else uses.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use wardline_flow::FileFault;

use super::fault;
use super::folders::make_folder;
use crate::outbound::delivery::Delivery;

/// A file written under its temporary name; removed when it is dropped before it has found its place.
pub(super) struct Draft {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    placed: bool,
}

impl Draft {
    /// Writes the body into the folder of `target`, which is made if it is missing.
    ///
    /// The temporary name is that of the delivery, so what a crash left behind is found and replaced.
    pub(super) fn write(
        target: PathBuf,
        destination: &str,
        delivery: &Delivery,
    ) -> Result<Self, FileFault> {
        let folder = target.parent().ok_or(FileFault::Failed)?;
        let temporary = folder.join(format!(".wardline-{destination}-{}.part", delivery.id));
        let file = create(&temporary, folder).map_err(|error| fault(&error))?;
        let mut draft = Self { file, temporary, target, placed: false };
        draft.file.write_all(&delivery.body).map_err(|error| fault(&error))?;
        Ok(draft)
    }

    /// Makes its content durable.
    pub(super) fn sync(&self) -> Result<(), FileFault> {
        self.file.sync_all().map_err(|error| fault(&error))
    }

    /// Its name until it is placed.
    pub(super) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Its name afterwards, unless that is taken.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// The temporary name is gone.
    pub(super) fn placed(mut self) {
        self.placed = true;
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            // What cannot be removed now is replaced by the next attempt.
            let _replaced_later = fs::remove_file(&self.temporary);
        }
    }
}

/// Creates a new file, never through a link that somebody put there.
fn create(temporary: &Path, folder: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).open(temporary);
    match create() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_folder(folder)?;
            create()
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(temporary)?;
            create()
        }
        created => created,
    }
}
