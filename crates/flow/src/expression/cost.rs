//! What an expression may cost, known before it runs: loops exist only over lists, and lists are as long as the text
//! makes them or as a message may have them.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, operators};

use super::{ExpressionError, Problem, functions};

/// The most elements a list of a message may have where an expression goes through it.
pub const MAX_LIST: usize = 10_000;

/// The most steps an expression may take, each about a tenth of a microsecond: one loop over the longest list, and no
/// loop within it over another.
pub const MAX_COST: u64 = 2_000_000;

/// Refuses an expression that could take more than [`MAX_COST`] steps.
pub(super) fn check(expression: &IdedExpr) -> Result<(), ExpressionError> {
    if steps(expression) > MAX_COST {
        return Err(ExpressionError { at: 0, problem: Problem::TooCostly });
    }
    Ok(())
}

/// The most steps it can take.
fn steps(expression: &IdedExpr) -> u64 {
    let all = |expressions: &[IdedExpr]| expressions.iter().map(steps).fold(0, u64::saturating_add);
    let inner = match &expression.expr {
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => 0,
        Expr::Select(select) => steps(&select.operand),
        Expr::Call(call) => {
            let own = functions::steps(&call.func_name);
            let target = call.target.as_deref().map_or(0, steps);
            own.saturating_add(target).saturating_add(all(&call.args))
        }
        Expr::List(list) => all(&list.elements),
        Expr::Map(map) => entries(map.entries.iter().map(|entry| &entry.expr)),
        Expr::Struct(message) => entries(message.entries.iter().map(|entry| &entry.expr)),
        Expr::Comprehension(one) => {
            let turn = steps(&one.loop_cond).saturating_add(steps(&one.loop_step));
            steps(&one.iter_range)
                .saturating_add(steps(&one.accu_init))
                .saturating_add(steps(&one.result))
                .saturating_add(turn.saturating_mul(length(&one.iter_range)))
        }
    };
    inner.saturating_add(1)
}

fn entries<'e>(entries: impl Iterator<Item = &'e EntryExpr>) -> u64 {
    let of = |entry: &EntryExpr| match entry {
        EntryExpr::StructField(field) => steps(&field.value),
        EntryExpr::MapEntry(entry) => steps(&entry.key).saturating_add(steps(&entry.value)),
    };
    entries.map(of).fold(0, u64::saturating_add)
}

/// The most elements that a loop over this has.
fn length(range: &IdedExpr) -> u64 {
    let longest = u64::try_from(MAX_LIST).unwrap_or(u64::MAX);
    match &range.expr {
        Expr::List(list) => u64::try_from(list.elements.len()).unwrap_or(longest),
        Expr::Map(map) => u64::try_from(map.entries.len()).unwrap_or(longest),
        Expr::Call(call) if call.func_name == operators::ADD => {
            call.args.iter().map(length).fold(0, u64::saturating_add)
        }
        _ => longest,
    }
}
