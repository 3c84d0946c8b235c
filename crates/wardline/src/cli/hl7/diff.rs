//! `wardline hl7 diff`: where two messages differ, by path.

use std::path::PathBuf;

use clap::Args;
use owo_colors::OwoColorize;
use wardline_engine::trial::{Difference, differences};

use super::super::exit::Exit;
use super::super::failure::{Outcome, TerminalError};
use super::super::terminal::Terminal;
use super::{Reading, messages, paint};

/// Tell where the messages of two files differ, path by path, the first with the first and so on.
///
/// Segments are paired by name and place among their namesakes. Compared is text: line ends and charsets don't count,
/// escape sequences do. Exits with 0 where nothing differs, with 1 where something does.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The first file, or - for standard input.
    #[arg(value_name = "FILE")]
    left: PathBuf,
    /// The second one.
    #[arg(value_name = "OTHER")]
    right: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

impl Diff {
    pub(super) fn execute(self, terminal: Terminal) -> Outcome {
        let left = messages(&self.left, self.reading)?;
        let right = messages(&self.right, self.reading)?;
        let mut differs = false;
        for number in 0..left.len().max(right.len()) {
            for difference in differences(number + 1, left.get(number), right.get(number)) {
                differs = true;
                show(&difference, terminal)?;
            }
        }
        Ok(if differs { Exit::Failed } else { Exit::Ok })
    }
}

fn show(difference: &Difference, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(difference);
    }
    terminal.line(format!("{}  {}", difference.message, painted(difference, "(nothing)")))
}

/// The path and both sides, with colours; `nothing` stands for a side that does not reach to it.
pub(in crate::cli) fn painted(difference: &Difference, nothing: &str) -> String {
    let path = paint::path(&format!("{:<12}", difference.path));
    let side = |text: &Option<String>| text.clone().unwrap_or_else(|| nothing.to_owned());
    let (left, right) = (side(&difference.left), side(&difference.right));
    format!("{path}  {}  →  {}", left.red(), right.green())
}
