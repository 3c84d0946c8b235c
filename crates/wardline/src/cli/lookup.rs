//! `wardline lookup`: the tables of codes, what is in them, and what peers sent that they lack.
//!
//! What is in a table is read from its file, whether an engine runs or not. What was missed only the running engine
//! knows; the missed keys come from messages, so they are shown where they are asked for by name and nowhere else (PHI-1).

mod notes;

use clap::{Args, Subcommand};
use serde::Serialize;
use wardline_engine::control::protocol::{LookupRow, Request, Response};
use wardline_engine::control::socket_path;
use wardline_flow::{LookupTable, Lookups};

use super::Invocation;
use super::amounts;
use super::configuration;
use super::exit::Exit;
use super::failure::{Failure, Outcome, TerminalError};
use super::printable;
use super::reach::{Reach, ReachError};
use super::table::{Align, Table};
use super::terminal::Terminal;

/// See lookup tables, and what they lack.
#[derive(Debug, Subcommand)]
pub(crate) enum Lookup {
    /// Every table of the configuration: its entries, and what was missed while the engine runs.
    List,
    Get(Get),
    Misses(Misses),
    /// Read every table and tell what looks wrong in it. Exits with 3 when one cannot be used.
    Check,
}

/// Look a key up, as a message would. Exits with 6 when the table lacks it and has nothing to give instead.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The table.
    table: String,
    /// The key, exactly as it is written.
    key: String,
}

/// How often keys were asked for that a table of the running engine lacks. Exits with 4 when none runs.
#[derive(Debug, Args)]
pub(crate) struct Misses {
    /// The table.
    table: String,
    /// List the keys too. They come from messages: a table of names has patients in them.
    #[arg(long)]
    keys: bool,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
enum LookupFailure {
    #[error("there is no lookup table `{0}`")]
    NoTable(String),
    #[error("the running engine has no lookup table `{0}`: it goes by an older configuration")]
    NotRunning(String),
    #[error("the lookup table `{table}` has no key `{key}`")]
    Miss { table: String, key: String },
}

impl Failure for LookupFailure {
    fn exit(&self) -> Exit {
        match self {
            Self::NoTable(_) | Self::NotRunning(_) | Self::Miss { .. } => Exit::NotFound,
        }
    }
}

/// What `get --json` prints.
#[derive(Serialize)]
struct Got<'g> {
    table: &'g str,
    key: &'g str,
    /// Whether the table has the key; where not, the value is what `on_miss` gives.
    found: bool,
    value: Option<String>,
}

/// What `check --json` prints, a line for each table.
#[derive(Serialize)]
struct Checked<'c> {
    table: &'c str,
    entries: usize,
    notes: Vec<String>,
}

impl Lookup {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let loaded = configuration::load(None, invocation)?;
        let tables = &*loaded.config.routing.lookups;
        match self {
            Self::List => {
                let socket = socket_path(&loaded.config.engine.data_dir);
                list(tables, Reach::at(&socket), invocation.terminal)
            }
            Self::Get(get) => get.execute(tables, invocation.terminal),
            Self::Misses(misses) => misses.execute(invocation),
            Self::Check => check(tables, invocation.terminal),
        }
    }
}

/// The tables of the running engine with their counts; without one, those of the configuration.
fn list(tables: &Lookups, engine: Result<Reach, ReachError>, terminal: Terminal) -> Outcome {
    let rows = match engine {
        Ok(mut engine) => match engine.ask(&Request::Lookups { table: None, keys: false })? {
            Response::Lookups { lookups } => lookups,
            _ => return Err(ReachError::Unexpected.into()),
        },
        Err(ReachError::NotRunning { .. }) => {
            tables.iter().map(|(name, table)| LookupRow::of(name, table, false)).collect()
        }
        Err(error) => return Err(error.into()),
    };
    if terminal.json {
        rows.iter().try_for_each(|row| terminal.value(row))?;
    } else if rows.is_empty() {
        terminal.talk("no lookup table is configured");
    } else {
        table(&rows, terminal)?;
    }
    Ok(Exit::Ok)
}

/// A line for each table.
pub(crate) fn table(rows: &[LookupRow], terminal: Terminal) -> Result<(), TerminalError> {
    let mut table = Table::new(&[
        ("LOOKUP", Align::Left),
        ("ENTRIES", Align::Right),
        ("ON MISS", Align::Left),
        ("MISSES", Align::Right),
        ("MISSED KEYS", Align::Right),
    ]);
    for row in rows {
        table.row([
            row.name.as_str().into(),
            amounts::count(row.entries).into(),
            row.on_miss.as_str().into(),
            amounts::count(row.misses).into(),
            amounts::count(row.missed_keys).into(),
        ]);
    }
    terminal.table(&table)
}

impl Get {
    fn execute(self, tables: &Lookups, terminal: Terminal) -> Outcome {
        let Self { table: name, key } = self;
        let Some(table) = tables.get(&name) else {
            return Err(LookupFailure::NoTable(name).into());
        };
        let value = table.find(&key).ok();
        let found = table.misses() == 0;
        if terminal.json {
            let shown = Got { table: &name, key: &key, found, value: value.clone() };
            terminal.value(&shown)?;
            return Ok(if value.is_some() { Exit::Ok } else { Exit::NotFound });
        }
        let Some(value) = value else {
            return Err(LookupFailure::Miss { table: name, key }.into());
        };
        if !found {
            let policy = LookupRow::of(&name, table, false).on_miss;
            terminal.talk(format!("no entry: this is what `on_miss = \"{policy}\"` gives"));
        }
        terminal.line(value)?;
        Ok(Exit::Ok)
    }
}

impl Misses {
    fn execute(self, invocation: &Invocation) -> Outcome {
        let Self { table: name, keys } = self;
        let terminal = invocation.terminal;
        let asked = Request::Lookups { table: Some(name.clone()), keys };
        let Response::Lookups { lookups } = Reach::running(invocation)?.ask(&asked)? else {
            return Err(ReachError::Unexpected.into());
        };
        let Some(row) = lookups.into_iter().next() else {
            return Err(LookupFailure::NotRunning(name).into());
        };
        if terminal.json {
            terminal.value(&row)?;
            return Ok(Exit::Ok);
        }
        if let Some(missed) = &row.missed {
            let mut table = Table::new(&[("MISSED", Align::Right), ("KEY", Align::Left)]);
            for one in missed {
                let key = printable::text(one.key.as_bytes()).into_owned();
                table.row([amounts::count(one.count).into(), key.into()]);
            }
            terminal.table(&table)?;
            return Ok(Exit::Ok);
        }
        let (misses, keys) = (amounts::count(row.misses), amounts::count(row.missed_keys));
        terminal.line(format!("{misses} misses, {keys} different keys"))?;
        if row.missed_keys > 0 {
            terminal.talk("`--keys` lists them: they come from messages");
        }
        Ok(Exit::Ok)
    }
}

fn check(tables: &Lookups, terminal: Terminal) -> Outcome {
    for (name, table) in tables.iter() {
        let notes = notes::of(table);
        if terminal.json {
            terminal.value(&Checked { table: name, entries: table.len(), notes })?;
            continue;
        }
        terminal.line(shown(name, table, notes.is_empty()))?;
        notes.iter().try_for_each(|note| terminal.line(format!("  {note}")))?;
    }
    Ok(Exit::Ok)
}

fn shown(name: &str, table: &LookupTable, is_sound: bool) -> String {
    let sound = if is_sound { ", sound" } else { "" };
    format!("{name}: {} entries{sound}", amounts::count(table.len() as u64))
}
