//! Names that routes, listeners and destinations use, looked up.

use wardline_flow::{DestinationId, Source};

use crate::diagnostic::{Diagnostic, Place, Placed};
use crate::reading::Context;
use crate::sections::{DestinationDraft, Drafts};
use crate::setting::{Id, Kind};
use crate::suggest::{did_you_mean, listed};

/// What can be named.
pub(super) struct Names<'d> {
    listeners: Vec<&'d str>,
    destinations: Vec<(&'d str, &'d DestinationDraft)>,
}

impl<'d> Names<'d> {
    pub(super) fn of(drafts: &'d Drafts) -> Self {
        let listeners =
            drafts.listeners.iter().filter_map(|draft| Some(draft.id.as_ref()?.value.0.as_str()));
        let destinations = drafts
            .destinations
            .iter()
            .filter_map(|draft| Some((draft.id.as_ref()?.value.0.as_str(), draft)));
        Self { listeners: listeners.collect(), destinations: destinations.collect() }
    }

    /// A name of `to` or `app_ack_to`.
    pub(super) fn destination(
        &self,
        context: &Context<'_>,
        name: &Placed<Id>,
    ) -> Option<DestinationId> {
        let wanted = name.value.0.as_str();
        if self.destinations.iter().any(|(id, _)| *id == wanted) {
            return Some(wanted.into());
        }
        let known = self.destinations.iter().map(|(id, _)| *id);
        let fault = Diagnostic::fault(format!("unknown destination `{wanted}`")).at(&name.place);
        context.report(fault.hint(match did_you_mean(wanted, known.clone()) {
            Some(question) => question,
            None if self.listeners.contains(&wanted) => {
                "it is a listener; messages come from it, not to it".to_owned()
            }
            None if self.destinations.is_empty() => {
                "no destination is declared: add `[[destinations]]`".to_owned()
            }
            None => format!("there are {}", listed(known)),
        }));
        None
    }

    /// A name of `ack_from`: a destination whose peer answers.
    pub(super) fn answering(
        &self,
        context: &Context<'_>,
        name: &Placed<Id>,
    ) -> Option<DestinationId> {
        let id = self.destination(context, name)?;
        let draft = self.destinations.iter().find(|(known, _)| *known == id.as_str())?.1;
        let kind = draft.kind.as_ref()?.value;
        if kind == Kind::Mllp {
            return Some(id);
        }
        let text = format!("the destination `{id}` gives no answer that could be relayed");
        let kind = kind.as_str();
        let hint = format!("`ack_from` names a destination of kind \"mllp\", not \"{kind}\"");
        context.report(Diagnostic::fault(text).at(&name.place).hint(hint));
        None
    }

    /// A name of `from`: a listener, or a destination whose handler emits messages.
    pub(super) fn source(&self, context: &Context<'_>, name: &Placed<Id>) -> Option<Source> {
        let wanted = name.value.0.as_str();
        if self.listeners.contains(&wanted) {
            return Some(Source::Listener(wanted.into()));
        }
        let destination = self.destinations.iter().find(|(id, _)| *id == wanted);
        let Some((_, destination)) = destination else {
            let sources = self.listeners.iter().copied().chain(self.emitting());
            let fault = Diagnostic::fault(format!("unknown listener `{wanted}`")).at(&name.place);
            context.report(fault.hint(match did_you_mean(wanted, sources.clone()) {
                Some(question) => question,
                None if self.listeners.is_empty() => {
                    "no listener is declared: add `[[listeners]]`".to_owned()
                }
                None => format!("there are {}", listed(sources)),
            }));
            return None;
        };
        let kind = destination.kind.as_ref()?.value;
        if kind == Kind::Handler {
            return Some(Source::Handler(wanted.into()));
        }
        let fault = Diagnostic::fault(format!("nothing comes from the destination `{wanted}`"))
            .at(&name.place);
        let kind = kind.as_str();
        context.report(fault.hint(format!(
            "`from` names listeners and destinations of kind \"handler\", not \"{kind}\""
        )));
        None
    }

    /// A name of `ack_connection`: a listener to which peers connect.
    pub(super) fn report_unknown_listener(&self, context: &Context<'_>, name: &Placed<Id>) {
        let wanted = name.value.0.as_str();
        if self.listeners.contains(&wanted) {
            return;
        }
        let known = self.listeners.iter().copied();
        let fault = Diagnostic::fault(format!("unknown listener `{wanted}`")).at(&name.place);
        context.report(fault.hint(match did_you_mean(wanted, known.clone()) {
            Some(question) => question,
            None if self.listeners.is_empty() => {
                "no listener is declared: add `[[listeners]]`".to_owned()
            }
            None => format!("there are {}", listed(known)),
        }));
    }

    /// Destinations from which messages can come.
    fn emitting(&self) -> impl Iterator<Item = &'d str> + Clone {
        let emits = |draft: &DestinationDraft| {
            draft.kind.as_ref().is_some_and(|kind| kind.value == Kind::Handler)
        };
        self.destinations.iter().filter(move |(_, draft)| emits(draft)).map(|(id, _)| *id)
    }
}

/// Reports a script that has the name of a handler of this binary.
pub(super) fn report_known_handler(context: &Context<'_>, name: &Placed<String>) {
    if context.handlers.contains(&name.value.as_str()) {
        let fault = Diagnostic::fault(format!("this program has a handler `{}`", name.value));
        context.report(fault.at(&name.place).hint("give the script a name of its own"));
    }
}

/// Reports a handler that neither this binary nor a script is.
pub(super) fn report_unknown_handler(
    context: &Context<'_>,
    drafts: &Drafts,
    name: &str,
    place: &Place,
) {
    let scripts = drafts.handlers.iter().filter(|draft| draft.is_script());
    let scripts = scripts.map(|draft| draft.name.value.as_str());
    let known: Vec<&str> = context.handlers.iter().copied().chain(scripts).collect();
    if known.contains(&name) {
        return;
    }
    let is_empty = known.is_empty();
    let known = known.into_iter();
    let fault = Diagnostic::fault(format!("unknown handler `{name}`")).at(place);
    context.report(fault.hint(match did_you_mean(name, known.clone()) {
        Some(question) => question,
        None if is_empty => {
            "this program has no handlers; docs/handlers.md adds one, docs/scripting.md a script"
                .to_owned()
        }
        None => format!("this program has {}", listed(known)),
    }));
}
