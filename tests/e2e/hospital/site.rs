//! St. Elsewhere as `examples/hospital` has it, with ports of its own and every system around it played by the test.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::wait;

use crate::shipped::{self, arrived, find};

/// The example's folder.
pub(super) const EXAMPLE: &str = "examples/hospital";

/// The systems that are delivered to over MLLP, with the address that each has in the example.
pub(super) const SYSTEMS: [(&str, &str); 5] = [
    ("lis", "127.0.0.1:2620"),
    ("ris", "127.0.0.1:2621"),
    ("pharmacy", "127.0.0.1:2622"),
    ("record", "127.0.0.1:2623"),
    ("portal", "127.0.0.1:2624"),
];

/// Where the registry's web server is in the example.
const REGISTRY: &str = "127.0.0.1:2625";

/// The listeners that others connect to, with their addresses.
const DOORS: [&str; 5] =
    ["127.0.0.1:2610", "127.0.0.1:2611", "127.0.0.1:2612", "127.0.0.1:2613", "127.0.0.1:2614"];

/// The running hospital.
pub(super) struct Hospital {
    pub(super) engine: Engine,
    pub(super) site: Site,
    systems: Vec<(&'static str, Sink)>,
    analyzer: TcpListener,
    /// The registry's port, where no test of the registry has a server for it.
    _registry: Option<TcpListener>,
}

impl Hospital {
    /// Starts it, every system up but the registry.
    pub(super) fn open() -> Self {
        let registry = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = registry.local_addr().expect("a bound socket").port();
        Self { _registry: Some(registry), ..Self::open_beside(port) }
    }

    /// Starts it beside a registry at this port.
    pub(super) fn open_beside(registry: u16) -> Self {
        let systems: Vec<_> =
            SYSTEMS.iter().map(|(system, _)| (*system, Sink::accepting())).collect();
        let analyzer = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let dialled = analyzer.local_addr().expect("a bound socket").to_string();
        let mut main: Vec<(&str, &str)> = DOORS.map(|door| (door, "127.0.0.1:0")).to_vec();
        main.extend([
            ("127.0.0.1:2616", dialled.as_str()),
            ("var/hospital/data", "data"),
            ("pattern = \"*.hl7\"", "stable_for = \"20ms\"\npoll_every = \"20ms\""),
        ]);
        let site =
            shipped::site(shipped::example("hospital"), &format!("{EXAMPLE}/wardline.toml"), &main);
        let mut destinations = shipped::text(&format!("{EXAMPLE}/destinations.toml"));
        for ((_, address), (_, sink)) in SYSTEMS.iter().zip(&systems) {
            assert!(destinations.contains(address), "destinations.toml has no {address}");
            destinations = destinations.replace(address, &sink.address().to_string());
        }
        assert!(destinations.contains(REGISTRY), "destinations.toml has no {REGISTRY}");
        destinations = destinations.replace(REGISTRY, &format!("127.0.0.1:{registry}"));
        fs::write(site.folder().join("destinations.toml"), destinations).expect("a folder");
        for folder in ["routes.d", "lookups", "scripts"] {
            copy(&shipped::file(EXAMPLE).join(folder), &site.folder().join(folder));
        }
        fs::create_dir_all(site.folder().join("var/hospital/charges")).expect("a folder");
        let engine = site.start();
        Self { engine, site, systems, analyzer, _registry: None }
    }

    /// The system of this id.
    pub(super) fn system(&self, id: &str) -> &Sink {
        let found = self.systems.iter().find(|(system, _)| *system == id);
        &found.expect("a system of the hospital").1
    }

    /// Every system, in the order of [`SYSTEMS`].
    pub(super) fn systems(&self) -> impl Iterator<Item = (&'static str, &Sink)> {
        self.systems.iter().map(|(system, sink)| (*system, sink))
    }

    /// A connection to a listener.
    pub(super) fn peer(&self, listener: &str) -> Peer {
        Peer::connect(self.engine.address(listener))
    }

    /// The analyzer's end of the connection that the engine dials.
    pub(super) fn analyzer(&self) -> Peer {
        let (stream, _) = self.analyzer.accept().expect("the engine dials");
        Peer::over(stream).expect("a connected socket")
    }

    /// Sends the message of a case; the answer's MSA and ERR as one text.
    pub(super) fn send(&self, listener: &str, case: &str) -> String {
        told(&self.peer(listener).exchange(&message_of(case)))
    }

    /// Puts a file into the folder of the theatres, as a careful sender does.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        let (draft, file) = (self.charges(&format!(".{name}")), self.charges(name));
        fs::write(&draft, bytes).expect("a writable folder");
        fs::rename(draft, file).expect("a rename");
    }

    /// A file below the folder of the theatres.
    pub(super) fn charges(&self, name: &str) -> PathBuf {
        self.site.folder().join("var/hospital/charges").join(name)
    }

    /// Waits for the file of this control id in a folder of the hospital.
    pub(super) fn filed(&self, folder: &str, control_id: &str) -> Vec<u8> {
        arrived(&self.folder(folder), &format!("{control_id}.hl7"))
    }

    /// Whether there is no such file.
    pub(super) fn is_not_filed(&self, folder: &str, control_id: &str) -> bool {
        find(&self.folder(folder), &format!("{control_id}.hl7")).is_none()
    }

    pub(super) fn folder(&self, folder: &str) -> PathBuf {
        self.site.folder().join("var/hospital").join(folder)
    }

    /// Waits until nothing is left to be delivered.
    pub(super) fn settle(&self) {
        wait::until_so("every queue of the hospital to drain", || {
            self.engine.queues().iter().all(|queue| queue.pending == 0)
        });
    }
}

/// The message of a case of the example, byte for byte.
pub(super) fn message_of(case: &str) -> Vec<u8> {
    file_of(&format!("{case}/message.hl7"))
}

/// A file below the cases of the example.
pub(super) fn file_of(name: &str) -> Vec<u8> {
    fs::read(shipped::file(EXAMPLE).join("cases").join(name)).expect("a file of the example")
}

/// MSA-1, ERR-3.1 where there is one, and MSA-3, of an answer.
pub(super) fn told(answer: &[u8]) -> String {
    let of = |segment, number| wardline_tests::message::field(answer, segment, number);
    let (code, text) = (of("MSA", 1), of("MSA", 3));
    let error = of("ERR", 3).split('^').next().unwrap_or_default().to_owned();
    [code, error, text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a writable folder");
    for entry in fs::read_dir(from).expect("a folder of the example") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}
