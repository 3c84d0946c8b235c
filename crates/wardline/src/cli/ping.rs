//! `wardline ping`: whether a peer is there, whether it speaks MLLP, and how long each step takes.
//!
//! Without `--message` it connects and leaves, which a listener has to bear (load balancers do nothing else): whoever
//! is asked stores nothing. With it the message is sent as it is, and the peer does with it what it does with messages.

use std::error::Error;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use owo_colors::OwoColorize;
use serde::Serialize;
use tokio::net::TcpStream;
use wardline_engine::Wire;
use wardline_engine::tls::{Connector, HandshakeFault, TlsFault};
use wardline_hl7::ack::Reply;
use wardline_hl7::{AckCode, Message};
use wardline_mllp::{Client, ClientError, ClientOptions, Exchange, Timeouts, Verify};

use super::Invocation;
use super::amounts::{self, parse_duration};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::peer_tls::PeerTls;
use super::terminal::Terminal;

/// Look whether a peer answers, and how fast.
///
/// Connects and leaves, over TLS where told so; with --message it sends that message on each connection and waits for the
/// answer. Exits with 0 when every try went well; 4 when the peer could not be reached or TLS with it failed, 21 when an answer did not come in time, 22 when
/// one was for another message, 20 when one was AE, AR, CE or CR, 1 when a connection broke or an answer could not be
/// read: that of the last try that went wrong.
#[derive(Debug, Args)]
pub(crate) struct Ping {
    /// Whom to ask.
    #[arg(value_name = "HOST:PORT", default_value = "127.0.0.1:2575")]
    to: String,
    /// Send the message in this file and wait for its answer.
    #[arg(long, value_name = "FILE")]
    message: Option<PathBuf>,
    /// Try this many times, one after the other.
    #[arg(long, short = 'n', value_name = "N", default_value = "1")]
    count: NonZeroU32,
    /// Wait this long for a connection, and for each answer.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "5s")]
    timeout: Duration,
    /// Over TLS; any of the options below means it too.
    #[arg(long, help_heading = "TLS")]
    tls: bool,
    #[command(flatten)]
    peer: PeerTls,
}

/// Why nobody was asked.
#[derive(Debug, thiserror::Error)]
enum PingError {
    /// The message could not be read.
    #[error("{} cannot be read", file.display())]
    Read {
        /// Where it should be.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds something else than a message with a control id.
    #[error("{} does not hold a message with an MSH-10, which its answer is known by", file.display())]
    NoMessage {
        /// The file.
        file: PathBuf,
    },
    /// A file for TLS could not be used.
    #[error(transparent)]
    Tls(TlsFault),
    /// The event loop did not start.
    #[error("the network of this machine failed")]
    Network(#[source] io::Error),
}

/// Why there is no connection to ask over.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    /// Nobody took it.
    #[error("the connection failed")]
    Connect(#[source] io::Error),
    /// No handshake.
    #[error("no TLS with the peer")]
    Tls(#[source] HandshakeFault),
}

impl Failure for PingError {
    fn exit(&self) -> Exit {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => Exit::NotFound,
            Self::Read { .. } | Self::NoMessage { .. } | Self::Tls(_) | Self::Network(_) => {
                Exit::Failed
            }
        }
    }
}

/// One try, in the form that `--json` prints.
#[derive(Debug, Serialize)]
struct Try {
    number: u32,
    peer: String,
    connect_microseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake_microseconds: Option<u64>,
    answer_microseconds: Option<u64>,
    code: Option<&'static str>,
    error: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

impl Ping {
    /// Asks, prints a line for each try, and ends as the tries did.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let payload = self.message.as_deref().map(read).transpose()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(PingError::Network)?;
        let is_encrypted = self.tls || self.peer.is_given();
        let connector =
            is_encrypted.then(|| Connector::build(&self.peer.settings(self.timeout), &self.to));
        let connector = connector.transpose().map_err(PingError::Tls)?;
        let mut exit = Exit::Ok;
        for number in 1..=self.count.get() {
            let tried =
                runtime.block_on(self.attempt(number, connector.as_deref(), payload.as_deref()));
            if tried.exit != Exit::Ok {
                exit = tried.exit;
            }
            tried.print(invocation.terminal)?;
        }
        Ok(exit)
    }

    async fn attempt(
        &self,
        number: u32,
        connector: Option<&Connector>,
        payload: Option<&[u8]>,
    ) -> Try {
        let mut tried = Try {
            number,
            peer: self.to.clone(),
            connect_microseconds: None,
            handshake_microseconds: None,
            answer_microseconds: None,
            code: None,
            error: None,
            exit: Exit::Ok,
        };
        let options = ClientOptions {
            timeouts: Timeouts::each(self.timeout),
            verify: Verify::VerifiedAcknowledgement,
            ..ClientOptions::default()
        };
        let Some(wire) = self.open(connector, &mut tried).await else { return tried };
        let mut client = Client::over(wire, options);
        if let Some(payload) = payload {
            let begun = Instant::now();
            let answered = client.exchange(payload).await;
            tried.answer_microseconds = answered.is_ok().then(|| microseconds(begun));
            tried.judge(answered.map(|answer| answer.payload));
        }
        client.close().await;
        tried
    }

    /// Connects, and shakes hands where there is a connector; tells how long each took, or why not.
    async fn open(&self, connector: Option<&Connector>, tried: &mut Try) -> Option<Wire> {
        let begun = Instant::now();
        let connected = tokio::time::timeout(self.timeout, TcpStream::connect(&self.to)).await;
        let connected = connected.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()));
        let stream = match connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
            Ok(stream) => stream,
            Err(error) => {
                tried.fail(&ConnectError::Connect(error), Exit::NotReachable);
                return None;
            }
        };
        tried.connect_microseconds = Some(microseconds(begun));
        let Some(connector) = connector else { return Some(Wire::plain(stream)) };
        let begun = Instant::now();
        match connector.connect(stream).await {
            Ok(wire) => {
                tried.handshake_microseconds = Some(microseconds(begun));
                Some(wire)
            }
            Err(fault) => {
                tried.fail(&ConnectError::Tls(fault), Exit::NotReachable);
                None
            }
        }
    }
}

impl Try {
    fn judge(&mut self, answered: Result<Bytes, ClientError>) {
        match answered {
            Ok(answer) => {
                let code = Reply::read(&answer).ok().and_then(|reply| reply.code());
                self.code = code.map(AckCode::as_str);
                self.exit = match code {
                    Some(code) if code.is_positive() => Exit::Ok,
                    Some(_) => Exit::PeerNak,
                    None => Exit::Failed,
                };
            }
            Err(error) => {
                let exit = match error {
                    ClientError::Timeout { .. } => Exit::AckTimeout,
                    ClientError::AnotherMessage => Exit::AckOfAnother,
                    ClientError::NotConnected
                    | ClientError::Closed
                    | ClientError::InFlight
                    | ClientError::Desynchronised { .. }
                    | ClientError::Unverifiable
                    | ClientError::NotAMessage
                    | ClientError::NotAnAcknowledgement
                    | ClientError::NoFrame { .. }
                    | ClientError::Framing(_)
                    | ClientError::Connection(_) => Exit::Failed,
                };
                self.fail(&error, exit);
            }
        }
    }

    fn fail(&mut self, error: &dyn Error, exit: Exit) {
        self.error = Some(match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        });
        self.exit = exit;
    }

    fn print(&self, terminal: Terminal) -> Result<(), super::failure::TerminalError> {
        if terminal.json { terminal.value(self) } else { terminal.line(self.line()) }
    }

    /// `AA  localhost:2575  connected in 80µs  answered in 1.20ms`.
    fn line(&self) -> String {
        let word = self.code.unwrap_or(if self.exit == Exit::Ok { "open" } else { "failed" });
        let word = match self.exit {
            Exit::Ok => word.green().to_string(),
            _ => word.red().to_string(),
        };
        let mut line = format!("{word}  {}", self.peer);
        for (what, time) in [
            ("connected", self.connect_microseconds),
            ("shook hands", self.handshake_microseconds),
            ("answered", self.answer_microseconds),
        ] {
            if let Some(time) = time {
                let time = amounts::duration(Duration::from_micros(time));
                line.extend(["  ", what, " in ", &time]);
            }
        }
        if let Some(error) = &self.error {
            line.extend(["  ", error]);
        }
        line
    }
}

fn microseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn read(file: &Path) -> Result<Bytes, PingError> {
    let bytes =
        std::fs::read(file).map_err(|source| PingError::Read { file: file.to_owned(), source })?;
    let payload = Bytes::from(bytes);
    match Message::parse(payload.clone()) {
        Ok(message) if !message.header().control_id().is_empty() => Ok(payload),
        Ok(_) | Err(_) => Err(PingError::NoMessage { file: file.to_owned() }),
    }
}
