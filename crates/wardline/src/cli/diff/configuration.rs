//! Where the configurations themselves differ.

use owo_colors::OwoColorize;
use serde::Serialize;
use wardline_config::compare::{Difference, How, KeyChange};

use super::super::failure::TerminalError;
use super::super::terminal::Terminal;

/// The most characters of a value that are shown: a name or an address fits, a rule is recognised.
const MAX_VALUE: usize = 60;

/// One difference as `--json` prints it.
#[derive(Serialize)]
pub(super) struct Row {
    section: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    how: &'static str,
    keys: Vec<KeyRow>,
}

#[derive(Serialize)]
struct KeyRow {
    key: String,
    old: Option<String>,
    new: Option<String>,
}

/// Prints all of them.
pub(super) fn show(differences: &[Difference], terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return rows(differences).iter().try_for_each(|row| terminal.value(row));
    }
    if differences.is_empty() {
        return terminal.line("the configurations say the same");
    }
    differences.iter().try_for_each(|difference| line(difference, terminal))
}

/// The differences as data.
pub(super) fn rows(differences: &[Difference]) -> Vec<Row> {
    let row = |difference: &Difference| Row {
        section: difference.section.as_str(),
        id: difference.id.clone(),
        how: word(&difference.how),
        keys: match &difference.how {
            How::Added | How::Removed | How::Moved => Vec::new(),
            How::Changed(keys) => keys.iter().map(key_row).collect(),
        },
    };
    differences.iter().map(row).collect()
}

fn key_row(change: &KeyChange) -> KeyRow {
    KeyRow { key: change.key.clone(), old: change.old.clone(), new: change.new.clone() }
}

/// Prints one.
pub(super) fn line(difference: &Difference, terminal: Terminal) -> Result<(), TerminalError> {
    let Difference { section, id, how } = difference;
    let name = match id {
        Some(id) => format!("{section} {}", id.bold()),
        None => format!("[{section}]"),
    };
    terminal.line(format!("{name}: {}", word(how)))?;
    let How::Changed(keys) = how else { return Ok(()) };
    if keys.is_empty() {
        return terminal.line("  a file that it names holds something else");
    }
    for KeyChange { key, old, new } in keys {
        let side = |side: &Option<String>| side.as_deref().map_or("·".to_owned(), shortened);
        let (old, new) = (side(old), side(new));
        terminal.line(format!("  {}  {}  →  {}", key.cyan(), old.red(), new.green()))?;
    }
    Ok(())
}

fn word(how: &How) -> &'static str {
    match how {
        How::Added => "added",
        How::Removed => "removed",
        How::Moved => "moved",
        How::Changed(_) => "changed",
    }
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= MAX_VALUE {
        return value.to_owned();
    }
    value.chars().take(MAX_VALUE - 1).chain(['…']).collect()
}
