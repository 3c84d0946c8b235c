//! `wardline hl7 split`: a file with several messages, as files with one each.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::super::exit::Exit;
use super::super::failure::Outcome;
use super::super::terminal::Terminal;
use super::{Hl7Error, payloads};

/// Write each message of a file to a file of its own, byte for byte.
///
/// Frames, batches with and without envelopes, and bare runs of messages are split. A batch whose trailer counts other
/// messages than there are is refused, as is a file that would replace another.
#[derive(Debug, Args)]
pub(crate) struct Split {
    /// The file, or - for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder to write to; made where it is missing.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
}

impl Split {
    pub(super) fn execute(self, terminal: Terminal) -> Outcome {
        let payloads = payloads(&self.file)?;
        let unwritable = |path: &Path| {
            let path = path.to_owned();
            move |source| Hl7Error::Unwritable { path, source }
        };
        fs::create_dir_all(&self.into).map_err(unwritable(&self.into))?;
        let stem = self.file.file_stem().map_or("message".into(), |stem| stem.to_string_lossy());
        let stem = if stem == "-" { "message".into() } else { stem };
        for (payload, number) in payloads.iter().zip(1..) {
            let path = self.into.join(format!("{stem}-{number:04}.hl7"));
            let file = OpenOptions::new().write(true).create_new(true).open(&path);
            file.and_then(|mut file| file.write_all(payload)).map_err(unwritable(&path))?;
            if terminal.json {
                terminal.value(&path.display().to_string())?;
            } else {
                terminal.line(path.display().to_string())?;
            }
        }
        Ok(Exit::Ok)
    }
}
