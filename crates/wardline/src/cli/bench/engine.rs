//! The engine that is measured: `wardline run` of this binary, with a configuration made for the measurement.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use wardline_engine::control::protocol::{Request, Response, Status, StoreFigures};
use wardline_engine::control::socket_path;

use super::super::reach::{Reach, ReachError};
use super::child::Child;
use super::error::BenchError;
use super::page::{Page, Token};
use super::site::Site;

/// How long an engine may take to listen.
const UP_TIME: Duration = Duration::from_secs(30);
/// Between two looks whether it listens: the precision of the start-up time.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// How long the index may take to catch up with the journal.
const SETTLE_TIME: Duration = Duration::from_secs(120);
/// Between two looks whether it has.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// The file that says what it does.
const CONFIG: &str = "wardline.toml";

/// A running engine in a folder of its own, which goes with it.
pub(super) struct Engine {
    pub(super) child: Child,
    /// Where it takes messages.
    pub(super) address: SocketAddr,
    /// From the start of the process until it took a connection.
    pub(super) listening_after: Duration,
    page: Option<Page>,
    folder: PathBuf,
}

impl Engine {
    /// Starts an engine with its files in a new folder `name` below `folder`.
    pub(super) fn start(folder: &Path, name: &str, site: &Site) -> Result<Self, BenchError> {
        let folder = folder.join(name);
        let unusable = |source| BenchError::Folder { folder: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(unusable)?;
        let (address, of_page) = free_addresses()?;
        let data = folder.join("data");
        let config = site.config(&data, address, of_page);
        fs::write(folder.join(CONFIG), config).map_err(unusable)?;
        let page = if site.has_page() {
            Some(Page { address: of_page, token: Token::make(&data)? })
        } else {
            None
        };
        let (child, listening_after) = launch(&folder, address)?;
        Ok(Self { child, address, listening_after, page, folder })
    }

    /// Its page.
    pub(super) fn page(&self) -> Result<Page, BenchError> {
        self.page.clone().ok_or(BenchError::PageRefused)
    }

    /// Ends it and starts it again on what it has stored.
    pub(super) fn restart(&mut self) -> Result<(), BenchError> {
        self.child.end();
        (self.child, self.listening_after) = launch(&self.folder, self.address)?;
        Ok(())
    }

    /// Asks it something by its control socket.
    pub(super) fn ask(&self, request: &Request) -> Result<Response, BenchError> {
        let socket = socket_path(&self.folder.join("data"));
        Reach::at(&socket).and_then(|mut reach| reach.ask(request)).map_err(BenchError::Ask)
    }

    /// Its figures.
    pub(super) fn status(&self) -> Result<Status, BenchError> {
        match self.ask(&Request::Status)? {
            Response::Status(status) => Ok(*status),
            _ => Err(BenchError::Ask(ReachError::Unexpected)),
        }
    }

    /// The figures of its store.
    pub(super) fn store(&self) -> Result<StoreFigures, BenchError> {
        match self.ask(&Request::StoreStats)? {
            Response::StoreStats(figures) => Ok(*figures),
            _ => Err(BenchError::Ask(ReachError::Unexpected)),
        }
    }

    /// Waits until its index has caught up, so that what is measured next has the machine for itself.
    pub(super) fn settle(&self) -> Result<(), BenchError> {
        let deadline = Instant::now() + SETTLE_TIME;
        while self.store()?.index_lag > 0 && Instant::now() < deadline {
            thread::sleep(ASK_AGAIN);
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It must not write any more when its folder goes.
        self.child.end();
        let _left_behind = fs::remove_dir_all(&self.folder);
    }
}

/// Starts a process on the files in `folder`; it, and how long it took to listen.
fn launch(folder: &Path, address: SocketAddr) -> Result<(Child, Duration), BenchError> {
    let log = folder.join("log");
    let stderr = fs::File::create(&log)
        .map_err(|source| BenchError::Folder { folder: folder.to_owned(), source })?;
    let config = folder.join(CONFIG);
    let begun = Instant::now();
    let mut child =
        Child::start(&["run", &config.to_string_lossy()], Stdio::null(), stderr.into())?;
    while TcpStream::connect(address).is_err() {
        if child.has_ended() || begun.elapsed() > UP_TIME {
            let said = fs::read_to_string(&log).unwrap_or_default();
            return Err(BenchError::NotUp { said });
        }
        thread::sleep(LOOK_AGAIN);
    }
    let listening_after = begun.elapsed();
    // With many interfaces the first one listens well before the last, and before anything can be asked.
    let socket = socket_path(&folder.join("data"));
    while let Err(fault) = Reach::at(&socket) {
        if child.has_ended() || begun.elapsed() > UP_TIME {
            return Err(BenchError::Ask(fault));
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok((child, listening_after))
}

/// Two addresses that nobody has at this moment: for messages, and for the page.
fn free_addresses() -> Result<(SocketAddr, SocketAddr), BenchError> {
    let free = || TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)));
    let both = free().and_then(|one| Ok((one.local_addr()?, free()?.local_addr()?)));
    both.map_err(BenchError::Network)
}
