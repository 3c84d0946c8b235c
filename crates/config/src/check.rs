//! All sections of all files, held against each other.
//!
//! Here ids meet: each is unique, and each that is named exists. What comes out is the model; where anything is wrong,
//! diagnostics were reported and the model is not used.

mod conditions;
mod files;
mod lookups;
mod names;
mod reach;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use wardline_flow::{
    AckMatch, DestinationId, Expression, HandlerName, LookupTable, Lookups, Route, Routing,
    Transform,
};

use crate::diagnostic::{Diagnostic, Placed};
use crate::model::{Config, Entrance, HandlerLimits, Order, WhenDone};
use crate::reading::Context;
use crate::sections::{DestinationDraft, Drafts, ListenerDraft, Main, RouteDraft};
use crate::setting::Id;

use names::Names;
pub(crate) use warnings::warn;

/// Reports every clash and every name that leads nowhere, and puts the model together.
pub(crate) fn assemble(
    context: &Context<'_>,
    main: Main,
    drafts: &Drafts,
    tables: BTreeMap<String, LookupTable>,
) -> Config {
    let endpoints = drafts.listeners.iter().filter_map(|draft| draft.id.as_ref());
    let destinations = drafts.destinations.iter().filter_map(|draft| draft.id.as_ref());
    report_taken(context, endpoints.chain(destinations));
    report_taken(context, drafts.routes.iter().filter_map(|draft| draft.id.as_ref()));
    report_shared_addresses(context, &main, drafts);
    report_shared_folders(context, drafts);
    let handlers = check_handlers(context, drafts);
    let names = Names::of(drafts);
    check_relays(context, drafts, &names);
    for name in drafts.listeners.iter().filter_map(|draft| draft.app_ack_to.as_ref()) {
        names.destination(context, name);
    }
    for listener in drafts.destinations.iter().filter_map(|draft| draft.ack_connection.as_ref()) {
        names.report_unknown_listener(context, listener);
    }
    drafts.destinations.iter().for_each(|destination| check_answers(context, destination));
    let routing = Routing {
        routes: routes(context, drafts, &names),
        production: production(drafts),
        filters: filters(drafts),
        transforms: transforms(drafts),
        lookups: Arc::new(Lookups::new(tables)),
        strictness: main.engine.rules,
    };
    lookups::report_unknown(context, drafts);
    Config {
        engine: main.engine,
        store: main.store,
        history: main.history,
        log: main.log,
        admin: main.admin.map(|draft| draft.admin),
        handlers,
        listeners: drafts.listeners.iter().map(|draft| draft.listener.clone()).collect(),
        routing,
        destinations: drafts
            .destinations
            .iter()
            .filter_map(|draft| draft.destination.clone())
            .collect(),
    }
}

fn report_taken<'d>(context: &Context<'_>, ids: impl Iterator<Item = &'d Placed<Id>>) {
    let mut seen: BTreeMap<&Id, &Placed<Id>> = BTreeMap::new();
    for id in ids {
        match seen.get(&id.value) {
            Some(first) => {
                let fault =
                    Diagnostic::fault(format!("the id `{}` is taken", id.value.0)).at(&id.place);
                context.report(
                    fault.beside(&first.place, "first here").hint("every id stands for one thing"),
                );
            }
            None => {
                seen.insert(&id.value, id);
            }
        }
    }
}

fn report_shared_addresses(context: &Context<'_>, main: &Main, drafts: &Drafts) {
    let mut seen: Vec<&Placed<SocketAddr>> = Vec::new();
    let listeners = drafts.listeners.iter().filter_map(|draft| draft.bind.as_ref());
    let destinations = drafts.destinations.iter().filter_map(|draft| draft.bind.as_ref());
    let page = main.admin.iter().filter_map(|draft| draft.bind.as_ref());
    for bind in listeners.chain(destinations).chain(page) {
        if let Some(first) = seen.iter().find(|first| clash(first.value, bind.value)) {
            let fault = Diagnostic::fault(format!("{} is taken by another listener", bind.value))
                .at(&bind.place);
            context
                .report(fault.beside(&first.place, "first here").hint("give it a port of its own"));
        }
        seen.push(bind);
    }
}

fn report_shared_folders(context: &Context<'_>, drafts: &Drafts) {
    let mut seen: Vec<&Placed<PathBuf>> = Vec::new();
    for folder in drafts.listeners.iter().filter_map(|draft| draft.folder.as_ref()) {
        let same =
            |first: &&&Placed<PathBuf>| first.value.components().eq(folder.value.components());
        if let Some(first) = seen.iter().find(same) {
            let fault = Diagnostic::fault("another listener watches this folder").at(&folder.place);
            let hint = "each file is taken by one: name another folder";
            context.report(fault.beside(&first.place, "first here").hint(hint));
        }
        seen.push(folder);
    }
    for draft in &drafts.listeners {
        report_watched_goals(context, drafts, draft);
    }
}

/// Reports folders that files go to, and that another listener takes them from again. Links are seen at the start.
fn report_watched_goals(context: &Context<'_>, drafts: &Drafts, draft: &ListenerDraft) {
    let (Entrance::Folder(watched), Some(own)) = (&draft.listener.entrance, &draft.folder) else {
        return;
    };
    let done = (watched.when_done == WhenDone::Move).then_some(("done", &watched.done));
    let is_another =
        |other: &&Placed<PathBuf>| !other.value.components().eq(own.value.components());
    let folders = drafts.listeners.iter().filter_map(|other| other.folder.as_ref());
    for other in folders.filter(is_another) {
        for (key, goal) in done.into_iter().chain([("failed", &watched.failed)]) {
            if goal.components().eq(other.value.components()) {
                let fault = Diagnostic::fault(format!("`{key}` is a folder that is watched"));
                let fault = fault.at(&own.place).beside(&other.place, "by this listener");
                context.report(fault.hint("its files would be taken again: name another"));
            }
        }
    }
}

/// Whether the second of two listeners could not be bound. `[::]` is bound for IPv6 alone, so it leaves `0.0.0.0` free.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let same_interface =
        one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    let same_family = one.is_ipv4() == other.is_ipv4();
    one.port() != 0 && one.port() == other.port() && same_family && same_interface
}

/// Reports answers that could never be relayed: of what is no peer, or never gets a message of the listener.
fn check_relays(context: &Context<'_>, drafts: &Drafts, names: &Names<'_>) {
    for listener in &drafts.listeners {
        if let Some(from) = &listener.ack_from
            && names.answering(context, from).is_some()
            && !drafts.routes.iter().any(|route| leads(route, listener.id.as_ref(), from))
        {
            let text = format!("no route leads from this listener to `{}`", from.value.0);
            let fault = Diagnostic::fault(text).at(&from.place);
            context.report(fault.hint("name both in a route, or relay the answer of another"));
        }
    }
}

/// Reports answers that could be taken for another message's: all come one way, and any counts for any.
fn check_answers(context: &Context<'_>, draft: &DestinationDraft) {
    if let (Some(_), Some(matching)) = (&draft.ack_connection, &draft.ack_match)
        && matches!(matching.value, AckMatch::Any | AckMatch::AnyAck)
        && let Some(destination) = &draft.destination
        && destination.order != Order::Fifo
        && let Some(connections) = &draft.connections
        && connections.value.get() > 1
    {
        let text = "an answer through `ack_connection` could be to any message that is being sent";
        let fault = Diagnostic::fault(text).at(&matching.place);
        let hint =
            "with one connection one answer is awaited at a time; or name the message: \"exact\"";
        context.report(fault.beside(&connections.place, "so many are sent at once").hint(hint));
    }
}

/// Whether the route takes messages of this listener to this destination.
fn leads(route: &RouteDraft, listener: Option<&Placed<Id>>, to: &Placed<Id>) -> bool {
    let is_from = |from: &Vec<Placed<Id>>| {
        from.iter().any(|from| listener.is_some_and(|listener| listener.value == from.value))
    };
    route.from.as_ref().is_none_or(is_from) && route.to.iter().any(|name| name.value == to.value)
}

/// The limits of every handler that is used, by name; reports those that this binary does not have.
fn check_handlers(context: &Context<'_>, drafts: &Drafts) -> Vec<HandlerLimits> {
    let mut limits: BTreeMap<&str, HandlerLimits> = BTreeMap::new();
    for name in used_handlers(drafts) {
        names::report_unknown_handler(context, drafts, &name.value.0, &name.place);
        let defaults = || HandlerLimits::new(HandlerName::from(name.value.0.as_str()));
        limits.entry(&name.value.0).or_insert_with(defaults);
    }
    let mut declared: BTreeMap<&str, &Placed<String>> = BTreeMap::new();
    for draft in &drafts.handlers {
        if draft.is_script() {
            names::report_known_handler(context, &draft.name);
        } else {
            names::report_unknown_handler(context, drafts, &draft.name.value, &draft.name.place);
        }
        if let Some(first) = declared.insert(&draft.name.value, &draft.name) {
            let fault =
                Diagnostic::fault(format!("the handler `{}` has two tables", draft.name.value));
            context.report(fault.at(&draft.name.place).beside(&first.place, "first here"));
        }
        if let Some(used) = limits.get_mut(draft.name.value.as_str()) {
            used.clone_from(&draft.limits);
        }
    }
    limits.into_values().collect()
}

/// Every place that names a handler to be called.
fn used_handlers(drafts: &Drafts) -> impl Iterator<Item = &Placed<Id>> {
    let by_listeners = drafts.listeners.iter().flat_map(|draft| &draft.handlers);
    let by_routes = drafts.routes.iter().flat_map(|draft| &draft.handlers);
    let by_destinations = drafts.destinations.iter().filter_map(|draft| draft.handler.as_ref());
    by_listeners.chain(by_routes).chain(by_destinations)
}

/// The destinations that no test may reach.
fn production(drafts: &Drafts) -> BTreeSet<DestinationId> {
    let destinations = drafts.destinations.iter().filter_map(|draft| draft.destination.as_ref());
    destinations.filter(|one| one.refuses_tests()).map(|one| one.id.clone()).collect()
}

fn filters(drafts: &Drafts) -> BTreeMap<DestinationId, Arc<Expression>> {
    let of = |draft: &DestinationDraft| {
        let filter = Arc::clone(&draft.filter.as_ref()?.value.0);
        Some((draft.id.as_ref()?.value.0.as_str().into(), filter))
    };
    drafts.destinations.iter().filter_map(of).collect()
}

fn transforms(drafts: &Drafts) -> BTreeMap<DestinationId, Transform> {
    let changing = drafts.destinations.iter().filter(|one| !one.transform.transform.is_empty());
    let of = |draft: &DestinationDraft| {
        Some((draft.id.as_ref()?.value.0.as_str().into(), draft.transform.transform.clone()))
    };
    changing.filter_map(of).collect()
}

fn routes(context: &Context<'_>, drafts: &Drafts, names: &Names<'_>) -> Vec<Route> {
    let routes = drafts.routes.iter().map(|draft| Route {
        id: draft.id.as_ref().map_or("", |id| id.value.0.as_str()).into(),
        from: draft
            .from
            .as_ref()
            .map(|from| from.iter().filter_map(|name| names.source(context, name)).collect()),
        matcher: draft.matcher.clone(),
        when: draft.when.as_ref().map(|when| Arc::clone(&when.value.0)),
        to: draft.to.iter().filter_map(|name| names.destination(context, name)).collect(),
        handlers: draft.handlers.iter().map(|name| name.value.0.as_str().into()).collect(),
        transform: draft.transform.transform.clone(),
    });
    routes.collect()
}
