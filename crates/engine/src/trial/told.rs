//! What an account says: rows that travel as they are, and show nothing of the message in `Debug` (PHI-1).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Difference;
use crate::rehearsal::Sent;

/// The most characters of one value in an account that travels: a document in a message is not read there.
const MOST_CHARACTERS: usize = 500;
/// The most differences of one step in it: more are read by nobody.
const MOST_DIFFERENCES: usize = 200;
/// The most characters of what a destination would be sent in it.
const MOST_OF_REQUEST: usize = 16 * 1024;

/// What would become of one message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The listener through which it would come.
    pub listener: String,
    /// Type, control id and size.
    pub message: String,
    /// Why it would be refused, where it would.
    pub refused: Option<Refused>,
    /// Each rule of the listener, up to the first that does not hold.
    pub rules: Vec<RuleAsked>,
    /// Who is asked before the answer.
    pub handlers: Vec<String>,
    /// Who of them was asked for this account.
    pub asked: Vec<String>,
    /// Each route and what it says.
    pub routes: Vec<RouteAsked>,
    /// Where it would go, and where not although a route names it.
    pub destinations: Vec<Reached>,
    /// What handlers emit in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emitted: Vec<Emitted>,
    /// What becomes of it where no destination gets it, or none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// The answers, each as its segments.
    pub answers: Vec<Vec<String>>,
    /// Whose answer follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
}

/// A refusal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// MSA-1.
    pub code: String,
    /// ERR-3.
    pub error: u16,
    /// What the sender would be told.
    pub text: String,
}

/// A message that a handler put in the place of the one that came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emitted {
    /// Type, control id and size.
    pub message: String,
    /// Each route and what it says.
    pub routes: Vec<RouteAsked>,
    /// Where it would go.
    pub destinations: Vec<Reached>,
    /// Why it is kept where no destination gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// A rule and what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleAsked {
    /// Its name.
    pub name: String,
    /// Whether the message keeps it.
    pub holds: bool,
    /// What the sender would be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
}

/// A route and what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteAsked {
    /// Its id.
    pub id: String,
    /// Whether it takes the message.
    pub wants: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A destination that a route names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Its id.
    pub id: String,
    /// The first route that names it.
    pub route: String,
    /// Why it does not go there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_from: Option<String>,
    /// What goes there is an answer of ours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_answer: bool,
    /// Whether other bytes go there than those that came.
    pub is_changed: bool,
    /// The steps of the transforms on its way that were taken.
    pub steps: Vec<StepTaken>,
    /// What is made of it for a destination that does not speak HL7.
    #[serde(rename = "sent", default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestMade>,
}

/// A step of a transform.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTaken {
    /// Its verb and its place.
    pub step: String,
    /// What it changed.
    pub differences: Vec<Difference>,
    /// Further differences, which an account that travels has no room for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

/// One request, without its secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestMade {
    /// Where it goes, and what goes along.
    pub head: Vec<String>,
    /// Its content.
    pub body: String,
}

impl Account {
    /// The same in a bounded size, whatever stands in the message.
    #[must_use]
    pub(crate) fn shortened(mut self) -> Self {
        let of_emitted = self.emitted.iter_mut().flat_map(|one| &mut one.destinations);
        for reached in self.destinations.iter_mut().chain(of_emitted) {
            reached.steps.iter_mut().for_each(StepTaken::shorten);
            if let Some(request) = &mut reached.request {
                shorten(&mut request.body, MOST_OF_REQUEST);
            }
        }
        self
    }
}

impl Reached {
    /// An answer of ours that goes by a destination.
    pub(super) fn by_answer(sent: &Sent) -> Self {
        Self { is_answer: true, ..Self::at(&sent.destination) }
    }

    /// Whether it goes there.
    pub fn is_reached(&self) -> bool {
        self.kept_from.is_none()
    }

    pub(super) fn at(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            route: String::new(),
            kept_from: None,
            is_answer: false,
            is_changed: false,
            steps: Vec::new(),
            request: None,
        }
    }
}

impl StepTaken {
    fn shorten(&mut self) {
        self.left_out += self.differences.len().saturating_sub(MOST_DIFFERENCES);
        self.differences.truncate(MOST_DIFFERENCES);
        for difference in &mut self.differences {
            let sides = [&mut difference.left, &mut difference.right];
            for side in sides.into_iter().flatten() {
                shorten(side, MOST_CHARACTERS);
            }
        }
    }
}

fn shorten(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl fmt::Debug for Account {
    /// The listener only: what a message goes through may tell what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account(at {})", self.listener)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(difference: &Difference, count: usize) -> Account {
        let step = StepTaken {
            step: "map PID-5".to_owned(),
            differences: vec![difference.clone(); count],
            left_out: 0,
        };
        let reached = Reached { steps: vec![step], ..Reached::at("lis") };
        Account {
            listener: "in".to_owned(),
            message: "ADT^A01 SECRET".to_owned(),
            refused: None,
            rules: Vec::new(),
            handlers: Vec::new(),
            asked: Vec::new(),
            routes: Vec::new(),
            destinations: vec![reached],
            emitted: Vec::new(),
            kept: None,
            answers: Vec::new(),
            answered_by: None,
        }
    }

    #[test]
    fn an_account_that_travels_has_its_limits_and_shows_nothing_in_debug() {
        let long = Some("é".repeat(MOST_CHARACTERS + 1));
        let difference =
            Difference { message: 1, path: "OBX-5.1".to_owned(), left: None, right: long };
        let account = account(&difference, MOST_DIFFERENCES + 3).shortened();
        let step = &account.destinations[0].steps[0];
        assert_eq!((step.differences.len(), step.left_out), (MOST_DIFFERENCES, 3));
        let shown = step.differences[0].right.as_deref().expect("a value");
        assert_eq!(shown.chars().count(), MOST_CHARACTERS + 1, "with its mark");
        assert!(shown.ends_with('…'));
        assert_eq!(format!("{account:?}"), "Account(at in)");
    }
}
