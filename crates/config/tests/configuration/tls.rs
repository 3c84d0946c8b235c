//! `tls`: what it means, and what is wrong with it.

use std::path::PathBuf;
use std::time::Duration;

use insta::assert_snapshot;
use wardline_config::{
    CertificateFiles, ClientTls, DestinationKind, Dialled, Fingerprint, MllpDestination, Paint,
    PeerEndpoint, ServerTls, TlsVersion, TrustedClients,
};

use crate::{Site, site};

const LISTENER: &str = "\n[[listeners]]\nid = \"adt-in\"\nbind = \"127.0.0.1:2575\"\n";
const DESTINATION: &str =
    "\n[[destinations]]\nid = \"lis\"\nkind = \"mllp\"\naddress = \"lis.example:2575\"\n";

fn faults(text: &str) -> String {
    let site = site(text);
    let faults = site.load(&[]).expect_err("faults");
    site.portable(&faults.to_string())
}

/// The endpoint of a destination that we dial.
fn dialled(mllp: &MllpDestination) -> &Dialled {
    match &mllp.endpoint {
        PeerEndpoint::Dialled(dialled) => dialled,
        PeerEndpoint::Awaited(_) => unreachable!("we dial by default"),
    }
}

#[test]
fn files_lie_beside_the_file_that_names_them() {
    let listener = format!(
        "{LISTENER}tls = {{ certificate = \"tls/server.pem\", key = \"/etc/server.key\", client_ca = \"clients.pem\" }}\n"
    );
    let site = Site::new(&[
        ("wardline.toml", "version = 1\ninclude = [\"sites/adt.toml\"]\n"),
        ("sites/adt.toml", &listener),
    ]);
    let config = site.load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config;
    let folder = site.folder.path().join("sites");
    let files = CertificateFiles {
        certificate: folder.join("tls/server.pem"),
        key: PathBuf::from("/etc/server.key"),
    };
    let clients = TrustedClients {
        ca: folder.join("clients.pem"),
        crl: Vec::new(),
        names: Vec::new(),
        fingerprints: Vec::new(),
    };
    let expected = ServerTls { clients: Some(clients), ..ServerTls::new(files) };
    assert_eq!(config.listeners[0].tls.as_ref(), Some(&expected));
    assert_eq!(expected.files().count(), 3);
}

#[test]
fn every_key_of_tls_is_obeyed() {
    let text = format!(
        "{LISTENER}[listeners.tls]\ncertificate = \"/a\"\nkey = \"/b\"\nclient_ca = \"/c\"\ncrl = [\"/d\"]\n\
         allow_names = [\"*.lab.example\"]\nallow_fingerprints = [\"sha256:{}\"]\nmin_version = \"1.3\"\n\
         handshake_timeout = \"3s\"\n\
         {DESTINATION}[destinations.tls]\nca = \"/e\"\ncertificate = \"/f\"\nkey = \"/g\"\nserver_name = \"lab\"\n\
         crl = [\"/h\"]\nmin_version = \"1.3\"\nhandshake_timeout = \"4s\"\n",
        "07".repeat(32)
    );
    let config = site(&text).load(&[]).unwrap_or_else(|faults| unreachable!("{faults}")).config;
    let server = ServerTls {
        identity: CertificateFiles { certificate: "/a".into(), key: "/b".into() },
        clients: Some(TrustedClients {
            ca: "/c".into(),
            crl: vec!["/d".into()],
            names: vec!["*.lab.example".to_owned()],
            fingerprints: vec![Fingerprint([7; 32])],
        }),
        min_version: TlsVersion::V1_3,
        handshake_timeout: Duration::from_secs(3),
    };
    assert_eq!(config.listeners[0].tls, Some(server));
    let DestinationKind::Mllp(mllp) = &config.destinations[0].kind else {
        unreachable!("a destination over MLLP")
    };
    let client = ClientTls {
        ca: Some("/e".into()),
        identity: Some(CertificateFiles { certificate: "/f".into(), key: "/g".into() }),
        server_name: Some("lab".to_owned()),
        crl: vec!["/h".into()],
        min_version: TlsVersion::V1_3,
        handshake_timeout: Duration::from_secs(4),
    };
    assert_eq!(dialled(mllp).tls, Some(client));
}

#[test]
fn an_empty_table_asks_for_tls_with_every_default() {
    let config = site(&format!("{DESTINATION}tls = {{}}\n")).load(&[]);
    let config = config.unwrap_or_else(|faults| unreachable!("{faults}")).config;
    let DestinationKind::Mllp(mllp) = &config.destinations[0].kind else {
        unreachable!("a destination over MLLP")
    };
    assert_eq!(dialled(mllp).tls, Some(ClientTls::default()));
}

#[test]
fn a_certificate_has_a_key_and_conditions_on_clients_have_an_issuer() {
    assert_snapshot!(faults(&format!(
        "{LISTENER}tls = {{ certificate = \"a.pem\", crl = [\"b.pem\"], allow_names = [\"x\"] }}\n\
         {DESTINATION}tls = {{ certificate = \"a.pem\" }}\n"
    )));
}

#[test]
fn versions_names_and_fingerprints_have_their_forms() {
    assert_snapshot!(faults(&format!(
        "{LISTENER}[listeners.tls]\ncertificate = \"a.pem\"\nkey = \"a.key\"\nclient_ca = \"c.pem\"\n\
         min_version = \"1.1\"\nallow_fingerprints = [\"AB:CD\"]\nhandshake_timout = \"1s\"\n\
         {DESTINATION}tls = {{ server_name = \"lis.example:2575\", min_version = 1.2 }}\n\
         [[destinations]]\nid = \"x\"\nkind = \"mllp\"\naddress = \"a:1\"\ntls = true\n"
    )));
}

#[test]
fn a_plain_listener_in_public_is_warned_of() {
    let site = site(
        "[[listeners]]\nid = \"in\"\nbind = \"0.0.0.0:2575\"\n\
         [[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"var/{id}.hl7\"\n\
         [[routes]]\nid = \"all\"\nto = [\"archive\"]\nmatch = {}\n",
    );
    let loaded = site.load(&[]).expect("no fault");
    assert_snapshot!(site.portable(&loaded.render_warnings(Paint::Plain)));
}
