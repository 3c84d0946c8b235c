//! `wardline config`: the language of the configuration for editors, and a configuration as it holds.

use std::env;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;
use wardline_config::{Origin, Shown, ShownTable};

use super::Invocation;
use super::configuration;
use super::exit::Exit;
use super::failure::{Outcome, TerminalError};
use super::terminal::Terminal;

/// Where the origin of a value stands: behind most of them.
const ORIGIN_COLUMN: usize = 48;

/// See the configuration's language, and a configuration as it holds.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Print a JSON Schema: every key with what it means, its type, words, limits and default, for editors.
    Schema,
    Show(Show),
}

/// Print the configuration, each value with where it comes from. Secrets are masked.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The configuration; --config where absent.
    #[arg(value_name = "CONFIG")]
    file: Option<PathBuf>,
    /// Also print what nothing sets: every default.
    #[arg(long)]
    effective: bool,
}

/// One line of `show --json`.
#[derive(Serialize)]
struct ShownRow<'s> {
    table: &'s str,
    key: &'s str,
    value: &'s Value,
    origin: OriginRow<'s>,
}

/// Where a value comes from.
#[derive(Serialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
enum OriginRow<'s> {
    Default,
    File {
        file: &'s PathBuf,
        line: usize,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        variables: &'s [String],
    },
    Environment {
        variable: &'s str,
    },
}

impl Config {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        match self {
            Self::Schema => {
                invocation.terminal.value(&wardline_config::schema())?;
                Ok(Exit::Ok)
            }
            Self::Show(show) => show.execute(invocation),
        }
    }
}

impl Show {
    fn execute(self, invocation: &Invocation) -> Outcome {
        let loaded = configuration::load(self.file.as_deref(), invocation)?;
        let environment = |name: &str| env::var(name).ok();
        let tables = loaded.settings(&environment, self.effective);
        let terminal = invocation.terminal;
        for (number, table) in tables.iter().enumerate() {
            if terminal.json {
                rows(table, terminal)?;
            } else {
                if number > 0 {
                    terminal.line("")?;
                }
                lines(table, terminal)?;
            }
        }
        Ok(Exit::Ok)
    }
}

fn rows(table: &ShownTable, terminal: Terminal) -> Result<(), TerminalError> {
    table.settings.iter().try_for_each(|shown| {
        let origin = match &shown.origin {
            Origin::Default => OriginRow::Default,
            Origin::File { path, line, variables } => {
                OriginRow::File { file: path, line: *line, variables }
            }
            Origin::Environment { variable } => OriginRow::Environment { variable },
        };
        let Shown { key, value, .. } = shown;
        terminal.value(&ShownRow { table: &table.path, key, value, origin })
    })
}

/// The table as it could stand in a file, with the origins as comments.
fn lines(table: &ShownTable, terminal: Terminal) -> Result<(), TerminalError> {
    if !table.header.is_empty() {
        terminal.line(&table.header)?;
    }
    table.settings.iter().try_for_each(|shown| {
        let setting = format!("{} = {}", shown.written_key(), shown.written_value());
        terminal.line(format!("{setting:<ORIGIN_COLUMN$} # {}", shown.origin))
    })
}
