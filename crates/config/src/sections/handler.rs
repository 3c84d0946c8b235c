//! `[handlers.NAME]`.

use crate::diagnostic::Placed;
use crate::model::HandlerLimits;
use crate::reading::Section;

/// One `[handlers.NAME]`, not yet held against the handlers of this binary.
#[derive(Debug)]
pub(crate) struct HandlerDraft {
    pub(crate) name: Placed<String>,
    pub(crate) limits: HandlerLimits,
}

pub(super) fn read(name: Placed<String>, mut section: Section<'_>) -> HandlerDraft {
    let mut limits = HandlerLimits::new(name.value.as_str().into());
    section.set("instances", &mut limits.instances);
    section.set("max_stuck", &mut limits.max_stuck);
    section.set("max_restarts", &mut limits.max_restarts);
    section.set("restart_window", &mut limits.restart_window);
    section.finish();
    HandlerDraft { name, limits }
}
