//! `wardline diff`: what another configuration would do differently, to the messages already received.
//!
//! ```text
//!   OLD ─┐                          ┌─▶ as before
//!        ├─ each message of ────────┤
//!   NEW ─┘  the journal, or files   └─▶ otherwise: by listener, kind, destination and reason, counted, with examples
//! ```
//!
//! Both are asked by the engine's own decisions ([`wardline_engine::rehearsal`]), nothing is stored or sent, and the
//! journal is read beside an engine that runs. What is told has ids and paths; values only with `--show` (PHI-1).

mod change;
mod configuration;
mod received;
mod request;
mod show;
mod tally;

use std::path::PathBuf;

use clap::Args;
use wardline_config::compare::compare;
use wardline_config::{Config, Loaded};
use wardline_engine::rehearsal::Rehearsal;

use super::Invocation;
use super::configuration as found;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::trial::{TryError, chosen};

use self::change::changes;
use self::received::{Came, Source, SourceError};
use self::tally::Tally;

/// Messages that are looked at where nothing else is said.
const LAST: u32 = 10_000;
/// The most that may be asked for: their places in the journal are in memory, about 100 bytes each.
const MOST: i64 = 10_000_000;
/// Examples of each group where nothing else is said.
const EXAMPLES: u32 = 3;
/// The most that may be asked for.
const MOST_EXAMPLES: i64 = 1000;

/// Tell what a new configuration would do differently than the old one: refuse, route elsewhere, change.
///
/// Without --against, tells where the configurations differ. Exits with 0 where nothing differs (with --against: where no
/// message would come out otherwise), with 1 where something does.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The configuration that runs.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The one that is to take its place.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Hold both against messages: `history`, those that the engine of OLD has received; or files, and folders of files.
    #[arg(long, value_name = "WHAT", num_args = 1..)]
    against: Vec<PathBuf>,
    /// So many of the newest of `history`.
    #[arg(long, value_name = "N", default_value_t = LAST, value_parser = clap::value_parser!(u32).range(1..=MOST))]
    last: u32,
    /// The listener that messages of files come in at; of `history`, only those of this one.
    #[arg(long, value_name = "ID")]
    listener: Option<String>,
    /// So many examples of each group.
    #[arg(long, value_name = "N", default_value_t = EXAMPLES, value_parser = clap::value_parser!(u32).range(0..=MOST_EXAMPLES))]
    examples: u32,
    /// Show what stands in the fields that change: content of messages.
    #[arg(long)]
    show: bool,
}

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
enum DiffError {
    /// Nothing can be tried, or no listener was chosen for messages of files.
    #[error(transparent)]
    Trial(#[from] TryError),
    /// The messages could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl Failure for DiffError {
    fn exit(&self) -> Exit {
        match self {
            Self::Trial(error) => error.exit(),
            Self::Source(error) => error.exit(),
        }
    }
}

/// A configuration on trial.
struct Side {
    config: Config,
    rehearsal: Rehearsal,
}

impl Diff {
    /// Compares and tells.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let old = found::load(Some(&self.old), invocation)?;
        let new = found::load(Some(&self.new), invocation)?;
        let differences = compare(&old, &new);
        let terminal = invocation.terminal;
        if self.against.is_empty() {
            configuration::show(&differences, terminal)?;
            return Ok(if differences.is_empty() { Exit::Ok } else { Exit::Failed });
        }
        let tally = self.tally(old, new)?;
        show::show(&tally, &differences, terminal)?;
        Ok(if tally.is_all_as_before() { Exit::Ok } else { Exit::Failed })
    }

    fn tally(&self, old: Loaded, new: Loaded) -> Result<Tally, DiffError> {
        let (old, new) = (Side::of(old.config)?, Side::of(new.config)?);
        let source = self.source(&old.config)?;
        let mut tally = Tally::new(self.examples as usize, self.show);
        let passed_over = source.each(&mut |came: &Came<'_>| {
            if self.listener.as_deref().is_some_and(|wanted| wanted != came.listener.as_str()) {
                return;
            }
            match changes(&old, &new, came) {
                Some(changes) => tally.note(came, changes),
                None => tally.pass_over_unknown(),
            }
        })?;
        tally.passed_over(passed_over);
        Ok(tally)
    }

    fn source(&self, old: &Config) -> Result<Source, DiffError> {
        if received::is_history(&self.against) {
            if let Some(named) = &self.listener {
                // One that is not there would let nothing through, and all would look well.
                chosen(old, Some(named))?;
            }
            return Ok(Source::history(old, self.last as usize));
        }
        let listener = chosen(old, self.listener.as_deref())?;
        Ok(Source::files(&self.against, listener.id.clone())?)
    }
}

impl Side {
    fn of(config: Config) -> Result<Self, TryError> {
        let rehearsal = Rehearsal::of_the_past(&config).map_err(TryError::Runtime)?;
        Ok(Self { config, rehearsal })
    }
}
