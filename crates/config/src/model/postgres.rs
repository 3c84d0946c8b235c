//! `kind = "postgres"`: a table of a database as destination.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use wardline_flow::{Occasion, ValueSource};
use wardline_hl7::Message;

use super::secret::Secret;
use super::tls::ClientTls;

/// What HL7 writes where a value is to be deleted.
const NULL: &str = "\"\"";

/// The keys of `kind = "postgres"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresDestination {
    /// `host:port`, resolved at each connect.
    pub address: String,
    /// The database.
    pub database: String,
    /// As whom.
    pub user: String,
    /// The password, if one is asked for.
    pub password: Option<Secret>,
    /// Whom the server must be trusted by; absent: not encrypted.
    pub tls: Option<ClientTls>,
    /// What is done for each message.
    pub statement: Statement,
    /// Messages that share a transaction at most.
    pub batch: NonZeroUsize,
    /// How long a connection may take to come up.
    pub connect_timeout: Duration,
    /// How long a transaction may take.
    pub timeout: Duration,
}

/// SQL, and where the values of its parameters come from: `$1` is the first. No value ever becomes a part of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The text.
    pub sql: String,
    /// The values.
    pub parameters: Vec<ValueSource>,
}

impl PostgresDestination {
    /// The defaults of a database that is there.
    pub fn new(
        address: impl Into<String>,
        database: impl Into<String>,
        user: impl Into<String>,
        statement: Statement,
    ) -> Self {
        const HUNDRED: NonZeroUsize = NonZeroUsize::new(100).unwrap();
        Self {
            address: address.into(),
            database: database.into(),
            user: user.into(),
            password: None,
            tls: None,
            statement,
            batch: HUNDRED,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
        }
    }

    /// Where it is, without the password.
    pub fn shown(&self) -> String {
        format!("{}/{}", self.address, self.database)
    }

    /// The file of its password.
    pub fn secret_file(&self) -> Option<&Path> {
        self.password.as_ref().and_then(Secret::file)
    }
}

impl Statement {
    /// One row of these columns. A row that is there by `unique` stays as it is.
    pub fn insert(table: &str, columns: &[(String, ValueSource)], unique: &[String]) -> Self {
        let table = table.split('.').map(quoted).collect::<Vec<_>>().join(".");
        let names = list(columns.iter().map(|(name, _)| quoted(name)));
        let values = list((1..=columns.len()).map(|number| format!("${number}")));
        let on_conflict = if unique.is_empty() {
            String::new()
        } else {
            format!(" ON CONFLICT ({}) DO NOTHING", list(unique.iter().map(|name| quoted(name))))
        };
        Self {
            sql: format!("INSERT INTO {table} ({names}) VALUES ({values}){on_conflict}"),
            parameters: columns.iter().map(|(_, source)| *source).collect(),
        }
    }

    /// The values of a message; none where nothing stands there, or a null of HL7.
    pub fn values(&self, message: &Message, occasion: Occasion<'_>) -> Vec<Option<String>> {
        let value =
            |source: &ValueSource| source.text(message, occasion).filter(|text| text != NULL);
        self.parameters.iter().map(value).collect()
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_values_are_parameters() {
        let columns: Vec<_> = [("id", "{id}"), ("a \"b\"", "PID-3.1")]
            .map(|(name, source)| (name.to_owned(), source.parse().expect("a value")))
            .into();
        let statement = Statement::insert("hl7.messages", &columns, &["id".to_owned()]);
        assert_eq!(
            statement.sql,
            r#"INSERT INTO "hl7"."messages" ("id", "a ""b""") VALUES ($1, $2) ON CONFLICT ("id") DO NOTHING"#
        );
        let plain = Statement::insert("messages", &columns, &[]);
        assert_eq!(plain.sql, r#"INSERT INTO "messages" ("id", "a ""b""") VALUES ($1, $2)"#);
    }

    #[test]
    fn nothing_and_a_null_of_hl7_are_nulls_of_the_database() {
        let message = Message::parse("MSH|^~\\&|||||||ADT^A01|1|P|2.5\rPID|1|\"\"||7\r".into());
        let statement = Statement {
            sql: String::new(),
            parameters: ["PID-1", "PID-2", "PID-3", "PID-4", "ZZZ-1"]
                .map(|path| path.parse().expect("a path"))
                .into(),
        };
        let occasion = Occasion { id: 1, received_at: jiff::Timestamp::UNIX_EPOCH, listener: "in" };
        let values = statement.values(&message.expect("a message"), occasion);
        assert_eq!(values, [Some("1".to_owned()), None, None, Some("7".to_owned()), None]);
    }
}
