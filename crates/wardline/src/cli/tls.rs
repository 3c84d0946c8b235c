//! `wardline tls`: a look at a peer's TLS before a destination depends on it.

use std::io;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use owo_colors::OwoColorize;
use serde::Serialize;
use tokio::net::TcpStream;
use wardline_engine::tls::{Identity, Probed, TlsFault, probe};

use super::Invocation;
use super::amounts::parse_duration;
use super::exit::Exit;
use super::failure::{Failure, Outcome, TerminalError};
use super::peer_tls::PeerTls;
use super::terminal::Terminal;

/// Look at the TLS of a peer.
#[derive(Debug, Subcommand)]
pub(crate) enum Tls {
    Test(Test),
}

/// Shake hands as a destination would, and print what the peer shows and why a connection would fail.
///
/// No message is sent. Exits with 0 when a destination with these settings could connect, with 1 when it could not, with 4
/// when the peer cannot be reached.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The peer.
    #[arg(value_name = "HOST:PORT")]
    address: String,
    #[command(flatten)]
    tls: PeerTls,
    /// Wait this long for a connection, and for the handshake.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "10s")]
    timeout: Duration,
}

/// Why nothing could be seen.
#[derive(Debug, thiserror::Error)]
enum TlsError {
    /// A file could not be used.
    #[error(transparent)]
    Files(#[from] TlsFault),
    /// No connection.
    #[error("{address} cannot be reached")]
    Connect {
        /// Where.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The event loop did not start.
    #[error("the network of this machine failed")]
    Network(#[source] io::Error),
}

impl Failure for TlsError {
    fn exit(&self) -> Exit {
        match self {
            Self::Connect { .. } => Exit::NotReachable,
            Self::Files(_) | Self::Network(_) => Exit::Failed,
        }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Seen<'p> {
    address: &'p str,
    ok: bool,
    protocol: Option<&'p str>,
    cipher: Option<&'p str>,
    chain: Vec<Shown<'p>>,
    /// The stable code of what is wrong, and the same in words.
    reason: Option<&'p str>,
    text: Option<String>,
}

/// One certificate of the chain.
#[derive(Serialize)]
struct Shown<'p> {
    subject: &'p str,
    issuer: &'p str,
    names: &'p [String],
    serial: &'p str,
    fingerprint: String,
    not_before: String,
    not_after: String,
    days_left: i64,
}

impl Tls {
    /// Runs the command named.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let Self::Test(test) = self;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(TlsError::Network)?;
        let probed = runtime.block_on(test.look())?;
        let fault = fault(&probed);
        let now = Timestamp::now();
        if invocation.terminal.json {
            invocation.terminal.value(&Seen {
                address: &test.address,
                ok: fault.is_none(),
                protocol: probed.protocol,
                cipher: probed.cipher.as_deref(),
                chain: probed.chain.iter().map(|identity| Shown::of(identity, now)).collect(),
                reason: fault.as_ref().map(|(code, _)| *code),
                text: fault.as_ref().map(|(_, text)| text.clone()),
            })?;
        } else {
            print(
                &probed,
                fault.as_ref().map(|(_, text)| text.as_str()),
                now,
                invocation.terminal,
            )?;
        }
        Ok(if fault.is_none() { Exit::Ok } else { Exit::Failed })
    }
}

impl Test {
    async fn look(&self) -> Result<Probed, TlsError> {
        let connected = tokio::time::timeout(self.timeout, TcpStream::connect(&self.address)).await;
        let stream = connected
            .unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|source| TlsError::Connect { address: self.address.clone(), source })?;
        Ok(probe(stream, &self.address, &self.tls.settings(self.timeout)).await?)
    }
}

/// Why a connection would fail: its stable code and the same in words.
fn fault(probed: &Probed) -> Option<(&'static str, String)> {
    if let Some(why) = &probed.distrust {
        return Some((why.code(), format!("the certificate is not trusted: {why}")));
    }
    probed.failure.as_ref().map(|failure| (failure.code(), failure.to_string()))
}

fn print(
    probed: &Probed,
    fault: Option<&str>,
    now: Timestamp,
    terminal: Terminal,
) -> Result<(), TerminalError> {
    if let (Some(protocol), Some(cipher)) = (probed.protocol, &probed.cipher) {
        terminal.line(format!("protocol     {protocol}"))?;
        terminal.line(format!("cipher       {cipher}"))?;
    }
    for (place, identity) in probed.chain.iter().enumerate() {
        terminal.line("")?;
        terminal.line(format!("certificate {}", place + 1).bold().to_string())?;
        terminal.line(format!("subject      {}", identity.subject))?;
        terminal.line(format!("issuer       {}", identity.issuer))?;
        if !identity.names.is_empty() {
            terminal.line(format!("names        {}", identity.names.join(", ")))?;
        }
        terminal.line(format!("serial       {}", identity.serial))?;
        terminal.line(format!("sha256       {}", identity.fingerprint))?;
        terminal.line(format!("valid        {} to {}", identity.not_before, identity.not_after))?;
        terminal.line(format!("days left    {}", identity.days_left(now)))?;
    }
    if !probed.chain.is_empty() {
        terminal.line("")?;
    }
    match fault {
        None => terminal.line("ok           a destination with these settings could connect"),
        Some(text) => terminal.line(format!("failed       {text}")),
    }
}

impl<'p> Shown<'p> {
    fn of(identity: &'p Identity, now: Timestamp) -> Self {
        Self {
            subject: &identity.subject,
            issuer: &identity.issuer,
            names: &identity.names,
            serial: &identity.serial,
            fingerprint: identity.fingerprint.to_string(),
            not_before: identity.not_before.to_string(),
            not_after: identity.not_after.to_string(),
            days_left: identity.days_left(now),
        }
    }
}
