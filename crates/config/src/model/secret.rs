//! A text that nobody may see: a password, a token.
//!
//! It stands in the configuration, mostly as `${NAME}` from the environment, or in a file of its own. A file is read
//! anew for each connection, so that a new token needs no restart.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The longest secret, in bytes: signed tokens have a few thousand.
const MAX_SECRET: u64 = 16 * 1024;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// This one.
    Text(String),
    /// What is in a file, without the end of its last line.
    File {
        /// Which, absolute.
        path: PathBuf,
        /// What stands before it, as `Bearer `.
        prefix: String,
    },
}

impl Secret {
    /// The text itself. Blocks where it is in a file; one that holds nothing, or too much, is no secret.
    pub fn reveal(&self) -> io::Result<String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File { path, prefix } => Ok(format!("{prefix}{}", read(path)?)),
        }
    }

    /// The file that it is in.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Text(_) => None,
            Self::File { path, .. } => Some(path),
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_SECRET + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SECRET {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let kept = text.trim_end_matches(['\r', '\n']);
    if kept.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "nothing is in it"));
    }
    Ok(kept.to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("Secret"),
            Self::File { path, .. } => write!(f, "Secret({})", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_text_or_what_is_in_a_file_behind_its_prefix() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "s3cret\r\n").expect("written");
        let secret = Secret::File { path: path.clone(), prefix: "Bearer ".to_owned() };
        assert_eq!(secret.reveal().expect("readable"), "Bearer s3cret");
        assert_eq!(Secret::Text("x".to_owned()).reveal().expect("a text"), "x");
        for nothing in ["", "\n"] {
            std::fs::write(&path, nothing).expect("written");
            assert_eq!(
                secret.reveal().map_err(|error| error.kind()),
                Err(io::ErrorKind::InvalidData)
            );
        }
        std::fs::write(&path, "x".repeat(16 * 1024 + 1)).expect("written");
        assert_eq!(secret.reveal().map_err(|error| error.kind()), Err(io::ErrorKind::FileTooLarge));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let shown = format!("{:?}", Secret::Text("s3cret".to_owned()));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
