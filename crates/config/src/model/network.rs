//! A network as an allow-list names it, and which of them no router of the internet carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Addresses that begin alike (CIDR, RFC 4632 and RFC 4291).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// How many bits of it are the network's.
    prefix: u32,
}

/// This machine's own addresses, and the networks that stay inside a house: loopback, private (RFC 1918), link-local,
/// unique local (RFC 4193).
const INSIDE: [Network; 8] = [
    Network { first: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), prefix: 8 },
    Network { first: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), prefix: 8 },
    Network { first: IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), prefix: 12 },
    Network { first: IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), prefix: 16 },
    Network { first: IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), prefix: 16 },
    Network { first: IpAddr::V6(Ipv6Addr::LOCALHOST), prefix: 128 },
    Network { first: IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), prefix: 7 },
    Network { first: IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), prefix: 10 },
];

impl Network {
    /// The network of `prefix` bits around `address`; none where an address of its kind has fewer bits.
    pub fn around(address: IpAddr, prefix: u32) -> Option<Self> {
        let first = match address {
            IpAddr::V4(address) => {
                let rest = Ipv4Addr::BITS.checked_sub(prefix)?;
                let kept = u32::MAX.checked_shl(rest).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & kept))
            }
            IpAddr::V6(address) => {
                let rest = Ipv6Addr::BITS.checked_sub(prefix)?;
                let kept = u128::MAX.checked_shl(rest).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & kept))
            }
        };
        Some(Self { first, prefix })
    }

    /// One address.
    pub fn of_one(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS };
        Self { first: address, prefix }
    }

    /// Its first address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// Whether an address lies in it. One of version 4 that came in the clothes of version 6 counts as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        Self::around(address.to_canonical(), self.prefix).is_some_and(|network| network == *self)
    }

    /// Whether every address of it lies inside a house, where no router of the internet carries it.
    pub fn is_inside(&self) -> bool {
        INSIDE.iter().any(|inside| inside.prefix <= self.prefix && inside.contains(self.first))
    }
}

/// Whether a socket at this address talks in the clear to the outside: neither is the address inside, nor are all the
/// networks that may connect. Every interface (`0.0.0.0`) is not inside.
pub(super) fn is_plain_in_public(bind: SocketAddr, allow: &[Network], encrypted: bool) -> bool {
    let inside = Network::of_one(bind.ip().to_canonical()).is_inside()
        || (!allow.is_empty() && allow.iter().all(Network::is_inside));
    !encrypted && !inside
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        let (address, prefix) = text.split_once('/').unwrap();
        Network::around(address.parse().unwrap(), prefix.parse().unwrap()).unwrap()
    }

    #[test]
    fn an_address_lies_in_the_networks_it_begins_like() {
        for (of, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.0/23", "10.1.3.9", true),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3/32", "10.1.2.4", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("fd00::/8", "fd12::1", true),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ] {
            assert_eq!(
                network(of).contains(address.parse().unwrap()),
                expected,
                "{address} in {of}"
            );
        }
    }

    #[test]
    fn a_prefix_is_no_longer_than_an_address() {
        assert_eq!(Network::around("10.0.0.1".parse().unwrap(), 33), None);
        assert_eq!(Network::around("::1".parse().unwrap(), 129), None);
        assert_eq!(network("10.1.2.3/8").to_string(), "10.0.0.0/8");
    }

    #[test]
    fn inside_is_what_lies_wholly_in_a_network_of_a_house() {
        for (text, expected) in [
            ("10.20.0.0/16", true),
            ("172.16.0.0/12", true),
            ("172.0.0.0/8", false),
            ("0.0.0.0/0", false),
            ("127.0.0.1/32", true),
            ("fd00::/8", true),
            ("2001:db8::/32", false),
        ] {
            assert_eq!(network(text).is_inside(), expected, "{text}");
        }
    }
}
