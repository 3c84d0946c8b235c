//! Messages that belong to one story: replays of one another, of the same order or visit, or with the same control id.
//!
//! Order and visit are content: that two messages have one in common is told to nobody who may not see it.

use std::cmp::Reverse;
use std::time::Instant;

use wardline_store::ReadError;
use wardline_store::history::{
    History, HistoryRow, KeyKind, KeyMatch, Match, SEARCH_TIME, Search, SearchKey,
};

use super::super::super::protocol::RelatedRow;
use super::shown;

/// What makes a story, the closest first, what it is called, and whether it is content.
const COMMON: [(KeyKind, &str, bool); 3] = [
    (KeyKind::Order, "order", true),
    (KeyKind::Visit, "visit", true),
    (KeyKind::ControlId, "control-id", false),
];

/// The most messages that are shown for one thing in common.
const MOST: usize = 10;

/// The most orders of one message that are looked for: a report of hundreds is no story.
const MOST_KEYS: usize = 8;

/// The newest of each kind, each message once. Blocks.
pub(super) fn of(
    history: &History,
    row: &HistoryRow,
    with_content: bool,
) -> Result<Vec<RelatedRow>, ReadError> {
    let deadline = Instant::now() + SEARCH_TIME;
    let mut related: Vec<RelatedRow> = Vec::new();
    let original = row.origin.map(|origin| history.row(origin.message)).transpose()?.flatten();
    let replays = Search {
        keys: vec![KeyMatch::replays_of(row.message)],
        limit: MOST,
        deadline,
        ..Search::default()
    };
    for found in original.into_iter().chain(history.search(&replays)?.rows) {
        related.push(RelatedRow { same: "replay".to_owned(), row: shown::row(&found) });
    }
    for (kind, same, _) in COMMON.into_iter().filter(|(.., content)| with_content || !content) {
        for key in row.keys.iter().filter(|key| key.kind == kind).take(MOST_KEYS) {
            let search =
                Search { keys: vec![equal(key)], limit: MOST + 1, deadline, ..Search::default() };
            for found in history.search(&search)?.rows.iter().map(shown::row) {
                let is_known = related.iter().any(|known| known.row.message == found.message);
                if found.message != row.message && !is_known {
                    related.push(RelatedRow { same: same.to_owned(), row: found });
                }
            }
        }
    }
    related.sort_by_key(|one| Reverse(one.row.message));
    related.truncate(MOST * (COMMON.len() + 1));
    Ok(related)
}

fn equal(key: &SearchKey) -> KeyMatch {
    KeyMatch { kind: key.kind, value: key.value.clone(), how: Match::Exact }
}
