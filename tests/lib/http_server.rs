//! A web server: that of Python's standard library, in a process of its own, so that it can be killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::certificates::Issued;
use crate::wait;

/// One that answers as its plan says. Dropping it kills it.
pub struct HttpServer {
    folder: TempDir,
    port: u16,
    tls: Option<[PathBuf; 2]>,
    child: Option<Child>,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct HttpRequest(Value);

impl HttpServer {
    /// One that answers as `plan`, a JSON list of replies, says: the nth request gets the nth, from its end on the last.
    pub fn start(plan: &str) -> Self {
        Self::start_with(plan, None)
    }

    /// The same behind a certificate.
    pub fn start_with(plan: &str, shown: Option<&Issued>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let tls = shown.map(|shown| {
            shown.write(folder.path(), "server");
            ["server.pem", "server.key"].map(|name| folder.path().join(name))
        });
        let mut server = Self { folder, port: 0, tls, child: None };
        server.plan(plan);
        server.restart();
        server
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Answers so from here on; requests are counted from the first that ever came.
    pub fn plan(&self, plan: &str) {
        let path = self.folder.path().join("plan.json");
        let beside = self.folder.path().join("plan.new");
        fs::write(&beside, plan).expect("a writable folder");
        fs::rename(beside, path).expect("a writable folder");
    }

    /// Ends it as a power button does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process that nobody has waited for yet");
            child.wait().expect("a child process");
        }
    }

    /// Starts it again, at the same port.
    pub fn restart(&mut self) {
        self.kill();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/lib/http_server.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(self.folder.path())
            .arg(self.port.to_string())
            .args(self.tls.iter().flatten())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out).read_line(&mut line).expect("its port");
        self.child = Some(child);
        self.port = line.trim().parse().expect("the server has started and told its port");
    }

    /// Everything that has arrived so far, in its order.
    pub fn requests(&self) -> Vec<HttpRequest> {
        let log = fs::read_to_string(self.folder.path().join("requests.jsonl")).unwrap_or_default();
        // A server that is killed may have left half a line.
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).map(HttpRequest).collect()
    }

    /// Waits until so many requests have arrived.
    pub fn wait_for(&self, count: usize) -> Vec<HttpRequest> {
        wait::until(&format!("{count} requests"), || {
            Some(self.requests()).filter(|requests| requests.len() >= count)
        })
    }
}

impl HttpRequest {
    /// `POST`.
    pub fn method(&self) -> &str {
        self.0["method"].as_str().expect("a method")
    }

    /// The path with its query.
    pub fn path(&self) -> &str {
        self.0["path"].as_str().expect("a path")
    }

    /// What a header says, named in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0["headers"][name].as_str()
    }

    /// The bytes of its body.
    pub fn body(&self) -> Vec<u8> {
        let text = self.0["body"].as_str().expect("a body");
        text.chars().map(|byte| u8::try_from(u32::from(byte)).expect("latin-1")).collect()
    }

    /// Its body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body()).expect("JSON")
    }

    /// Which connection brought it, counted from 1 since the last start.
    pub fn connection(&self) -> u64 {
        self.0["connection"].as_u64().expect("a number")
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.kill();
    }
}
