//! What `user` and `token` share: where users and tokens are kept, and how a password is asked for.
//!
//! They act on the files, under their lock, whether an engine runs or not: its page looks at them with every request.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use wardline_admin::access::{AccessFault, AccessFolder, HashedPassword, MIN_PASSWORD};

use super::Invocation;
use super::configuration::{self, ConfigInvalid};
use super::exit::Exit;
use super::failure::Failure;

/// Users or tokens could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// The configuration does not tell where they are.
    #[error(transparent)]
    Configuration(#[from] ConfigInvalid),
    /// What the files say, or could not be made to say.
    #[error(transparent)]
    Access(#[from] AccessFault),
    /// No password came.
    #[error("cannot read the password")]
    Password(#[source] io::Error),
    /// Written twice, in two ways.
    #[error("the two passwords differ")]
    Differ,
}

impl Failure for AccessError {
    fn exit(&self) -> Exit {
        match self {
            Self::Configuration(error) => error.exit(),
            Self::Access(AccessFault::NotFound) => Exit::NotFound,
            Self::Access(_) | Self::Password(_) | Self::Differ => Exit::Failed,
        }
    }

    fn is_told(&self) -> bool {
        matches!(self, Self::Configuration(error) if error.is_told())
    }
}

/// Where users and tokens of the configured engine are.
pub(crate) fn folder(invocation: &Invocation) -> Result<AccessFolder, AccessError> {
    let loaded = configuration::load(None, invocation)?;
    Ok(AccessFolder::of(&loaded.config.engine.data_dir))
}

/// A new password: asked for twice at a terminal, unseen; else the first line of stdin.
pub(crate) fn password() -> Result<HashedPassword, AccessError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Ok(HashedPassword::of(&line().map_err(AccessError::Password)?)?);
    }
    let first = unseen(&format!("password, {MIN_PASSWORD} characters or more: "));
    let first = first.map_err(AccessError::Password)?;
    let second = unseen("once more: ").map_err(AccessError::Password)?;
    if first != second {
        return Err(AccessError::Differ);
    }
    Ok(HashedPassword::of(&first)?)
}

fn line() -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn unseen(question: &str) -> io::Result<String> {
    let hidden = Hidden::hide()?;
    write!(io::stderr(), "{question}")?;
    let line = line();
    drop(hidden);
    writeln!(io::stderr())?;
    line
}

/// The terminal shows nothing of what is typed until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn hide() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _a_terminal_that_is_gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}
