//! Where the messages to send come from: files, folders, standard input.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

/// The most bytes read from one file: as much as the largest message a listener takes by default, many times over.
const MAX_FILE: u64 = 1 << 30;

/// One file, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// Standard input, read once.
    Stdin(Bytes),
    /// A file.
    File(PathBuf),
}

/// Why an input could not be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum InputError {
    /// There is no such file.
    #[error("{} does not exist", path.display())]
    Missing {
        /// As it was named.
        path: PathBuf,
    },
    /// It could not be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// As it was named.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is too large.
    #[error("{} is larger than {MAX_FILE} bytes", path.display())]
    TooLarge {
        /// As it was named.
        path: PathBuf,
    },
    /// There is nothing in it.
    #[error("{} holds no message", path.display())]
    Empty {
        /// As it was named.
        path: PathBuf,
    },
    /// `--set` or `--unique` on something that is not HL7, or a path that cannot be set.
    #[error("message {number}, from {origin}, cannot be changed as --set or --unique ask")]
    Edit {
        /// The running number.
        number: u64,
        /// The file.
        origin: String,
        /// What stood against it.
        source: super::edit::AssignError,
    },
}

impl Input {
    /// The inputs named on the command line, folders replaced by their files. Standard input is read now.
    pub(super) fn all(named: &[PathBuf]) -> Result<Vec<Self>, InputError> {
        let mut inputs = Vec::new();
        for path in named {
            if path == Path::new("-") {
                inputs.push(Self::Stdin(read_limited(path, io::stdin().lock())?));
            } else if path.is_dir() {
                inputs.extend(folder(path)?);
            } else if path.exists() {
                inputs.push(Self::File(path.clone()));
            } else {
                return Err(InputError::Missing { path: path.clone() });
            }
        }
        Ok(inputs)
    }

    /// How it is called when something is said of it.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Stdin(_) => Path::new("standard input"),
            Self::File(path) => path,
        }
    }

    /// Its bytes.
    pub(super) fn read(&self) -> Result<Bytes, InputError> {
        let bytes = match self {
            Self::Stdin(bytes) => bytes.clone(),
            Self::File(path) => {
                let file = fs::File::open(path)
                    .map_err(|source| InputError::Unreadable { path: path.clone(), source })?;
                read_limited(path, file)?
            }
        };
        if bytes.is_empty() {
            return Err(InputError::Empty { path: self.path().to_owned() });
        }
        Ok(bytes)
    }
}

/// The files of a folder in the order of their names, hidden ones left out.
fn folder(path: &Path) -> Result<Vec<Input>, InputError> {
    let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files.into_iter().map(Input::File).collect())
}

fn read_limited(path: &Path, from: impl Read) -> Result<Bytes, InputError> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| InputError::Unreadable { path: path.to_owned(), source })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(InputError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_its_files_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.hl7", "a.hl7", ".hidden"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        fs::create_dir(folder.path().join("below")).unwrap();
        let inputs = Input::all(&[folder.path().to_owned()]).unwrap();
        let names: Vec<_> = inputs.iter().map(|input| input.path().file_name().unwrap()).collect();
        assert_eq!(names, ["a.hl7", "b.hl7"]);
    }

    #[test]
    fn a_file_that_is_missing_or_empty_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (missing, empty) = (folder.path().join("missing"), folder.path().join("empty"));
        fs::write(&empty, "").unwrap();
        assert!(matches!(Input::all(&[missing]), Err(InputError::Missing { .. })));
        assert!(matches!(Input::File(empty).read(), Err(InputError::Empty { .. })));
    }
}
