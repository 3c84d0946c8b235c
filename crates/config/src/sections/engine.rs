//! `[engine]`.

use crate::model::Engine;
use crate::reading::Section;
use crate::setting::Id;

pub(super) fn read(section: Section<'_>) -> Engine {
    let mut section = section.overridden_by("WARDLINE_ENGINE");
    let mut engine = Engine::default();
    section.set_as("name", &mut engine.name, |Id(name)| name);
    section.set("data_dir", &mut engine.data_dir);
    section.set("drain_timeout", &mut engine.drain_timeout);
    section.set_as("arbiters", &mut engine.arbiters, Some);
    section.set("certificate_warning", &mut engine.certificate_warning);
    section.finish();
    engine
}
