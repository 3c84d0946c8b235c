//! Expressions in CEL: what an analyst writes in a rule, in `when` of a route, in `filter` of a destination.
//!
//! ```text
//!   text ──compile, at start──▶ Expression ──holds(facts of one message)──▶ true | false | Fault
//! ```
//!
//! Compiled once; a text that cannot be right is refused with its place. Evaluated on the thread of a connection, so its
//! cost is bounded before it runs: no expression whose loops could take more than [`MAX_COST`] steps is taken, and no
//! list of a message longer than [`MAX_LIST`] is gone through. A fault names what went wrong and no value of the message
//! (PHI-1).

mod certainty;
mod cost;
mod facts;
mod functions;
mod kind;
mod names;
mod paths;
mod written;

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, ParseErrors, Program, Value};

pub use certainty::{Demands, Doubt, Outcomes};
pub use cost::{MAX_COST, MAX_LIST};
pub use facts::{Facts, Strictness};

/// The longest text of an expression, in bytes.
pub const MAX_TEXT: usize = 8 * 1024;

/// What every expression can call; building it is dear, so all share one.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A compiled expression.
pub struct Expression {
    text: String,
    program: Program,
    tables: Vec<String>,
    /// The keys that its author wrote, which a fault may name.
    keys: Vec<String>,
    /// The functions, with the paths and patterns of this expression ready in them.
    functions: Context<'static, 'static>,
}

/// A text that is no expression, or one that is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.problem)]
pub struct ExpressionError {
    /// Where it begins in the text, in bytes.
    pub at: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is longer than [`MAX_TEXT`].
    #[error("the expression is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// It is not CEL.
    #[error("not an expression: {0}")]
    Syntax(String),
    /// It names what no message has.
    #[error("unknown variable `{0}`; there are msh, pid, pv1, obx and obx_list")]
    UnknownVariable(String),
    /// It calls what there is not.
    #[error("unknown function `{0}`")]
    UnknownFunction(String),
    /// It asks a variable for what it never has.
    #[error("`{variable}` has no `{key}`; it has {known}")]
    UnknownKey {
        /// The variable.
        variable: String,
        /// What it was asked for.
        key: String,
        /// What it has.
        known: String,
    },
    /// A place is no path.
    #[error("`{path}` is no path: {source}")]
    Path {
        /// As written.
        path: String,
        /// Why not.
        source: wardline_hl7::PathError,
    },
    /// A pattern is no regular expression, or too large a one.
    #[error("`{0}` is no regular expression that is taken here")]
    Pattern(String),
    /// A pattern that only the message would tell.
    #[error("the regular expression of matches() has to be written out")]
    PatternNotWrittenOut,
    /// A lookup table that only the message would tell.
    #[error("the table of lookup() has to be written out")]
    Table,
    /// Its loops could take too many steps.
    #[error("loops within loops over lists of the message could take more than {MAX_COST} steps")]
    TooCostly,
}

/// Why an expression gave neither true nor false. No value of the message is in it (PHI-1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A segment that the message lacks, or a key that the expression's author did not guard.
    #[error("there is no `{0}` in the message")]
    Missing(String),
    /// A map of the expression has no entry for what stands in the message.
    #[error("a map has no entry for what stands in the message")]
    NoEntry,
    /// `int()` of what is no number, `date()` of what is no date, and the like.
    #[error("a value could not be converted by {0}()")]
    Conversion(String),
    /// An operator between what does not go together.
    #[error("values of different types do not go together")]
    Types,
    /// Division by zero, or a number too large.
    #[error("a calculation has no result")]
    Arithmetic,
    /// A list has no such place.
    #[error("a list is shorter than that")]
    OutOfBounds,
    /// A lookup table has no such key, and no default.
    #[error("the lookup table `{0}` has no such key")]
    LookupMiss(String),
    /// There is no such lookup table.
    #[error("there is no lookup table `{0}`")]
    NoLookup(String),
    /// A list of the message is longer than [`MAX_LIST`].
    #[error("a list of the message has more than {MAX_LIST} elements")]
    TooManyElements,
    /// It gave something else.
    #[error("the expression gives no true or false")]
    NoCondition,
    /// Anything else.
    #[error("the expression failed")]
    Other,
}

impl Expression {
    /// Compiles a text.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it, and where.
    pub fn compile(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > MAX_TEXT {
            return Err(ExpressionError { at: 0, problem: Problem::TooLong });
        }
        let source = paths::with_path_test(text);
        let program = ENVIRONMENT.compile(&source).map_err(|errors| syntax(text, &errors))?;
        let mut found = functions::constants(program.expression(), text)?;
        names::check_names(program.expression(), text)?;
        cost::check(program.expression())?;
        let tables = std::mem::take(&mut found.tables);
        let functions = functions::context(Arc::clone(&ENVIRONMENT), found);
        let keys = names::written_keys(program.expression());
        Ok(Self { text: text.to_owned(), program, tables, keys, functions })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lookup tables that it names.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(String::as_str)
    }

    /// Whether it is true of this message.
    ///
    /// # Errors
    ///
    /// [`Fault`], where it is neither true nor false.
    pub fn holds(&self, facts: &Facts) -> Result<bool, Fault> {
        match self.evaluate(facts)? {
            Value::Bool(holds) => Ok(holds),
            _ => Err(Fault::NoCondition),
        }
    }

    /// What it gives, as text: for a value that is set by it.
    ///
    /// # Errors
    ///
    /// [`Fault`], where it gives nothing that has a text.
    pub fn value(&self, facts: &Facts) -> Result<String, Fault> {
        match self.evaluate(facts)? {
            Value::String(text) => Ok(text.as_ref().clone()),
            Value::Int(number) => Ok(number.to_string()),
            Value::UInt(number) => Ok(number.to_string()),
            Value::Float(number) => Ok(number.to_string()),
            Value::Bool(holds) => Ok(holds.to_string()),
            _ => Err(Fault::Types),
        }
    }

    /// What it gives. A list that was too long was not gone through, so nothing that came of it counts.
    fn evaluate(&self, facts: &Facts) -> Result<Value, Fault> {
        let mut scope = self.functions.new_inner_scope();
        scope.set_variable_resolver(facts);
        let value = self.program.execute(&scope);
        if facts.is_too_long() {
            return Err(Fault::TooManyElements);
        }
        value.map_err(|error| self.fault(error))
    }
}

impl Expression {
    /// What of the interpreter's errors may be told: names are the author's, values are the patient's (PHI-1).
    fn fault(&self, error: ExecutionError) -> Fault {
        match error {
            // The interpreter names the key that was looked up, which a value of the message may have been.
            ExecutionError::NoSuchKey(key) if self.keys.contains(&key) => {
                Fault::Missing(key.as_ref().clone())
            }
            ExecutionError::NoSuchKey(_) => Fault::NoEntry,
            ExecutionError::UndeclaredReference(name) => Fault::Missing(name.as_ref().clone()),
            ExecutionError::FunctionError { function, message } => {
                functions::fault(function, &message)
            }
            ExecutionError::DivisionByZero(_)
            | ExecutionError::RemainderByZero(_)
            | ExecutionError::Overflow(..) => Fault::Arithmetic,
            ExecutionError::IndexOutOfBounds(_) => Fault::OutOfBounds,
            ExecutionError::NoSuchOverload(_)
            | ExecutionError::UnexpectedType { .. }
            | ExecutionError::ValuesNotComparable(..)
            | ExecutionError::UnsupportedTargetType { .. }
            | ExecutionError::UnsupportedBinaryOperator(..)
            | ExecutionError::UnsupportedIndex(..) => Fault::Types,
            _ => Fault::Other,
        }
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}

impl PartialEq for Expression {
    /// What is written decides.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

/// The first fault of the parser, with its place in the text.
fn syntax(text: &str, errors: &ParseErrors) -> ExpressionError {
    let first = errors.errors.first();
    let (line, column) = first.map_or((1, 1), |error| error.pos);
    let line = usize::try_from(line - 1).unwrap_or(0);
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let at = before + usize::try_from(column - 1).unwrap_or(0);
    let message = first.map_or_else(String::new, |error| error.msg.clone());
    ExpressionError {
        at: at.min(text.len()),
        problem: Problem::Syntax(message.replace(paths::TEST, "has")),
    }
}

#[cfg(test)]
mod tests;
