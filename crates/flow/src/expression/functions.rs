//! The functions beside those of CEL. Paths, patterns and table names are written out in the expression, so that a wrong
//! one is found at start and none is read again for each message.
//!
//! | function | gives |
//! |---|---|
//! | `hl7("PID-3[2].1")` | the text there; empty where there is none |
//! | `all("OBX[*]-5")` | the texts of every place, a list |
//! | `has("PID-19")` | whether anything but `""` stands there |
//! | `lookup("wards", key)` | the value of a lookup table |
//! | `text.matches("^A.*")` | whether the regular expression is found in the text |
//! | `date(text)`, `date(text, default)` | an HL7 date and time as seconds since 1970 |
//! | `number(text)`, `number(text, default)` | a number |
//!
//! The two that convert are faults where the text is no such thing, unless they have a default.

use std::collections::HashMap;
use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use cel::extractors::{Arguments, This};
use cel::{Context, Env, ExecutionError, FunctionContext, Value};
use regex::{Regex, RegexBuilder};
use wardline_hl7::Path;

use super::cost::MAX_LIST;
use super::facts::{MESSAGE, Seen, SeenVal};
use super::names::{at, at_string, walk};
use super::{ExpressionError, Fault, Problem, paths};
use crate::lookup::LookupError;
use crate::time;

/// A pattern whose program is larger than this, in bytes, is not taken.
const MAX_PATTERN: usize = 256 * 1024;

/// Finding a place goes over the segments before it.
const STEPS_TO_A_PLACE: u64 = 100;

const PATH_FUNCTIONS: [&str; 3] = ["hl7", "all", paths::TEST];
const MATCHES: &str = "matches";
const LOOKUP: &str = "lookup";
const DATE: &str = "date";
const NUMBER: &str = "number";

/// How many steps a call takes: those that go through the message take more than one.
pub(super) fn steps(name: &str) -> u64 {
    match name {
        "all" => u64::try_from(MAX_LIST).unwrap_or(u64::MAX),
        "hl7" | paths::TEST => STEPS_TO_A_PLACE,
        _ => 1,
    }
}

/// What of CEL's own can be called; those that it calls by signs begin with none of these letters.
const OF_CEL: [&str; 19] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "bool",
    "type",
    "dyn",
    "of",
    "none",
    "ofNonZeroValue",
    "hasValue",
    "value",
    "or",
    "orValue",
];

/// The paths and patterns that an expression writes out.
#[derive(Default)]
pub(super) struct Constants {
    paths: HashMap<String, Path>,
    patterns: HashMap<String, Regex>,
    /// The lookup tables that it names.
    pub(super) tables: Vec<String>,
}

/// Reads what is written out; refuses calls of what there is not.
pub(super) fn constants(expression: &IdedExpr, text: &str) -> Result<Constants, ExpressionError> {
    let mut found = Constants::default();
    walk(expression, &mut Vec::new(), &mut |expression, _| match &expression.expr {
        Expr::Call(call) => found.take(call, text),
        _ => Ok(()),
    })?;
    Ok(found)
}

impl Constants {
    fn take(&mut self, call: &CallExpr, text: &str) -> Result<(), ExpressionError> {
        let name = call.func_name.as_str();
        if PATH_FUNCTIONS.contains(&name) {
            let written = call.args.last().and_then(literal).unwrap_or_default();
            let path = written.parse().map_err(|source| {
                at_string(text, &written, Problem::Path { path: written.clone(), source })
            })?;
            self.paths.insert(written, path);
        } else if name == MATCHES {
            let Some(written) = call.args.last().and_then(literal) else {
                return Err(at(text, name, Problem::PatternNotWrittenOut));
            };
            let pattern = RegexBuilder::new(&written).size_limit(MAX_PATTERN).build();
            let pattern = pattern
                .map_err(|_| at_string(text, &written, Problem::Pattern(written.clone())))?;
            self.patterns.insert(written, pattern);
        } else if name == LOOKUP {
            let table = call.args.first().and_then(literal);
            self.tables.push(table.ok_or_else(|| at(text, name, Problem::Table))?);
        } else if ![DATE, NUMBER].contains(&name)
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && !OF_CEL.contains(&name)
        {
            return Err(at(text, name, Problem::UnknownFunction(name.to_owned())));
        }
        Ok(())
    }
}

/// A string that is written out.
fn literal(argument: &IdedExpr) -> Option<String> {
    match &argument.expr {
        Expr::Literal(LiteralValue::String(written)) => Some(written.inner().to_owned()),
        _ => None,
    }
}

/// A context with the functions, for one expression.
pub(super) fn context(environment: Arc<Env>, found: Constants) -> Context<'static, 'static> {
    let mut context = Context::with_env(environment);
    let Constants { paths, patterns, tables: _ } = found;
    let paths = Arc::new(paths);
    let known = Arc::clone(&paths);
    let hl7 = move |call: &FunctionContext, path: Arc<String>| {
        let seen = seen(call)?;
        let path = known.get(path.as_str()).map(|path| seen.meant(path));
        let text = path.and_then(|path| seen.message.text(&path));
        Ok::<_, ExecutionError>(text_value(text.as_deref().unwrap_or_default()))
    };
    let known = Arc::clone(&paths);
    let all = move |call: &FunctionContext, path: Arc<String>| {
        let seen = seen(call)?;
        let path = known.get(path.as_str()).map(|path| seen.meant(path));
        let values = path
            .iter()
            .flat_map(|path| seen.message.all(path))
            .filter_map(|value| seen.message.text_of(value));
        let texts = seen.bounded(values.map(|text| text_value(&text)));
        Ok::<_, ExecutionError>(Value::List(Arc::new(texts)))
    };
    let has = move |call: &FunctionContext, path: Arc<String>| {
        let seen = seen(call)?;
        let path = paths.get(path.as_str()).map(|path| seen.meant(path));
        let stands =
            path.is_some_and(|path| seen.message.all(&path).any(|value| value.is_present()));
        Ok::<_, ExecutionError>(Value::Bool(stands))
    };
    let matches = move |This(text): This<Arc<String>>, pattern: Arc<String>| {
        patterns.get(pattern.as_str()).is_some_and(|pattern| pattern.is_match(&text))
    };
    let declared = [
        context.add_function("hl7", hl7),
        context.add_function("all", all),
        context.add_function(paths::TEST, has),
        context.add_function(MATCHES, matches),
        context.add_function(LOOKUP, look_up),
        context.add_function(DATE, date),
        context.add_function(NUMBER, number),
    ];
    debug_assert!(declared.iter().all(Result::is_ok), "none of these is CEL's own");
    context
}

#[expect(clippy::needless_pass_by_value, reason = "the interpreter gives its arguments so")]
fn look_up(
    call: &FunctionContext,
    table: Arc<String>,
    key: Arc<String>,
) -> Result<Value, ExecutionError> {
    let seen = seen(call)?;
    match seen.lookups.find(&table, &key) {
        Ok(value) => Ok(text_value(&value)),
        Err(LookupError::Miss) => Err(failed(MISS, &table)),
        Err(LookupError::NoTable) => Err(failed(NO_TABLE, &table)),
    }
}

fn date(Arguments(arguments): Arguments) -> Result<Value, ExecutionError> {
    convert(&arguments, DATE, |text| time::seconds(text).map(Value::Int))
}

fn number(Arguments(arguments): Arguments) -> Result<Value, ExecutionError> {
    convert(&arguments, NUMBER, |text| {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Value::Float)
    })
}

/// One argument that is converted, and another that is given where it can't be.
fn convert(
    arguments: &[Value],
    function: &'static str,
    read: impl Fn(&str) -> Option<Value>,
) -> Result<Value, ExecutionError> {
    let converted = match arguments.first() {
        Some(Value::String(text)) => read(text),
        Some(already @ (Value::Int(_) | Value::Float(_))) => Some(already.clone()),
        _ => None,
    };
    match (converted, arguments.get(1)) {
        (Some(value), _) => Ok(value),
        (None, Some(default)) => Ok(default.clone()),
        (None, None) => Err(failed(function, "")),
    }
}

fn seen(call: &FunctionContext) -> Result<Arc<Seen>, ExecutionError> {
    let found = call.ptx.get_variable(MESSAGE);
    let seen = found.as_ref().and_then(|found| found.downcast_ref::<SeenVal>());
    seen.map(|seen| Arc::clone(&seen.0)).ok_or_else(|| failed(MESSAGE, ""))
}

fn text_value(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

/// How the error of a lookup travels through the interpreter.
const MISS: &str = "@miss";
const NO_TABLE: &str = "@no-table";

fn failed(function: &str, message: &str) -> ExecutionError {
    ExecutionError::function_error(function, message)
}

/// The fault that one of these functions, or CEL's own, means.
pub(super) fn fault(function: String, message: &str) -> Fault {
    match function.as_str() {
        MISS => Fault::LookupMiss(message.to_owned()),
        NO_TABLE => Fault::NoLookup(message.to_owned()),
        _ => Fault::Conversion(function),
    }
}
