//! TLS towards destinations, and the commands that speak it: `send`, `tls test`.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use rustix::process::Signal;
use wardline_tests::certificates::{Authority, Valid};
use wardline_tests::message::{Unframed, adt, answer, control_id, framed};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::requirement::Need;
use wardline_tests::sink::Sink;
use wardline_tests::site::{Engine, Site};
use wardline_tests::tls_sink::TlsSink;
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

const OPENSSL: Need = Need::Tool("openssl");

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_destination_is_reached_over_tls_by_its_name,
        a_large_message_is_delivered_over_tls,
        a_destination_that_asks_for_a_certificate_gets_ours,
        a_destination_whose_certificate_is_for_another_name_gets_nothing,
        a_destination_of_another_issuer_gets_nothing_and_is_trusted_after_a_reload,
        an_expired_certificate_of_a_destination_is_refused,
        a_revoked_certificate_of_a_destination_is_refused,
        a_destination_that_refuses_our_certificate_is_down_and_the_log_says_so,
        a_destination_that_speaks_no_tls_is_down_and_gets_nothing_in_clear,
        session_tickets_do_not_hold_the_first_message => [OPENSSL],
        openssl_asks_for_our_certificate => [OPENSSL],
        send_speaks_tls,
        tls_test_prints_chain_protocol_cipher_and_days,
        tls_test_says_why_a_connection_would_fail,
    ]
}

/// A plain listener before an encrypted destination.
fn configuration(address: &str, tls: &str) -> String {
    format!(
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
match = {{}}
to = ["lis"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{address}"
retry = {{ first = "20ms", max = "100ms" }}
tls = {{ ca = "ca.pem"{tls} }}
"#
    )
}

/// An engine before a destination; the folder has the authority in `ca.pem` and ours in `ours.pem`, `ours.key`.
fn running(authority: &Authority, port: u16, tls: &str) -> (Site, Engine) {
    let site = Site::new(PROGRAM, &configuration(&format!("localhost:{port}"), tls));
    fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a folder");
    authority.issue(&["wardline.example"]).write(site.folder(), "ours");
    let engine = site.start();
    (site, engine)
}

fn send(engine: &Engine, control_id: &str) {
    assert_eq!(Peer::connect(engine.address("in")).send(&adt(control_id)), "AA");
}

fn a_destination_is_reached_over_tls_by_its_name() {
    let authority = Authority::new("Hospital CA");
    let below = authority.below("Department CA");
    let sink = TlsSink::start(&below.issue(&["localhost"]).through(&below), None);
    let (_site, engine) = running(&authority, sink.port(), "");
    for control_id in ["1", "2", "3"] {
        send(&engine, control_id);
    }
    sink.wait_for(3);
    assert_eq!(sink.control_ids(), ["1", "2", "3"], "ORDER-1");
    assert_eq!((sink.handshakes(), sink.server_name().as_deref()), (1, Some("localhost")), "SNI");
    engine.wait_for_queue("lis", "delivered", |row| row.pending == 0);
}

fn a_large_message_is_delivered_over_tls() {
    let authority = Authority::new("Hospital CA");
    let sink = TlsSink::start(&authority.issue(&["localhost"]), None);
    let (_site, engine) = running(&authority, sink.port(), "");
    let large = wardline_tests::message::large("LARGE", 8 * 1024 * 1024);
    assert_eq!(Peer::connect(engine.address("in")).send(&large), "AA");
    sink.wait_for(1);
    engine.wait_for_queue("lis", "delivered", |row| row.pending == 0);
}

fn a_destination_that_asks_for_a_certificate_gets_ours() {
    let authority = Authority::new("Hospital CA");
    let sink = TlsSink::start(&authority.issue(&["localhost"]), Some(&authority));
    let ours = ", certificate = \"ours.pem\", key = \"ours.key\"";
    let (site, engine) = running(&authority, sink.port(), ours);
    send(&engine, "1");
    sink.wait_for(1);
    let shown = sink.client().expect("a certificate");
    let folder = site.folder();
    let status = engine.status();
    assert_eq!(status.certificates.len(), 1, "ours is shown in the status");
    assert_eq!(status.certificates[0].of, "lis");

    let newer = authority.issue(&["wardline.example"]);
    newer.write(folder, "ours");
    engine.signal(Signal::HUP);
    wait::until_so("the reload", || engine.log().contains("configuration reloaded"));
    assert_eq!(sink.handshakes(), 1, "the connection stays");
    send(&engine, "2");
    sink.wait_for(2);
    assert_eq!((sink.handshakes(), sink.client()), (1, Some(shown)), "the connection stays");
}

/// Nothing arrives, the destination is down with this cause, and the log says which certificate and why.
fn is_refused(engine: &Engine, sink: &TlsSink, code: &str, why: &str) {
    send(engine, "1");
    let row = engine.wait_for_queue("lis", "down", |row| row.state == "down");
    assert_eq!((row.reason.as_deref(), row.pending), (Some("tls-certificate"), 1));
    let line = wait::until(&format!("the log to say {code}"), || {
        engine.log().lines().find(|line| line.contains(code)).map(str::to_owned)
    });
    for part in ["WARN", "server certificate refused", why, "serial=", "fingerprint="] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    wait::until_so("more attempts", || {
        let counts = engine.queue("lis").counts.expect("a running engine");
        counts.connect_failures > 3
    });
    let told = engine.log().lines().filter(|line| line.contains(code)).count();
    assert_eq!((told, sink.control_ids().len()), (1, 0), "told once, and nothing was sent");
}

fn a_destination_whose_certificate_is_for_another_name_gets_nothing() {
    let authority = Authority::new("Hospital CA");
    let sink = TlsSink::start(&authority.issue(&["other.example"]), None);
    let (site, engine) = running(&authority, sink.port(), "");
    let why = "it is not for localhost";
    is_refused(&engine, &sink, "certificate-wrong-name", why);
    engine.stop();

    let named =
        configuration(&format!("localhost:{}", sink.port()), ", server_name = \"other.example\"");
    site.configure(&named);
    let _engine = site.start();
    sink.wait_for(1);
    assert_eq!(sink.server_name().as_deref(), Some("other.example"));
}

fn a_destination_of_another_issuer_gets_nothing_and_is_trusted_after_a_reload() {
    let theirs = Authority::new("Somebody else");
    let sink = TlsSink::start(&theirs.issue(&["localhost"]), None);
    let (site, engine) = running(&Authority::new("Hospital CA"), sink.port(), "");
    is_refused(&engine, &sink, "certificate-unknown-issuer", "nobody who is trusted has issued it");
    fs::write(site.folder().join("ca.pem"), theirs.pem()).expect("a folder");
    engine.signal(Signal::HUP);
    sink.wait_for(1);
}

fn an_expired_certificate_of_a_destination_is_refused() {
    let authority = Authority::new("Hospital CA");
    let sink = TlsSink::start(&authority.issue_valid(&["localhost"], Valid::Before), None);
    let (_site, engine) = running(&authority, sink.port(), "");
    is_refused(&engine, &sink, "certificate-expired", "it has expired");
}

fn a_revoked_certificate_of_a_destination_is_refused() {
    let authority = Authority::new("Hospital CA");
    let theirs = authority.issue(&["localhost"]);
    let sink = TlsSink::start(&theirs, None);
    let site = Site::new(
        PROGRAM,
        &configuration(&format!("localhost:{}", sink.port()), ", crl = [\"revoked.pem\"]"),
    );
    fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a folder");
    fs::write(site.folder().join("revoked.pem"), authority.revoke(&[&theirs])).expect("a folder");
    let engine = site.start();
    is_refused(&engine, &sink, "certificate-revoked", "it is revoked");
}

fn a_destination_that_refuses_our_certificate_is_down_and_the_log_says_so() {
    let authority = Authority::new("Hospital CA");
    let sink = TlsSink::start(&authority.issue(&["localhost"]), Some(&authority));
    let (_site, engine) = running(&authority, sink.port(), "");
    send(&engine, "1");
    let row = engine.wait_for_queue("lis", "a cause", |row| row.reason.is_some());
    assert_eq!(row.reason.as_deref(), Some("tls"));
    wait::until_so("the log to say why", || engine.log().contains("CertificateRequired"));
    assert!(sink.control_ids().is_empty());
}

fn a_destination_that_speaks_no_tls_is_down_and_gets_nothing_in_clear() {
    let authority = Authority::new("Hospital CA");
    let sink = Sink::accepting();
    let tls = ", handshake_timeout = \"100ms\"";
    let (_site, engine) = running(&authority, sink.address().port(), tls);
    send(&engine, "1");
    let row = engine.wait_for_queue("lis", "down", |row| row.state == "down");
    assert_eq!(row.reason.as_deref(), Some("tls"));
    assert!(sink.arrived().is_empty());
}

/// `openssl s_server` on a port of its own, and what it prints.
struct Openssl {
    child: Child,
    place: Nobody,
}

impl Openssl {
    fn start(site: &Site, more: &[&str]) -> Self {
        let place = Nobody::new();
        let child = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &place.address().port().to_string()])
            .args(["-cert", "theirs.pem", "-key", "theirs.key"])
            .args(more)
            .current_dir(site.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        Self { child, place }
    }

    /// The next message, answered AA.
    fn take(&mut self) -> String {
        let mut unread = Unframed::default();
        let stdout = self.child.stdout.as_mut().expect("a pipe");
        loop {
            if let Some(payload) = unread.take() {
                let id = control_id(&payload);
                let stdin = self.child.stdin.as_mut().expect("a pipe");
                stdin.write_all(&framed(&answer("AA", &id))).expect("openssl reads");
                return id;
            }
            let mut bytes = [0; 4096];
            match stdout.read(&mut bytes).expect("openssl writes") {
                0 => panic!("openssl ended"),
                read => unread.add(&bytes[..read]),
            }
        }
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}

/// A site whose destination is `openssl s_server`, and a message for it.
fn before_openssl(tls: &str, more: &[&str]) -> (Site, Engine, Openssl) {
    let authority = Authority::new("Hospital CA");
    let site = Site::new(PROGRAM, "");
    fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a folder");
    authority.issue(&["localhost"]).write(site.folder(), "theirs");
    authority.issue(&["wardline.example"]).write(site.folder(), "ours");
    let openssl = Openssl::start(&site, more);
    site.configure(&configuration(&format!("localhost:{}", openssl.place.address().port()), tls));
    let engine = site.start();
    (site, engine, openssl)
}

fn session_tickets_do_not_hold_the_first_message() {
    let (_site, engine, mut openssl) =
        before_openssl(", min_version = \"1.3\"", &["-num_tickets", "4"]);
    for control_id in ["1", "2"] {
        send(&engine, control_id);
        assert_eq!(openssl.take(), control_id);
    }
    let row = engine.wait_for_queue("lis", "delivered", |row| row.pending == 0);
    let counts = row.counts.expect("a running engine");
    assert_eq!((counts.attempts, counts.delivered), (2, 2), "tickets cost no attempt");
}

fn openssl_asks_for_our_certificate() {
    for version in ["-tls1_2", "-tls1_3"] {
        let ours = ", certificate = \"ours.pem\", key = \"ours.key\"";
        let asks = ["-CAfile", "ca.pem", "-Verify", "2", "-verify_return_error", version];
        let (_site, engine, mut openssl) = before_openssl(ours, &asks);
        send(&engine, "1");
        assert_eq!(openssl.take(), "1", "{version}");
    }
}

fn send_speaks_tls() {
    let authority = Authority::new("Hospital CA");
    let sink = TlsSink::start(&authority.issue(&["localhost"]), Some(&authority));
    let site = Site::new(PROGRAM, "");
    fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a folder");
    fs::write(site.folder().join("a.hl7"), adt("1")).expect("a folder");
    authority.issue(&["wardline.example"]).write(site.folder(), "ours");
    let to = format!("localhost:{}", sink.port());
    let sent = site.command([
        "send", "a.hl7", "--to", &to, "--tls", "--ca", "ca.pem", "--cert", "ours.pem", "--key",
        "ours.key",
    ]);
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    assert_eq!(sink.control_ids(), ["1"]);
    let elsewhere = ["send", "a.hl7", "--to", &to, "--ca", "ca.pem", "--server-name", "x.example"];
    let sent = site.command(elsewhere);
    assert_eq!(sent.status.code(), Some(4), "{sent:?}");
    let told = String::from_utf8_lossy(&sent.stdout);
    assert!(told.contains("it is not for x.example"), "{told}");
}

fn tls_test_prints_chain_protocol_cipher_and_days() {
    let authority = Authority::new("Hospital CA");
    let below = authority.below("Department CA");
    let theirs = below.issue(&["localhost"]).through(&below);
    let sink = TlsSink::start(&theirs, None);
    let site = Site::new(PROGRAM, "");
    fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a folder");
    let address = format!("localhost:{}", sink.port());
    let tested = site.command(["tls", "test", &address, "--ca", "ca.pem"]);
    let told = String::from_utf8_lossy(&tested.stdout);
    assert_eq!(tested.status.code(), Some(0), "{tested:?}");
    let parts = [
        "TLS 1.3",
        "TLS13_AES_",
        "CN=localhost",
        "CN=Department CA",
        &theirs.serial(),
        "days left",
        "2090-01-01",
        "ok ",
    ];
    for part in parts {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    let tested = site.command(["--json", "tls", "test", &address, "--ca", "ca.pem"]);
    let seen: serde_json::Value = serde_json::from_slice(&tested.stdout).expect("JSON");
    assert_eq!((&seen["ok"], &seen["protocol"]), (&true.into(), &"TLS 1.3".into()));
    assert_eq!(seen["chain"].as_array().map(Vec::len), Some(2));
    assert!(sink.control_ids().is_empty(), "nothing is sent");
}

fn tls_test_says_why_a_connection_would_fail() {
    let authority = Authority::new("Hospital CA");
    let expired = TlsSink::start(&authority.issue_valid(&["localhost"], Valid::Before), None);
    let asking = TlsSink::start(&authority.issue(&["localhost"]), Some(&authority));
    let plain = Sink::accepting();
    let site = Site::new(PROGRAM, "");
    fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a folder");
    let rows = [
        (expired.port(), 1, "it has expired"),
        (asking.port(), 1, "it wants a certificate"),
        (plain.address().port(), 1, "the handshake did not end in time"),
        (1, 4, "cannot be reached"),
    ];
    for (port, code, why) in rows {
        let address = format!("localhost:{port}");
        let tested = site.command(["tls", "test", &address, "--ca", "ca.pem", "--timeout", "2s"]);
        let told = [tested.stdout.as_slice(), &tested.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(tested.status.code(), Some(code), "{told}");
        assert!(told.contains(why), "{why} is not in {told}");
    }
}
