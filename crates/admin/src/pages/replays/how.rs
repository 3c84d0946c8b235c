//! How messages are replayed, in the words of the pages.

use maud::{Markup, html};
use wardline_engine::control::protocol::{ReplayMode, ReplayRow};

/// Of a job, in few words.
pub(super) fn told(row: &ReplayRow) -> Markup {
    html! {
        @if row.edited { "An edited copy, " }
        @match (row.mode, row.destinations.as_slice()) {
            (ReplayMode::Resend, []) => "as sent, to where each went",
            (ReplayMode::Resend, to) => { "as sent, to " (to.join(", ")) },
            (ReplayMode::Reprocess, _) => "through today's routes",
        }
        ", " (row.rate) " a second at most"
    }
}

/// As addresses and forms have it.
pub(crate) fn code(mode: ReplayMode) -> &'static str {
    match mode {
        ReplayMode::Resend => "resend",
        ReplayMode::Reprocess => "reprocess",
    }
}

/// From an address or a form; another word is none.
pub(crate) fn of_code(code: &str) -> Option<ReplayMode> {
    [ReplayMode::Resend, ReplayMode::Reprocess].into_iter().find(|mode| self::code(*mode) == code)
}
