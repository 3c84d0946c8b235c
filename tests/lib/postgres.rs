//! A real database server in a folder of a test's own, that can be killed and started again.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::certificates::Issued;
use crate::wait;

/// The user, database and password of every one.
pub const USER: &str = "wardline";
/// Its password.
pub const PASSWORD: &str = "s3cret";

/// A running server; the database `postgres` is empty. Dropping it ends it.
pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    is_encrypted: bool,
    child: Option<Child>,
}

impl Postgres {
    /// One that listens on a free port of this machine.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// One that speaks nothing but TLS, and shows this.
    pub fn start_encrypted(shown: &Issued) -> Self {
        Self::start_with(Some(shown))
    }

    fn start_with(shown: Option<&Issued>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let programs = programs().expect("the need of this test");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a writable folder");
        if let Some(shown) = shown {
            shown.write(folder.path(), "server");
            let key = folder.path().join("server.key");
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("our file");
        }
        give_away(folder.path());
        let mut server =
            Self { folder, programs, port: 0, is_encrypted: shown.is_some(), child: None };
        let made = server
            .program("initdb")
            .args(["--auth=scram-sha-256", "--no-sync", "--encoding=UTF8", "--username", USER])
            .arg("--pwfile")
            .arg(&password)
            .arg(server.data())
            .output()
            .expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let hba = if server.is_encrypted { "hostssl" } else { "host" };
        let hba = format!("{hba} all all 127.0.0.1/32 scram-sha-256\n");
        fs::write(server.data().join("pg_hba.conf"), hba).expect("a writable folder");
        server.port = free_port();
        server.restart();
        server
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The same by name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again, at the same port, and waits until it lets somebody in.
    pub fn restart(&mut self) {
        self.kill();
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        let mut settings = vec![
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "fsync=off".to_owned(),
            "max_connections=20".to_owned(),
        ];
        if self.is_encrypted {
            settings.push("ssl=on".to_owned());
            for (key, file) in [("ssl_cert_file", "server.pem"), ("ssl_key_file", "server.key")] {
                settings.push(format!("{key}={}", self.folder.path().join(file).display()));
            }
        }
        for setting in settings {
            server.args(["-c", &setting]);
        }
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_file());
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log file"));
        self.child = Some(server.spawn().expect("postgres"));
        wait::until_so("the database to let somebody in", || {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "{}", fs::read_to_string(self.log_file()).unwrap_or_default());
            self.try_query("select 1").is_some()
        });
    }

    /// Ends it as a fault does: nobody is asked, nothing is finished.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process");
        let _ended_already = kill_process(process, Signal::QUIT);
        child.wait().expect("a child process");
    }

    /// What a query gives: lines, with `|` between columns.
    pub fn query(&self, sql: &str) -> Vec<String> {
        self.try_query(sql).unwrap_or_else(|| panic!("the database did not do {sql}"))
    }

    /// Waits until a query gives this.
    pub fn wait_for(&self, sql: &str, expected: &[&str]) {
        wait::until_so(&format!("{sql} to give {expected:?}"), || {
            self.try_query(sql).is_some_and(|lines| lines == expected)
        });
    }

    fn try_query(&self, sql: &str) -> Option<Vec<String>> {
        let output = self
            .program("psql")
            .args([
                "--no-psqlrc",
                "-qAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                "127.0.0.1",
                "-d",
                "postgres",
            ])
            .args(["-U", USER, "-p", &self.port.to_string(), "-c", sql])
            .env("PGPASSWORD", PASSWORD)
            .env("PGCONNECT_TIMEOUT", "5")
            .output()
            .expect("psql");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        output.status.success().then(|| text.lines().map(str::to_owned).collect())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// One of its programs, as whoever may run it.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        // A home of somebody else would be looked through for certificates.
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        if let Some([user, group]) = unprivileged() {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The folder of the programs, which Debian keeps off the PATH.
pub fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_all = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).is_file())
    };
    folders.into_iter().rev().chain(std::env::split_paths(&path)).find(has_all)
}

/// The server refuses to run for root: whom it runs for then.
fn unprivileged() -> Option<[u32; 2]> {
    if !geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the users of this machine");
    let user = users.lines().find(|line| line.starts_with("postgres:"));
    let mut parts = user.expect("the package's user").split(':').skip(2);
    let mut id = || parts.next().and_then(|id| id.parse().ok()).expect("an id");
    Some([id(), id()])
}

/// Everything there belongs to whom the server runs for.
fn give_away(folder: &Path) {
    let Some([user, group]) = unprivileged() else { return };
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        chown(entry.path(), Some(user), Some(group)).expect("root");
    }
    chown(folder, Some(user), Some(group)).expect("root");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}
