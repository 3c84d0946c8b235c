//! `[[routes]]`.

use wardline_flow::Matcher;

use super::matching;
use crate::diagnostic::Placed;
use crate::reading::Section;
use crate::setting::Id;

/// One `[[routes]]`, its names not yet looked up.
#[derive(Debug)]
pub(crate) struct RouteDraft {
    pub(crate) id: Option<Placed<Id>>,
    pub(crate) from: Option<Vec<Placed<Id>>>,
    pub(crate) matcher: Option<Matcher>,
    pub(crate) to: Vec<Placed<Id>>,
    pub(crate) handlers: Vec<Placed<Id>>,
}

pub(super) fn read(mut section: Section<'_>) -> RouteDraft {
    let draft = RouteDraft {
        id: section.require("id"),
        from: section.list("from"),
        matcher: section.table("match").map(matching::read),
        to: section.require_list("to"),
        handlers: section.list("handlers").unwrap_or_default(),
    };
    section.finish();
    draft
}
