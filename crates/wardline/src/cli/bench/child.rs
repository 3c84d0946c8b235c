//! Processes of this same binary that are measured, or measured against. They end with the measurement.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child as StdChild, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::error::BenchError;
use super::process::Process;

/// How long a process may take to end when it is asked to.
const END_TIME: Duration = Duration::from_secs(20);
/// Between two looks whether it has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running process of this binary.
#[derive(Debug)]
pub(super) struct Child(StdChild);

impl Child {
    /// Starts this binary with these arguments.
    pub(super) fn start(
        arguments: &[&str],
        stdout: Stdio,
        stderr: Stdio,
    ) -> Result<Self, BenchError> {
        let binary = std::env::current_exe().map_err(BenchError::Start)?;
        Command::new(binary)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .map(Self)
            .map_err(BenchError::Start)
    }

    /// The bare echo, and where it listens.
    pub(super) fn start_echo() -> Result<(Self, SocketAddr), BenchError> {
        let mut child = Self::start(&["bench", "--echo"], Stdio::piped(), Stdio::inherit())?;
        let mut line = String::new();
        if let Some(stdout) = child.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(BenchError::Start)?;
        }
        let address = line.trim().parse().map_err(|_| BenchError::NotUp { said: line })?;
        Ok((child, address))
    }

    /// As the system shows it.
    pub(super) fn process(&self) -> Process {
        Process(self.0.id())
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Asks it to end, and ends it where it does not.
    pub(super) fn end(&mut self) {
        let asked = i32::try_from(self.0.id())
            .ok()
            .and_then(Pid::from_raw)
            .is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        let deadline = Instant::now() + END_TIME;
        while asked && Instant::now() < deadline {
            if self.has_ended() {
                return;
            }
            thread::sleep(LOOK_AGAIN);
        }
        // It may have ended meanwhile; then there is nothing to kill and only the number to give back.
        let _ended = self.0.kill();
        let _given_back = self.0.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}
