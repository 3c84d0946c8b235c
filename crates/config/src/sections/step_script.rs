//! The step `script = "scripts/names.lua"`, whose file is read when all sections are.

use std::fmt;
use std::sync::{Arc, OnceLock};

use wardline_flow::Lookups;
use wardline_flow::transform::{Program, Rewrite, RewriteFault};
use wardline_hl7::Message;
use wardline_script::{Limits, Workers};

use super::ScriptDraft;
use super::handler::read_limits;
use crate::reading::Section;

/// A script that a step names, and where its program goes.
#[derive(Debug)]
pub(crate) struct StepScript {
    pub(crate) draft: ScriptDraft,
    late: Arc<Late>,
}

/// A program that is there once its file was read. A configuration with one that could not be is never used.
#[derive(Default)]
struct Late(OnceLock<Workers>);

impl StepScript {
    /// The keys of the step.
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let file = section.require("script");
        let limits = read_limits(section, Limits::TRANSFORM);
        let draft = ScriptDraft { file: file?, limits, keep_state: false };
        Some(Self { draft, late: Arc::default() })
    }

    /// What the step runs.
    pub(super) fn program(&self) -> Program {
        Program(Arc::clone(&self.late) as Arc<dyn Rewrite>)
    }

    /// Its file was read.
    pub(crate) fn give(&self, workers: Workers) {
        let _first_only = self.late.0.set(workers);
    }
}

impl Rewrite for Late {
    fn name(&self) -> &str {
        self.0.get().map_or("", Workers::name)
    }

    fn text(&self) -> &str {
        self.0.get().map_or("", Workers::text)
    }

    fn rewrite(&self, message: &Message, lookups: &Arc<Lookups>) -> Result<Message, RewriteFault> {
        match self.0.get() {
            Some(workers) => workers.rewrite(message, lookups),
            None => Err(RewriteFault { what: "the script was never read".to_owned(), said: None }),
        }
    }

    fn apart(&self) -> Arc<dyn Rewrite> {
        match self.0.get() {
            Some(workers) => workers.apart(),
            None => Arc::<Self>::default(),
        }
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Late").field(&self.name()).finish()
    }
}
