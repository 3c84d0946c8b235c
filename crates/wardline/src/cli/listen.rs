//! `wardline listen`: a receiver to test against. It answers as a hospital's systems do, badly where it is told to.
//!
//! One thread, one task for each connection. Nothing is stored unless `--save` asks for it, and nothing is promised:
//! its AA means "read", which is what a test wants of a peer.

mod answer;
mod behaviour;
mod conversation;
mod log;
mod rule;
mod when;

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use wardline_hl7::AckCode;

use self::answer::Answers;
use self::behaviour::{Behaviour, Fault};
use self::conversation::Conversation;
use self::log::Log;
use self::rule::Rule;
use self::when::When;
use super::Invocation;
use super::amounts::parse_duration;
use super::exit::Exit;
use super::failure::{Failure, Outcome};

/// Receive messages and answer them: a simulator of the other side.
#[derive(Debug, Args)]
pub(crate) struct Listen {
    /// Where to listen; port 0 takes a free one, printed first on stdout.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2576")]
    bind: SocketAddr,
    /// Answer with this code: AA, AE, AR, CA, CE or CR.
    #[arg(long, value_name = "CODE", default_value = "AA")]
    reply: AckCode,
    /// Answer messages of a type with another code, as in 'ADT^A01=AR' or 'ORU^*=AE'; the first that fits counts.
    #[arg(long = "rule", value_name = "TYPE=CODE")]
    rules: Vec<Rule>,
    /// Misbehave only for some messages: first:N, nth:N, every:N or after:N. The others get AA at once.
    #[arg(long, value_name = "WHICH", default_value_t = When::Always)]
    when: When,
    /// Wait this long before each answer; nothing else is read from the connection meanwhile.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "0s")]
    delay: Duration,
    /// Answer this much later, while the next messages are read and answered.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, conflicts_with = "delay")]
    late: Option<Duration>,
    #[command(flatten)]
    misbehaviour: Misbehaviour,
    /// Write the payload of each message, byte for byte, to a file in this folder.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// End after this many messages.
    #[arg(long, value_name = "N")]
    count: Option<NonZeroU64>,
    /// Print the content of each message too.
    #[arg(long, conflicts_with = "quiet")]
    show: bool,
    /// Print no line per message.
    #[arg(long, short)]
    quiet: bool,
}

/// At most one way to misbehave.
#[derive(Debug, Args)]
#[group(multiple = false)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line, at most one is set"
)]
struct Misbehaviour {
    /// Read, but never answer.
    #[arg(long)]
    drop: bool,
    /// Close the connection instead of answering.
    #[arg(long)]
    close: bool,
    /// Reset the connection instead of answering.
    #[arg(long)]
    reset: bool,
    /// Answer with an MSA-2 that is not the message's MSH-10.
    #[arg(long)]
    wrong_id: bool,
    /// Answer with something that is not HL7.
    #[arg(long)]
    garbage: bool,
    /// Accept connections and never read from them.
    #[arg(long)]
    deaf: bool,
}

impl Misbehaviour {
    fn fault(&self) -> Option<Fault> {
        [
            (self.drop, Fault::Silent),
            (self.close, Fault::Close),
            (self.reset, Fault::Reset),
            (self.wrong_id, Fault::WrongId),
            (self.garbage, Fault::Garbage),
        ]
        .into_iter()
        .find_map(|(asked, fault)| asked.then_some(fault))
    }
}

/// What all connections share; all of them live on one thread.
struct Simulator {
    behaviour: Behaviour,
    answers: Answers,
    log: Log,
    /// `--deaf`.
    deaf: bool,
}

/// Why the simulator cannot listen.
#[derive(Debug, thiserror::Error)]
enum ListenError {
    /// The address is taken or not ours.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The folder of `--save` could not be made.
    #[error("cannot make the folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The event loop did not start, or accepting failed for good.
    #[error("the network of this machine failed")]
    Network(#[source] io::Error),
}

impl Failure for ListenError {
    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

/// What `--json` prints first.
#[derive(Serialize)]
struct Listening {
    listening: SocketAddr,
}

impl Listen {
    /// Listens until interrupted or `--count` messages have come.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        if let Some(folder) = &self.save {
            std::fs::create_dir_all(folder)
                .map_err(|source| ListenError::Folder { folder: folder.clone(), source })?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ListenError::Network)?;
        LocalSet::new().block_on(&runtime, self.listen(invocation))
    }

    async fn listen(self, invocation: &Invocation) -> Outcome {
        let bind = |source| ListenError::Bind { address: self.bind, source };
        let socket = TcpListener::bind(self.bind).await.map_err(bind)?;
        let listening = socket.local_addr().map_err(bind)?;
        if invocation.terminal.json {
            invocation.terminal.value(&Listening { listening })?;
        } else {
            invocation.terminal.line(format!("listening on {listening}"))?;
        }
        let simulator = Rc::new(self.simulator(invocation));
        tokio::select! {
            accepted = accept(socket, &simulator) => accepted?,
            () = simulator.log.finished() => {}
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(ListenError::Network)?,
        }
        invocation.terminal.talk(simulator.log.summary());
        Ok(Exit::Ok)
    }

    fn simulator(self, invocation: &Invocation) -> Simulator {
        Simulator {
            log: Log::new(log::Detail {
                json: invocation.terminal.json,
                show: self.show,
                quiet: self.quiet,
                save: self.save,
                count: self.count,
            }),
            behaviour: Behaviour {
                fault: self.misbehaviour.fault(),
                reply: self.reply,
                rules: self.rules,
                when: self.when,
                delay: self.delay,
                late: self.late,
            },
            answers: Answers::new(),
            deaf: self.misbehaviour.deaf,
        }
    }
}

/// Accepts for ever, each connection a task of its own.
async fn accept(socket: TcpListener, simulator: &Rc<Simulator>) -> Result<(), ListenError> {
    let mut unread = Vec::new();
    loop {
        let (stream, peer) = match socket.accept().await {
            Ok(accepted) => accepted,
            // The peer was gone before it was accepted: not ours to end for.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(ListenError::Network(error)),
        };
        if simulator.deaf {
            unread.push(stream);
            continue;
        }
        tokio::task::spawn_local(Conversation::new(stream, peer, Rc::clone(simulator)).run());
    }
}

#[cfg(test)]
mod tests;
