//! What of a configuration nobody is shown, whoever shows its keys: as it holds, or where two of them differ. One
//! decision, so that no command tells what another one masks.

/// What is shown instead of a secret.
const MASKED: &str = "***";

/// Tables of the operator's own keys whose values may be secrets: a header may be `Authorization`.
const SECRET_TABLES: [&str; 1] = ["headers"];

/// Addresses of the web: some servers want a key in the query.
const WEB_ADDRESSES: [&str; 1] = ["url"];

/// How much of a value is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// Nothing: it is shown whole.
    Nothing,
    /// What follows `?`.
    Query,
    /// All of it, tables in it included.
    All,
}

impl Withheld {
    /// Of the value of this key in a table of that name.
    pub(crate) fn of(table: &str, key: &str) -> Self {
        if SECRET_TABLES.contains(&table) {
            Self::All
        } else if WEB_ADDRESSES.contains(&key) {
            Self::Query
        } else {
            Self::Nothing
        }
    }

    /// What is shown instead of a value, where it is not shown as it is. `text` is the value where it is a text.
    pub(crate) fn instead_of(self, text: Option<&str>) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Query => text?.split_once('?').map(|(before, _)| format!("{before}?{MASKED}")),
            Self::All => Some(MASKED.to_owned()),
        }
    }
}
