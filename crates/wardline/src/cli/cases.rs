//! `wardline test`: cases of what a configuration is to do, held against what it does.
//!
//! ```text
//! DIR/admit/message.hl7             what comes in
//!           case.toml               description, listener, ignore, answer, text: all of them optional
//!           expected/ack.hl7        the answer; empty where none is due
//!                    lis.hl7        what the destination `lis` gets; others get nothing
//! ```
//!
//! The engine's own decisions are asked ([`wardline_engine::rehearsal`]); nothing is stored or sent.

mod case;
mod compare;
mod junit;
mod show;
mod update;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use wardline_config::Config;
use wardline_engine::rehearsal::Rehearsal;

use super::Invocation;
use super::configuration;
use super::effect::Effect;
use super::exit::Exit;
use super::failure::{Failed, Outcome};
use super::trial::{chosen, rehearsal};

use self::case::{Case, CaseError};
use self::compare::{Mismatch, mismatches};
use self::update::Updated;

/// Hold cases of messages against what this configuration does with them. Nothing is sent or stored.
///
/// A case is a folder with message.hl7: see docs/testing.md. Exits with 0 where every case passes, with 1 where one does
/// not.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// The folder of the cases, or one case.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only cases whose name contains one of these.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// The listener of cases that name none; needed where there are several.
    #[arg(long, value_name = "ID")]
    listener: Option<String>,
    /// Write what happens now into the cases, and tell what that changed.
    #[arg(long)]
    update: bool,
    /// Write the results for a build server: the XML of junit.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Start the handlers of this program and ask them. What they do besides deciding, they really do.
    #[arg(long)]
    ask: bool,
}

/// One case and how it went.
struct Tested {
    case: Case,
    verdict: Verdict,
    took: Duration,
}

/// How a case went.
enum Verdict {
    Passed,
    /// What was written is what happens now; nothing else is wrong.
    Updated(Vec<Updated>),
    Failed {
        mismatches: Vec<Mismatch>,
        /// What was written all the same; what is left, `--update` cannot mend.
        updated: Vec<Updated>,
    },
    /// It says nothing that could be held against anything.
    Unusable(Failed),
}

impl Test {
    /// Tests each case.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let config = configuration::load(None, invocation)?.config;
        let rehearsal = rehearsal(&config, self.ask, invocation)?;
        let mut tested = Vec::new();
        for case in case::find(&self.folder, &self.names)? {
            let begun = Instant::now();
            let verdict = self.verdict(&case, &config, &rehearsal);
            let verdict = verdict.unwrap_or_else(Verdict::Unusable);
            let one = Tested { case, verdict, took: begun.elapsed() };
            show::one(&one, invocation.terminal)?;
            tested.push(one);
        }
        show::sum(&tested, invocation.terminal)?;
        if let Some(path) = &self.junit {
            std::fs::write(path, junit::report(&tested))
                .map_err(|source| CaseError::Unwritable { path: path.clone(), source })?;
        }
        let good = tested.iter().all(|one| one.verdict.is_good());
        Ok(if good { Exit::Ok } else { Exit::Failed })
    }

    fn verdict(
        &self,
        case: &Case,
        config: &Config,
        rehearsal: &Rehearsal,
    ) -> Result<Verdict, Failed> {
        let settings = case.settings()?;
        let named = settings.listener.as_deref().or(self.listener.as_deref());
        let listener = chosen(config, named)?;
        let mut effect = Effect::default();
        for message in case.messages()? {
            if let Some(one) = Effect::of(rehearsal, &listener.id, &message) {
                effect.join(one);
            }
        }
        let found = mismatches(&settings, &case.expected()?, &effect);
        if found.is_empty() {
            return Ok(Verdict::Passed);
        }
        if !self.update {
            return Ok(Verdict::Failed { mismatches: found, updated: Vec::new() });
        }
        let updated = update::write(case, &settings, &found, &effect)?;
        let mismatches = mismatches(&settings, &case.expected()?, &effect);
        Ok(match mismatches.as_slice() {
            [] => Verdict::Updated(updated),
            _ => Verdict::Failed { mismatches, updated },
        })
    }
}

impl Verdict {
    fn is_good(&self) -> bool {
        match self {
            Self::Passed | Self::Updated(_) => true,
            Self::Failed { .. } | Self::Unusable(_) => false,
        }
    }
}
