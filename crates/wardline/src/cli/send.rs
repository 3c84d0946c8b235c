//! `wardline send`: sends messages from files, folders or standard input and judges each answer.
//!
//! One message at a time on each connection, as MLLP's original mode asks. An answer counts only for the message
//! whose MSH-10 its MSA-2 repeats (MATCH-1).

pub(crate) mod connection;
mod edit;
mod fate;
mod input;
mod message;
mod pace;
mod report;
mod tally;
mod worker;

use std::io::{self, IsTerminal};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use wardline_engine::tls::{Connector, TlsFault};

use self::edit::Assignment;
use self::input::{Input, InputError};
use self::message::Messages;
use self::pace::{Pace, Rate};
use self::report::Report;
use self::worker::Workers;
use super::Invocation;
use super::amounts::parse_duration;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::peer_tls::PeerTls;

/// The most connections one `send` opens.
const MAX_CONNECTIONS: usize = 20_000;

/// Send messages and judge the answers.
///
/// Exits with 0 when every message was answered AA or CA; 4 when the peer could not be reached, 21 when an answer
/// did not come in time, 22 when one was for another message, 20 when one was AE, AR, CE or CR, 1 when a connection
/// broke or an answer could not be read: the first of these that happened at all.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Send {
    /// Files, folders (their files, in the order of their names) or - for standard input. A file may hold several
    /// messages, framed or not; each is sent by itself.
    #[arg(value_name = "FILE")]
    inputs: Vec<PathBuf>,
    /// Where to send.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2575")]
    to: String,
    /// Send all of it this many times.
    #[arg(long, short = 'n', value_name = "N", default_value = "1")]
    count: NonZeroU64,
    /// At most so many messages: a number and /s or /min; without a unit a second is meant.
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
    /// Send on this many connections at once.
    #[arg(long, short = 'c', value_name = "N", default_value = "1")]
    connections: NonZeroUsize,
    /// Wait this long for a connection, and for each answer.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "30s")]
    timeout: Duration,
    /// Change a field of each message before it is sent, as in 'MSH-10=T{number}'; {number} is the message's running number, and
    /// the value may hold the message's own separators.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    assignments: Vec<Assignment>,
    /// Give each message an MSH-10 that no other has.
    #[arg(long)]
    unique: bool,
    /// Send each file as one payload, byte for byte, whatever is in it.
    #[arg(long)]
    whole: bool,
    /// Print the content of each answer.
    #[arg(long)]
    show: bool,
    /// Encrypt. Any other option for TLS implies it.
    #[arg(long, help_heading = "TLS")]
    tls: bool,
    #[command(flatten)]
    peer: PeerTls,
    /// Print the summary only.
    #[arg(long, short)]
    quiet: bool,
}

/// Why nothing, or not everything, could be sent.
#[derive(Debug, thiserror::Error)]
enum SendError {
    /// No file was named and nothing is piped in.
    #[error("name the files to send, or pipe a message in")]
    NothingNamed,
    /// More connections than one process should open.
    #[error("at most {MAX_CONNECTIONS} connections")]
    TooManyConnections,
    /// A file could not be read, or holds no message that can be sent.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A file for TLS could not be used.
    #[error(transparent)]
    Tls(TlsFault),
    /// The event loop did not start.
    #[error("the network of this machine failed")]
    Network(#[source] io::Error),
}

impl Failure for SendError {
    fn exit(&self) -> Exit {
        match self {
            Self::NothingNamed | Self::TooManyConnections => Exit::Usage,
            Self::Input(InputError::Missing { .. }) => Exit::NotFound,
            Self::Input(_) | Self::Tls(_) | Self::Network(_) => Exit::Failed,
        }
    }
}

impl Send {
    /// Sends everything and prints what came back.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        if self.connections.get() > MAX_CONNECTIONS {
            return Err(SendError::TooManyConnections.into());
        }
        let inputs = Input::all(&self.named_inputs()?).map_err(SendError::from)?;
        let messages = Messages::new(inputs, self.whole, self.count, self.assignments, self.unique);
        let report = Report::new(
            invocation.terminal,
            report::Detail { show: self.show, quiet: self.quiet },
            messages.expected(),
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SendError::Network)?;
        let is_encrypted = self.tls || self.peer.is_given();
        let connector =
            is_encrypted.then(|| Connector::build(&self.peer.settings(self.timeout), &self.to));
        let connector = connector.transpose().map_err(SendError::Tls)?;
        let workers = Workers {
            to: self.to,
            connector,
            connections: self.connections.get(),
            timeout: self.timeout,
            pace: Pace::new(self.rate),
        };
        let tally = workers.run(&runtime, messages, report).map_err(SendError::from)?;
        tally.print(invocation.terminal)?;
        Ok(tally.exit())
    }

    fn named_inputs(&self) -> Result<Vec<PathBuf>, SendError> {
        if !self.inputs.is_empty() {
            return Ok(self.inputs.clone());
        }
        if io::stdin().is_terminal() {
            return Err(SendError::NothingNamed);
        }
        Ok(vec![PathBuf::from("-")])
    }
}
