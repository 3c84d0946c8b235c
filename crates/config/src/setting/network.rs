//! Networks: `"10.0.0.0/8"`, `"fd00::/8"`, or one address.

use std::net::IpAddr;

use super::{Setting, Wrong};
use crate::model::Network;

impl Setting for Network {
    const EXPECTED: &'static str = "a network such as \"10.0.0.0/8\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let wrong = || Wrong::text::<Self>(text);
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| {
            wrong().hint("write an address, and behind `/` how many of its bits count; no names")
        })?;
        let Some(prefix) = prefix else { return Ok(Self::of_one(address)) };
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let network = prefix.parse().ok().and_then(|prefix| Self::around(address, prefix));
        let network =
            network.ok_or_else(|| wrong().hint(format!("behind `/` stands 0 to {bits}")))?;
        if network.first() == address {
            Ok(network)
        } else {
            Err(wrong().hint(format!("write \"{network}\", or \"{address}\" alone")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_single_addresses_are_read() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3/32"),
            ("fd00::/8", "fd00::/8"),
            ("::1", "::1/128"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(Network::from_text(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_names_no_network_is_refused() {
        for text in
            ["", "10", "10.0.0.0/33", "10.0.0.0/", "10.1.2.3/8", "lis.example", "fd00::/129"]
        {
            assert!(Network::from_text(text).is_err(), "{text}");
        }
        let slip = Network::from_text("10.1.2.3/8").unwrap_err();
        assert_eq!(slip.hint.as_deref(), Some("write \"10.0.0.0/8\", or \"10.1.2.3\" alone"));
    }
}
