//! What can be meant, and probably isn't. Asked only of a configuration without faults.

use wardline_flow::{AckMode, ProcessingId};
use wardline_mllp::Release;

use crate::diagnostic::Diagnostic;
use crate::model::{AckWhen, Destination, DestinationKind, OnLate, Order, PeerEndpoint, Store};
use crate::reading::Context;
use crate::sections::{DestinationDraft, Drafts, ListenerDraft, RouteDraft};

/// Reports what looks wrong.
pub(crate) fn warn(context: &Context<'_>, drafts: &Drafts, store: &Store) {
    for (is_empty, what, so) in [
        (drafts.listeners.is_empty(), "listeners", "nothing comes in"),
        (drafts.routes.is_empty(), "routes", "every message that comes in stays unrouted"),
        (drafts.destinations.is_empty(), "destinations", "nothing goes out"),
    ] {
        if is_empty {
            context.report(
                Diagnostic::warning(format!("no {what}: {so}")).hint(format!("add `[[{what}]]`")),
            );
        }
    }
    for listener in &drafts.listeners {
        warn_of_listener(context, listener);
        warn_of_term(context, listener, store);
        warn_of_relay(context, listener);
    }
    drafts.routes.iter().for_each(|route| warn_of_route(context, route));
    super::files::warn(context);
    super::conditions::warn(context, drafts);
    super::reach::warn(context, drafts);
    super::lookups::warn_of_unused(context, drafts);
    drafts
        .destinations
        .iter()
        .for_each(|destination| warn_of_destination(context, drafts, destination));
    for handler in &drafts.handlers {
        if super::used_handlers(drafts).all(|used| used.value.0 != handler.name.value) {
            let warning = Diagnostic::warning(format!(
                "the handler `{}` is never called",
                handler.name.value
            ));
            context.report(
                warning.at(&handler.name.place).hint("name it in `handlers`, or as a destination"),
            );
        }
    }
}

fn warn_of_listener(context: &Context<'_>, draft: &ListenerDraft) {
    warn_of_answers(context, draft);
    if let (true, Some(bind)) = (draft.listener.is_plain_in_public(), &draft.bind) {
        let warning = Diagnostic::warning("messages come in from everywhere and unencrypted");
        context.report(
            warning.at(&bind.place).hint("add `tls`, or bind to one address of your own network"),
        );
    }
}

/// A term that the store does not reach.
fn warn_of_term(context: &Context<'_>, draft: &ListenerDraft, store: &Store) {
    let Some(term) = &draft.retain_for else { return };
    if term.value > store.retain_for {
        let warning = Diagnostic::warning("the store keeps no message for so long");
        let hint = "raise `retain_for` of `[store]`, or leave this out";
        context.report(warning.at(&term.place).hint(hint));
    }
}

/// Settings for an answer that is never relayed, and for what is never returned.
fn warn_of_relay(context: &Context<'_>, draft: &ListenerDraft) {
    let relays = matches!(draft.listener.ack, AckWhen::AfterDelivery(_));
    if let (false, Some(from)) = (relays, &draft.ack_from) {
        let warning = Diagnostic::warning("`ack_from` without `ack = \"after_delivery\"`");
        let hint = "only then the answer of a destination goes to the sender";
        context.report(warning.at(&from.place).hint(hint));
    }
    if let (AckWhen::AfterDelivery(relay), Some(from)) = (&draft.listener.ack, &draft.ack_from)
        && (relay.on_late, draft.listener.release) == (OnLate::Return, Release::Two)
    {
        let warning = Diagnostic::warning("`on_late = \"return\"` changes nothing with `mllp = 2`");
        let hint =
            "each message is committed when it is stored, and what is committed is never withdrawn";
        context.report(warning.at(&from.place).hint(hint));
    }
}

/// What says something about answers that never leave.
fn warn_of_answers(context: &Context<'_>, draft: &ListenerDraft) {
    let Some(to) = &draft.app_ack_to else { return };
    let listener = &draft.listener;
    if listener.ack != AckWhen::AfterStore || listener.ack_mode == AckMode::Original {
        let warning = Diagnostic::warning("`app_ack_to` changes nothing here").at(&to.place);
        context.report(warning.hint(
            "it is for answers of our own in the enhanced mode: `ack = \"after_store\"`, and no `ack_mode = \"original\"`",
        ));
    }
}

fn warn_of_route(context: &Context<'_>, route: &RouteDraft) {
    if let (None, Some(id)) = (&route.matcher, &route.id) {
        let warning =
            Diagnostic::warning(format!("the route `{}` has no `match`", id.value.0)).at(&id.place);
        context.report(
            warning.hint(
                "it takes every message of its listeners; `match = {}` says that this is meant",
            ),
        );
    }
}

fn warn_of_destination(context: &Context<'_>, drafts: &Drafts, draft: &DestinationDraft) {
    let (Some(id), Some(destination)) = (&draft.id, &draft.destination) else { return };
    let by_routes = drafts.routes.iter().flat_map(|route| &route.to);
    let by_listeners = drafts.listeners.iter().filter_map(|draft| draft.app_ack_to.as_ref());
    let is_named = by_routes.chain(by_listeners).any(|name| name.value == id.value);
    if !is_named {
        let warning =
            Diagnostic::warning(format!("the destination `{}` is never used", id.value.0))
                .at(&id.place);
        context.report(warning.hint("name it in the `to` of a route"));
    }
    let is_source = (drafts.routes.iter().flat_map(|route| route.from.iter().flatten()))
        .any(|name| name.value == id.value);
    if matches!(destination.kind, DestinationKind::Handler(_)) && !is_source {
        let warning = Diagnostic::warning(format!(
            "what the handler destination `{}` emits goes nowhere",
            id.value.0
        ));
        context.report(warning.at(&id.place).hint("name it in the `from` of a route"));
    }
    if let (DestinationKind::Mllp(mllp), Some(bind)) = (&destination.kind, &draft.bind)
        && let PeerEndpoint::Awaited(awaited) = &mllp.endpoint
        && awaited.is_plain_in_public()
    {
        let warning = Diagnostic::warning("messages go out unencrypted to whoever connects");
        context.report(
            warning
                .at(&bind.place)
                .hint("add `tls` with `client_ca`, or `allow` one address of your own network"),
        );
    }
    let connections = draft.connections.as_ref().filter(|connections| connections.value.get() > 1);
    if let (Order::Fifo, Some(connections)) = (&destination.order, connections) {
        let warning = Diagnostic::warning("one lane uses one connection").at(&connections.place);
        context.report(
            warning.hint("`order_by = \"PID-3\"` uses them all and keeps each patient's order"),
        );
    }
    if let Some(accept) = draft.accept_test.as_ref().filter(|accept| accept.value) {
        let (text, hint) = if destination.processing_id == Some(ProcessingId::Production) {
            (Destination::TAKES_TESTS, "without `accept_test` they are kept from it, and counted")
        } else {
            (
                "`accept_test` changes nothing here",
                "it is for a destination with `processing_id = \"P\"`",
            )
        };
        context.report(Diagnostic::warning(text).at(&accept.place).hint(hint));
    }
    if let Some(ack_match) = &draft.ack_match
        && let Some(text) = ack_match.value.warning()
    {
        context.report(Diagnostic::warning(text).at(&ack_match.place).hint(
            "\"exact\" takes only the answer that names the message, which is the proof of its delivery",
        ));
    }
    if let Some(expect_ack) = &draft.expect_ack
        && let Some(text) = expect_ack.value.warning()
    {
        context.report(Diagnostic::warning(text).at(&expect_ack.place).hint(
            "\"by-message\" awaits what MSH-15 and MSH-16 ask for, and an answer where they are empty",
        ));
    }
}
