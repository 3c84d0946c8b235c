//! `wardline init`: a first configuration to go on from.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use wardline_config::STARTER;

use super::Invocation;
use super::exit::Exit;
use super::failure::{Failure, Outcome};

/// Write a commented configuration into a folder. Nothing that is there is overwritten.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder; made where it is not there.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// Why the configuration was not written.
#[derive(Debug, thiserror::Error)]
enum InitError {
    /// There is one already.
    #[error("{} is there already; nothing was written", file.display())]
    Exists {
        /// The file that is there.
        file: PathBuf,
    },
    /// A file or folder could not be made.
    #[error("cannot write {}", file.display())]
    Write {
        /// What was to be made.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Failure for InitError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Written {
    written: Vec<PathBuf>,
}

impl Init {
    /// Writes the files and tells their names.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let files: Vec<(PathBuf, &str)> =
            STARTER.iter().map(|(path, text)| (self.folder.join(path), *text)).collect();
        if let Some((file, _)) = files.iter().find(|(file, _)| file.exists()) {
            return Err(InitError::Exists { file: file.clone() }.into());
        }
        for (file, text) in &files {
            write(file, text).map_err(|source| InitError::Write { file: file.clone(), source })?;
        }
        let terminal = invocation.terminal;
        let written: Vec<PathBuf> = files.into_iter().map(|(file, _)| file).collect();
        if terminal.json {
            terminal.value(&Written { written })?;
            return Ok(Exit::Ok);
        }
        for file in &written {
            terminal.line(file.display().to_string())?;
        }
        if let Some(main) = written.first() {
            terminal.talk(format!("next: wardline run {}", main.display()));
        }
        Ok(Exit::Ok)
    }
}

/// Writes a file that must not be there yet.
fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
}
