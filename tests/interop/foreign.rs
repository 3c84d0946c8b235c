//! A program of somebody else's at the other end, and the engine at this one.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::requirement;
use wardline_tests::site::{Engine, Site};

/// A listener `in` before one destination `other`.
fn configuration(destination: &str) -> String {
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
match = {{}}
to = ["other"]

[[destinations]]
id = "other"
{destination}
"#
    )
}

fn running(destination: &str) -> (Site, Engine) {
    let program = env!("CARGO_BIN_EXE_wardline-under-test");
    let site = Site::new(program, &configuration(destination));
    let engine = site.start();
    (site, engine)
}

/// An engine that takes messages, for a client of somebody else's.
pub(crate) fn receiving() -> (Site, Engine) {
    running("kind = \"file\"\npath = \"out/{control_id}.hl7\"")
}

/// An engine that delivers to a server of somebody else's.
pub(crate) fn delivering_to(address: SocketAddr) -> (Site, Engine) {
    running(&format!("kind = \"mllp\"\naddress = \"{address}\""))
}

/// Sends these messages through the engine and waits until the destination has answered for each.
pub(crate) fn deliver(engine: &Engine, control_ids: &[&str]) {
    let mut peer = Peer::connect(engine.address("in"));
    for control_id in control_ids {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
    let row = engine.wait_for_queue("other", "delivered", |row| row.pending == 0);
    assert_eq!((row.dead, row.held), (0, 0), "{row:?}");
}

/// What was received, one file for each message, by its control id.
pub(crate) fn stored(site: &Site, control_id: &str) -> Vec<u8> {
    let file = site.folder().join("out").join(format!("{control_id}.hl7"));
    wardline_tests::wait::until(&format!("{}", file.display()), || std::fs::read(&file).ok())
}

/// A file of this folder.
pub(crate) fn script(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop").join(path)
}

/// Node with the packages that `.ci/interop` installs.
pub(crate) fn node(name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(script("node").join(name));
    command.env("NODE_PATH", requirement::interop().join("node/node_modules"));
    command
}

/// What a program printed, once it has ended well.
pub(crate) fn printed(command: &mut Command) -> Vec<u8> {
    let output = command.stdin(Stdio::null()).output().expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A program that runs beside the engine. Dropping it ends it.
pub(crate) struct Foreign {
    child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    pub(crate) stdout: BufReader<ChildStdout>,
}

impl Foreign {
    /// Starts it.
    pub(crate) fn start(command: &mut Command) -> Self {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.expect("the program");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, stdin, stdout }
    }

    /// The next line it prints; it has to print one.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("text");
        assert!(line.ends_with('\n'), "it ended instead of printing a line: {line:?}");
        line.trim_end().to_owned()
    }

    /// The address of a server that prints its port first.
    pub(crate) fn address(&mut self) -> SocketAddr {
        let port = self.line().parse().expect("a port");
        SocketAddr::from(([127, 0, 0, 1], port))
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

/// A command with arguments, in one expression.
pub(crate) fn command<S: AsRef<OsStr>>(program: impl AsRef<OsStr>, arguments: &[S]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}
