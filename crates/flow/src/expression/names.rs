//! The names that an expression may use, looked at before any message comes.

use cel::common::ast::{EntryExpr, Expr, IdedExpr};

use super::facts::VARIABLES;
use super::{ExpressionError, Problem};

/// Refuses names that no message has, and keys that their variable never has: a misspelt one would be a fault with every
/// message.
pub(super) fn check_names(expression: &IdedExpr, text: &str) -> Result<(), ExpressionError> {
    let mut bound = Vec::new();
    walk(expression, &mut bound, &mut |expression, bound| match &expression.expr {
        Expr::Ident(name) => {
            let is_ours = VARIABLES.iter().any(|(variable, _)| variable == name);
            if is_ours || bound.contains(name) || is_type(name) {
                return Ok(());
            }
            Err(at(text, name, Problem::UnknownVariable(name.clone())))
        }
        Expr::Select(select) => {
            let Expr::Ident(variable) = &select.operand.expr else { return Ok(()) };
            let keys = VARIABLES.iter().find(|(name, keys)| name == variable && !keys.is_empty());
            match keys {
                Some((_, keys))
                    if !bound.contains(variable) && !keys.contains(&select.field.as_str()) =>
                {
                    let place = format!("{variable}.{}", select.field);
                    let problem = Problem::UnknownKey {
                        variable: variable.clone(),
                        key: select.field.clone(),
                        known: keys.join(", "),
                    };
                    Err(at(text, &place, problem))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    })
}

/// The keys that an expression selects, as `pid.id` does: what its author wrote, never what a message holds.
pub(super) fn written_keys(expression: &IdedExpr) -> Vec<String> {
    let mut keys = Vec::new();
    let all = walk(expression, &mut Vec::new(), &mut |expression, _| {
        if let Expr::Select(select) = &expression.expr {
            keys.push(select.field.clone());
        }
        Ok(())
    });
    debug_assert!(all.is_ok(), "nothing is refused here");
    keys
}

/// The names of CEL's types, which stand where a value may: `type(x) == string`.
pub(super) fn is_type(name: &str) -> bool {
    const TYPES: [&str; 10] =
        ["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"];
    TYPES.contains(&name) || name == "optional" || name == "optional_type"
}

/// A problem at the first place where this stands.
pub(super) fn at(text: &str, what: &str, problem: Problem) -> ExpressionError {
    ExpressionError { at: text.find(what).unwrap_or(0), problem }
}

/// A problem with a string that is written out, at its first character.
pub(super) fn at_string(text: &str, written: &str, problem: Problem) -> ExpressionError {
    let quoted = text
        .match_indices(written)
        .find(|(place, _)| text.get(..*place).is_some_and(|before| before.ends_with(['"', '\''])));
    ExpressionError { at: quoted.map_or(0, |(place, _)| place), problem }
}

/// Visits every node with the names that loops around it bind.
pub(super) fn walk(
    expression: &IdedExpr,
    bound: &mut Vec<String>,
    visit: &mut impl FnMut(&IdedExpr, &[String]) -> Result<(), ExpressionError>,
) -> Result<(), ExpressionError> {
    visit(expression, bound)?;
    match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) => Ok(()),
        Expr::Select(select) => walk(&select.operand, bound, visit),
        Expr::Call(call) => {
            let parts = call.target.as_deref().into_iter().chain(&call.args);
            parts.into_iter().try_for_each(|part| walk(part, bound, visit))
        }
        Expr::List(list) => list.elements.iter().try_for_each(|one| walk(one, bound, visit)),
        Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
            EntryExpr::StructField(field) => walk(&field.value, bound, visit),
            EntryExpr::MapEntry(entry) => {
                walk(&entry.key, bound, visit)?;
                walk(&entry.value, bound, visit)
            }
        }),
        Expr::Comprehension(one) => {
            walk(&one.iter_range, bound, visit)?;
            walk(&one.accu_init, bound, visit)?;
            let outer = bound.len();
            bound.push(one.iter_var.clone());
            bound.extend(one.iter_var2.clone());
            bound.push(one.accu_var.clone());
            let inner = [&one.loop_cond, &one.loop_step, &one.result];
            let walked = inner.into_iter().try_for_each(|part| walk(part, bound, visit));
            bound.truncate(outer);
            walked
        }
    }
}
