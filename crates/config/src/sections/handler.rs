//! `[handlers.NAME]`.

use std::path::PathBuf;

use wardline_script::Limits;

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::HandlerLimits;
use crate::reading::Section;
use crate::setting::{HandlerKind, Instructions};

/// The least and the most memory that a script may be given: less holds no interpreter, more is no script.
const MEMORY: [u64; 2] = [1024 * 1024, 4 * 1024 * 1024 * 1024];

/// The keys of a script.
const OF_SCRIPTS: [&str; 5] = ["file", "keep_state", "max_instructions", "max_memory", "timeout"];

/// One `[handlers.NAME]`, not yet held against the handlers of this binary.
#[derive(Debug)]
pub(crate) struct HandlerDraft {
    pub(crate) name: Placed<String>,
    pub(crate) limits: HandlerLimits,
    /// `kind = "lua"`.
    is_lua: bool,
    /// What is run, its file not yet read; absent where that is missing, which is a fault.
    pub(crate) script: Option<ScriptDraft>,
}

impl HandlerDraft {
    /// Whether it is no actor of this binary.
    pub(crate) fn is_script(&self) -> bool {
        self.is_lua
    }
}

/// A script that a handler names.
#[derive(Debug)]
pub(crate) struct ScriptDraft {
    pub(crate) file: Placed<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) keep_state: bool,
}

pub(super) fn read(name: Placed<String>, mut section: Section<'_>) -> HandlerDraft {
    let mut limits = HandlerLimits::new(name.value.as_str().into());
    let kind = section.get::<HandlerKind>("kind").map_or(HandlerKind::Rust, |kind| kind.value);
    section.set("instances", &mut limits.instances);
    section.set("max_stuck", &mut limits.max_stuck);
    section.set("max_restarts", &mut limits.max_restarts);
    section.set("restart_window", &mut limits.restart_window);
    let script = match kind {
        HandlerKind::Lua => read_script(&mut section),
        HandlerKind::Rust => {
            refuse_script_keys(&mut section);
            None
        }
    };
    section.finish();
    HandlerDraft { name, limits, is_lua: kind == HandlerKind::Lua, script }
}

fn read_script(section: &mut Section<'_>) -> Option<ScriptDraft> {
    let file = section.require("file");
    let limits = read_limits(section, Limits::HANDLER);
    let mut keep_state = false;
    section.set("keep_state", &mut keep_state);
    Some(ScriptDraft { file: file?, limits, keep_state })
}

/// What a script may cost.
pub(super) fn read_limits(section: &mut Section<'_>, mut limits: Limits) -> Limits {
    section.set("timeout", &mut limits.time);
    section.set_as("max_instructions", &mut limits.instructions, |Instructions(count)| count);
    section.set_size("max_memory", &mut limits.memory, MEMORY);
    limits
}

fn refuse_script_keys(section: &mut Section<'_>) {
    for key in OF_SCRIPTS.into_iter().filter(|key| section.has(key)).collect::<Vec<_>>() {
        if let Some(place) = section.place_of(key) {
            let fault = Diagnostic::fault(format!("`{key}` is for a script")).at(&place);
            section.context().report(fault.hint("add `kind = \"lua\"`"));
        }
    }
}
