//! An expression as text again, the same text for the same meaning: blanks and quotes as we write them. So two rules can
//! be told to say one thing, and a part of an expression can be shown to its author.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};

use super::paths;

/// The signs of operators with two sides.
const SIGNS: [(&str, &str); 14] = [
    (operators::LOGICAL_AND, "&&"),
    (operators::LOGICAL_OR, "||"),
    (operators::EQUALS, "=="),
    (operators::NOT_EQUALS, "!="),
    (operators::LESS, "<"),
    (operators::LESS_EQUALS, "<="),
    (operators::GREATER, ">"),
    (operators::GREATER_EQUALS, ">="),
    (operators::IN, "in"),
    (operators::ADD, "+"),
    (operators::SUBSTRACT, "-"),
    (operators::MULTIPLY, "*"),
    (operators::DIVIDE, "/"),
    (operators::MODULO, "%"),
];

/// The sign of an operator with two sides.
fn sign(function: &str) -> Option<&'static str> {
    SIGNS.iter().find(|(name, _)| *name == function).map(|(_, sign)| *sign)
}

/// The expression as text.
pub(super) fn written(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Unspecified => String::new(),
        Expr::Ident(name) => name.clone(),
        Expr::Literal(literal) => of_literal(literal),
        Expr::Select(select) if select.test => {
            format!("has({}.{})", part(&select.operand), select.field)
        }
        Expr::Select(select) => format!("{}.{}", part(&select.operand), select.field),
        Expr::Call(call) => of_call(call),
        Expr::List(list) => of_list(list),
        Expr::Map(map) => format!("{{{}}}", of_entries(map.entries.iter().map(|one| &one.expr))),
        Expr::Struct(one) => {
            let entries = of_entries(one.entries.iter().map(|one| &one.expr));
            format!("{}{{{entries}}}", one.type_name)
        }
        Expr::Comprehension(one) => {
            let parts = [&one.accu_init, &one.loop_cond, &one.loop_step, &one.result];
            let names: Vec<&str> = [Some(&one.iter_var), one.iter_var2.as_ref()]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect();
            format!(
                "{}.loop({}: {})",
                part(&one.iter_range),
                names.join(", "),
                parts.map(written).join(", ")
            )
        }
    }
}

/// The expression inside another: an operator with two sides is put in parentheses.
fn part(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Call(call) if sign(&call.func_name).is_some() => format!("({})", written(expression)),
        _ => written(expression),
    }
}

fn all(expressions: &[IdedExpr]) -> String {
    expressions.iter().map(written).collect::<Vec<_>>().join(", ")
}

fn of_list(list: &ListExpr) -> String {
    let elements = list.elements.iter().enumerate().map(|(place, element)| {
        let mark = if list.optional_indices.contains(&place) { "?" } else { "" };
        format!("{mark}{}", written(element))
    });
    format!("[{}]", elements.collect::<Vec<_>>().join(", "))
}

fn of_call(call: &CallExpr) -> String {
    match (call.func_name.as_str(), call.args.as_slice()) {
        (name, [left, right]) if sign(name).is_some() => {
            format!("{} {} {}", part(left), sign(name).unwrap_or_default(), part(right))
        }
        (operators::LOGICAL_NOT, [one]) => format!("!{}", part(one)),
        (operators::NEGATE, [one]) => format!("-{}", part(one)),
        (operators::INDEX, [list, place]) => format!("{}[{}]", part(list), written(place)),
        (operators::OPT_INDEX, [map, key]) => format!("{}[?{}]", part(map), written(key)),
        (operators::CONDITIONAL, [test, yes, no]) => {
            format!("({} ? {} : {})", part(test), part(yes), part(no))
        }
        (paths::TEST, arguments) => format!("has({})", all(arguments)),
        (name, arguments) => {
            let target = call.target.as_deref().map(|target| format!("{}.", part(target)));
            format!("{}{name}({})", target.unwrap_or_default(), all(arguments))
        }
    }
}

fn of_literal(literal: &LiteralValue) -> String {
    match literal {
        LiteralValue::Boolean(value) => value.inner().to_string(),
        LiteralValue::Double(number) => format!("{:?}", number.inner()),
        LiteralValue::Int(number) => number.inner().to_string(),
        LiteralValue::UInt(number) => format!("{}u", number.inner()),
        LiteralValue::Null => "null".to_owned(),
        LiteralValue::String(text) => format!("'{}'", text.inner().escape_debug()),
        LiteralValue::Bytes(bytes) => format!("b{:?}", bytes.inner()),
    }
}

fn of_entries<'e>(entries: impl Iterator<Item = &'e EntryExpr>) -> String {
    let entries = entries.map(|entry| match entry {
        EntryExpr::StructField(field) => format!("{}: {}", field.field, written(&field.value)),
        EntryExpr::MapEntry(entry) => {
            let mark = if entry.optional { "?" } else { "" };
            format!("{mark}{}: {}", written(&entry.key), written(&entry.value))
        }
    });
    entries.collect::<Vec<_>>().join(", ")
}
