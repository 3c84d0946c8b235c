//! What the code of a database's error means (END-1): the first two characters of an SQLSTATE are its class.
//!
//! ```text
//!   08 53 57P0x 25006          the database takes nothing at this time          again, for ever
//!   40 55 57 58 XX, unknown    it failed with these rows                        again, as after AE
//!   22 23 42, other            it will never take them                          a dead letter
//! ```
//!
//! Its text may hold values of the row and is never looked at (PHI-1).

/// What an SQLSTATE says about the rows of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseFault {
    /// The database takes nothing: it starts, stops, is full, or may only be read.
    Unavailable,
    /// It failed with these rows: a deadlock, a lock, a limit of time.
    Failed,
    /// It will never take them.
    Rejected,
}

/// 25006, `read_only_sql_transaction`: a standby, or a primary that has just become one.
const READ_ONLY: &str = "25006";

/// Classes of errors that lie in the message, the table or the statement.
const FINAL: [&str; 12] = ["0A", "0L", "21", "22", "23", "25", "27", "28", "2B", "42", "44", "P0"];

impl DatabaseFault {
    /// What this code says.
    pub fn of(sqlstate: &str) -> Self {
        let class = sqlstate.get(..2).unwrap_or_default();
        if matches!(class, "08" | "53") || sqlstate.starts_with("57P0") || sqlstate == READ_ONLY {
            Self::Unavailable
        } else if FINAL.contains(&class) {
            Self::Rejected
        } else {
            Self::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_code_decides() {
        for (codes, expected) in [
            (
                &["08006", "53100", "53300", "57P01", "57P02", "57P03", "25006"][..],
                DatabaseFault::Unavailable,
            ),
            (
                &["40001", "40P01", "55P03", "57014", "58030", "XX000", "ZZ999", ""],
                DatabaseFault::Failed,
            ),
            (
                &["22001", "22P02", "22007", "23502", "23505", "42P01", "42501", "P0001"],
                DatabaseFault::Rejected,
            ),
        ] {
            for code in codes {
                assert_eq!(DatabaseFault::of(code), expected, "{code}");
            }
        }
    }
}
