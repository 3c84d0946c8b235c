//! Lookup tables: a key to a value, from files that people keep beside the configuration.
//!
//! What a table does not have is counted and kept by name, so that its owner sees what to add: a code that a laboratory
//! began to send on Monday.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The most missed keys a table keeps; what is missed beyond is only counted.
pub const MAX_MISSED: usize = 200;

/// The longest key that is kept as missed, in bytes; a longer one is no code but text.
pub const MAX_MISSED_KEY: usize = 64;

/// All lookup tables of a site, by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    tables: BTreeMap<String, Arc<LookupTable>>,
}

/// One table.
#[derive(Debug)]
pub struct LookupTable {
    entries: Arc<HashMap<String, String>>,
    on_miss: OnMiss,
    misses: AtomicU64,
    missed: Mutex<BTreeMap<String, u64>>,
}

/// What a key that the table does not have becomes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OnMiss {
    /// A fault: the message is answered AE, or its transform fails.
    #[default]
    Fail,
    /// The key itself.
    Keep,
    /// This value.
    Default(String),
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// There is no such table.
    #[error("there is no such lookup table")]
    NoTable,
    /// The table has no such key, and fails then.
    #[error("the lookup table has no such key")]
    Miss,
}

impl PartialEq for LookupTable {
    /// What it says decides, not what was asked of it.
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries && self.on_miss == other.on_miss
    }
}

impl Eq for LookupTable {}

impl Lookups {
    /// These tables.
    pub fn new(tables: BTreeMap<String, LookupTable>) -> Self {
        Self { tables: tables.into_iter().map(|(name, table)| (name, Arc::new(table))).collect() }
    }

    /// The same tables; one that says what it said before goes on counting what it misses.
    #[must_use]
    pub fn counting_on(&self, before: &Self) -> Self {
        let kept = |(name, table): (&String, &Arc<LookupTable>)| {
            let same = before.tables.get(name).filter(|earlier| *earlier == table);
            (name.clone(), Arc::clone(same.unwrap_or(table)))
        };
        Self { tables: self.tables.iter().map(kept).collect() }
    }

    /// The same tables, which count for themselves what they miss: a trial is nothing that a table's owner has to add.
    #[must_use]
    pub fn apart(&self) -> Self {
        let apart = |(name, table): (&String, &Arc<LookupTable>)| {
            let entries = Arc::clone(&table.entries);
            (name.clone(), Arc::new(LookupTable::of(entries, table.on_miss.clone())))
        };
        Self { tables: self.tables.iter().map(apart).collect() }
    }

    /// The table of this name.
    pub fn get(&self, table: &str) -> Option<&LookupTable> {
        self.tables.get(table).map(Arc::as_ref)
    }

    /// Whether there is a table of this name.
    pub fn contains(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    /// The value of a key in a table.
    pub fn find(&self, table: &str, key: &str) -> Result<String, LookupError> {
        self.tables.get(table).ok_or(LookupError::NoTable)?.find(key)
    }

    /// Every table with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &LookupTable)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table.as_ref()))
    }
}

impl LookupTable {
    /// A table with these entries.
    pub fn new(entries: HashMap<String, String>, on_miss: OnMiss) -> Self {
        Self::of(Arc::new(entries), on_miss)
    }

    fn of(entries: Arc<HashMap<String, String>>, on_miss: OnMiss) -> Self {
        Self { entries, on_miss, misses: AtomicU64::new(0), missed: Mutex::default() }
    }

    /// The value of a key.
    pub fn find(&self, key: &str) -> Result<String, LookupError> {
        if let Some(value) = self.entries.get(key) {
            return Ok(value.clone());
        }
        self.miss(key);
        match &self.on_miss {
            OnMiss::Fail => Err(LookupError::Miss),
            OnMiss::Keep => Ok(key.to_owned()),
            OnMiss::Default(value) => Ok(value.clone()),
        }
    }

    /// Every key with its value, in no order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn miss(&self, key: &str) {
        self.misses.fetch_add(1, Ordering::Relaxed);
        if key.len() > MAX_MISSED_KEY {
            return;
        }
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = missed.get_mut(key) {
            *count += 1;
        } else if missed.len() < MAX_MISSED {
            missed.insert(key.to_owned(), 1);
        }
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What a missing key becomes.
    pub fn on_miss(&self) -> &OnMiss {
        &self.on_miss
    }

    /// How often a key was asked for that it does not have.
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    /// The keys it does not have, each with how often it was asked for: at most [`MAX_MISSED`]. They come from messages
    /// and are shown only to whoever may see those (PHI-1).
    pub fn missed(&self) -> BTreeMap<String, u64> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(on_miss: OnMiss) -> LookupTable {
        LookupTable::new(HashMap::from([("A".to_owned(), "1".to_owned())]), on_miss)
    }

    #[test]
    fn a_miss_is_what_the_table_says() {
        assert_eq!(table(OnMiss::Fail).find("A").as_deref(), Ok("1"));
        assert_eq!(table(OnMiss::Fail).find("B"), Err(LookupError::Miss));
        assert_eq!(table(OnMiss::Keep).find("B").as_deref(), Ok("B"));
        assert_eq!(table(OnMiss::Default("?".into())).find("B").as_deref(), Ok("?"));
        assert_eq!(Lookups::default().find("none", "A"), Err(LookupError::NoTable));
    }

    #[test]
    fn a_table_that_says_the_same_goes_on_counting() {
        let of = |on_miss| Lookups::new(BTreeMap::from([("units".to_owned(), table(on_miss))]));
        let before = of(OnMiss::Keep);
        before.find("units", "B").unwrap();
        let misses = |tables: Lookups| tables.get("units").map(LookupTable::misses);
        assert_eq!(misses(of(OnMiss::Keep).counting_on(&before)), Some(1));
        assert_eq!(misses(of(OnMiss::Fail).counting_on(&before)), Some(0));
    }

    #[test]
    fn what_a_trial_misses_is_not_counted() {
        let tables = Lookups::new(BTreeMap::from([("units".to_owned(), table(OnMiss::Keep))]));
        let apart = tables.apart();
        assert_eq!(apart.find("units", "A").as_deref(), Ok("1"));
        apart.find("units", "B").unwrap();
        let misses = |tables: &Lookups| tables.get("units").map(LookupTable::misses);
        assert_eq!((misses(&tables), misses(&apart)), (Some(0), Some(1)));
    }

    #[test]
    fn misses_are_counted_and_kept_up_to_a_bound() {
        let table = table(OnMiss::Keep);
        for number in 0..=MAX_MISSED {
            table.find(&number.to_string()).unwrap();
            table.find("again").unwrap();
        }
        table.find(&"x".repeat(MAX_MISSED_KEY + 1)).unwrap();
        let asked = u64::try_from(MAX_MISSED).unwrap() + 1;
        assert_eq!(table.misses(), 2 * asked + 1);
        assert_eq!(table.missed().len(), MAX_MISSED);
        assert_eq!(table.missed()["again"], asked);
    }
}
