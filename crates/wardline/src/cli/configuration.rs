//! The configuration as a command meets it: loaded with this process's environment and this binary's handlers, its
//! faults told the way a compiler tells them.

use std::env;
use std::path::Path;

use wardline_config::{Faults, Loaded, Paint};

use super::Invocation;
use super::exit::Exit;
use super::failure::Failure;

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used")]
pub(crate) struct ConfigInvalid;

impl Failure for ConfigInvalid {
    fn exit(&self) -> Exit {
        Exit::ConfigInvalid
    }

    fn is_told(&self) -> bool {
        true
    }
}

/// Loads the file, telling its faults on stderr.
pub(crate) fn load(path: &Path, invocation: &Invocation) -> Result<Loaded, ConfigInvalid> {
    read(path, invocation).map_err(|faults| {
        invocation.terminal.talk(faults.render(Paint::Ansi));
        ConfigInvalid
    })
}

/// Loads the file, telling its faults or what looks wrong in it on stderr.
pub(crate) fn load_with_warnings(
    path: &Path,
    invocation: &Invocation,
) -> Result<Loaded, ConfigInvalid> {
    let loaded = load(path, invocation)?;
    for warning in &loaded.warnings {
        invocation.terminal.talk(warning.render(&loaded.files, Paint::Ansi));
    }
    Ok(loaded)
}

/// Loads the file and tells nothing.
pub(crate) fn read(path: &Path, invocation: &Invocation) -> Result<Loaded, Faults> {
    let handlers: Vec<&str> = invocation.handlers.names().collect();
    wardline_config::load(path, &|name| env::var(name).ok(), &handlers)
}
