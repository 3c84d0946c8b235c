//! Why a measurement could not be made.

use std::io;
use std::path::PathBuf;

use wardline_admin::access::AccessFault;
use wardline_engine::tls::{HandshakeFault, TlsFault};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::reach::ReachError;

/// Why a measurement could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum BenchError {
    /// A socket did not work.
    #[error("the network of this machine failed")]
    Network(#[source] io::Error),
    /// No TLS with the engine.
    #[error("no TLS with the engine")]
    Handshake(#[source] HandshakeFault),
    /// The certificate to measure with could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[source] rcgen::Error),
    /// The certificate to measure with could not be used.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The engine answered something other than AA.
    #[error("the engine did not accept a message")]
    NotAccepted,
    /// A part of the load ended early.
    #[error("the load ended early")]
    LoadEnded,
    /// The folder to measure in could not be used.
    #[error("cannot use the folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A child process could not be started.
    #[error("cannot start a process to measure")]
    Start(#[source] io::Error),
    /// A child process ended or did not listen in time.
    #[error("the process to measure did not come up: {said}")]
    NotUp {
        /// What it said of it.
        said: String,
    },
    /// The engine could not be asked.
    #[error("the engine could not be asked")]
    Ask(#[source] ReachError),
    /// What the system tells of a process could not be read.
    #[error("cannot read {}", file.display())]
    Proc {
        /// Which file of `/proc`.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The page could not be asked.
    #[error("the page could not be asked")]
    Page(#[source] hyper::Error),
    /// The page did not give what was asked for.
    #[error("the page refused what was asked for")]
    PageRefused,
    /// No token could be made for the page.
    #[error("no token could be made for the page")]
    Token(#[source] AccessFault),
    /// A message that was received is not in the history.
    #[error("the history does not show a message that was received")]
    NotFound,
    /// The history did not come level with the journal.
    #[error("the history was not level with the journal in time")]
    HistoryBehind,
    /// What was queued did not reach its destination in time.
    #[error("what was queued was not delivered in time")]
    NotDelivered,
    /// The disk's ceiling could not be measured.
    #[error("the disk could not be measured")]
    Disk(#[source] io::Error),
}

impl Failure for BenchError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}
