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

/// How long an engine may take to listen.
const UP_TIME: Duration = Duration::from_secs(30);
/// Between two looks whether it listens: the precision of the start-up time.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// How long the index may take to catch up with the journal.
const SETTLE_TIME: Duration = Duration::from_secs(120);
/// Between two looks whether it has.
const ASK_AGAIN: Duration = Duration::from_millis(50);
/// More connections than any measurement opens.
const MAX_CONNECTIONS: usize = 10_200;
/// The destination that routes name.
pub(super) const DESTINATION: &str = "sink";

/// What the engine does with a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Site {
    /// Answers and keeps nothing.
    Discard,
    /// Stores and queues for a destination that is not there.
    Queue,
    /// Stores and delivers in one lane on one connection.
    Lane(SocketAddr),
    /// Stores and delivers in any order on four connections.
    Pool(SocketAddr),
}

/// A running engine in a folder of its own, which goes with it.
pub(super) struct Engine {
    pub(super) child: Child,
    /// Where it takes messages.
    pub(super) address: SocketAddr,
    /// From the start of the process until it took a connection.
    pub(super) listening_after: Duration,
    folder: PathBuf,
}

impl Engine {
    /// Starts an engine with its files in a new folder `name` below `folder`.
    pub(super) fn start(folder: &Path, name: &str, site: Site) -> Result<Self, BenchError> {
        let folder = folder.join(name);
        let unusable = |source| BenchError::Folder { folder: folder.clone(), source };
        fs::create_dir_all(&folder).map_err(unusable)?;
        let address = free_address()?;
        let config = folder.join("wardline.toml");
        fs::write(&config, site.config(&folder.join("data"), address)).map_err(unusable)?;
        let log = folder.join("log");
        let stderr = fs::File::create(&log).map_err(unusable)?;
        let begun = Instant::now();
        let arguments = ["run", &config.to_string_lossy()];
        let mut child = Child::start(&arguments, Stdio::null(), stderr.into())?;
        while TcpStream::connect(address).is_err() {
            if child.has_ended() || begun.elapsed() > UP_TIME {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(BenchError::NotUp { said });
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(Self { child, address, listening_after: begun.elapsed(), folder })
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

impl Site {
    fn config(self, data: &Path, address: SocketAddr) -> String {
        let data = data.display();
        let unrouted = if matches!(self, Self::Discard) { "discard" } else { "accept" };
        let config = format!(
            "version = 1\n\
             [engine]\nname = \"bench\"\ndata_dir = \"{data}\"\n\
             [store]\nmin_free = \"64MiB\"\n\
             [log]\nfilter = \"warn\"\n\
             [[listeners]]\nid = \"in\"\nbind = \"{address}\"\nunrouted = \"{unrouted}\"\n\
             max_connections = {MAX_CONNECTIONS}\nwhen_full = \"close-newcomer\"\n"
        );
        let (peer, delivery) = match self {
            Self::Discard => return config,
            // The port of the discard service, where nobody listens.
            Self::Queue => (SocketAddr::from(([127, 0, 0, 1], 9)), ""),
            Self::Lane(peer) => (peer, "order = \"fifo\"\n"),
            Self::Pool(peer) => (peer, "order = \"none\"\nconnections = 4\n"),
        };
        let destination = format!(
            "[[routes]]\nid = \"all\"\nto = [\"{DESTINATION}\"]\n\
             [[destinations]]\nid = \"{DESTINATION}\"\nkind = \"mllp\"\naddress = \"{peer}\"\n{delivery}"
        );
        config + &destination
    }
}

/// An address that nobody has at this moment.
fn free_address() -> Result<SocketAddr, BenchError> {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .and_then(|listener| listener.local_addr())
        .map_err(BenchError::Network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_site_is_a_configuration_that_loads() {
        let folder = tempfile::tempdir().unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], 2575));
        for site in [Site::Discard, Site::Queue, Site::Lane(address), Site::Pool(address)] {
            let file = folder.path().join("wardline.toml");
            fs::write(&file, site.config(folder.path(), address)).unwrap();
            let loaded = wardline_config::load(&file, &|_| None, &[]);
            assert!(loaded.is_ok(), "{site:?}: {}", loaded.unwrap_err());
        }
    }
}
