//! `kind = "postgres"`: the keys of a database as destination.

use wardline_flow::ValueSource;

use super::http::{read_secret, report_table};
use crate::diagnostic::{Diagnostic, Placed};
use crate::model::{DestinationKind, PostgresDestination, Secret, Statement};
use crate::reading::{Entry, Section};
use crate::setting::{DatabaseName, PeerAddress, Sentence, Sql, TableName};

/// The keys of a database. None where one that is required is missing: a fault, so it never leaves this crate.
pub(super) fn read(section: &mut Section<'_>) -> Option<DestinationKind> {
    let address: Option<Placed<PeerAddress>> = section.require("address");
    let database: Option<Placed<DatabaseName>> = section.require("database");
    let user: Option<Placed<DatabaseName>> = section.require("user");
    let password = section.either::<Sentence>("password").and_then(|password| match password {
        Entry::Value(text) => Some(Secret::Text(text.value.0)),
        Entry::Table(table) => read_secret(table, |c| !c.is_control()),
    });
    let statement =
        if section.has("statement") { read_statement(section) } else { read_insert(section) };
    // Stands in for what is missing, so that every other key is judged all the same.
    let stand_in = || Statement { sql: String::new(), parameters: Vec::new() };
    let is_whole = statement.is_some();
    let mut postgres = PostgresDestination::new("", "", "", statement.unwrap_or_else(stand_in));
    postgres.password = password;
    postgres.tls = section.table("tls").map(super::tls::read_client);
    section.set("batch", &mut postgres.batch);
    section.set("connect_timeout", &mut postgres.connect_timeout);
    section.set("timeout", &mut postgres.timeout);
    postgres.address = address?.value.0;
    postgres.database = database?.value.0;
    postgres.user = user?.value.0;
    is_whole.then(|| DestinationKind::Postgres(Box::new(postgres)))
}

/// `table`, `columns` and `unique`.
fn read_insert(section: &mut Section<'_>) -> Option<Statement> {
    let table: Option<Placed<TableName>> = section.require("table");
    let mut columns: Vec<(String, ValueSource)> = Vec::new();
    if section.place_of("columns").is_none() {
        section.missing("columns", "`{ mrn = \"PID-3.1\", … }`");
    }
    if let Some(named) = section.table("columns") {
        for (name, entry) in named.entries::<ValueSource>() {
            let Entry::Value(source) = entry else {
                if let Entry::Table(table) = entry {
                    report_table(&table);
                }
                continue;
            };
            report_plural(section, &source);
            let name: Option<DatabaseName> = named.sound(&name.value, &name.place);
            columns.extend(name.map(|DatabaseName(name)| (name, source.value)));
        }
    }
    let unique = section.list::<DatabaseName>("unique").unwrap_or_default();
    for Placed { value: DatabaseName(name), place } in &unique {
        if !columns.iter().any(|(column, _)| column == name) {
            let fault = Diagnostic::fault(format!("`{name}` is not in `columns`")).at(place);
            section.context().report(fault.hint("a row is known again by columns it is given"));
        }
    }
    let unique: Vec<String> = unique.into_iter().map(|name| name.value.0).collect();
    Some(Statement::insert(&table?.value.0, &columns, &unique)).filter(|_| !columns.is_empty())
}

/// `statement` and `parameters`.
fn read_statement(section: &mut Section<'_>) -> Option<Statement> {
    section.call("a destination of kind \"postgres\" with `statement`".to_owned());
    let Placed { value: Sql(sql), place } = section.get("statement")?;
    let parameters = section.require_list::<ValueSource>("parameters");
    for parameter in &parameters {
        report_plural(section, parameter);
    }
    let highest = highest_parameter(&sql);
    if highest != parameters.len() {
        let text = format!(
            "the statement goes up to ${highest}, and there are {} parameters",
            parameters.len()
        );
        let fault = Diagnostic::fault(text).at(&place);
        section.context().report(fault.hint("`$1` is the first of `parameters`"));
    }
    let parameters = parameters.into_iter().map(|parameter| parameter.value).collect();
    Some(Statement { sql, parameters })
}

fn report_plural(section: &Section<'_>, source: &Placed<ValueSource>) {
    if source.value.is_plural() {
        let text = format!("`{}` is a list, and a column holds one value", source.value);
        let fault = Diagnostic::fault(text).at(&source.place);
        section.context().report(fault.hint("name one place, as \"OBX[1]-5\", or take `{json}`"));
    }
}

/// The highest n of a `$n`.
fn highest_parameter(sql: &str) -> usize {
    let number = |behind: &str| {
        let digits = behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len());
        behind.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or_default()
    };
    sql.split('$').skip(1).map(number).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_parameter_of_a_statement_is_found() {
        for (sql, highest) in [
            ("", 0),
            ("select 1", 0),
            ("call f($1)", 1),
            ("insert into t values ($2::int, $1, $10)", 10),
            ("select $tag$ text $tag$, $3", 3),
        ] {
            assert_eq!(highest_parameter(sql), highest, "{sql}");
        }
    }
}
