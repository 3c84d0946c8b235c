//! What the README promises to somebody who has just cloned the project, done as it is told there.

use std::fs;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use wardline_tests::message::field;
use wardline_tests::nobody::Nobody;
use wardline_tests::requirement::Need;
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::shipped::{self, arrived, command, printed};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_line_with_nc_is_answered_and_its_file_is_there => [Need::Tool("sh"), Need::Tool("nc")],
        a_message_sent_with_wardline_is_answered_and_its_file_is_there,
        what_is_for_a_system_that_is_down_waits_visibly_and_drains_when_it_is_up,
        the_handler_of_the_readme_is_the_example,
        the_code_of_the_handler_guide_stands_in_the_examples,
        every_command_of_the_documents_is_understood => [Need::Tool("sh")],
    ]
}

/// The payload that the README sends.
const PAYLOAD: &[u8] = b"MSH|^~\\&|A|B|C|D|20260403120000||ADT^A01|M1|P|2.5\rPID|1||1^^^H\r";

/// `config/wardline.toml` with its routes, at free ports, its other system down.
fn first_steps() -> (Site, Nobody) {
    let other_system = Nobody::new();
    let site = shipped::site(
        shipped::wardline(),
        "config/wardline.toml",
        &[
            ("127.0.0.1:2575", "127.0.0.1:0"),
            ("127.0.0.1:8575", "127.0.0.1:0"),
            ("address = \"127.0.0.1:2576\"", &format!("address = \"{}\"", other_system.address())),
            ("var/wardline", "data"),
        ],
    );
    let routes = site.folder().join("routes.d");
    fs::create_dir(&routes).expect("a writable folder");
    fs::write(routes.join("everything.toml"), shipped::text("config/routes.d/everything.toml"))
        .expect("a writable folder");
    (site, other_system)
}

fn is_there(site: &Site) {
    assert_eq!(arrived(&site.folder().join("var/inbox"), "M1.hl7"), PAYLOAD, "RAW-1");
}

/// Sends the README's message as its file.
fn send(site: &Site, engine: &Engine) -> String {
    fs::write(site.folder().join("m1.hl7"), PAYLOAD).expect("a writable folder");
    let to = engine.address("inbound").to_string();
    printed(&command(site, &["send", "m1.hl7", "--to", &to, "--show"]))
}

fn the_line_with_nc_is_answered_and_its_file_is_there() {
    let (site, _nobody) = first_steps();
    let engine = site.start();
    let readme = shipped::text("README.md");
    let line = readme.lines().find(|line| line.starts_with(r"printf '\013MSH|")).expect("the line");
    let port = engine.address("inbound").port().to_string();
    let answered = Command::new("sh")
        .args(["-c", &line.replace("2575", &port)])
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let answer = answered.stdout.strip_prefix(b"\x0b").expect("a frame");
    let answer = answer.strip_suffix(b"\x1c\r").expect("a whole frame");
    assert_eq!((field(answer, "MSA", 1), field(answer, "MSA", 2)), ("AA".into(), "M1".into()));
    is_there(&site);
}

fn a_message_sent_with_wardline_is_answered_and_its_file_is_there() {
    let (site, _nobody) = first_steps();
    let engine = site.start();
    let answer = send(&site, &engine);
    assert!(answer.contains("MSA|AA|M1"), "{answer}");
    is_there(&site);
}

fn what_is_for_a_system_that_is_down_waits_visibly_and_drains_when_it_is_up() {
    let (site, other_system) = first_steps();
    let engine = site.start();
    send(&site, &engine);
    engine.wait_for_queue("other-system", "an attempt", |row| row.reason.is_some());
    for question in [["queue", "list"].as_slice(), &["status"]] {
        let told = printed(&command(&site, question));
        let line = told.lines().find(|line| line.starts_with("other-system")).expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..4], ["other-system", "mllp", "down", "1"], "{line}");
        assert!(line.contains("refused"), "{line}");
    }
    let address = other_system.address().to_string();
    drop(other_system);
    let listening = ["listen", "--bind", &address, "--count", "1", "--save", "got"];
    let listener = Command::new(shipped::wardline())
        .args(listening)
        .current_dir(site.folder())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut listener = listener.expect("the program");
    engine.wait_for_queue("other-system", "nothing", |row| row.pending == 0);
    assert!(listener.wait().expect("a process").success());
    let got = fs::read_dir(site.folder().join("got")).expect("a folder").flatten();
    let got: Vec<Vec<u8>> = got.map(|file| fs::read(file.path()).expect("a file")).collect();
    assert_eq!(got, [PAYLOAD], "RAW-1");
}

/// The blocks of code of this language in a document.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let behind = document.split(&opening).skip(1);
    behind.filter_map(|text| text.split_once("```")).map(|(code, _)| code.to_owned()).collect()
}

fn the_handler_of_the_readme_is_the_example() {
    let example = shipped::text("examples/lab_gate/main.rs");
    let handlers = blocks(&shipped::text("README.md"), "rust");
    assert_eq!(handlers.len(), 1);
    assert!(example.ends_with(&handlers[0]), "README.md and examples/lab_gate/main.rs differ");
}

fn the_code_of_the_handler_guide_stands_in_the_examples() {
    let examples = ["examples/lab_gate/main.rs", "examples/enrich/main.rs"].map(shipped::text);
    let blocks = blocks(&shipped::text("docs/handlers.md"), "rust");
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(
            examples.iter().any(|example| dedented(example).contains(&dedented(&block))),
            "docs/handlers.md shows code that no example has:\n{block}"
        );
    }
}

/// The code without its indentation.
fn dedented(code: &str) -> String {
    code.lines().map(str::trim_start).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Documents with commands to type.
const DOCUMENTS: [&str; 10] = [
    "README.md",
    "docs/handlers.md",
    "docs/operating.md",
    "docs/rules.md",
    "docs/security.md",
    "docs/testing.md",
    "examples/lab_gate/README.md",
    "examples/enrich/README.md",
    "examples/hospital/README.md",
    "examples/two_sites/README.md",
];

/// Each command with `--help` behind it: it does nothing, and its words and options must exist.
fn every_command_of_the_documents_is_understood() {
    let mut understood = 0;
    for document in DOCUMENTS {
        let typed = blocks(&shipped::text(document), "sh").concat();
        for line in typed.lines() {
            let words = line.split_once(" #").map_or(line, |(command, _comment)| command);
            let Some(command) = as_built(words) else { continue };
            let script = format!("{command} --help");
            let ended = Command::new("sh").args(["-c", &script]).output().expect("a shell");
            let why = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.success(), "{document}: {words}\n{why}");
            understood += 1;
        }
    }
    assert!(understood > DOCUMENTS.len(), "the documents show commands");
}

/// A command of Wardline with the program that `cargo test` has built; other commands are none of ours.
fn as_built(command: &str) -> Option<String> {
    let plain = ["wardline ", "cargo run --release -- "];
    if let Some(arguments) = plain.iter().find_map(|start| command.strip_prefix(start)) {
        return Some(format!("{} {arguments}", shipped::wardline().display()));
    }
    // An alias that its README makes.
    if let Some(arguments) = command.strip_prefix("hospital ") {
        return Some(format!("{} {arguments}", shipped::example("hospital").display()));
    }
    let (name, arguments) = command.strip_prefix("cargo run --example ")?.split_once(" -- ")?;
    Some(format!("{} {arguments}", shipped::example(name).display()))
}
