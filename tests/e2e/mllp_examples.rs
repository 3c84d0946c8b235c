//! The examples of `wardline-mllp`, run as their first lines say: with each other and with the engine.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use libtest_mimic::Trial;
use wardline_tests::trials;

use crate::ours::running;
use crate::shipped::{arrived, example, printed};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_publisher_prints_the_answer_of_the_engine,
        the_bulk_publisher_prints_messages_per_second,
        the_listener_answers_the_publisher,
    ]
}

fn run(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(example(name)).args(arguments).stdin(Stdio::null()).output();
    printed(&output.expect("the example"))
}

fn the_publisher_prints_the_answer_of_the_engine() {
    let (site, engine) = running("");
    let answer = run("publisher", &[&engine.address("in").to_string()]);
    assert!(answer.contains("MSA|AA|M1"), "{answer}");
    arrived(&site.folder().join("out"), "M1.hl7");
}

fn the_bulk_publisher_prints_messages_per_second() {
    let (_site, engine) = running("");
    let address = engine.address("in").to_string();
    let quiet = run("bulk_publisher", &[&address, "2000", "--quiet"]);
    assert!(quiet.starts_with("2000 messages in ") && quiet.trim_end().ends_with(" messages/s"));
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
    let told = run("bulk_publisher", &[&address, "2000"]);
    assert_eq!(told.lines().next(), Some("1000 of 2000 answered"));
    assert_eq!(engine.counts("in").stored, 4000);
}

/// The listener example, killed when dropped.
struct Listener {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

impl Listener {
    fn start() -> Self {
        let spawned =
            Command::new(example("listener")).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn();
        let mut child = spawned.expect("the example");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }
}

fn the_listener_answers_the_publisher() {
    let mut listener = Listener::start();
    let line = listener.line();
    let address = line.strip_prefix("listening on ").expect("where it listens");
    assert!(run("publisher", &[address]).contains("MSA|AA|M1"));
    assert!(listener.line().ends_with(" bytes"));
    assert!(listener.line().ends_with(" closed"));
    let answer = run("publisher", &[address, "Hello World"]);
    assert!(answer.contains("MSA|AA|"), "any payload passes: {answer}");
}
