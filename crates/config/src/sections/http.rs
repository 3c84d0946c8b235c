//! `kind = "http"`: the keys of a web server as destination.

use std::path::PathBuf;

use wardline_flow::{StatusRule, ValueSource};

use super::DestinationDraft;
use crate::diagnostic::{Diagnostic, Place, Placed};
use crate::model::{DestinationKind, HttpBody, HttpDestination, HttpHeader, HttpUrl, Secret};
use crate::reading::{Entry, Named, Section};
use crate::setting::{HeaderName, HeaderText, WholeBody};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// An answer is a status and a few words; what is kept of it is less.
const REPLY_SIZES: [u64; 2] = [KIB, 64 * MIB];

/// Headers that are ours to write, and where what they say comes from.
const RESERVED: [(&str, &str); 5] = [
    ("host", "it is the host of `url`"),
    ("content-length", "it is the length of the message"),
    ("content-type", "it is the key `content_type`"),
    ("transfer-encoding", "requests have a length"),
    ("connection", "connections are kept"),
];

/// The keys of a web server. None where `url` is missing: a fault, so it never leaves this crate.
pub(super) fn read(
    section: &mut Section<'_>,
    draft: &mut DestinationDraft,
) -> Option<DestinationKind> {
    let url: Option<Placed<HttpUrl>> = section.require("url");
    // Stands in for what is missing, so that every other key is judged all the same.
    let stand_in = HttpUrl {
        is_encrypted: true,
        authority: String::new(),
        address: String::new(),
        path_and_query: String::new(),
    };
    let mut http = HttpDestination::new(url.as_ref().map_or(stand_in, |url| url.value.clone()));
    section.set("method", &mut http.method);
    if let Some(body) = section.either::<WholeBody>("body") {
        http.body = match body {
            Entry::Value(Placed { value: WholeBody::Hl7, .. }) => HttpBody::Hl7,
            Entry::Value(Placed { value: WholeBody::Json, .. }) => HttpBody::Json,
            Entry::Table(table) => HttpBody::Fields(read_fields(&table)),
        };
    }
    section.set_as("content_type", &mut http.content_type, |HeaderText(text)| Some(text));
    if let Some(headers) = section.table("headers") {
        http.headers = read_headers(&headers);
    }
    section.set_as("idempotency_header", &mut http.idempotency_header, |HeaderName(name)| name);
    read_tls(section, &mut http);
    draft.connections = section.get("connections");
    if let Some(connections) = &draft.connections {
        http.connections = connections.value;
    }
    section.set("connect_timeout", &mut http.connect_timeout);
    section.set("timeout", &mut http.timeout);
    section.set_size("max_reply_size", &mut http.max_reply_size, REPLY_SIZES);
    let rules = section.tables("on_status").into_iter();
    http.on_status = rules.filter_map(read_rule).collect();
    url.is_some().then(|| DestinationKind::Http(Box::new(http)))
}

fn read_tls(section: &mut Section<'_>, http: &mut HttpDestination) {
    let Some(table) = section.table("tls") else { return };
    if !http.url.is_encrypted {
        let fault = Diagnostic::fault("`tls` is never used").at(table.place());
        section.context().report(fault.hint("`url` begins with `http://`; write `https://`"));
    }
    http.tls = Some(super::tls::read_client(table));
}

/// The values of `body = { name = "PID-3.1", … }`.
fn read_fields(table: &Section<'_>) -> Vec<(String, ValueSource)> {
    let entries = table.entries::<ValueSource>();
    if entries.is_empty() {
        let fault = Diagnostic::fault("the table is empty").at(table.place());
        table.context().report(fault.hint("name what is sent, as `mrn = \"PID-3.1\"`"));
    }
    let field = |(name, entry): (Placed<String>, Entry<'_, ValueSource>)| match entry {
        Entry::Value(source) => Some((name.value, source.value)),
        Entry::Table(table) => {
            report_table(&table);
            None
        }
    };
    entries.into_iter().filter_map(field).collect()
}

fn read_headers(table: &Section<'_>) -> Vec<HttpHeader> {
    let mut headers = Vec::new();
    for (name, entry) in table.entries::<HeaderText>() {
        let is_named = |(reserved, _): &&(&str, &str)| name.value.eq_ignore_ascii_case(reserved);
        if let Some((_, why)) = RESERVED.iter().find(is_named) {
            let fault =
                Diagnostic::fault(format!("the header `{}` is not for you to set", name.value));
            table.context().report(fault.at(&name.place).hint(*why));
            continue;
        }
        let Some(HeaderName(header)) = table.sound(&name.value, &name.place) else { continue };
        let value = match entry {
            Entry::Value(text) => Some(Secret::Text(text.value.0)),
            Entry::Table(secret) => read_secret(secret, |c| c == ' ' || c.is_ascii_graphic()),
        };
        headers.extend(value.map(|value| HttpHeader { name: header, value }));
    }
    headers
}

/// `{ file = "secrets/token", prefix = "Bearer " }`. Only what `may_stand_there` can be sent.
pub(super) fn read_secret(
    mut section: Section<'_>,
    may_stand_there: fn(char) -> bool,
) -> Option<Secret> {
    let file: Option<Placed<PathBuf>> = section.require("file");
    let mut prefix = String::new();
    section.set_as("prefix", &mut prefix, |HeaderText(text)| text);
    let secret = file.map(|file| {
        let path = section.beside(file.value);
        section.context().name(Named::Secret(path.clone()), &file.place);
        let secret = Secret::File { path, prefix };
        judge_secret(&section, &secret, &file.place, may_stand_there);
        secret
    });
    section.finish();
    secret
}

/// A secret that cannot be read, or could not be sent, is a fault.
fn judge_secret(
    section: &Section<'_>,
    secret: &Secret,
    place: &Place,
    may_stand_there: fn(char) -> bool,
) {
    let Some(path) = secret.file() else { return };
    let fault = match secret.reveal() {
        Err(error) => {
            let fault = Diagnostic::fault(format!("cannot read `{}`: {error}", path.display()));
            fault.hint("its path starts at the file that names it")
        }
        Ok(text) if !text.chars().all(may_stand_there) => {
            let text = format!("`{}` holds more than one line of text", path.display());
            Diagnostic::fault(text)
                .hint("a secret is one line of printable characters; in a header, of ASCII")
        }
        Ok(_) => return,
    };
    section.context().report(fault.at(place));
}

/// One rule. None where `then` is missing: a fault, so it never leaves this crate.
fn read_rule(mut section: Section<'_>) -> Option<StatusRule> {
    let statuses = section.require_list("status");
    let then = section.require("then");
    section.finish();
    let statuses = statuses.into_iter().map(|status| status.value).collect();
    then.map(|then| StatusRule { statuses, then: then.value })
}

/// A table where one value is expected.
pub(super) fn report_table(table: &Section<'_>) {
    let expected = <ValueSource as crate::setting::Setting>::EXPECTED;
    table.context().report(Diagnostic::fault(format!("expected {expected}")).at(table.place()));
}
