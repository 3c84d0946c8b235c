//! What a part of an expression gives, as far as that is certain before any message is there.

use std::fmt;

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::{facts, paths};

/// What a part of an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// True or false.
    Condition,
    /// A text, as everything is that comes from a message.
    Text,
    /// A whole number or one with a fraction: they can be compared.
    Number,
    /// Several of something.
    List,
    /// A variable as a whole, or a map that is written out.
    Map,
    /// One of `obx_list`.
    Observation,
    /// One thing or another.
    Unknown,
}

/// The names that loops bind, each with what it stands for.
pub(super) type Scope = Vec<(String, Kind)>;

impl Kind {
    /// Whether values of both kinds can be equal, or be compared.
    pub(super) fn goes_with(self, other: Self) -> bool {
        let is_map = |kind| matches!(kind, Self::Map | Self::Observation);
        self == other
            || self == Self::Unknown
            || other == Self::Unknown
            || (is_map(self) && is_map(other))
    }

    fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Condition => "a condition",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Map | Self::Observation => "a whole segment",
            Self::Unknown => "a value",
        })
    }
}

/// What this part gives where these names are bound.
pub(super) fn of(expression: &IdedExpr, scope: &Scope) -> Kind {
    match &expression.expr {
        Expr::Literal(literal) => of_literal(literal),
        Expr::Ident(name) => of_name(name, scope),
        Expr::Select(select) if select.test => Kind::Condition,
        Expr::Select(select) => match of(&select.operand, scope) {
            Kind::Observation => Kind::Text,
            Kind::Map if is_variable(&select.operand, scope) => Kind::Text,
            _ => Kind::Unknown,
        },
        Expr::Call(call) => of_call(call, scope),
        Expr::List(_) => Kind::List,
        Expr::Map(_) => Kind::Map,
        Expr::Comprehension(one) => match &one.result.expr {
            Expr::Ident(name) if *name == one.accu_var => of(&one.accu_init, scope),
            _ => of(&one.result, &inside(one, scope)),
        },
        Expr::Struct(_) | Expr::Unspecified => Kind::Unknown,
    }
}

/// The names that are bound inside a loop.
pub(super) fn inside(one: &ComprehensionExpr, scope: &Scope) -> Scope {
    let element = match &one.iter_range.expr {
        Expr::Ident(name) if name == facts::OBSERVATIONS && !is_bound(name, scope) => {
            Kind::Observation
        }
        Expr::Call(call) if call.func_name == "all" => Kind::Text,
        _ => Kind::Unknown,
    };
    let mut scope = scope.clone();
    match &one.iter_var2 {
        // The first name is a place or a key then.
        Some(second) => {
            scope.extend([(one.iter_var.clone(), Kind::Unknown), (second.clone(), element)]);
        }
        None => scope.push((one.iter_var.clone(), element)),
    }
    scope.push((one.accu_var.clone(), Kind::Unknown));
    scope
}

fn is_bound(name: &str, scope: &Scope) -> bool {
    scope.iter().any(|(bound, _)| bound == name)
}

/// Whether it is one of the variables that stand for a segment.
fn is_variable(expression: &IdedExpr, scope: &Scope) -> bool {
    matches!(&expression.expr, Expr::Ident(name) if !is_bound(name, scope))
}

fn of_name(name: &str, scope: &Scope) -> Kind {
    match scope.iter().rev().find(|(bound, _)| bound == name) {
        Some((_, kind)) => *kind,
        None if name == facts::OBSERVATIONS => Kind::List,
        None if facts::is_variable(name) => Kind::Map,
        None => Kind::Unknown,
    }
}

fn of_literal(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::Condition,
        LiteralValue::String(_) => Kind::Text,
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Kind::Number,
        LiteralValue::Bytes(_) | LiteralValue::Null => Kind::Unknown,
    }
}

fn of_call(call: &CallExpr, scope: &Scope) -> Kind {
    let argument = |place: usize| call.args.get(place).map(|one| of(one, scope));
    match call.func_name.as_str() {
        operators::LOGICAL_AND
        | operators::LOGICAL_OR
        | operators::LOGICAL_NOT
        | operators::EQUALS
        | operators::NOT_EQUALS
        | operators::LESS
        | operators::LESS_EQUALS
        | operators::GREATER
        | operators::GREATER_EQUALS
        | operators::IN
        | paths::TEST
        | "matches"
        | "contains"
        | "startsWith"
        | "endsWith" => Kind::Condition,
        "hl7" | "lookup" | "string" => Kind::Text,
        "all" => Kind::List,
        "size" | "int" | "uint" | "double" => Kind::Number,
        // Their default may be anything.
        "date" | "number" => argument(1).unwrap_or(Kind::Number).or(Kind::Number),
        operators::CONDITIONAL => match (argument(1), argument(2)) {
            (Some(yes), Some(no)) => yes.or(no),
            _ => Kind::Unknown,
        },
        operators::ADD => match (argument(0), argument(1)) {
            (Some(left), Some(right)) => left.or(right),
            _ => Kind::Unknown,
        },
        _ => Kind::Unknown,
    }
}
