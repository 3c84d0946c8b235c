//! What one message comes to otherwise, and why.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use wardline_engine::rehearsal::Fate;
use wardline_engine::trial::{Difference, because, differences};
use wardline_flow::{Source, Subject};
use wardline_hl7::{AckCode, Message};

use super::super::effect::Effect;
use super::Side;
use super::received::Came;
use super::request::otherwise;

/// One thing that is otherwise.
pub(super) struct Change {
    pub(super) kind: Kind,
    /// To which destination it happens; absent where it is the message's.
    pub(super) destination: Option<String>,
    pub(super) why: Option<String>,
    /// Where what comes out differs.
    pub(super) differences: Vec<Difference>,
}

/// What happens to it. The gravest stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// It is refused, and was not.
    Refused,
    /// No listener takes it in any more.
    NoListener,
    /// It is not kept any more: discarded, or passed over.
    Dropped,
    /// It is kept, and goes nowhere any more.
    Nowhere,
    /// A destination does not get it any more.
    NoLonger,
    /// A destination gets something else.
    Changed,
    /// A destination gets it, and did not.
    Also,
    /// It is refused as before, with another answer.
    RefusedOtherwise,
    /// It is answered otherwise.
    Answered,
    /// It is taken, and was refused.
    Taken,
    /// It is kept, and was not.
    Kept,
}

/// What is decided on a message.
#[derive(PartialEq, Eq)]
enum Standing {
    Refused { code: AckCode, text: String },
    NotKept,
    Kept,
}

/// Everything that is otherwise with this message; `None` where the old configuration has no such listener.
pub(super) fn changes(old: &Side, new: &Side, came: &Came<'_>) -> Option<Vec<Change>> {
    let before = Effect::of(&old.rehearsal, &came.listener, came.body)?;
    let Some(after) = Effect::of(&new.rehearsal, &came.listener, came.body) else {
        return Some(vec![Change::new(Kind::NoListener)]);
    };
    let change = match (Standing::of(&before), Standing::of(&after)) {
        (Standing::Refused { code, text }, now @ Standing::Refused { .. }) => {
            let was = Standing::Refused { code, text };
            if was == now {
                return Some(Vec::new());
            }
            Change::because(Kind::RefusedOtherwise, format!("{now}; was {was}"))
        }
        (_, now @ Standing::Refused { .. }) => Change::because(Kind::Refused, now.to_string()),
        (was @ Standing::Refused { .. }, _) => Change::because(Kind::Taken, format!("was {was}")),
        (Standing::Kept, Standing::NotKept) => Change::new(Kind::Dropped),
        (Standing::NotKept, Standing::Kept) => Change::new(Kind::Kept),
        (Standing::NotKept, Standing::NotKept) => return Some(answered(&before, &after)),
        (Standing::Kept, Standing::Kept) => {
            let mut changes = sent(old, new, came, &before, &after);
            changes.extend(answered(&before, &after));
            return Some(changes);
        }
    };
    Some(vec![change])
}

/// What destinations get otherwise.
fn sent(old: &Side, new: &Side, came: &Came<'_>, before: &Effect, after: &Effect) -> Vec<Change> {
    let mut changes = Vec::new();
    if after.sent.is_empty() && !before.sent.is_empty() {
        changes.push(Change::new(Kind::Nowhere));
    }
    for (destination, was) in &before.sent {
        let change = match after.sent.get(destination) {
            None => {
                Change { why: why_not(old, new, came, destination), ..Change::new(Kind::NoLonger) }
            }
            Some(is) if is == was => match otherwise(old, new, came, destination, is) {
                Some(why) => Change::because(Kind::Changed, why),
                None => continue,
            },
            Some(is) => changed(old, new, came, destination, [was.as_slice(), is.as_slice()]),
        };
        changes.push(Change { destination: Some(destination.clone()), ..change });
    }
    for destination in after.sent.keys().filter(|id| !before.sent.contains_key(*id)) {
        let why = new.route(came, destination).map(|route| format!("by {route}"));
        let destination = Some(destination.clone());
        changes.push(Change { destination, why, ..Change::new(Kind::Also) });
    }
    changes
}

fn changed(
    old: &Side,
    new: &Side,
    came: &Came<'_>,
    destination: &str,
    [was, is]: [&[Bytes]; 2],
) -> Change {
    if was.len() != is.len() {
        let why = format!("{} messages, and it were {}", is.len(), was.len());
        return Change::because(Kind::Changed, why);
    }
    let differences = between(was, is);
    let [before, after] = [old, new].map(|side| side.route(came, destination));
    let why = match (before, after) {
        _ if differences.is_empty() => Some("other bytes with the same text".to_owned()),
        (Some(before), Some(after)) if before != after => {
            Some(format!("by {after}; was by {before}"))
        }
        _ => None,
    };
    Change { why, differences, ..Change::new(Kind::Changed) }
}

/// Whether the sender hears something else.
fn answered(before: &Effect, after: &Effect) -> Vec<Change> {
    let change = if before.answered_by != after.answered_by {
        match &after.answered_by {
            Some(destination) => {
                Change::because(Kind::Answered, format!("with what {destination} says"))
            }
            None => Change::because(Kind::Answered, "by us".to_owned()),
        }
    } else if before.answers == after.answers {
        return Vec::new();
    } else if before.answers.len() == after.answers.len() {
        let differences = between(&before.answers, &after.answers);
        Change { differences, ..Change::new(Kind::Answered) }
    } else {
        let (is, was) = (after.answers.len(), before.answers.len());
        Change::because(Kind::Answered, format!("{is} answers; were {was}"))
    };
    vec![change]
}

/// Where messages differ, one by one.
fn between(was: &[Bytes], is: &[Bytes]) -> Vec<Difference> {
    let mut found = Vec::new();
    for ((was, is), number) in was.iter().zip(is).zip(1..) {
        let [was, is] = [was, is].map(|body| Message::parse(body.clone()).ok());
        found.extend(differences(number, was.as_ref(), is.as_ref()));
    }
    found
}

/// Why a destination does not get a message any more that the old configuration sent there.
fn why_not(old: &Side, new: &Side, came: &Came<'_>, destination: &str) -> Option<String> {
    let routing = &new.config.routing;
    if new.config.destinations.iter().all(|one| one.id.as_str() != destination) {
        return Some("the destination is gone".to_owned());
    }
    new.asked(came, |source, subject| {
        let routes = routing.matching(source, subject).ok()?;
        let plan = routing.plan_of(&routes, subject).ok()?;
        if plan.filtered.iter().any(|id| id.as_str() == destination) {
            return Some("its `filter` is false".to_owned());
        }
        if plan.withheld.iter().any(|id| id.as_str() == destination) {
            return Some("it is for production, and this is a test".to_owned());
        }
        let before = old.route(came, destination)?;
        let Some(route) = routing.routes.iter().find(|route| route.id.as_str() == before) else {
            return Some(format!("route {before} is gone"));
        };
        match because(route.verdict(source, subject)) {
            Some(because) => Some(format!("route {before}: {because}")),
            None => Some(format!("route {before} does not name it")),
        }
    })
}

impl Side {
    /// The first route that sends this message there.
    fn route(&self, came: &Came<'_>, destination: &str) -> Option<String> {
        self.asked(came, |source, subject| {
            let routes = self.config.routing.matching(source, subject).ok()?;
            let route = routes
                .into_iter()
                .find(|route| route.to.iter().any(|to| to.as_str() == destination));
            route.map(|route| route.id.to_string())
        })
    }

    /// Asks about the message as its listener reads it.
    fn asked<T>(
        &self,
        came: &Came<'_>,
        ask: impl FnOnce(&Source, &Subject<'_>) -> Option<T>,
    ) -> Option<T> {
        let listener = self.config.listeners.iter().find(|one| one.id == came.listener)?;
        let message = Message::parse_with(came.body.clone(), listener.reading()).ok()?;
        ask(&Source::Listener(came.listener.clone()), &self.config.routing.subject(&message))
    }
}

impl Change {
    fn new(kind: Kind) -> Self {
        Self { kind, destination: None, why: None, differences: Vec::new() }
    }

    fn because(kind: Kind, why: String) -> Self {
        Self { why: Some(why), ..Self::new(kind) }
    }
}

impl Standing {
    /// A payload with several messages is refused with the first of them that is.
    fn of(effect: &Effect) -> Self {
        if let Some(refusal) = effect.fates.iter().find_map(Fate::refusal) {
            return Self::Refused { code: refusal.code, text: refusal.text.to_string() };
        }
        if effect.fates.contains(&Fate::Taken) { Self::Kept } else { Self::NotKept }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { code, text } => write!(f, "{code}: {text}"),
            Self::NotKept => f.write_str("not kept"),
            Self::Kept => f.write_str("kept"),
        }
    }
}

impl Kind {
    /// What the messages of a group do, with the destination that it is about.
    pub(super) fn in_words(self, destination: Option<&str>) -> String {
        let destination = destination.unwrap_or_default();
        match self {
            Self::Refused => "refused".to_owned(),
            Self::NoListener => "not received: the listener is gone".to_owned(),
            Self::Dropped => "not kept any more".to_owned(),
            Self::Nowhere => "kept, and for no destination".to_owned(),
            Self::NoLonger => format!("no longer to {destination}"),
            Self::Changed => format!("changed for {destination}"),
            Self::Also => format!("now to {destination}"),
            Self::RefusedOtherwise => "refused with another answer".to_owned(),
            Self::Answered => "answered otherwise".to_owned(),
            Self::Taken => "no longer refused".to_owned(),
            Self::Kept => "kept now".to_owned(),
        }
    }
}
