//! What is otherwise, as people and programs read it: the sum, the groups, their fields and examples.

use owo_colors::OwoColorize;
use serde::Serialize;
use wardline_config::compare::Difference;

use super::super::amounts;
use super::super::failure::TerminalError;
use super::super::hl7::diff::painted;
use super::super::table::{Align, Table};
use super::super::terminal::Terminal;
use super::configuration::{self, Row};
use super::received::PassedOver;
use super::tally::{Example, Group, Key, Tally};

/// Fields of a group that people are shown; programs get all.
const FIELDS_SHOWN: usize = 12;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'t> {
    messages: u64,
    otherwise: u64,
    passed_over: PassedOver,
    /// Changes beyond the groups.
    ungrouped: u64,
    groups: Vec<GroupRow<'t>>,
    configuration: Vec<Row>,
}

#[derive(Serialize)]
struct GroupRow<'t> {
    happens: &'t Key,
    to: &'t Group,
}

/// Prints everything.
pub(super) fn show(
    tally: &Tally,
    differences: &[Difference],
    terminal: Terminal,
) -> Result<(), TerminalError> {
    let groups = tally.groups();
    if terminal.json {
        return terminal.value(&Report {
            messages: tally.messages,
            otherwise: tally.otherwise,
            passed_over: tally.passed_over,
            ungrouped: tally.beyond,
            groups: groups.into_iter().map(|(happens, to)| GroupRow { happens, to }).collect(),
            configuration: configuration::rows(differences),
        });
    }
    sum(tally, terminal)?;
    if !groups.is_empty() {
        terminal.line("")?;
        terminal.table(&table(&groups))?;
    }
    for ((key, group), number) in groups.iter().zip(1..) {
        details(number, key, group, terminal)?;
    }
    if tally.beyond > 0 {
        terminal.line(format!("and {} changes in further groups", amounts::count(tally.beyond)))?;
    }
    if !differences.is_empty() {
        terminal.line("\nin the configuration")?;
    }
    differences.iter().try_for_each(|one| configuration::line(one, terminal))
}

fn sum(tally: &Tally, terminal: Terminal) -> Result<(), TerminalError> {
    let messages = counted(tally.messages, "message");
    match tally.received {
        Some((first, last)) => {
            let (first, last) = (minute(first), minute(last));
            terminal.line(format!("{messages}, received from {first} to {last}"))?;
        }
        None => terminal.line(messages)?,
    }
    let as_before = amounts::count(tally.messages - tally.otherwise);
    let otherwise = amounts::count(tally.otherwise);
    terminal.line(format!("{as_before} come out as before, {} otherwise", otherwise.bold()))?;
    let PassedOver { copies, emitted, unknown, files } = tally.passed_over;
    for (count, one, what) in [
        (copies, "copy", "answered as the first was"),
        (emitted, "message", "emitted by handlers behind a queue"),
        (unknown, "message", "of listeners that the old configuration does not have"),
        (files, "file", "without HL7"),
    ] {
        if count > 0 {
            terminal.line(format!("not looked at: {} {what}", counted(count, one)))?;
        }
    }
    Ok(())
}

fn table(groups: &[(&Key, &Group)]) -> Table {
    let mut table = Table::new(&[
        ("", Align::Right),
        ("MESSAGES", Align::Right),
        ("LISTENER", Align::Left),
        ("WHAT", Align::Left),
        ("WHY", Align::Left),
    ]);
    for ((key, group), number) in groups.iter().zip(1_usize..) {
        table.row([
            number.to_string().into(),
            amounts::count(group.messages).into(),
            key.listener.as_str().into(),
            key.kind.in_words(key.destination.as_deref()).into(),
            key.why.as_deref().unwrap_or("-").into(),
        ]);
    }
    table
}

fn details(
    number: usize,
    key: &Key,
    group: &Group,
    terminal: Terminal,
) -> Result<(), TerminalError> {
    if group.fields.is_empty() && group.examples.is_empty() {
        return Ok(());
    }
    let what = key.kind.in_words(key.destination.as_deref());
    terminal.line(format!("\n{number}  {}", what.bold()))?;
    let fields = group.fields();
    if !fields.is_empty() {
        let shown = fields.iter().take(FIELDS_SHOWN);
        let shown = shown.map(|(path, n)| format!("{} in {}", path.cyan(), amounts::count(*n)));
        let more = fields.len().saturating_sub(FIELDS_SHOWN);
        let more = (more > 0).then(|| format!("and {more} more"));
        let shown: Vec<String> = shown.chain(more).collect();
        terminal.line(format!("   {}", shown.join(", ")))?;
    }
    for Example { message, control_id, differences } in &group.examples {
        terminal.line(format!("   {message}  MSH-10 {control_id}"))?;
        for difference in differences {
            terminal.line(format!("     {}", painted(difference, "·")))?;
        }
    }
    Ok(())
}

fn minute(at: jiff::Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn counted(count: u64, one: &str) -> String {
    let many = match one {
        "copy" => "copies".to_owned(),
        one => format!("{one}s"),
    };
    format!("{} {}", amounts::count(count), if count == 1 { one } else { &many })
}
