//! The files of users and tokens: read, and changed under a lock.
//!
//! A change is written beside, synced, and renamed over what was: whoever reads sees the old or the new, and a full disk
//! leaves the old.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use super::record::VERSION;
use super::{AccessFault, Record};

/// Read and write for the owner, nothing for others.
const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;
/// The largest file that is read: as many users and tokens as there can be fit many times.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// `<data_dir>/access`.
#[derive(Debug, Clone)]
pub struct AccessFolder(PathBuf);

impl AccessFolder {
    /// The folder of the engine with this data folder.
    pub fn of(data_dir: &Path) -> Self {
        Self(data_dir.join("access"))
    }

    /// Users and tokens.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("access.json")
    }

    /// Where the set-up token stands while there is nobody.
    pub(crate) fn setup_token(&self) -> PathBuf {
        self.0.join("setup-token")
    }

    /// Who may come in; nobody where there is no file. A file that cannot be read is a fault, never nobody: that would
    /// open the set-up to whoever comes first.
    ///
    /// # Errors
    ///
    /// The file cannot be read or is none of ours.
    pub fn read(&self) -> Result<Record, AccessFault> {
        let path = self.file();
        let text = match fs::metadata(&path) {
            Ok(found) if found.len() > MAX_FILE => {
                return Err(AccessFault::File { path, source: io::ErrorKind::FileTooLarge.into() });
            }
            Ok(_) => fs::read(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            Err(error) => Err(error),
        };
        let text = text.map_err(|source| AccessFault::File { path: path.clone(), source })?;
        let record: Record = serde_json::from_slice(&text)
            .map_err(|source| AccessFault::Malformed { path: path.clone(), source })?;
        match record.version {
            VERSION => Ok(record),
            version => Err(AccessFault::Version { path, version }),
        }
    }

    /// Changes what is there, one after the other whoever does. Nothing is written where `change` fails. Blocks.
    ///
    /// # Errors
    ///
    /// What `change` says, or a file cannot be used; everything stays as it was.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Record) -> Result<T, AccessFault>,
    ) -> Result<T, AccessFault> {
        let locked = self.lock()?;
        let mut record = self.read()?;
        let changed = change(&mut record)?;
        let path = self.file();
        let text = serde_json::to_vec_pretty(&record)
            .map_err(|source| AccessFault::Malformed { path: path.clone(), source })?;
        write_private(&path, &text).map_err(|source| AccessFault::File { path, source })?;
        if !record.is_empty() {
            let _there_may_be_none = fs::remove_file(self.setup_token());
        }
        drop(locked);
        Ok(changed)
    }

    fn lock(&self) -> Result<File, AccessFault> {
        self.make()?;
        let path = self.0.join("lock");
        let open = || {
            let mut options = OpenOptions::new();
            let file = options.create(true).write(true).truncate(false).mode(PRIVATE_FILE);
            let file = file.open(&path)?;
            belongs_to_owner_of(&self.0, &path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|source| AccessFault::File { path: path.clone(), source })
    }

    /// Makes the folder, for its owner alone.
    pub(crate) fn make(&self) -> Result<(), AccessFault> {
        let made = DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(&self.0);
        let made = made.and_then(|()| match self.0.parent() {
            Some(data_dir) => belongs_to_owner_of(data_dir, &self.0),
            None => Ok(()),
        });
        made.map_err(|source| AccessFault::File { path: self.0.clone(), source })
    }
}

/// Gives a file to whom the folder belongs: an administrator of the machine must not take the engine's files from it.
fn belongs_to_owner_of(folder: &Path, file: &Path) -> io::Result<()> {
    let (owner, found) = (fs::metadata(folder)?, fs::metadata(file)?);
    if owner.uid() == found.uid() {
        return Ok(());
    }
    chown(file, Some(owner.uid()), Some(owner.gid()))
}

/// Replaces a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let _of_a_crash = fs::remove_file(&beside);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(PRIVATE_FILE).open(&beside)?;
    let given = path.parent().map_or(Ok(()), |folder| belongs_to_owner_of(folder, &beside));
    let written = given.and_then(|()| file.write_all(text)).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&beside, path)) {
        let _left_for_the_next = fs::remove_file(&beside);
        return Err(error);
    }
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
