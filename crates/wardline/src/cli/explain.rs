//! `wardline explain`: what a stable code says, what Wardline does about it, and what is left to do.

use clap::Args;
use serde::Serialize;
use wardline_engine::explain::{Explanation, every_code, explain};

use super::Invocation;
use super::exit::Exit;
use super::failure::{Failure, Outcome, TerminalError};
use super::table::{Align, Table};
use super::terminal::Terminal;

/// Say what a code means, what Wardline does about it, and what is left to do. Without one, list them all.
///
/// Codes stand in lists, logs, metrics and answers: `ack-timeout`, `certificate-expired`, `AE`, 207, and the numbers that
/// commands end with. Exits with 6 for a code that there is not.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code.
    code: Option<String>,
}

/// Why nothing was explained.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExplainError {
    /// No code of ours.
    #[error("there is no code `{code}`{}", .near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        code: String,
        /// A code that it is a part of, or that is a part of it.
        near: Option<&'static str>,
    },
}

impl Failure for ExplainError {
    fn exit(&self) -> Exit {
        match self {
            Self::Unknown { .. } => Exit::NotFound,
        }
    }
}

/// One code at one place, as `--json` has it.
#[derive(Serialize)]
struct Row {
    code: &'static str,
    place: &'static str,
    means: &'static str,
    follows: &'static str,
    remedy: &'static str,
}

impl From<Explanation> for Row {
    fn from(Explanation { place, code, means, follows, remedy }: Explanation) -> Self {
        Self { code, place, means, follows, remedy }
    }
}

impl Explain {
    /// Prints what is known of the code, once for each place where it is met.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let terminal = invocation.terminal;
        let Some(code) = self.code else { return list(terminal) };
        let found: Vec<Explanation> = explain(&code).collect();
        if found.is_empty() {
            let near = near(&code);
            return Err(ExplainError::Unknown { code, near }.into());
        }
        for (number, explanation) in found.into_iter().enumerate() {
            if terminal.json {
                terminal.value(&Row::from(explanation))?;
                continue;
            }
            if number > 0 {
                terminal.line("")?;
            }
            print(&explanation, terminal)?;
        }
        Ok(Exit::Ok)
    }
}

fn list(terminal: Terminal) -> Outcome {
    if terminal.json {
        every_code().try_for_each(|explanation| terminal.value(&Row::from(explanation)))?;
        return Ok(Exit::Ok);
    }
    let columns = [("CODE", Align::Left), ("OF", Align::Left), ("MEANS", Align::Left)];
    let mut table = Table::new(&columns);
    for Explanation { code, place, means, .. } in every_code() {
        table.row([code.into(), place.into(), means.into()]);
    }
    terminal.table(&table)?;
    Ok(Exit::Ok)
}

fn print(explanation: &Explanation, terminal: Terminal) -> Result<(), TerminalError> {
    let Explanation { place, code, means, follows, remedy } = explanation;
    terminal.line(format!("{code}  ({place})"))?;
    let told = [("means", means), ("Wardline", follows), ("what to do", remedy)];
    let told = told.into_iter().filter(|(_, text)| !text.is_empty());
    for (what, text) in told {
        terminal.line(format!("  {what:<11} {text}"))?;
    }
    Ok(())
}

/// A code that begins or ends like this, for whoever remembers half of it.
fn near(code: &str) -> Option<&'static str> {
    let code = code.to_ascii_lowercase();
    let is_near = |known: &str| {
        let known = known.to_ascii_lowercase();
        code.len() > 2 && (known.contains(&code) || (known.len() > 2 && code.contains(&known)))
    };
    every_code().map(|known| known.code).find(|known| is_near(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_that_a_command_ends_with_is_explained() {
        let source = include_str!("exit.rs").split_once("fn code(self)").expect("the numbers").1;
        let source = source.split_once("\n    }\n").expect("their end").0;
        let numbers = source.lines().filter_map(|line| line.split_once("=> "));
        let numbers: Vec<&str> = numbers.map(|(_, number)| number.trim_end_matches(',')).collect();
        let explained = every_code().filter(|row| row.place == "Exit codes").map(|row| row.code);
        assert_eq!(explained.collect::<Vec<_>>(), numbers);
    }

    #[test]
    fn half_a_code_leads_to_a_whole_one() {
        assert_eq!(near("ack"), Some("ack-timeout"));
        assert_eq!(near("certificate-expired-today"), Some("certificate-expired"));
        assert_eq!(near("xyzzy"), None);
        assert_eq!(near("a"), None);
    }
}
