//! The configuration as a command meets it: found, loaded with this process's environment and this binary's handlers, its
//! faults told the way a compiler tells them.

use std::env;
use std::path::Path;
use std::sync::Arc;

use wardline_config::{Faults, Loaded, Paint};
use wardline_engine::{Handlers, Reread};

use super::Invocation;
use super::exit::Exit;
use super::failure::Failure;

/// Where the configuration is looked for when nothing says where it is.
const DEFAULT_CONFIG: &str = "config/wardline.toml";

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

/// Loads it, telling its faults on stderr. `named` is a file that the command itself is told, beside `--config`.
pub(crate) fn load(named: Option<&Path>, invocation: &Invocation) -> Result<Loaded, ConfigInvalid> {
    read(named, invocation).map_err(|faults| {
        invocation.terminal.talk(faults.render(Paint::Ansi));
        ConfigInvalid
    })
}

/// Loads it, telling its faults or what looks wrong in it on stderr.
pub(crate) fn load_with_warnings(
    named: Option<&Path>,
    invocation: &Invocation,
) -> Result<Loaded, ConfigInvalid> {
    let loaded = load(named, invocation)?;
    for warning in &loaded.warnings {
        invocation.terminal.talk(warning.render(&loaded.files, Paint::Ansi));
    }
    Ok(loaded)
}

/// Loads it and tells nothing. A file that is named wins over an environment that is a configuration by itself, and that
/// over the default file.
pub(crate) fn read(named: Option<&Path>, invocation: &Invocation) -> Result<Loaded, Faults> {
    read_from(named.or(invocation.config.as_deref()), &invocation.handlers)
}

/// What reads it once more, wherever it was found.
pub(crate) fn reread(named: Option<&Path>, invocation: &Invocation) -> Reread {
    let path = named.or(invocation.config.as_deref()).map(Path::to_owned);
    let handlers = invocation.handlers.clone();
    Arc::new(move || read_from(path.as_deref(), &handlers))
}

fn read_from(path: Option<&Path>, handlers: &Handlers) -> Result<Loaded, Faults> {
    let handlers: Vec<&str> = handlers.names().collect();
    let environment = |name: &str| env::var(name).ok();
    if let Some(path) = path {
        return wardline_config::load(path, &environment, &handlers);
    }
    wardline_config::load_environment(&environment, &handlers).unwrap_or_else(|| {
        wardline_config::load(Path::new(DEFAULT_CONFIG), &environment, &handlers)
    })
}
