//! Who may connect to a listener, and how much of it one source may have.

use insta::assert_snapshot;
use wardline_config::Network;

use crate::site;

const LISTENER: &str = "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n";

#[test]
fn every_limit_on_a_source_is_read() {
    let site = site(&format!(
        "{LISTENER}allow = [\"10.0.0.0/8\", \"fd00::1\"]\nrate = \"200/s\"\nmax_in_flight_per_source = 4\n"
    ));
    let config = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config;
    let listener = &config.listeners[0];
    let allowed: Vec<String> = listener.allow.iter().map(Network::to_string).collect();
    assert_eq!(allowed, ["10.0.0.0/8", "fd00::1/128"]);
    let rate = listener.rate.expect("a rate");
    assert_eq!((rate.messages.get(), rate.per.as_secs()), (200, 1));
    assert_eq!(listener.max_in_flight_per_source.map(usize::from), Some(4));
}

#[test]
fn networks_and_rates_have_their_forms() {
    let site = site(&format!(
        "{LISTENER}allow = [\"10.1.2.3/8\", \"lis.example\", \"10.0.0.0/40\"]\nrate = 200\nmax_in_flight_per_source = 0\n"
    ));
    let faults = site.load(&[]).expect_err("faults");
    assert_snapshot!(site.portable(&faults.to_string()));
}
