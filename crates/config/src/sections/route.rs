//! `[[routes]]`.

use wardline_flow::Matcher;

use super::{TransformDraft, matching, transform};
use crate::diagnostic::Placed;
use crate::reading::Section;
use crate::setting::{Cel, Id};

/// One `[[routes]]`, its names not yet looked up.
#[derive(Debug)]
pub(crate) struct RouteDraft {
    pub(crate) id: Option<Placed<Id>>,
    pub(crate) from: Option<Vec<Placed<Id>>>,
    pub(crate) matcher: Option<Matcher>,
    pub(crate) when: Option<Placed<Cel>>,
    pub(crate) to: Vec<Placed<Id>>,
    pub(crate) handlers: Vec<Placed<Id>>,
    pub(crate) transform: TransformDraft,
}

pub(super) fn read(mut section: Section<'_>) -> RouteDraft {
    let draft = RouteDraft {
        id: section.require("id"),
        from: section.list("from"),
        matcher: section.table("match").map(matching::read),
        when: section.get("when"),
        to: section.require_list("to"),
        handlers: section.list("handlers").unwrap_or_default(),
        transform: transform::read(section.tables("transform")),
    };
    section.finish();
    draft
}
