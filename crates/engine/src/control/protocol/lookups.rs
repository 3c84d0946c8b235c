//! What is shown of lookup tables.

use std::cmp::Reverse;
use std::fmt;

use serde::{Deserialize, Serialize};
use wardline_flow::{LookupTable, OnMiss};

/// One lookup table.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupRow {
    /// Its name.
    pub name: String,
    /// How many entries it has.
    pub entries: u64,
    /// `fail`, `keep` or `default`.
    pub on_miss: String,
    /// How often a key was asked for that it lacks, since the table was read.
    pub misses: u64,
    /// How many different keys those were: no more than are kept.
    pub missed_keys: u64,
    /// The keys, most often missed first, only if asked for: they come from messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Vec<MissedKey>>,
}

/// A key that a table lacks.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedKey {
    /// As the message had it.
    pub key: String,
    /// How often it was asked for.
    pub count: u64,
}

impl LookupRow {
    /// A table as it is now; with the keys it lacks where they are asked for.
    pub fn of(name: &str, table: &LookupTable, keys: bool) -> Self {
        let missed = table.missed();
        let on_miss = match table.on_miss() {
            OnMiss::Fail => "fail",
            OnMiss::Keep => "keep",
            OnMiss::Default(_) => "default",
        };
        Self {
            name: name.to_owned(),
            entries: table.len() as u64,
            on_miss: on_miss.to_owned(),
            misses: table.misses(),
            missed_keys: missed.len() as u64,
            missed: keys.then(|| {
                let mut missed: Vec<MissedKey> =
                    missed.into_iter().map(|(key, count)| MissedKey { key, count }).collect();
                missed.sort_by_key(|missed| Reverse(missed.count));
                missed
            }),
        }
    }
}

impl fmt::Debug for LookupRow {
    /// Without the keys (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupRow")
            .field("name", &self.name)
            .field("entries", &self.entries)
            .field("on_miss", &self.on_miss)
            .field("misses", &self.misses)
            .field("missed_keys", &self.missed_keys)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MissedKey {
    /// Without the key (PHI-1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MissedKey").field("count", &self.count).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn missed_keys_travel_only_where_they_are_asked_for_and_never_into_a_log() {
        let table = LookupTable::new(HashMap::new(), OnMiss::Keep);
        for key in ["SECRET", "mg", "SECRET"] {
            assert_eq!(table.find(key).as_deref(), Ok(key));
        }
        let row = LookupRow::of("units", &table, false);
        assert_eq!((row.misses, row.missed_keys, row.missed), (3, 2, None));
        let row = LookupRow::of("units", &table, true);
        assert!(!format!("{row:?} {:?}", row.missed).contains("SECRET"), "PHI-1");
        let keys: Vec<_> =
            row.missed.into_iter().flatten().map(|one| (one.key, one.count)).collect();
        assert_eq!(keys, [("SECRET".to_owned(), 2), ("mg".to_owned(), 1)]);
    }
}
