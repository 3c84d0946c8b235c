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

/// The file of the lookup table, and what stands in it: the assigning authority of the messages among others.
pub(super) const LOOKUP: &str = "authorities.csv";
pub(super) const LOOKUP_TABLE: &str = "theirs,ours\nH,HOSP\nL,LAB\nN,NATIONAL\n";

/// What an analyst usually writes: three rules on the listener …
const RULES: &str = "\
[[listeners.rules]]\nname = \"patient\"\nexpression = \"pid.id != ''\"\nmessage = \"PID-3 is required\"\n\
[[listeners.rules]]\nname = \"sender\"\nexpression = \"msh.sending_fac == 'WARDLINE'\"\nmessage = \"MSH-4\"\n\
[[listeners.rules]]\nname = \"note\"\nexpression = \"has('NTE-3')\"\nmessage = \"NTE-3 is required\"\n";
/// … a condition and four steps on the route, one of them with a condition of its own.
const DECISIONS: &str = "\
when = \"msh.msg_type == 'ADT' && hl7('PID-3.4') == 'H'\"\n\
[[routes.transform]]\nset = \"MSH-5\"\nvalue = \"ARCHIVE\"\n\
[[routes.transform]]\nset = \"MSH-6\"\nvalue = \"CENTRAL\"\n\
[[routes.transform]]\nmap = \"PID-3.4\"\ntable = \"authorities\"\n\
[[routes.transform]]\nclear = \"NTE-2\"\nwhen = \"msh.trigger == 'A01'\"\n";

/// What the engine does with a message.
#[derive(Debug, Clone)]
pub(super) enum Site {
    /// Answers and keeps nothing.
    Discard,
    /// Stores and queues for a destination that is not there.
    Queue,
    /// The same without a history.
    Forgetful,
    /// The same with the history, and the page.
    Watched,
    /// Half of so many interfaces are listeners, each with a destination of its own; the page.
    Hospital {
        /// Who is delivered to.
        peer: SocketAddr,
        /// Listeners and destinations together.
        interfaces: usize,
    },
    /// The same behind a listener with TLS, whose certificate lies in this folder.
    Encrypted(PathBuf),
    /// Stores and delivers to each of these in one lane on one connection.
    Lanes(Vec<SocketAddr>),
    /// Stores and delivers by key on sixteen connections.
    Keys(SocketAddr),
    /// Stores and delivers in any order on four connections.
    Pool(SocketAddr),
    /// The same with rules, conditions and a transform.
    Ruled {
        /// Who is delivered to.
        peer: SocketAddr,
        /// The file of the lookup table.
        table: PathBuf,
    },
}

impl Site {
    /// Whether somebody may look at its page.
    pub(super) fn has_page(&self) -> bool {
        matches!(self, Self::Watched | Self::Hospital { .. })
    }

    /// The configuration as text: data in `data`, messages at `address`, the page at `page` where it has one.
    pub(super) fn config(&self, data: &Path, address: SocketAddr, page: SocketAddr) -> String {
        let unrouted = if matches!(self, Self::Discard) { "discard" } else { "accept" };
        let admin =
            if self.has_page() { format!("[admin]\nbind = \"{page}\"\n") } else { String::new() };
        let history = !matches!(self, Self::Forgetful);
        let mut config = format!(
            "version = 1\n\
             [engine]\nname = \"bench\"\ndata_dir = \"{}\"\n\
             [store]\nmin_free = \"64MiB\"\n\
             [history]\nenabled = {history}\n\
             [log]\nfilter = \"warn\"\n\
             {admin}[[listeners]]\nid = \"in\"\nbind = \"{address}\"\nunrouted = \"{unrouted}\"\n\
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
        if let Self::Ruled { table, .. } = self {
            let file = table.display();
            let _written = write!(config, "{RULES}[lookups.authorities]\nfile = \"{file}\"\n");
        }
        if let Self::Hospital { peer, interfaces } = self {
            many(&mut config, *peer, interfaces / 2);
            return config;
        }
        let (peers, delivery) = match self {
            Self::Discard | Self::Hospital { .. } => return config,
            Self::Queue | Self::Forgetful | Self::Watched | Self::Encrypted(_) => {
                (vec![NOBODY], "order = \"fifo\"\n")
            }
            Self::Lanes(peers) => (peers.clone(), "order = \"fifo\"\n"),
            Self::Keys(peer) => (vec![*peer], "order_by = \"PID-3\"\nconnections = 16\n"),
            Self::Pool(peer) | Self::Ruled { peer, .. } => {
                (vec![*peer], "order = \"none\"\nconnections = 4\n")
            }
        };
        let names: Vec<String> = (0..peers.len()).map(name).collect();
        // Writing to a string does not fail.
        let _written = writeln!(config, "[[routes]]\nid = \"all\"\nto = {names:?}");
        if let Self::Ruled { .. } = self {
            config.push_str(DECISIONS);
        }
        for (name, peer) in names.iter().zip(peers) {
            let _written = write!(
                config,
                "[[destinations]]\nid = \"{name}\"\nkind = \"mllp\"\naddress = \"{peer}\"\n{delivery}"
            );
        }
        config
    }
}

/// So many listeners, the one that is there among them, each with a route and a destination of its own.
fn many(config: &mut String, peer: SocketAddr, pairs: usize) {
    let listener = |pair: usize| match pair {
        0 => "in".to_owned(),
        pair => format!("in-{pair}"),
    };
    // Writing to a string does not fail.
    for pair in 1..pairs {
        let id = listener(pair);
        let _written = write!(config, "[[listeners]]\nid = \"{id}\"\nbind = \"127.0.0.1:0\"\n");
    }
    for pair in 0..pairs {
        let (from, to) = (listener(pair), name(pair));
        let _written = write!(
            config,
            "[[routes]]\nid = \"route-{pair}\"\nfrom = [\"{from}\"]\nmatch = {{}}\nto = [\"{to}\"]\n\
             [[destinations]]\nid = \"{to}\"\nkind = \"mllp\"\naddress = \"{peer}\"\norder = \"fifo\"\n"
        );
    }
}

/// The id of a site's destination, counted from 0.
pub(super) fn name(destination: usize) -> String {
    format!("sink-{destination}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use wardline_flow::{Source, rule};
    use wardline_hl7::Message;

    use super::super::message::Template;
    use super::super::work::SMALL;
    use super::*;

    const PAGE: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7);

    #[test]
    fn every_site_is_a_configuration_that_loads() {
        let folder = tempfile::tempdir().unwrap();
        let sites = [
            Site::Discard,
            Site::Queue,
            Site::Forgetful,
            Site::Watched,
            Site::Hospital { peer: NOBODY, interfaces: 20 },
            Site::Encrypted("tls".into()),
            Site::Lanes(vec![NOBODY, NOBODY]),
            Site::Keys(NOBODY),
            Site::Pool(NOBODY),
            Site::Ruled { peer: NOBODY, table: folder.path().join(LOOKUP) },
        ];
        fs::write(folder.path().join(LOOKUP), LOOKUP_TABLE).unwrap();
        for site in sites {
            let file = folder.path().join("wardline.toml");
            fs::write(&file, site.config(folder.path(), NOBODY, PAGE)).unwrap();
            let loaded = wardline_config::load(&file, &|_| None, &[]);
            assert!(loaded.is_ok(), "{site:?}: {}", loaded.unwrap_err());
        }
    }

    #[test]
    fn what_is_measured_with_rules_keeps_to_them_and_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join(LOOKUP);
        fs::write(&table, LOOKUP_TABLE).unwrap();
        let file = folder.path().join("wardline.toml");
        let site = Site::Ruled { peer: NOBODY, table };
        fs::write(&file, site.config(folder.path(), NOBODY, PAGE)).unwrap();
        let loaded = wardline_config::load(&file, &|_| None, &[]).unwrap();
        let frame = Template::new(SMALL).frame().to_vec();
        let message = Message::parse(frame[1..frame.len() - 2].to_vec().into()).unwrap();
        let (routing, listener) = (&loaded.config.routing, &loaded.config.listeners[0]);
        assert_eq!(listener.rules.len(), 3);
        assert!(rule::check(&listener.rules, &routing.subject(&message)).is_ok());
        let plan = routing.plan(&Source::Listener(listener.id.clone()), &message).unwrap();
        let made = plan.deliveries[0].changed.as_ref().unwrap();
        let text = |path: &str| made.text(&path.parse().unwrap()).unwrap().into_owned();
        assert_eq!((text("MSH-5"), text("PID-3.4")), ("ARCHIVE".to_owned(), "HOSP".to_owned()));
        assert_eq!(routing.routes[0].transform.steps.len(), 4);
    }
}
