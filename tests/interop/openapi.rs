//! The API as its document says it: openapi-spec-validator reads the document, schemathesis asks every route of a running
//! engine whatever the document allows, and much that it does not.

use std::io::Write;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use wardline_tests::message::adt;
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::requirement::{Need, interop};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::foreign::{command, script};

/// Cases of each route in each phase, at most: the whole run stays below two minutes.
const EXAMPLES: &str = "12";
/// The same requests every time.
const SEED: &str = "20261121";
/// How long an answer may take, in seconds.
const PATIENCE: &str = "20";

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_document_of_the_api_is_valid => [Need::Interop("openapi/bin/openapi-spec-validator")],
        every_route_answers_whatever_it_is_asked_as_its_document_says
            => [Need::Interop("openapi/bin/st")],
    ]
}

fn the_document_of_the_api_is_valid() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let document = folder.path().join("openapi.json");
    std::fs::write(&document, wardline_admin::openapi()).expect("a writable folder");
    let program = interop().join("openapi/bin/openapi-spec-validator");
    succeeds(command(program, &["--schema", "3.1"]).arg(&document));
}

/// With an administrator's token. No route is left out; `hooks.py` passes over the requests that would take the token away.
fn every_route_answers_whatever_it_is_asked_as_its_document_says() {
    let nobody = Nobody::new();
    let site = site(&nobody);
    administrator(&site);
    let engine = site.start();
    fill(&engine);
    let token = token(&site);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut run = command(interop().join("openapi/bin/st"), &["run", "--no-color"]);
    run.current_dir(folder.path())
        .env("PYTHONPATH", script("openapi"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .arg(format!("http://{}/api/v1/openapi.json", engine.page()))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--phases", "examples,coverage,fuzzing,stateful", "--workers", "2"])
        .args(["--seed", SEED, "--max-examples", EXAMPLES, "--generation-database", "none"])
        .args(["--request-timeout", PATIENCE, "--continue-on-failure"])
        .args(["--checks", CHECKS]);
    succeeds(&mut run);
    assert!(matches!(engine.status().phase.as_str(), "running"), "the engine runs on");
}

/// What is held against the document.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,missing_required_header,unsupported_method,\
    ignored_auth,use_after_free,ensure_resource_availability";

fn succeeds(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("the program");
    let (said, moaned) = (&output.stdout, &output.stderr);
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(said),
        String::from_utf8_lossy(moaned)
    );
}

fn administrator(site: &Site) {
    let words = ["--config", "wardline.toml", "user", "add", "ann", "--role", "admin"];
    let mut child = command(env!("CARGO_BIN_EXE_wardline-under-test"), &words)
        .current_dir(site.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"correct horse battery\n").expect("it reads");
    drop(stdin);
    assert!(child.wait().expect("a process").success());
}

fn token(site: &Site) -> String {
    let mut words = vec!["--config", "wardline.toml", "--json", "token", "create", "schemathesis"];
    for right in ["see", "content", "operate", "administer", "audit"] {
        words.extend(["--right", right]);
    }
    let made = site.command(words);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&made.stdout).expect("JSON");
    shown["token"].as_str().expect("a token").to_owned()
}

/// Messages that were delivered, and others that wait.
fn fill(engine: &Engine) {
    let mut peer = Peer::connect(engine.address("in"));
    for number in 0..20 {
        assert_eq!(peer.send(&adt(&format!("M{number}"))), "AA");
    }
    engine.wait_for_queue("folder", "delivered", |row| row.pending == 0);
    assert_eq!(engine.queue("lis").pending, 20);
}

fn site(nobody: &Nobody) -> Site {
    let configuration = format!(
        r#"
[admin]
bind = "127.0.0.1:0"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
to = ["folder", "lis"]

[[destinations]]
id = "folder"
kind = "file"
path = "out/{{control_id}}.hl7"

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
"#,
        nobody.address()
    );
    Site::new(env!("CARGO_BIN_EXE_wardline-under-test"), &configuration)
}
