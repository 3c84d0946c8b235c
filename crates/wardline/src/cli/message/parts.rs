//! `wardline message segments`, `related` and `document`: one message taken apart, what belongs to it, and what it carries.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use wardline_engine::control::protocol::{
    MessageAnatomy, RelatedRow, Request, Response, SegmentPart,
};
use wardline_store::MessageId;

use super::super::exit::Exit;
use super::super::failure::{Failed, Failure, Outcome};
use super::super::reach::{Reach, ReachError, operator};
use super::super::table::{Align, Table};
use super::super::terminal::Terminal;
use super::super::{Invocation, amounts, printable};
use super::outcomes;

/// What a message is made of, and what differs in what is sent to each destination.
#[derive(Debug, Args)]
pub(crate) struct Segments {
    /// Its number, as lists print it.
    #[arg(value_name = "MESSAGE")]
    message: MessageId,
    /// Also its values: they are about a patient, and that you read them is logged.
    #[arg(long)]
    content: bool,
}

/// Other messages of the same order, visit or control id, and replays of it.
#[derive(Debug, Args)]
pub(crate) struct Related {
    /// Its number, as lists print it.
    #[arg(value_name = "MESSAGE")]
    message: MessageId,
}

/// Write a document that travels inside a message to a file. That you read it is logged.
#[derive(Debug, Args)]
pub(crate) struct Document {
    /// Its number, as lists print it.
    #[arg(value_name = "MESSAGE")]
    message: MessageId,
    /// The segment that carries it, as `message segments` names it.
    #[arg(value_name = "SEGMENT")]
    path: String,
    /// The file; `-` is stdout.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// The document was not written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", path.display())]
struct NotWritten {
    path: PathBuf,
    source: io::Error,
}

impl Failure for NotWritten {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl Segments {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let (terminal, reach) = (invocation.terminal, &mut Reach::open(invocation)?);
        let Self { message, content } = self;
        let request = Request::Anatomy { message, content, by: operator() };
        let Response::Anatomy(anatomy) = reach.ask(&request)? else {
            return Err(ReachError::Unexpected.into());
        };
        if terminal.json {
            terminal.value(&anatomy)?;
        } else {
            show(&anatomy, terminal)?;
        }
        Ok(Exit::Ok)
    }
}

/// What stands there; dots for what is not shown.
fn value(value: Option<&str>) -> String {
    value.map_or_else(
        || "••••••••".to_owned(),
        |value| printable::text(value.as_bytes()).into_owned(),
    )
}

fn show(anatomy: &MessageAnatomy, terminal: Terminal) -> Result<(), Failed> {
    for SegmentPart { path, title, document, elements, .. } in &anatomy.segments {
        terminal.line(format!("{path:<10} {}", title.as_deref().unwrap_or_default()).trim_end())?;
        if let Some(document) = document {
            let size = amounts::size(document.size);
            terminal.line(format!("  document of {size}, {}", document.media))?;
        }
        for element in elements {
            let title = element.title.as_deref().unwrap_or_default();
            let shown = value(element.value.as_deref());
            terminal.line(format!("  {:<14} {shown:<40} {title}", element.path).trim_end())?;
        }
    }
    if anatomy.is_cut {
        terminal.talk("there is more than is shown");
    }
    for sent in &anatomy.sent {
        terminal.line(format!("\nsent to {}, {}:", sent.destination, amounts::size(sent.size)))?;
        for change in &sent.changes {
            let before =
                if change.is_added { "-".to_owned() } else { value(change.before.as_deref()) };
            let after =
                if change.is_removed { "-".to_owned() } else { value(change.after.as_deref()) };
            terminal.line(format!("  {:<14} {before} -> {after}", change.path))?;
        }
    }
    Ok(())
}

impl Related {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let (terminal, reach) = (invocation.terminal, &mut Reach::open(invocation)?);
        let Response::Related { related } =
            reach.ask(&Request::Related { message: self.message, content: true })?
        else {
            return Err(ReachError::Unexpected.into());
        };
        if terminal.json {
            terminal.value(&Response::Related { related })?;
            return Ok(Exit::Ok);
        }
        let mut table = Table::new(&[
            ("MESSAGE", Align::Right),
            ("SAME", Align::Left),
            ("TYPE", Align::Left),
            ("CONTROL ID", Align::Left),
            ("RECEIVED", Align::Left),
            ("OUTCOME", Align::Left),
        ]);
        for RelatedRow { same, row } in &related {
            table.row([
                row.message.to_string().into(),
                same.as_str().into(),
                printable::id(row.message_type.as_bytes()).into(),
                printable::id(row.control_id.as_bytes()).into(),
                amounts::clock(row.received).into(),
                outcomes(row).into(),
            ]);
        }
        terminal.table(&table)?;
        Ok(Exit::Ok)
    }
}

impl Document {
    pub(super) fn execute(self, invocation: &Invocation) -> Outcome {
        let (terminal, reach) = (invocation.terminal, &mut Reach::open(invocation)?);
        let Self { message, path, to } = self;
        let request = Request::Document { message, path, by: operator() };
        let Response::Document(document) = reach.ask(&request)? else {
            return Err(ReachError::Unexpected.into());
        };
        if to == Path::new("-") {
            terminal.bytes(&document.body)?;
            return Ok(Exit::Ok);
        }
        let written = private_file(&to).and_then(|mut file| file.write_all(&document.body));
        written.map_err(|source| NotWritten { path: to.clone(), source })?;
        let size = amounts::size(document.body.len() as u64);
        terminal.talk(format!("{}: {size}, {}", to.display(), document.media));
        Ok(Exit::Ok)
    }
}

/// A file that only its owner reads.
fn private_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}
