//! The configurations that are measured.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// More connections than any measurement opens.
const MAX_CONNECTIONS: usize = 10_200;
/// The port of the discard service, where nobody listens.
pub(super) const NOBODY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// The file of the certificate that an encrypted listener shows.
pub(super) const CERTIFICATE: &str = "server.pem";
/// The file of its key.
pub(super) const KEY: &str = "server.key";

/// What the engine does with a message.
#[derive(Debug, Clone)]
pub(super) enum Site {
    /// Answers and keeps nothing.
    Discard,
    /// Stores and queues for a destination that is not there.
    Queue,
    /// The same behind a listener with TLS, whose certificate lies in this folder.
    Encrypted(PathBuf),
    /// Stores and delivers to each of these in one lane on one connection.
    Lanes(Vec<SocketAddr>),
    /// Stores and delivers by key on sixteen connections.
    Keys(SocketAddr),
    /// Stores and delivers in any order on four connections.
    Pool(SocketAddr),
}

impl Site {
    /// The configuration as text: data in `data`, messages at `address`.
    pub(super) fn config(&self, data: &Path, address: SocketAddr) -> String {
        let unrouted = if matches!(self, Self::Discard) { "discard" } else { "accept" };
        let mut config = format!(
            "version = 1\n\
             [engine]\nname = \"bench\"\ndata_dir = \"{}\"\n\
             [store]\nmin_free = \"64MiB\"\n\
             [log]\nfilter = \"warn\"\n\
             [[listeners]]\nid = \"in\"\nbind = \"{address}\"\nunrouted = \"{unrouted}\"\n\
             max_connections = {MAX_CONNECTIONS}\nwhen_full = \"close-newcomer\"\n",
            data.display()
        );
        if let Self::Encrypted(folder) = self {
            let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
            // Writing to a string does not fail.
            let _written = writeln!(
                config,
                "tls = {{ certificate = \"{}\", key = \"{}\" }}",
                certificate.display(),
                key.display()
            );
        }
        let (peers, delivery) = match self {
            Self::Discard => return config,
            Self::Queue | Self::Encrypted(_) => (vec![NOBODY], "order = \"fifo\"\n"),
            Self::Lanes(peers) => (peers.clone(), "order = \"fifo\"\n"),
            Self::Keys(peer) => (vec![*peer], "order_by = \"PID-3\"\nconnections = 16\n"),
            Self::Pool(peer) => (vec![*peer], "order = \"none\"\nconnections = 4\n"),
        };
        let names: Vec<String> = (0..peers.len()).map(name).collect();
        // Writing to a string does not fail.
        let _written = writeln!(config, "[[routes]]\nid = \"all\"\nto = {names:?}");
        for (name, peer) in names.iter().zip(peers) {
            let _written = write!(
                config,
                "[[destinations]]\nid = \"{name}\"\nkind = \"mllp\"\naddress = \"{peer}\"\n{delivery}"
            );
        }
        config
    }
}

/// The id of a site's destination, counted from 0.
pub(super) fn name(destination: usize) -> String {
    format!("sink-{destination}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_site_is_a_configuration_that_loads() {
        let folder = tempfile::tempdir().unwrap();
        let sites = [
            Site::Discard,
            Site::Queue,
            Site::Encrypted("tls".into()),
            Site::Lanes(vec![NOBODY, NOBODY]),
            Site::Keys(NOBODY),
            Site::Pool(NOBODY),
        ];
        for site in sites {
            let file = folder.path().join("wardline.toml");
            fs::write(&file, site.config(folder.path(), NOBODY)).unwrap();
            let loaded = wardline_config::load(&file, &|_| None, &[]);
            assert!(loaded.is_ok(), "{site:?}: {}", loaded.unwrap_err());
        }
    }
}
