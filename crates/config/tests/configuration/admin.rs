//! `[admin]`: what it means, and what is wrong with it.

use std::time::Duration;

use insta::assert_snapshot;
use wardline_config::{
    Admin, CertificateFiles, Environment, EnvironmentKind, ServerTls, TlsVersion,
};

use crate::site;

fn faults(text: &str) -> String {
    let site = site(text);
    let faults = site.load(&[]).expect_err("faults");
    site.portable(&faults.to_string())
}

#[test]
fn every_key_is_obeyed() {
    let text = "[admin]\nbind = \"0.0.0.0:9443\"\nsession_idle = \"5min\"\nsession_max = \"1h\"\nmax_connections = 7\n\
                environment = { name = \"st-e\", kind = \"production\" }\n\
                [admin.tls]\ncertificate = \"/a\"\nkey = \"/b\"\nmin_version = \"1.3\"\nhandshake_timeout = \"3s\"\n";
    let config = site(text).load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config;
    let files = CertificateFiles { certificate: "/a".into(), key: "/b".into() };
    let expected = Admin {
        tls: Some(ServerTls {
            min_version: TlsVersion::V1_3,
            handshake_timeout: Duration::from_secs(3),
            ..ServerTls::new(files)
        }),
        environment: Environment {
            name: Some("st-e".to_owned()),
            kind: EnvironmentKind::Production,
        },
        session_idle: Duration::from_secs(5 * 60),
        session_max: Duration::from_secs(60 * 60),
        max_connections: 7.try_into().expect("more than nothing"),
        ..Admin::new(([0, 0, 0, 0], 9443).into())
    };
    assert_eq!(config.admin, Some(expected));
}

#[test]
fn without_the_table_there_is_no_page() {
    let config = site("").load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config;
    assert_eq!(config.admin, None);
}

#[test]
fn this_machine_alone_is_reached_without_encryption() {
    for address in ["127.0.0.1:8575", "127.8.8.8:8575", "[::1]:8575"] {
        assert!(site(&format!("[admin]\nbind = \"{address}\"\n")).load(&[]).is_ok(), "{address}");
    }
    assert_snapshot!(faults("[admin]\nbind = \"0.0.0.0:8575\"\n"));
}

#[test]
fn what_cannot_be_is_told_at_its_place() {
    assert_snapshot!(faults(
        "[admin]\nsession_idle = \"2h\"\nsession_max = \"1h\"\ncolour = \"red\"\n\
         environment = { kind = \"prod\" }\n[admin.tls]\ncertificate = \"/a\"\nclient_ca = \"/c\"\n"
    ));
}

#[test]
fn the_page_has_an_address_of_its_own() {
    assert_snapshot!(faults(
        "[admin]\nbind = \"127.0.0.1:2575\"\n[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:2575\"\n"
    ));
}
