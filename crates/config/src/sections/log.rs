//! `[log]`.

use crate::model::Log;
use crate::reading::Section;
use crate::setting::Filter;

pub(super) fn read(mut section: Section<'_>) -> Log {
    let mut log = Log::default();
    section.set_as("filter", &mut log.filter, |Filter(filter)| filter);
    section.set("format", &mut log.format);
    section.finish();
    log
}
