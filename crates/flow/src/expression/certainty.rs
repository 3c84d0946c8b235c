//! What is certain of an expression whatever message comes: that it is never true, that a part of it compares what cannot
//! be equal. Asked when a configuration is checked, never when a message is judged.
//!
//! Nothing is guessed: where a part could be either, it counts as either.

mod demands;
mod doubt;

use cel::Value;
use cel::common::ast::{CallExpr, Expr, IdedExpr, operators};

use super::kind::{self, Kind, Scope};
use super::{Expression, names, paths};

pub use demands::Demands;
pub use doubt::Doubt;

use demands::contradiction;
use doubt::{goes_with, whole_type};

/// What can come of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcomes {
    /// It can be true.
    pub holds: bool,
    /// It can be false.
    pub fails: bool,
    /// It can be neither: a fault.
    pub faults: bool,
}

impl Outcomes {
    /// All of it is possible.
    const ANY: Self = Self { holds: true, fails: true, faults: true };
    const TRUE_OR_FALSE: Self = Self { faults: false, ..Self::ANY };
    /// Neither true nor false.
    const FAULT: Self = Self { holds: false, fails: false, faults: true };
    const NEVER: Self = Self { holds: false, ..Self::ANY };

    fn of(value: bool) -> Self {
        Self { holds: value, fails: !value, faults: false }
    }

    fn not(self) -> Self {
        Self { holds: self.fails, fails: self.holds, ..self }
    }

    /// A side that is false outweighs a fault of the other.
    fn and(self, other: Self) -> Self {
        Self {
            holds: self.holds && other.holds,
            fails: self.fails || other.fails,
            faults: (self.faults && (other.holds || other.faults))
                || (other.faults && (self.holds || self.faults)),
        }
    }

    fn either(self, other: Self) -> Self {
        Self {
            holds: self.holds || other.holds,
            fails: self.fails || other.fails,
            faults: self.faults || other.faults,
        }
    }
}

impl Expression {
    /// What can come of it, as a condition.
    pub fn outcomes(&self) -> Outcomes {
        self.outcomes_of(self.program.expression())
    }

    fn outcomes_of(&self, expression: &IdedExpr) -> Outcomes {
        if is_constant(expression) {
            return match Value::resolve(expression, &self.functions.new_inner_scope()) {
                Ok(Value::Bool(value)) => Outcomes::of(value),
                Ok(_) | Err(_) => Outcomes::FAULT,
            };
        }
        if !kind::of(expression, &Scope::new()).goes_with(Kind::Condition) {
            return Outcomes::FAULT;
        }
        match &expression.expr {
            Expr::Call(call) => self.outcomes_of_call(call, expression),
            Expr::Select(select) if select.test => Outcomes::TRUE_OR_FALSE,
            _ => Outcomes::ANY,
        }
    }

    fn outcomes_of_call(&self, call: &CallExpr, whole: &IdedExpr) -> Outcomes {
        let of = |part: &IdedExpr| self.outcomes_of(part);
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, [one]) => of(one).not(),
            (operators::LOGICAL_AND, [left, right]) => {
                let both = of(left).and(of(right));
                if contradiction(whole).is_some() {
                    return Outcomes { holds: false, ..both };
                }
                both
            }
            (operators::LOGICAL_OR, [left, right]) => of(left).not().and(of(right).not()).not(),
            (operators::CONDITIONAL, [test, yes, no]) => {
                let test = of(test);
                let nothing = Outcomes { holds: false, fails: false, faults: test.faults };
                let yes = if test.holds { of(yes) } else { nothing };
                let no = if test.fails { of(no) } else { nothing };
                yes.either(no).either(nothing)
            }
            (name, [left, right]) => outcomes_of_pair(name, left, right),
            (paths::TEST, _) => Outcomes::TRUE_OR_FALSE,
            _ => Outcomes::ANY,
        }
    }
}

/// What comes of an operator or function with two arguments.
fn outcomes_of_pair(name: &str, left: &IdedExpr, right: &IdedExpr) -> Outcomes {
    let goes = goes_with(name, left, right, &Scope::new());
    match name {
        operators::EQUALS | operators::IN if !goes || whole_type(name, left, right).is_some() => {
            Outcomes::NEVER
        }
        operators::NOT_EQUALS if !goes => Outcomes::NEVER.not(),
        operators::LESS
        | operators::LESS_EQUALS
        | operators::GREATER
        | operators::GREATER_EQUALS
            if !goes =>
        {
            Outcomes::FAULT
        }
        _ => Outcomes::ANY,
    }
}

/// Whether nothing of the message is in it.
fn is_constant(expression: &IdedExpr) -> bool {
    let mut is_constant = true;
    let walked = names::walk(expression, &mut Vec::new(), &mut |part, bound| {
        is_constant &= match &part.expr {
            Expr::Ident(name) => bound.contains(name) || names::is_type(name),
            Expr::Call(call) => {
                !["hl7", "all", "lookup", paths::TEST].contains(&call.func_name.as_str())
            }
            _ => true,
        };
        Ok(())
    });
    debug_assert!(walked.is_ok(), "nothing is refused here");
    is_constant
}

#[cfg(test)]
mod tests;
