//! Where two configurations differ: which listeners, routes and destinations came, went or changed, and by which keys.
//!
//! Whether something changed, the validated values decide: a default that is written out is none. What changed of it
//! is told from the files, in the words that stand there, `${NAME}` included.

mod keys;

use std::collections::BTreeMap;
use std::fmt;

use crate::load::Loaded;
use crate::model::Config;

pub use keys::KeyChange;
use keys::Written;

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing it is.
    pub section: Section,
    /// Which of its kind; absent where there is only one.
    pub id: Option<String>,
    /// In which way.
    pub how: How,
}

/// A section of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// `[engine]`.
    Engine,
    /// `[store]`.
    Store,
    /// `[history]`.
    History,
    /// `[log]`.
    Log,
    /// `[admin]`.
    Admin,
    /// `[lookups.NAME]`.
    Lookup,
    /// `[handlers.NAME]`.
    Handler,
    /// `[[listeners]]`.
    Listener,
    /// `[[routes]]`.
    Route,
    /// `[[destinations]]`.
    Destination,
}

/// How it differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Only the new configuration has it.
    Added,
    /// Only the old one has it.
    Removed,
    /// It is the same at another place among its like: of two routes that name one destination the first decides.
    Moved,
    /// By these keys; none where a file that it names holds something else.
    Changed(Vec<KeyChange>),
}

impl Section {
    /// The word of the files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Store => "store",
            Self::History => "history",
            Self::Log => "log",
            Self::Admin => "admin",
            Self::Lookup => "lookup",
            Self::Handler => "handler",
            Self::Listener => "listener",
            Self::Route => "route",
            Self::Destination => "destination",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Those of which there are many, in the order of the documents.
const MANY: [Section; 5] =
    [Section::Lookup, Section::Handler, Section::Listener, Section::Route, Section::Destination];

/// Where `new` differs from `old`, in the order of the sections, and of the new one in them.
pub fn compare(old: &Loaded, new: &Loaded) -> Vec<Difference> {
    let written = [Written::of(&old.files), Written::of(&new.files)];
    let changed = |section, id: Option<&str>| {
        let [old, new] = &written;
        let keys = keys::changes(old.keys(section, id), new.keys(section, id));
        Difference { section, id: id.map(str::to_owned), how: How::Changed(keys) }
    };
    let (old, new) = (&old.config, &new.config);
    let mut found = Vec::new();
    for (section, is_same) in [
        (Section::Engine, old.engine == new.engine),
        (Section::Store, old.store == new.store),
        (Section::History, old.history == new.history),
        (Section::Log, old.log == new.log),
        (Section::Admin, old.admin == new.admin),
    ] {
        if !is_same {
            found.push(changed(section, None));
        }
    }
    for section in MANY {
        let (before, after) = (ids(section, old), ids(section, new));
        let difference = |id: &str, how| Difference { section, id: Some(id.to_owned()), how };
        let removed = before.iter().filter(|id| !after.contains(id));
        found.extend(removed.map(|id| difference(id, How::Removed)));
        for id in &after {
            if !before.contains(id) {
                found.push(difference(id, How::Added));
            } else if !is_same(section, id, old, new) {
                found.push(changed(section, Some(id)));
            }
        }
        if section == Section::Route {
            found.extend(moved(&before, &after).into_iter().map(|id| difference(id, How::Moved)));
        }
    }
    found
}

fn ids(section: Section, config: &Config) -> Vec<&str> {
    match section {
        Section::Engine | Section::Store | Section::History | Section::Log | Section::Admin => {
            Vec::new()
        }
        Section::Lookup => config.routing.lookups.iter().map(|(name, _)| name).collect(),
        Section::Handler => config.handlers.iter().map(|one| one.name.as_str()).collect(),
        Section::Listener => config.listeners.iter().map(|one| one.id.as_str()).collect(),
        Section::Route => config.routing.routes.iter().map(|one| one.id.as_str()).collect(),
        Section::Destination => config.destinations.iter().map(|one| one.id.as_str()).collect(),
    }
}

/// Whether both have the same of this id.
fn is_same(section: Section, id: &str, old: &Config, new: &Config) -> bool {
    fn same<'c, T: PartialEq>(
        configs: [&'c Config; 2],
        find: impl Fn(&'c Config) -> Option<T>,
    ) -> bool {
        let [old, new] = configs.map(find);
        old == new
    }
    let configs = [old, new];
    match section {
        Section::Engine | Section::Store | Section::History | Section::Log | Section::Admin => true,
        Section::Lookup => {
            same(configs, |config| config.routing.lookups.iter().find(|(name, _)| *name == id))
        }
        Section::Handler => {
            same(configs, |config| config.handlers.iter().find(|one| one.name.as_str() == id))
        }
        Section::Listener => {
            same(configs, |config| config.listeners.iter().find(|one| one.id.as_str() == id))
        }
        Section::Route => {
            same(configs, |config| config.routing.routes.iter().find(|one| one.id.as_str() == id))
        }
        Section::Destination => same(configs, |config| {
            let destination = config.destinations.iter().find(|one| one.id.as_str() == id)?;
            let filter = config.routing.filters.get(&destination.id);
            Some((destination, filter, config.routing.transforms.get(&destination.id)))
        }),
    }
}

/// Those that stand elsewhere among the ones that both have.
fn moved<'i>(before: &[&'i str], after: &[&'i str]) -> Vec<&'i str> {
    let both = |side: &[&'i str], other: &[&'i str]| -> Vec<&'i str> {
        side.iter().copied().filter(|id| other.contains(id)).collect()
    };
    let (mut left, mut right) = (both(before, after), both(after, before));
    let mut moved = Vec::new();
    // What moved farthest is taken out first, until the rest stands in one order.
    while left != right {
        let places: BTreeMap<&str, usize> = left.iter().copied().zip(0..).collect();
        let distance = |id: &str, place: usize| places.get(id).map_or(0, |at| at.abs_diff(place));
        let farthest = right.iter().zip(0..).max_by_key(|(id, place)| distance(id, *place));
        let Some((id, _)) = farthest.map(|(id, place)| (*id, place)) else { break };
        left.retain(|one| *one != id);
        right.retain(|one| *one != id);
        moved.push(id);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moved_is_told_and_what_it_passed_is_not() {
        let ids = ["a", "b", "c", "d"];
        assert_eq!(moved(&ids, &["b", "c", "d", "a"]), ["a"]);
        assert_eq!(moved(&ids, &["x", "a", "c", "d"]), <[&str; 0]>::default());
        assert_eq!(moved(&ids, &["d", "a", "b", "c"]), ["d"]);
    }
}
