//! `wardline reload`: the running engine goes by its configuration as it is now, as SIGHUP makes it do.

use clap::Args;
use owo_colors::Style;
use wardline_engine::control::protocol::{
    ChangeKind, QueueMove, Reload as Done, Request, Response,
};

use super::Invocation;
use super::certificates;
use super::exit::Exit;
use super::failure::{Outcome, TerminalError};
use super::reach::{Reach, ReachError, operator};
use super::table::{Align, Cell, Table};
use super::terminal::Terminal;

/// Read the configuration and every file it names again, and apply what is changed.
///
/// Other listeners, connections, queues and handlers are not touched. It is all or nothing: with a fault, an address that
/// cannot be had, or a key that needs a restart, everything stays as it was, and all of it is told.
#[derive(Debug, Args)]
pub(crate) struct Reload {
    /// Only tell what would change, and whether it would be refused.
    #[arg(long)]
    dry_run: bool,
    /// A destination that is gone: give what is pending in its queue to another. May be repeated.
    #[arg(long, value_name = "OLD=NEW", value_parser = queue_move)]
    move_queue: Vec<QueueMove>,
    /// A destination that is gone: keep its queue, held, until it comes back or an operator decides. May be repeated.
    #[arg(long, value_name = "DEST")]
    park: Vec<String>,
    /// Apply only this difference, by the digest that --dry-run told; another one by now is refused.
    #[arg(long, value_name = "DIGEST", conflicts_with = "dry_run")]
    expect: Option<String>,
}

fn queue_move(text: &str) -> Result<QueueMove, &'static str> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() && from != to => {
            Ok(QueueMove { from: from.to_owned(), to: to.to_owned() })
        }
        Some(_) | None => Err("two ids, OLD=NEW"),
    }
}

impl Reload {
    /// Asks, and prints what is changed.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let Self { dry_run, move_queue: moves, park, expect: expected } = self;
        let request = Request::Reload { dry_run, moves, park, expected, by: operator() };
        let Response::Reloaded(done) = Reach::running(invocation)?.ask(&request)? else {
            return Err(ReachError::Unexpected.into());
        };
        show(&done, invocation.terminal)?;
        Ok(exit(&done))
    }
}

fn exit(done: &Done) -> Exit {
    let mut moved = done.queues.iter().filter(|one| one.to.is_some());
    if !done.refused.is_empty() {
        Exit::Failed
    } else if moved.any(|one| one.left > 0) {
        Exit::Partly
    } else {
        Exit::Ok
    }
}

fn show(done: &Done, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(done);
    }
    for warning in &done.warnings {
        terminal.talk(warning);
    }
    if done.changes.is_empty() {
        terminal.talk("the configuration says what it said before");
    } else {
        terminal.table(&changes(done))?;
    }
    for one in &done.queues {
        let (destination, deliveries) = (&one.destination, one.deliveries);
        match &one.to {
            Some(to) => terminal.talk(format!(
                "queue of {destination}: {deliveries} deliveries moved to {to}, {} stay under its id",
                one.left
            )),
            None => terminal.talk(format!(
                "queue of {destination}: {deliveries} deliveries parked; `wardline queue show {destination}`"
            )),
        }
    }
    for refused in &done.refused {
        terminal.error(refused);
    }
    if done.dry_run && !done.changes.is_empty() && done.refused.is_empty() {
        terminal.talk(format!(
            "to apply this and nothing else: wardline reload --expect {}",
            done.digest
        ));
    }
    if !done.dry_run && !done.certificates.is_empty() {
        certificates::table(&done.certificates, terminal)?;
    }
    Ok(())
}

fn changes(done: &Done) -> Table {
    let mut table = Table::new(&[
        ("CHANGE", Align::Left),
        ("PART", Align::Left),
        ("ID", Align::Left),
        ("KEYS", Align::Left),
        ("EFFECT", Align::Left),
    ]);
    for row in &done.changes {
        let style = match row.change {
            ChangeKind::Added => Style::new().green(),
            ChangeKind::Removed => Style::new().red(),
            ChangeKind::Changed => Style::new().yellow(),
        };
        table.row([
            Cell::styled(row.change.to_string(), style),
            row.part.to_string().into(),
            row.id.as_str().into(),
            row.keys.join(", ").into(),
            row.effect.to_string().into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use wardline_engine::control::protocol::QueueMoved;

    use super::*;

    #[test]
    fn a_queue_moves_between_two_ids() {
        let to_new = QueueMove { from: "lis".to_owned(), to: "lis2".to_owned() };
        assert_eq!(queue_move("lis=lis2"), Ok(to_new));
        for wrong in ["lis", "=lis", "lis=", "lis=lis"] {
            assert!(queue_move(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_would_be_refused_fails_and_what_is_left_is_partly() {
        let refused = Done { refused: vec!["needs a restart".to_owned()], ..Done::default() };
        assert_eq!(exit(&refused), Exit::Failed);
        let moved = |left| QueueMoved {
            destination: "lis".to_owned(),
            to: Some("lis2".to_owned()),
            deliveries: 3,
            left,
        };
        let after = |one| Done { queues: vec![one], ..Done::default() };
        assert_eq!(exit(&after(moved(1))), Exit::Partly);
        assert_eq!(exit(&after(moved(0))), Exit::Ok);
        assert_eq!(exit(&after(QueueMoved { to: None, ..moved(1) })), Exit::Ok);
    }
}
