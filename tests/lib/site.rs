//! A site: a folder with a configuration, and the engine that runs on it, in a process of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use wardline_engine::control::protocol::{QueueRow, Request, Response, Status};
use wardline_engine::observe::ListenerCounts;

use crate::wait;

/// A folder with `wardline.toml` in it; relative paths of the configuration start there.
pub struct Site {
    folder: TempDir,
    program: PathBuf,
}

/// A running engine. Dropping it kills it.
pub struct Engine {
    child: Child,
    folder: PathBuf,
    log: PathBuf,
}

/// Free space a test store asks for: test machines are small.
const STORE: &str = "[store]\nmin_free = \"1MiB\"\nsegment_size = \"4MiB\"\n";

impl Site {
    /// A site run by `program` with this configuration. `version`, `[engine]` and `[store]` are written for it
    /// unless it has its own.
    pub fn new(program: impl Into<PathBuf>, configuration: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let site = Self { folder, program: program.into() };
        site.configure(configuration);
        site
    }

    /// Replaces the configuration, for the next start.
    pub fn configure(&self, configuration: &str) {
        let mut text = String::new();
        if !configuration.contains("version = 1") {
            text.push_str("version = 1\n");
        }
        if !configuration.contains("[engine]") {
            text.push_str("[engine]\ndata_dir = \"data\"\n");
        }
        if !configuration.contains("[store]") {
            text.push_str(STORE);
        }
        text.push_str(configuration);
        std::fs::write(self.folder().join("wardline.toml"), text).expect("a writable folder");
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The store's folder.
    pub fn store(&self) -> PathBuf {
        self.folder().join("data/store")
    }

    /// Starts the engine and waits until it answers.
    pub fn start(&self) -> Engine {
        let mut engine = self.spawn(&[]);
        engine.wait_until_up();
        engine
    }

    /// Starts the engine with these variables in its environment and doesn't wait.
    pub fn spawn(&self, environment: &[(&str, &str)]) -> Engine {
        self.run(&["run", "wardline.toml"], environment)
    }

    /// Starts the engine on these variables alone: no file is named.
    pub fn spawn_on_environment(&self, environment: &[(&str, &str)]) -> Engine {
        self.run(&["run"], environment)
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Engine {
        let log = self.folder().join("log");
        let written = std::fs::OpenOptions::new().create(true).append(true).open(&log);
        let child = Command::new(&self.program)
            .args(arguments)
            .current_dir(self.folder())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(written.expect("a log file"))
            .spawn()
            .expect("the engine's program");
        Engine { child, folder: self.folder().to_owned(), log }
    }

    /// Runs another command of the engine's program in this folder.
    pub fn command<I: IntoIterator<Item = S>, S: Into<OsString>>(&self, arguments: I) -> Output {
        Command::new(&self.program)
            .args(arguments.into_iter().map(Into::into))
            .env("NO_COLOR", "1")
            .env_remove("WARDLINE_CONFIG")
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .output()
            .expect("the engine's program")
    }
}

impl Engine {
    /// Waits until the control socket answers; panics with the log when the process ends instead.
    pub fn wait_until_up(&mut self) {
        wait::until("the engine to answer its control socket", || {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the engine ended with {status}:\n{}", self.log());
            }
            matches!(self.try_ask(&Request::Status), Some(Response::Status(_))).then_some(())
        });
    }

    /// Asks over the control socket.
    pub fn ask(&self, request: &Request) -> Response {
        self.try_ask(request).expect("the engine answers its control socket")
    }

    /// The engine at a glance.
    pub fn status(&self) -> Status {
        match self.ask(&Request::Status) {
            Response::Status(status) => *status,
            other => panic!("asked for the status, got {other:?}"),
        }
    }

    /// Where a listener listens.
    pub fn address(&self, listener: &str) -> SocketAddr {
        let status = self.status();
        let row = status.listeners.iter().find(|row| row.id == listener);
        row.expect("a listener of this id").address.parse().expect("an address")
    }

    /// Where the page is.
    pub fn page(&self) -> SocketAddr {
        let log = self.log();
        let told = log.rsplit_once("the page is at http").expect("a page").1;
        let address = told.trim_start_matches('s').trim_start_matches("://");
        let address = address.split_whitespace().next().expect("an address");
        address.parse().expect("an address")
    }

    /// The counters of a listener.
    pub fn counts(&self, listener: &str) -> ListenerCounts {
        let status = self.status();
        let row = status.listeners.iter().find(|row| row.id == listener);
        row.expect("a listener of this id").counts
    }

    /// Every destination and its queue.
    pub fn queues(&self) -> Vec<QueueRow> {
        match self.ask(&Request::Queues) {
            Response::Queues { queues } => queues,
            other => panic!("asked for the queues, got {other:?}"),
        }
    }

    /// A destination and its queue.
    pub fn queue(&self, destination: &str) -> QueueRow {
        let mut queues = self.queues().into_iter();
        queues.find(|row| row.destination == destination).expect("a queue of this destination")
    }

    /// Waits until a queue looks like this.
    pub fn wait_for_queue(
        &self,
        destination: &str,
        what: &str,
        mut is_so: impl FnMut(&QueueRow) -> bool,
    ) -> QueueRow {
        wait::until(&format!("queue {destination}: {what}"), || {
            let row = self.queue(destination);
            is_so(&row).then_some(row)
        })
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process, as the kernel's calls take it.
    pub fn process(&self) -> Pid {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.process(), signal).expect("a running process");
    }

    /// Ends it as a power button does; panics if it had ended otherwise.
    pub fn kill(mut self) {
        self.child.kill().expect("a process that nobody has waited for yet");
        let status = self.child.wait().expect("a child process");
        let signal = status.signal();
        assert_eq!(signal, Some(Signal::KILL.as_raw()), "{status}:\n{}", self.log());
    }

    /// Asks it to drain and waits for its end.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        wait::until("the engine to end", || self.child.try_wait().expect("a child process"))
    }

    /// Everything it has logged so far, starts before this one included.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Resident memory, bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.status().resident_bytes
    }

    /// The same of an engine that may end before it answers.
    pub fn try_ask(&self, request: &Request) -> Option<Response> {
        let stream = UnixStream::connect(self.folder.join("data/control.sock")).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        let mut line = serde_json::to_string(request).expect("a request");
        line.push('\n');
        (&stream).write_all(line.as_bytes()).ok()?;
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).ok()?;
        serde_json::from_str(&answer).ok()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}
