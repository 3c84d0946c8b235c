//! `[engine]`.

use crate::model::Engine;
use crate::reading::Section;
use crate::setting::Id;

/// Less would make one scanned document wait for the other; nobody has more memory than a TiB for this.
const BUFFER_SIZES: [u64; 2] = [1 << 20, 1 << 40];

pub(super) fn read(section: Section<'_>) -> Engine {
    let mut section = section.overridden_by("WARDLINE_ENGINE");
    let mut engine = Engine::default();
    section.set_as("name", &mut engine.name, |Id(name)| name);
    section.set("data_dir", &mut engine.data_dir);
    section.set_as("shutdown_delay", &mut engine.shutdown_delay, Some);
    section.set("drain_timeout", &mut engine.drain_timeout);
    section.set_as("arbiters", &mut engine.arbiters, Some);
    section.set_size("max_buffered", &mut engine.max_buffered, BUFFER_SIZES);
    section.set("certificate_warning", &mut engine.certificate_warning);
    section.set("rules", &mut engine.rules);
    section.finish();
    engine
}
