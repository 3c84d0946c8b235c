//! How one configuration differs from another: what is added, removed or changed, and what that means for what is running.
//!
//! A plain comparison, without an engine. [`keys`] says which keys of a part differ.

use wardline_config::{Config, Destination, Engine, Entrance, HandlerLimits, Listener};
use wardline_flow::{LookupTable, Lookups, Route, Routing};

use super::keys;
use crate::control::protocol::{ChangeKind, ChangeRow, Effect, Part};

/// Keys of `[engine]` that are read at the start only: threads, memory and folders are made of them.
const ENGINE_AT_START: &[&str] = &["data_dir", "arbiters", "max_buffered"];
/// Keys of a listener by which its connections speak: those that stand cannot follow.
const SPOKEN: &[&str] = &["tls", "mllp"];
/// Keys of a destination that are obeyed before a message is stored: its pool never looks at them.
const BEFORE_THE_QUEUE: &[&str] =
    &["charset", "unmappable", "processing_id", "accept_test", "filter", "transform"];

/// Of a digest, in hex: 64 bits tell apart what a person looked at, and fit on a command line.
const DIGEST_CHARACTERS: usize = 16;

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Diff {
    /// What can be changed while the engine runs.
    pub(crate) changes: Vec<ChangeRow>,
    /// Keys that cannot, as `section.key`.
    pub(crate) needs_restart: Vec<String>,
}

impl Diff {
    /// What makes the second of the first.
    pub(crate) fn between(old: &Config, new: &Config) -> Self {
        let mut diff = Self::default();
        diff.engine(&old.engine, &new.engine);
        diff.at_start("store", &keys::store(&old.store, &new.store));
        diff.at_start("history", &keys::history(&old.history, &new.history));
        diff.at_start("log", &keys::log(&old.log, &new.log));
        diff.at_start("admin", &keys::admin(old.admin.as_ref(), new.admin.as_ref()));
        let id = |one: &Listener| one.id.to_string();
        diff.parts(Part::Listener, (&old.listeners, &new.listeners), id, |old, new| {
            let keys = keys::listener(old, new);
            let effect = match () {
                () if old.entrance != new.entrance => Effect::Reopens,
                () if keys.iter().any(|key| SPOKEN.contains(key)) => Effect::Reconnects,
                () => Effect::NextMessage,
            };
            (keys, effect)
        });
        diff.folders(&old.listeners, &new.listeners);
        diff.routes(&old.routing, &new.routing);
        diff.lookups(&old.routing.lookups, &new.routing.lookups);
        let name = |one: &HandlerLimits| one.name.to_string();
        diff.parts(Part::Handler, (&old.handlers, &new.handlers), name, |old, new| {
            (keys::handler(old, new), Effect::Restarts)
        });
        let id = |one: &Destination| one.id.to_string();
        let (ours, theirs) = (&old.routing, &new.routing);
        diff.parts(Part::Destination, (&old.destinations, &new.destinations), id, |old, new| {
            let mut keys = keys::destination(old, new);
            keys.extend(keys::on_the_way(&old.id, ours, theirs));
            let is_before_the_queue = keys.iter().all(|key| BEFORE_THE_QUEUE.contains(key));
            let effect =
                if is_before_the_queue { Effect::NextMessage } else { Effect::RestartsPool };
            (keys, effect)
        });
        diff
    }

    /// Tells this difference from any other, given a digest of the texts that the new configuration was read from.
    pub(crate) fn digest(&self, mut texts: blake3::Hasher) -> String {
        for row in &self.changes {
            let ChangeRow { part, id, change, keys, effect } = row;
            let (keys, id) = (keys.join(" "), id.escape_debug());
            texts.update(format!("{part} {id} {change} {keys} {effect}\n").as_bytes());
        }
        texts.update(self.needs_restart.join("\n").as_bytes());
        texts.finalize().to_hex().chars().take(DIGEST_CHARACTERS).collect()
    }

    fn engine(&mut self, old: &Engine, new: &Engine) {
        let differing = keys::engine(old, new);
        let (at_start, live): (Vec<_>, Vec<_>) =
            differing.into_iter().partition(|key| ENGINE_AT_START.contains(key));
        self.at_start("engine", &at_start);
        self.changed(Part::Engine, "engine", &live, Effect::NextMessage);
    }

    fn at_start(&mut self, section: &str, keys: &[&str]) {
        self.needs_restart.extend(keys.iter().map(|key| format!("{section}.{key}")));
    }

    /// A folder has one watcher at a time: one that stays and is to be watched otherwise is not left for another.
    fn folders(&mut self, old: &[Listener], new: &[Listener]) {
        let path = |listener: &Listener| match &listener.entrance {
            Entrance::Folder(folder) => Some(folder.path.clone()),
            Entrance::Bind(_) | Entrance::Dial(_) => None,
        };
        for one in new {
            let same = |before: &&Listener| path(before).is_some() && path(before) == path(one);
            let Some(before) = old.iter().find(same) else { continue };
            if before.id != one.id || before.entrance != one.entrance {
                let differing = keys::entrance(&before.entrance, &one.entrance);
                let key = differing.first().copied().unwrap_or("path");
                self.needs_restart.push(format!("listeners.{}.{key}", one.id));
            }
        }
    }

    fn routes(&mut self, old: &Routing, new: &Routing) {
        let id = |one: &Route| one.id.to_string();
        self.parts(Part::Route, (&old.routes, &new.routes), id, |old, new| {
            (keys::route(old, new), Effect::NextMessage)
        });
        let in_both = |routes: &Routing, others: &Routing| -> Vec<_> {
            let ids = routes.routes.iter().map(|route| route.id.clone());
            ids.filter(|id| others.routes.iter().any(|other| other.id == *id)).collect()
        };
        if in_both(old, new) != in_both(new, old) {
            self.changed(Part::Routes, "routes", &["order"], Effect::NextMessage);
        }
    }

    fn lookups(&mut self, old: &Lookups, new: &Lookups) {
        let named = |tables: &Lookups| -> Vec<String> {
            tables.iter().map(|(name, _)| name.to_owned()).collect()
        };
        let (ours, theirs) = (named(old), named(new));
        self.parts(Part::Lookup, (&ours, &theirs), String::clone, |name, _| {
            let (old, new) = (old.get(name), new.get(name));
            let on_miss = |table: Option<&LookupTable>| table.map(|one| one.on_miss().clone());
            let keys = match () {
                () if old == new => Vec::new(),
                () if on_miss(old) != on_miss(new) => vec!["on_miss"],
                () => vec!["file"],
            };
            (keys, Effect::NextMessage)
        });
    }

    /// The parts of one kind: what is new and what is changed in the order of the new, what is gone behind them.
    fn parts<T>(
        &mut self,
        part: Part,
        (old, new): (&[T], &[T]),
        id: impl Fn(&T) -> String,
        compare: impl Fn(&T, &T) -> (Vec<&'static str>, Effect),
    ) {
        for one in new {
            let name = id(one);
            match old.iter().find(|before| id(before) == name) {
                Some(before) => {
                    let (keys, effect) = compare(before, one);
                    self.changed(part, &name, &keys, effect);
                }
                None => self.row(part, name, ChangeKind::Added, Effect::Starts),
            }
        }
        for gone in old.iter().map(&id).filter(|gone| new.iter().all(|one| id(one) != *gone)) {
            self.row(part, gone, ChangeKind::Removed, Effect::Drains);
        }
    }

    fn changed(&mut self, part: Part, id: &str, keys: &[&str], effect: Effect) {
        if !keys.is_empty() {
            let keys = keys.iter().map(|&key| key.to_owned()).collect();
            let (id, change) = (id.to_owned(), ChangeKind::Changed);
            self.changes.push(ChangeRow { part, id, change, keys, effect });
        }
    }

    fn row(&mut self, part: Part, id: String, change: ChangeKind, effect: Effect) {
        // A route or a table has nothing in hand.
        let effect = match part {
            Part::Engine | Part::Route | Part::Routes | Part::Lookup => Effect::NextMessage,
            Part::Listener | Part::Handler | Part::Destination => effect,
        };
        self.changes.push(ChangeRow { part, id, change, keys: Vec::new(), effect });
    }

    /// The ids of what is removed of one kind.
    pub(crate) fn removed(&self, part: Part) -> impl Iterator<Item = &str> {
        let rows = self.changes.iter();
        rows.filter(move |row| row.part == part && row.change == ChangeKind::Removed)
            .map(|row| row.id.as_str())
    }
}

#[cfg(test)]
mod tests;
