//! `wardline try`: what this configuration would do with a message, or the one that runs. Nothing is sent or stored.

mod running;
mod show;

use std::io;
use std::path::PathBuf;

use clap::Args;
use wardline_config::{Config, Listener};
use wardline_engine::rehearsal::Rehearsal;
use wardline_engine::trial::Account;
use wardline_store::MessageId;

use super::Invocation;
use super::configuration;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::hl7::payloads;

/// Tell what would become of messages: rules, routes, transforms, the answer. Nothing is sent or stored.
///
/// Scripts are asked, other handlers named where they would be; with --ask they are asked as well. Exits with 0 where
/// every message would be taken, with 1 where one would be refused.
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// A file with messages, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The listener they would come in at; needed where there are several. A running engine knows it of messages that it
    /// received, or had others from the same sender.
    #[arg(long, value_name = "ID")]
    listener: Option<String>,
    /// Start the handlers of this program and ask them. What they do besides deciding, they really do.
    #[arg(long)]
    ask: bool,
    /// Ask the running engine, by the configuration that it goes by. Its scripts speak with nobody.
    #[arg(long, conflicts_with = "ask")]
    running: bool,
    /// Ask the running engine about a message that it received. Who reads one is logged.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["ask", "file"])]
    message: Option<MessageId>,
}

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TryError {
    /// There is no listener of that name.
    #[error("there is no listener `{wanted}`; there are {known}")]
    NoListener {
        /// As it was asked for.
        wanted: String,
        /// Those there are.
        known: String,
    },
    /// It was not said which.
    #[error("there are several listeners; name one with --listener: {known}")]
    Several {
        /// Those there are.
        known: String,
    },
    /// The configuration has none.
    #[error("the configuration has no listener")]
    None,
    /// The system gives no event loop.
    #[error("this command cannot start its event loop")]
    Runtime(#[source] io::Error),
}

impl Failure for TryError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoListener { .. } => Exit::NotFound,
            Self::Several { .. } => Exit::Usage,
            Self::None | Self::Runtime(_) => Exit::Failed,
        }
    }
}

impl Try {
    /// Accounts for each message.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        if self.running || self.message.is_some() {
            return self.ask_the_engine(invocation);
        }
        let config = configuration::load(None, invocation)?.config;
        let listener = chosen(&config, self.listener.as_deref())?;
        let rehearsal = rehearsal(&config, self.ask, invocation)?;
        let mut exit = Exit::Ok;
        let files = payloads(&self.file)?;
        let messages = files.iter().flat_map(|payload| rehearsal.apart(&listener.id, payload));
        for (message, number) in messages.zip(0..) {
            let Some(account) = Account::of(&config, &rehearsal, listener, &message) else {
                continue;
            };
            if !account.is_taken() {
                exit = Exit::Failed;
            }
            if number > 0 && !invocation.terminal.json {
                invocation.terminal.line("")?;
            }
            show::show(&account, invocation.terminal)?;
        }
        Ok(exit)
    }
}

/// The configuration on trial.
pub(crate) fn rehearsal(
    config: &Config,
    ask: bool,
    invocation: &Invocation,
) -> Result<Rehearsal, TryError> {
    if ask {
        return Ok(Rehearsal::asking(config, &invocation.handlers));
    }
    Rehearsal::of(config).map_err(TryError::Runtime)
}

/// The listener of that name, or the only one.
pub(crate) fn chosen<'c>(
    config: &'c Config,
    wanted: Option<&str>,
) -> Result<&'c Listener, TryError> {
    let known = || {
        let ids: Vec<&str> = config.listeners.iter().map(|one| one.id.as_str()).collect();
        ids.join(", ")
    };
    match (wanted, config.listeners.as_slice()) {
        (_, []) => Err(TryError::None),
        (None, [only]) => Ok(only),
        (None, _) => Err(TryError::Several { known: known() }),
        (Some(wanted), listeners) => listeners
            .iter()
            .find(|one| one.id.as_str() == wanted)
            .ok_or_else(|| TryError::NoListener { wanted: wanted.to_owned(), known: known() }),
    }
}
