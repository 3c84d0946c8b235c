//! The only place where the command line writes: data on stdout, talk on stderr.
//!
//! Colours go through `anstream`, which drops them for `NO_COLOR`, `TERM=dumb` and whatever is not a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use owo_colors::OwoColorize;
use serde::Serialize;

use super::failure::TerminalError;
use super::table::Table;

/// Standard output, standard error and whether the caller wants JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// `--json`: data as JSON with stable keys.
    pub(crate) json: bool,
    /// Somebody sits there who can be asked.
    pub(crate) interactive: bool,
}

#[expect(clippy::unused_self, reason = "only who was given a terminal writes to it")]
impl Terminal {
    /// The terminal of this process.
    pub(crate) fn of_process(json: bool) -> Self {
        Self { json, interactive: io::stdin().is_terminal() && io::stderr().is_terminal() }
    }

    /// One line of data.
    pub(crate) fn line(self, line: impl AsRef<str>) -> Result<(), TerminalError> {
        writeln!(anstream::stdout(), "{}", line.as_ref()).map_err(TerminalError::Write)
    }

    /// Bytes of data as they are, without a line end, without any change.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), TerminalError> {
        let mut stdout = io::stdout();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(TerminalError::Write)
    }

    /// One JSON value on a line of its own.
    pub(crate) fn value(self, value: &impl Serialize) -> Result<(), TerminalError> {
        let mut line = serde_json::to_vec(value).map_err(TerminalError::Json)?;
        line.push(b'\n');
        self.bytes(&line)
    }

    /// A table, cut to the width of the terminal; whole where stdout is not one.
    pub(crate) fn table(self, table: &Table) -> Result<(), TerminalError> {
        let mut stdout = anstream::stdout().lock();
        for line in table.lines(width()) {
            writeln!(stdout, "{line}").map_err(TerminalError::Write)?;
        }
        Ok(())
    }

    /// A line for the person at the terminal. That stderr is gone is nobody's loss.
    pub(crate) fn talk(self, line: impl AsRef<str>) {
        let _nobody_reads = writeln!(anstream::stderr(), "{}", line.as_ref());
    }

    /// An error, for the person at the terminal.
    pub(crate) fn error(self, text: &str) {
        self.talk(format!("{} {text}", "error:".red().bold()));
    }

    /// Asks before something that cannot be taken back. `assumed` (`--yes`) skips the question.
    ///
    /// # Errors
    ///
    /// [`TerminalError::NobodyToAsk`] where nobody sits there.
    pub(crate) fn confirm(self, question: &str, assumed: bool) -> Result<bool, TerminalError> {
        if assumed {
            return Ok(true);
        }
        if !self.interactive {
            return Err(TerminalError::NobodyToAsk);
        }
        write!(anstream::stderr(), "{question} [y/N] ").map_err(TerminalError::Write)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(TerminalError::Read)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }

    /// Asks for a number before something large: only who has read it can type it.
    ///
    /// # Errors
    ///
    /// [`TerminalError::NobodyToType`] where nobody sits there.
    pub(crate) fn typed(self, question: &str, number: u64) -> Result<bool, TerminalError> {
        if !self.interactive {
            return Err(TerminalError::NobodyToType(number));
        }
        write!(anstream::stderr(), "{question} ").map_err(TerminalError::Write)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(TerminalError::Read)?;
        Ok(answer.trim() == number.to_string())
    }
}

/// The columns of the terminal that stdout is, if it is one.
fn width() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(stdout)
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|&columns| columns > 0)
}
