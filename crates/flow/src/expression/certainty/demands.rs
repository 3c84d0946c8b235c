//! What must stand where for an expression to be true: `msh.msg_type == 'ADT'`, as far as it says so.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

use super::super::Expression;
use super::super::written::written;

/// What must stand somewhere for an expression to be true: by the place as it is written, one of these texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demands {
    texts: BTreeMap<String, BTreeSet<String>>,
}

impl Demands {
    /// One of these texts, at one place.
    pub fn at(place: impl Into<String>, texts: impl IntoIterator<Item = String>) -> Self {
        Self { texts: BTreeMap::from([(place.into(), texts.into_iter().collect())]) }
    }

    /// What is demanded where both are.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (place, texts) in other.texts {
            match self.texts.get_mut(&place) {
                Some(wanted) => wanted.retain(|text| texts.contains(text)),
                None => {
                    self.texts.insert(place, texts);
                }
            }
        }
        self
    }

    /// What is demanded where one of them is enough.
    fn or(mut self, other: &Self) -> Self {
        self.texts.retain(|place, _| other.texts.contains_key(place));
        for (place, texts) in &mut self.texts {
            texts.extend(other.texts.get(place).into_iter().flatten().cloned());
        }
        self
    }

    /// The place that would have to be two things at once, if there is one.
    pub fn contradiction(&self) -> Option<&str> {
        let empty = self.texts.iter().find(|(_, texts)| texts.is_empty());
        empty.map(|(place, _)| place.as_str())
    }

    /// Whether this text may stand there.
    pub fn allow(&self, place: &str, text: &str) -> bool {
        self.texts.get(place).is_none_or(|texts| texts.contains(text))
    }
}

impl Expression {
    /// The parts that must all be true for it to be true, in one form of writing.
    pub fn conjuncts(&self) -> BTreeSet<String> {
        conjuncts(self.program.expression()).into_iter().map(written).collect()
    }

    /// What must stand where for it to be true, as far as it says so.
    pub fn demands(&self) -> Demands {
        demands(self.program.expression())
    }
}

fn conjuncts(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) if call.func_name == operators::LOGICAL_AND => {
            call.args.iter().flat_map(conjuncts).collect()
        }
        _ => vec![expression],
    }
}

fn demands(expression: &IdedExpr) -> Demands {
    let Expr::Call(call) = &expression.expr else { return Demands::default() };
    let [left, right] = call.args.as_slice() else { return Demands::default() };
    match call.func_name.as_str() {
        operators::LOGICAL_AND => demands(left).and(demands(right)),
        operators::LOGICAL_OR => demands(left).or(&demands(right)),
        operators::EQUALS => match (text(left), text(right)) {
            (None, Some(wanted)) => Demands::at(written(left), [wanted]),
            (Some(wanted), None) => Demands::at(written(right), [wanted]),
            _ => Demands::default(),
        },
        operators::IN if text(left).is_none() => match &right.expr {
            Expr::List(list) => {
                let wanted: Option<Vec<String>> = list.elements.iter().map(text).collect();
                wanted.map(|wanted| Demands::at(written(left), wanted)).unwrap_or_default()
            }
            _ => Demands::default(),
        },
        _ => Demands::default(),
    }
}

/// A text that is written out.
pub(super) fn text(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner().to_owned()),
        _ => None,
    }
}

/// The place that would have to be two things at once.
pub(super) fn contradiction(expression: &IdedExpr) -> Option<String> {
    demands(expression).contradiction().map(str::to_owned)
}
