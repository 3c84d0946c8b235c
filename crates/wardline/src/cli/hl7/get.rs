//! `wardline hl7 get`: what stands at a path.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wardline_hl7::{Message, Path, Value};

use super::super::exit::Exit;
use super::super::failure::{Outcome, TerminalError};
use super::super::terminal::Terminal;
use super::{Reading, each_message};

/// Print what stands at a path, a line for each place that the path names.
///
/// An empty element is an empty line and HL7's null is "". Exits with 6 when no message reaches to the path.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// Where to look: PID-5, PID-5.1, PID-3[2].1, PID-3[*].4, OBX[2]-5, OBX[*]-3.1, MSH-9.2.
    path: Path,
    /// Files, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// The bytes as they are: escapes not resolved, charset not decoded.
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    reading: Reading,
}

/// One message's answer as `--json` shows it: a line for each message.
#[derive(Serialize)]
struct Found {
    path: String,
    values: Vec<String>,
}

impl Get {
    pub(super) fn execute(self, terminal: Terminal) -> Outcome {
        let mut found = false;
        let exit = each_message(&self.files, self.reading, terminal, |_, message| {
            found |= self.print(message, terminal)?;
            Ok(())
        })?;
        Ok(if found { exit } else { Exit::NotFound })
    }

    /// Prints what one message holds; false where it does not reach to the path.
    fn print(&self, message: &Message, terminal: Terminal) -> Result<bool, TerminalError> {
        let values: Vec<Value<'_>> = message.all(&self.path).collect();
        if terminal.json {
            let values = values.iter().map(|&value| self.text(message, value)).collect::<Vec<_>>();
            let found = !values.is_empty();
            terminal.value(&Found { path: self.path.to_string(), values })?;
            return Ok(found);
        }
        for &value in &values {
            if self.raw {
                terminal.bytes(&[value.raw(), b"\n"].concat())?;
            } else {
                terminal.bytes(&[self.text(message, value).as_bytes(), b"\n"].concat())?;
            }
        }
        Ok(!values.is_empty())
    }

    fn text(&self, message: &Message, value: Value<'_>) -> String {
        if self.raw {
            return value.raw().iter().copied().map(char::from).collect();
        }
        message.text_of(value).map(String::from).unwrap_or_default()
    }
}
