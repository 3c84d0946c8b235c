//! The names of a database, and what is said to it.

use super::{Setting, Wrong};

/// The longest name, in bytes: the server cuts longer ones.
const MAX_NAME: usize = 63;
/// The longest statement, in bytes.
const MAX_SQL: usize = 64 * 1024;

/// The name of a database, a user or a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DatabaseName(pub(crate) String);

impl Setting for DatabaseName {
    const EXPECTED: &'static str = "a name of at most 63 bytes";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::type_of::<Self>())
        }
    }
}

/// The name of a table, behind that of its schema if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableName(pub(crate) String);

impl Setting for TableName {
    const EXPECTED: &'static str = "a table such as \"messages\" or \"hl7.messages\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let is_name = |part: &str| DatabaseName::from_text(part).is_ok();
        if text.split('.').count() <= 2 && text.split('.').all(is_name) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::text::<Self>(&text.escape_debug().to_string()))
        }
    }
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sql(pub(crate) String);

impl Setting for Sql {
    const EXPECTED: &'static str = "a statement such as \"insert into messages (mrn) values ($1)\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if text.trim().is_empty() || text.len() > MAX_SQL || text.contains('\0') {
            Err(Wrong::type_of::<Self>())
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_may_have_a_schema() {
        for text in ["messages", "hl7.messages", "Hl7.\"x\"", "a b"] {
            assert!(TableName::from_text(text).is_ok(), "{text}");
        }
        for text in ["", ".", "a.", ".a", "a.b.c", "a\nb", &"x".repeat(64)] {
            assert!(TableName::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_statement_says_something() {
        assert!(Sql::from_text("select 1").is_ok());
        for text in ["", "  ", "select '\0'"] {
            assert!(Sql::from_text(text).is_err(), "{text:?}");
        }
    }
}
