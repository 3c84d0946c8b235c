//! The tutorial, done as it is told: every command of it is typed, and says what stands below it.
//!
//! In a `console` block a line that begins with `$ ` is typed into a shell; what stands below it is said, where `…`
//! stands for anything: in a line for a part of it, alone for any lines.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;
use wardline_tests::requirement::Need;
use wardline_tests::{trials, wait};

use crate::shipped;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_command_of_the_tutorial_says_what_stands_there => [Need::Tool("sh")],
    ]
}

/// Where the tutorial's engine listens, and where the test's does: at a free port.
const ADDRESS: &str = "127.0.0.1:2575";
const ANY_ADDRESS: &str = "127.0.0.1:0";
/// Where its page is; the same.
const PAGE: &str = "127.0.0.1:8575";

/// A command and what it says.
struct Typed {
    command: String,
    says: Vec<String>,
}

/// Somebody at a shell, in a folder of his own.
struct Reader {
    home: TempDir,
    at: PathBuf,
    /// Where the engine listens, once it runs.
    address: Option<String>,
    engine: Option<Background>,
}

/// What runs behind a command that ends with `&`; dropped, it is ended.
struct Background(Child);

fn every_command_of_the_tutorial_says_what_stands_there() {
    let typed = commands(&shipped::text("docs/tutorial.md"));
    assert!(typed.len() > 15, "the tutorial has commands: {}", typed.len());
    let mut reader = Reader::new();
    for one in &typed {
        reader.types(one);
    }
}

/// Each command of the `console` blocks, those with a text behind `<<'END'` included.
fn commands(document: &str) -> Vec<Typed> {
    let mut typed: Vec<Typed> = Vec::new();
    for block in document.split("```console\n").skip(1) {
        let block = block.split_once("```").expect("the end of a block").0;
        let mut lines = block.lines();
        while let Some(line) = lines.next() {
            let Some(command) = line.strip_prefix("$ ") else {
                let before = typed.last_mut().expect("a block begins with a command");
                before.says.push(line.to_owned());
                continue;
            };
            let mut command = command.to_owned();
            if command.ends_with("<<'END'") {
                for line in lines.by_ref() {
                    command.push('\n');
                    command.push_str(line);
                    if line == "END" {
                        break;
                    }
                }
            }
            typed.push(Typed { command, says: Vec::new() });
        }
    }
    typed
}

impl Reader {
    fn new() -> Self {
        let home = TempDir::new().expect("a temporary folder");
        let at = home.path().to_owned();
        Self { home, at, address: None, engine: None }
    }

    fn types(&mut self, typed: &Typed) {
        let command = self.here(&typed.command);
        if let Some(folder) = command.strip_prefix("cd ") {
            self.at.push(folder);
            return;
        }
        if let Some(command) = command.strip_suffix(" &") {
            return self.starts(command);
        }
        if command == "kill $!" {
            let engine = self.engine.take().expect("something runs");
            return engine.stop();
        }
        let expected: Vec<String> =
            typed.says.iter().map(|line| self.here(line).trim_end().to_owned()).collect();
        let mut said = self.says(&command);
        if only_looks(&command) {
            // What is delivered arrives a moment behind its answer.
            wait::within(wait::DEADLINE, || {
                said = self.says(&command);
                matches(&expected, &said).then_some(())
            });
        }
        assert!(
            matches(&expected, &said),
            "$ {command}\n\nsays\n{}\n\nand docs/tutorial.md shows\n{}",
            said.join("\n"),
            expected.join("\n")
        );
    }

    /// What a command says, on both of its outputs.
    fn says(&self, command: &str) -> Vec<String> {
        let output = self.shell(command).output().expect("a shell");
        let [data, talk] =
            [output.stdout, output.stderr].map(|said| String::from_utf8(said).expect("text"));
        [data, talk].concat().lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// A text of the tutorial at the addresses of this test.
    fn here(&self, text: &str) -> String {
        match &self.address {
            Some(address) => text.replace(ADDRESS, address),
            None => text.to_owned(),
        }
    }

    fn shell(&self, command: &str) -> Command {
        let program = shipped::wardline();
        let programs = program.parent().expect("a folder").display();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .env("PATH", format!("{programs}:{path}"))
            .env("NO_COLOR", "1")
            .env("HOME", self.home.path())
            .env_remove("WARDLINE_CONFIG")
            .current_dir(&self.at)
            .stdin(Stdio::null());
        shell
    }

    /// Starts the engine, at a free port.
    fn starts(&mut self, command: &str) {
        let configuration = self.at.join("wardline.toml");
        let text = fs::read_to_string(&configuration).expect("the configuration");
        assert!(text.contains(ADDRESS), "the configuration of `wardline init` listens there");
        let store = "\n[store]\nmin_free = \"1MiB\"\nsegment_size = \"4MiB\"\n";
        let text = text.replace(ADDRESS, ANY_ADDRESS).replace(PAGE, ANY_ADDRESS);
        fs::write(&configuration, text + store).expect("written");
        let child = self.shell(command).process_group(0).spawn().expect("a shell");
        self.engine = Some(Background(child));
        self.address = Some(wait::until("the engine to listen", || listens(&self.at)));
    }
}

/// Where the engine of this folder listens.
fn listens(folder: &Path) -> Option<String> {
    let asked = Command::new(shipped::wardline())
        .args(["--config", "wardline.toml", "--json", "status"])
        .current_dir(folder)
        .output()
        .ok()?;
    let status: Value = serde_json::from_slice(&asked.stdout).ok()?;
    let address = status.get("listeners")?.get(0)?.get("address")?.as_str()?;
    Some(address.to_owned())
}

impl Background {
    fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ended_already = kill_process_group(group, signal);
        }
    }

    fn stop(mut self) {
        self.signal(Signal::TERM);
        wait::until("the engine to end", || self.0.try_wait().expect("a child"));
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        let _ended_already = self.0.wait();
    }
}

/// Whether a command changes nothing, so that it may be typed again.
fn only_looks(command: &str) -> bool {
    (command.starts_with("cat ") && !command.contains("<<")) || command.ends_with(" status")
}

/// Whether the lines are these, with `…` for anything.
fn matches(expected: &[String], said: &[String]) -> bool {
    match expected.split_first() {
        None => said.is_empty(),
        Some((line, rest)) if line == "…" => {
            (0..=said.len()).any(|skipped| matches(rest, &said[skipped..]))
        }
        Some((line, rest)) => {
            said.split_first().is_some_and(|(is, said)| fits(line, is) && matches(rest, said))
        }
    }
}

fn fits(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, between)) = pieces.split_last() else { return rest.is_empty() };
    for piece in between {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}
