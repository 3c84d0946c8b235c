//! Where to listen, and whom to call.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{Setting, Shape, Wrong};

/// The longest host name (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;

impl Setting for SocketAddr {
    const EXPECTED: &'static str = "an address and a port such as \"0.0.0.0:2575\"";
    const SHAPE: Shape = Shape::Form(".+:[0-9]+");

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| {
            let wrong = Wrong::text::<Self>(text);
            let Some((host, port)) = text.rsplit_once(':') else {
                return wrong.hint("the port is missing; 0 takes a free one");
            };
            match (host, port) {
                (_, port) if port.parse::<u16>().is_err() => {
                    wrong.hint("a port is a number from 0 to 65535")
                }
                ("localhost", port) => wrong.hint(format!("write \"127.0.0.1:{port}\"")),
                ("" | "*", port) => {
                    wrong.hint(format!("write \"0.0.0.0:{port}\" for every interface"))
                }
                (_, _) => wrong.hint("a listener needs an address of this machine, not a name"),
            }
        })
    }

    fn from_integer(port: i64) -> Result<Self, Wrong> {
        Err(Wrong::type_of::<Self>().hint(format!("write \"0.0.0.0:{port}\" for every interface")))
    }
}

/// `host:port`, to be resolved at each connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeerAddress(pub(crate) String);

impl Setting for PeerAddress {
    const EXPECTED: &'static str = "a host and a port such as \"10.1.2.3:2575\"";
    const SHAPE: Shape = Shape::Form(".+:[0-9]+");

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let wrong = || Wrong::text::<Self>(text);
        let (host, port) =
            text.rsplit_once(':').ok_or_else(|| wrong().hint("the port is missing"))?;
        match port.parse::<u16>() {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Err(wrong().hint("a port is a number from 1 to 65535")),
        }
        if let Some(inside) = host.strip_prefix('[') {
            let address =
                inside.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok());
            return address.map(|_| Self(text.to_owned())).ok_or_else(wrong);
        }
        if host.contains(':') {
            return Err(
                wrong().hint(format!("an IPv6 address stands in brackets: \"[{host}]:{port}\""))
            );
        }
        if !is_host(host) {
            return Err(wrong());
        }
        Ok(Self(text.to_owned()))
    }
}

/// A host as a certificate names it: a DNS name or an address without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host(pub(crate) String);

impl Setting for Host {
    const EXPECTED: &'static str = "a host such as \"lis.hospital.example\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        if text.parse::<IpAddr>().is_ok() || is_host(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Wrong::text::<Self>(text))
        }
    }
}

fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= MAX_HOST && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_both_kinds_of_addresses_are_peers() {
        for text in ["10.1.2.3:2575", "lis.hospital.example:6661", "[::1]:2575", "lab_1:1"] {
            assert_eq!(PeerAddress::from_text(text), Ok(PeerAddress(text.to_owned())));
        }
    }

    #[test]
    fn nothing_else_is_a_peer() {
        for text in [
            "",
            "10.1.2.3",
            "10.1.2.3:",
            "10.1.2.3:0",
            "10.1.2.3:70000",
            ":2575",
            "::1:2575",
            "[::x]:1",
            "mllp://a:1",
            "a b:1",
        ] {
            assert!(PeerAddress::from_text(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_host_has_no_port() {
        for text in ["lis.hospital.example", "10.1.2.3", "fe80::1"] {
            assert_eq!(Host::from_text(text), Ok(Host(text.to_owned())));
        }
        for text in ["", "lis:2575", "[::1]", "a b", "https://lis"] {
            assert!(Host::from_text(text).is_err(), "{text}");
        }
    }
}
