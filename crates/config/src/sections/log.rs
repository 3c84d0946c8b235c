//! `[log]`.

use crate::model::Log;
use crate::reading::Section;
use crate::setting::Filter;

pub(super) fn read(section: Section<'_>) -> Log {
    let mut section = section.overridden_by("WARDLINE_LOG");
    let mut log = Log::default();
    section.set_as("filter", &mut log.filter, |Filter(filter)| filter);
    section.set("format", &mut log.format);
    section.finish();
    log
}
