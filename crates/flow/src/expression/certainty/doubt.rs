//! What an author cannot have meant: comparisons of what cannot be equal, places that no message has.

use std::collections::BTreeSet;

use cel::common::ast::{CallExpr, Expr, IdedExpr, operators};

use super::super::kind::{self, Kind, Scope};
use super::super::written::written;
use super::super::{Expression, facts, paths};
use super::demands::{contradiction, text};

/// What an author cannot have meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Doubt {
    /// An operator between what does not go together.
    #[error("`{part}` compares {left} with {right}")]
    Kinds {
        /// The part of the expression.
        part: String,
        /// What stands left of the operator.
        left: String,
        /// What stands right of it.
        right: String,
    },
    /// What should be true or false, and is something else.
    #[error("`{part}` is {kind}, neither true nor false")]
    NoCondition {
        /// The part of the expression.
        part: String,
        /// What it is.
        kind: String,
    },
    /// One thing would have to be two.
    #[error("`{0}` would have to be two things at once")]
    Contradiction(String),
    /// A path that no message can have.
    #[error("no segment or data type of the standard has a place `{0}`")]
    Place(String),
    /// The message type with its trigger event, where only one of them stands.
    #[error(
        "`{0}` never has a `^` in it: the type is `msh.msg_type`, the trigger event `msh.trigger`"
    )]
    WholeType(String),
    /// A key that no observation has.
    #[error("`{0}`: an element of `obx_list` has no such key")]
    Key(String),
}

impl Expression {
    /// What its author cannot have meant, each thing once.
    pub fn doubts(&self) -> BTreeSet<Doubt> {
        let mut doubts = BTreeSet::new();
        doubt(self.program.expression(), &Scope::new(), &mut doubts);
        doubts
    }

    /// The same where it is to be a condition.
    pub fn doubts_as_condition(&self) -> BTreeSet<Doubt> {
        let mut doubts = self.doubts();
        doubt_condition(self.program.expression(), &Scope::new(), &mut doubts);
        doubts
    }
}

/// Whether what stands on both sides of an operator can go together.
pub(super) fn goes_with(name: &str, left: &IdedExpr, right: &IdedExpr, scope: &Scope) -> bool {
    let of = |part: &IdedExpr| kind::of(part, scope);
    match name {
        operators::IN => match &right.expr {
            Expr::List(list) => {
                list.elements.is_empty()
                    || list.elements.iter().any(|one| of(one).goes_with(of(left)))
            }
            _ => matches!(of(right), Kind::List | Kind::Map | Kind::Observation | Kind::Unknown),
        },
        _ => of(left).goes_with(of(right)),
    }
}

/// The part of the message type that is compared with a whole one.
pub(super) fn whole_type(name: &str, left: &IdedExpr, right: &IdedExpr) -> Option<String> {
    let place = |part: &IdedExpr| {
        let place = written(part);
        matches!(place.as_str(), "msh.msg_type" | "msh.trigger").then_some(place)
    };
    let has_both = |part: &IdedExpr| text(part).is_some_and(|text| text.contains('^'));
    match (name, &right.expr) {
        (operators::IN, Expr::List(list)) if !list.elements.is_empty() => {
            place(left).filter(|_| list.elements.iter().all(has_both))
        }
        (operators::EQUALS, _) if has_both(right) => place(left),
        (operators::EQUALS, _) if has_both(left) => place(right),
        _ => None,
    }
}

fn doubt(expression: &IdedExpr, scope: &Scope, doubts: &mut BTreeSet<Doubt>) {
    match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Map(_) => {}
        Expr::Select(select) => {
            if kind::of(&select.operand, scope) == Kind::Observation
                && !facts::is_observed(&select.field)
            {
                doubts.insert(Doubt::Key(written(expression)));
            }
            doubt(&select.operand, scope, doubts);
        }
        Expr::Call(call) => {
            doubt_call(call, expression, scope, doubts);
            let parts = call.target.as_deref().into_iter().chain(&call.args);
            parts.for_each(|part| doubt(part, scope, doubts));
        }
        Expr::List(list) => list.elements.iter().for_each(|one| doubt(one, scope, doubts)),
        Expr::Comprehension(one) => {
            doubt(&one.iter_range, scope, doubts);
            let inside = kind::inside(one, scope);
            // What macros make around the author's words is sound.
            doubt(&one.loop_step, &inside, doubts);
        }
    }
}

fn doubt_call(call: &CallExpr, whole: &IdedExpr, scope: &Scope, doubts: &mut BTreeSet<Doubt>) {
    let name = call.func_name.as_str();
    match (name, call.args.as_slice()) {
        (operators::LOGICAL_AND, [left, right]) => {
            doubts.extend(contradiction(whole).map(Doubt::Contradiction));
            doubt_condition(left, scope, doubts);
            doubt_condition(right, scope, doubts);
        }
        (operators::LOGICAL_OR, [left, right]) => {
            doubt_condition(left, scope, doubts);
            doubt_condition(right, scope, doubts);
        }
        (operators::LOGICAL_NOT, [one]) => doubt_condition(one, scope, doubts),
        (
            operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS
            | operators::IN,
            [left, right],
        ) => {
            doubts.extend(whole_type(name, left, right).map(Doubt::WholeType));
            if !goes_with(name, left, right, scope) {
                let of = |part: &IdedExpr| kind::of(part, scope).to_string();
                let (left, right) = match &right.expr {
                    Expr::List(list) if name == operators::IN => {
                        (of(left), list.elements.first().map_or_else(String::new, of))
                    }
                    _ => (of(left), of(right)),
                };
                doubts.insert(Doubt::Kinds { part: written(whole), left, right });
            }
        }
        ("hl7" | "all" | paths::TEST, [path]) => {
            let named = text(path).into_iter();
            let beyond = named.filter(|path| {
                path.parse().is_ok_and(|path: wardline_hl7::Path| path.is_beyond_the_standard())
            });
            doubts.extend(beyond.map(Doubt::Place));
        }
        _ => {}
    }
}

fn doubt_condition(part: &IdedExpr, scope: &Scope, doubts: &mut BTreeSet<Doubt>) {
    let kind = kind::of(part, scope);
    if !kind.goes_with(Kind::Condition) {
        doubts.insert(Doubt::NoCondition { part: written(part), kind: kind.to_string() });
    }
}
