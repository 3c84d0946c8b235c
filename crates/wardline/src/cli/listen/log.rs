//! What the simulator tells of the messages it gets, and where it keeps them.
//!
//! Lines hold ids only; content is printed when `--show` asks for it (PHI-1).

use std::cell::{Cell, RefCell};
use std::io::{self, BufWriter, Stdout, Write};
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::sync::Notify;
use wardline_hl7::Message;

use super::super::printable;
use super::behaviour::{Form, Moment, Reaction};

/// The characters of a control id that go into a file name.
const MAX_NAME: usize = 40;

/// What is told of each message.
#[derive(Debug)]
pub(super) struct Detail {
    /// One JSON object a line.
    pub(super) json: bool,
    /// The content too.
    pub(super) show: bool,
    /// Nothing per message.
    pub(super) quiet: bool,
    /// The folder to keep payloads in.
    pub(super) save: Option<PathBuf>,
    /// How many messages are enough.
    pub(super) count: Option<NonZeroU64>,
}

/// Numbers the messages, prints and keeps them. Shared by all connections of the one thread.
pub(super) struct Log {
    detail: Detail,
    messages: Cell<u64>,
    connections: Cell<u64>,
    stdout: RefCell<BufWriter<Stdout>>,
    enough: Notify,
}

/// One message as it is told.
pub(super) struct Told<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Who sent it.
    pub(super) peer: SocketAddr,
    /// Its parsed view, if it is HL7.
    pub(super) message: Option<&'a Message>,
    /// Its bytes.
    pub(super) payload: &'a [u8],
    /// What is done with it.
    pub(super) reaction: Reaction,
}

/// The same as a JSON line.
#[derive(Serialize)]
struct Line<'a> {
    number: u64,
    peer: SocketAddr,
    message_type: String,
    control_id: String,
    bytes: usize,
    reaction: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<std::borrow::Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

impl Log {
    pub(super) fn new(detail: Detail) -> Self {
        Self {
            detail,
            messages: Cell::new(0),
            connections: Cell::new(0),
            stdout: RefCell::new(BufWriter::new(io::stdout())),
            enough: Notify::new(),
        }
    }

    /// Counts a connection.
    pub(super) fn opened(&self) {
        self.connections.set(self.connections.get() + 1);
    }

    /// The number of the next message.
    pub(super) fn number(&self) -> u64 {
        self.messages.set(self.messages.get() + 1);
        self.messages.get()
    }

    /// Whether as many messages have come as were asked for.
    pub(super) fn is_full(&self) -> bool {
        self.detail.count.is_some_and(|count| self.messages.get() >= count.get())
    }

    /// Returns when as many messages have come as were asked for and their answers are on their way.
    pub(super) async fn finished(&self) {
        self.enough.notified().await;
    }

    /// Tells of a connection that broke off.
    pub(super) fn broken(&self, peer: SocketAddr, error: &io::Error) {
        if !self.detail.quiet {
            let _nobody_reads =
                writeln!(anstream::stderr(), "connection of {peer} broke off: {error}");
        }
    }

    /// Keeps and prints a message.
    pub(super) fn tell(&self, told: &Told<'_>) {
        let file = self.detail.save.as_deref().and_then(|folder| save(folder, told));
        if self.detail.quiet {
            return;
        }
        let mut stdout = self.stdout.borrow_mut();
        // A reader that went away does not end a peer that a test still talks to.
        let _nobody_reads = if self.detail.json {
            let line = Line {
                number: told.number,
                peer: told.peer,
                message_type: message_type(told),
                control_id: control_id(told),
                bytes: told.payload.len(),
                reaction: reaction(told.reaction),
                content: self.detail.show.then(|| String::from_utf8_lossy(told.payload)),
                file,
            };
            serde_json::to_writer(&mut *stdout, &line)
                .map_err(io::Error::from)
                .and_then(|()| writeln!(stdout))
        } else {
            self.plain(&mut stdout, told)
        };
    }

    fn plain(&self, stdout: &mut BufWriter<Stdout>, told: &Told<'_>) -> io::Result<()> {
        writeln!(
            stdout,
            "{:>6}  {:<10}  {:<20}  {:>8} B  {}  from {}",
            told.number,
            message_type(told),
            control_id(told),
            told.payload.len(),
            reaction(told.reaction),
            told.peer
        )?;
        if self.detail.show {
            for line in printable::lines(told.payload) {
                writeln!(stdout, "        {line}")?;
            }
        }
        Ok(())
    }

    /// Brings the lines to whoever reads them; `settled` says that no answer is owed any more.
    pub(super) fn flush(&self, settled: bool) {
        let _nobody_reads = self.stdout.borrow_mut().flush();
        if settled && self.is_full() {
            self.enough.notify_one();
        }
    }

    /// The last line.
    pub(super) fn summary(&self) -> String {
        format!("messages: {}, connections: {}", self.messages.get(), self.connections.get())
    }
}

fn message_type(told: &Told<'_>) -> String {
    told.message.map_or_else(|| "not HL7".to_owned(), |message| message.header().message_code())
}

fn control_id(told: &Told<'_>) -> String {
    told.message.map(|message| printable::id(message.header().control_id())).unwrap_or_default()
}

/// What was done, in words: `AA`, `AR after 2s`, `close`.
fn reaction(reaction: Reaction) -> String {
    match reaction {
        Reaction::Answer { form: Form::Garbage, .. } => "garbage".to_owned(),
        Reaction::Answer { code, form, moment } => {
            let wrong = if form == Form::WrongId { " wrong-id" } else { "" };
            match moment {
                Moment::Now => format!("{code}{wrong}"),
                Moment::After(pause) => format!("{code}{wrong} after {pause:?}"),
                Moment::Late(pause) => format!("{code}{wrong} late by {pause:?}"),
            }
        }
        Reaction::Silence => "no answer".to_owned(),
        Reaction::Close => "close".to_owned(),
        Reaction::Reset => "reset".to_owned(),
    }
}

/// Writes the payload to a file of its own. That it cannot be kept is told and does not end the conversation.
fn save(folder: &Path, told: &Told<'_>) -> Option<PathBuf> {
    let id: String = control_id(told)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
        .take(MAX_NAME)
        .collect();
    let file = folder.join(format!("{:06}-{id}.hl7", told.number));
    match std::fs::write(&file, told.payload) {
        Ok(()) => Some(file),
        Err(error) => {
            let _nobody_reads =
                writeln!(anstream::stderr(), "message {} not kept: {error}", told.number);
            None
        }
    }
}
