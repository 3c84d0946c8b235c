//! A whole file: the main one, and those that it includes.

use std::path::PathBuf;

use super::{
    AdminDraft, DestinationDraft, HandlerDraft, ListenerDraft, LookupDraft, RouteDraft, admin,
    destination, engine, handler, history, listener, log, lookup, route, store,
};
use crate::diagnostic::{Diagnostic, Placed};
use crate::model::{Engine, History, Log, Store};
use crate::reading::Section;

/// The version of the configuration's language that this program reads.
const VERSION: u32 = 1;

/// What only the main file holds.
#[derive(Debug)]
pub(crate) struct Main {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    pub(crate) history: History,
    pub(crate) log: Log,
    /// Absent where there is no page.
    pub(crate) admin: Option<AdminDraft>,
    /// Files to read as well, relative to the main one.
    pub(crate) include: Vec<Placed<PathBuf>>,
}

/// What any file can hold, of all files so far and in their order.
#[derive(Debug, Default)]
pub(crate) struct Drafts {
    pub(crate) handlers: Vec<HandlerDraft>,
    pub(crate) lookups: Vec<LookupDraft>,
    pub(crate) listeners: Vec<ListenerDraft>,
    pub(crate) routes: Vec<RouteDraft>,
    pub(crate) destinations: Vec<DestinationDraft>,
}

/// Reads the main file. None where its version is not ours: nothing else in it can be judged then.
pub(crate) fn read_main(mut section: Section<'_>, drafts: &mut Drafts) -> Option<Main> {
    match section.get::<u32>("version") {
        Some(version) if version.value != VERSION => {
            unsupported(&section, &version);
            return None;
        }
        None if section.place_of("version").is_none() => {
            let fault = Diagnostic::fault("`version` is missing").at(section.place());
            section.context().report(fault.hint(format!("begin with `version = {VERSION}`")));
        }
        Some(_) | None => {}
    }
    let main = Main {
        include: section.list("include").unwrap_or_default(),
        engine: engine::read(section.part("engine")),
        store: store::read(section.part("store")),
        history: history::read(section.part("history")),
        log: log::read(section.part("log")),
        admin: section.table("admin").map(admin::read),
    };
    read_shared(section, drafts);
    Some(main)
}

/// Reads an included file.
pub(crate) fn read_included(mut section: Section<'_>, drafts: &mut Drafts) {
    if let Some(version) = section.get::<u32>("version").filter(|version| version.value != VERSION)
    {
        unsupported(&section, &version);
        return;
    }
    for key in ["include", "engine", "store", "history", "log", "admin"] {
        if let Some(place) = section.place_of(key) {
            let fault = Diagnostic::fault(format!("`{key}` belongs into the main file")).at(&place);
            section.context().report(fault.hint(
                "an included file has handlers, lookups, listeners, routes and destinations",
            ));
        }
    }
    read_shared(section, drafts);
}

fn read_shared(mut section: Section<'_>, drafts: &mut Drafts) {
    let handlers = section.named_tables("handlers").into_iter();
    drafts.handlers.extend(handlers.map(|(name, table)| handler::read(name, table)));
    let lookups = section.named_tables("lookups").into_iter();
    drafts.lookups.extend(lookups.map(|(name, table)| lookup::read(name, table)));
    drafts.listeners.extend(section.tables("listeners").into_iter().map(listener::read));
    drafts.routes.extend(section.tables("routes").into_iter().map(route::read));
    drafts.destinations.extend(section.tables("destinations").into_iter().map(destination::read));
    section.finish();
}

fn unsupported(section: &Section<'_>, version: &Placed<u32>) {
    let fault =
        Diagnostic::fault(format!("version {} is not known", version.value)).at(&version.place);
    section.context().report(fault.hint(format!("this program reads version {VERSION}")));
}
