//! `[lookups.NAME]`: a table of codes in a file beside the configuration.

use std::path::PathBuf;

use wardline_flow::OnMiss;

use crate::diagnostic::{Diagnostic, Placed};
use crate::reading::Section;
use crate::setting::{Sentence, Setting, Word};

/// One `[lookups.NAME]`, its file not yet read.
#[derive(Debug)]
pub(crate) struct LookupDraft {
    pub(crate) name: Placed<String>,
    /// Absent where it is missing: a fault, so the draft never leaves this crate without it.
    pub(crate) file: Option<Placed<PathBuf>>,
    /// The column of the keys; absent = the first.
    pub(crate) key: Option<Placed<Word>>,
    /// The column of the values; absent = the second.
    pub(crate) value: Option<Placed<Word>>,
    pub(crate) on_miss: OnMiss,
}

/// What `on_miss` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissPolicy {
    Fail,
    Keep,
    Default,
}

pub(super) fn read(name: Placed<String>, mut section: Section<'_>) -> LookupDraft {
    let file = section.require("file");
    let key = section.get("key");
    let value = section.get("value");
    let mut policy = MissPolicy::Fail;
    section.set("on_miss", &mut policy);
    let default: Option<Placed<Sentence>> = section.get("default");
    let on_miss = match (policy, default) {
        (MissPolicy::Fail, None) => OnMiss::Fail,
        (MissPolicy::Keep, None) => OnMiss::Keep,
        (MissPolicy::Default, Some(default)) => OnMiss::Default(default.value.0),
        (MissPolicy::Default, None) => {
            section.missing("default", Sentence::EXPECTED);
            OnMiss::Fail
        }
        (MissPolicy::Fail | MissPolicy::Keep, Some(default)) => {
            let fault = Diagnostic::fault("`default` is never used").at(&default.place);
            section.context().report(fault.hint("it needs `on_miss = \"default\"`"));
            OnMiss::Fail
        }
    };
    section.finish();
    LookupDraft { name, file, key, value, on_miss }
}
