//! Web servers as destinations.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;
use wardline_config::{DestinationKind, HttpBody, HttpDestination, HttpMethod, Paint, Secret};
use wardline_flow::ReplyOutcome;

use crate::{Site, site};

/// One web server with these keys, which everything is routed to.
fn serving(keys: &str) -> Site {
    site(&format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
         [[routes]]\nid = \"all\"\nmatch = {{}}\nto = [\"web\"]\n\
         [[destinations]]\nid = \"web\"\nkind = \"http\"\n{keys}\n"
    ))
}

fn http(keys: &str) -> HttpDestination {
    let keys = format!("url = \"https://portal.example/hl7\"\n{keys}");
    let loaded =
        serving(&keys).load(&[("KEY", "k")]).unwrap_or_else(|faults| unreachable!("{faults}"));
    let destination = loaded.config.destinations.into_iter().next().expect("a destination");
    match destination.kind {
        DestinationKind::Http(http) => *http,
        other => unreachable!("kind = \"http\", not {other:?}"),
    }
}

#[test]
fn a_body_is_the_message_or_values_of_it() {
    assert_eq!(http("body = \"hl7\"").content_type(), "application/hl7-v2");
    assert_eq!(http("body = \"json\"").body, HttpBody::Json);
    let http = http(
        "body = { mrn = \"PID-3.1\", id = \"{id}\" }\ncontent_type = \"text/x\"\nmethod = \"PUT\"",
    );
    let field = |name: &str, source: &str| (name.to_owned(), source.parse().expect("a value"));
    let fields = vec![field("id", "{id}"), field("mrn", "PID-3.1")];
    assert_eq!(http.body, HttpBody::Fields(fields));
    assert_eq!((http.content_type(), http.method), ("text/x", HttpMethod::Put));
}

#[test]
fn headers_come_from_the_file_or_the_environment() {
    let http = http("headers = { X-Key = \"a-${KEY}\" }");
    assert_eq!(http.headers[0].value, Secret::Text("a-k".to_owned()));
}

#[test]
fn rules_are_read_in_the_order_of_the_file() {
    let http = http(
        "[[destinations.on_status]]\nstatus = [409, \"4xx\"]\nthen = \"delivered\"\n\
         [[destinations.on_status]]\nstatus = [\"500-504\"]\nthen = \"hold\"",
    );
    let [first, second] = &http.on_status[..] else { unreachable!("two rules") };
    assert_eq!((first.then, first.statuses.len()), (ReplyOutcome::Delivered, 2));
    assert_eq!(second.then, ReplyOutcome::Hold);
}

#[test]
fn what_cannot_be_sent_is_told_at_its_place() {
    let site = serving(
        "url = \"portal.example\"\nbody = { a = \"PID\", b = { } }\n\
         headers = { Host = \"x\", \"a b\" = \"x\", C = \"ü\", D = { file = \"absent\" }, E = { prefix = \"x\" } }\n\
         [[destinations.on_status]]\nstatus = [99, \"6xx\"]\nthen = \"dead\"",
    );
    let faults = site.load(&[]).expect_err("faults");
    assert_snapshot!(site.portable(&faults.render(Paint::Plain)));
    let plain = serving("url = \"http://portal.example\"\ntls = { }\nbody = { }");
    let faults = plain.load(&[]).expect_err("faults");
    assert_snapshot!("plain", plain.portable(&faults.render(Paint::Plain)));
}

#[test]
fn a_secret_that_everybody_can_read_is_warned_of() {
    let keys = "url = \"http://portal.example\"\nheaders = { D = { file = \"token\", prefix = \"Bearer \" } }";
    let site = serving(keys);
    let token = site.folder.path().join("token");
    fs::write(&token, "s3cret").expect("a file");
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).expect("our file");
    assert_eq!(site.load(&[]).expect("no fault").warnings, []);
    fs::set_permissions(&token, fs::Permissions::from_mode(0o604)).expect("our file");
    let loaded = site.load(&[]).expect("no fault");
    assert_snapshot!(site.portable(&loaded.render_warnings(Paint::Plain)));
    fs::write(&token, "two\nlines").expect("a file");
    let faults = site.load(&[]).expect_err("no header has two lines");
    assert!(faults.to_string().contains("more than one line of text"), "{faults}");
}
