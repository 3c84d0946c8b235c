//! TLS on listeners and destinations: who is let in, who is not and why, and certificates that change under load.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use libtest_mimic::Trial;
use rustix::process::Signal;
use wardline_engine::control::protocol::{CertificateState, RefusedReason, Request, Response};
use wardline_tests::certificates::{Authority, Issued, Valid};
use wardline_tests::message::{adt, field, framed};
use wardline_tests::peer::Peer;
use wardline_tests::requirement::Need;
use wardline_tests::site::{Engine, Site};
use wardline_tests::tls_peer::Caller;
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

const OPENSSL: Need = Need::Tool("openssl");

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_message_over_tls_is_stored_and_answered,
        version_1_2_is_spoken_with_aead_ciphers_and_1_3_can_be_demanded,
        a_chain_with_an_intermediate_is_shown_whole,
        openssl_sends_over_tls => [OPENSSL],
        openssl_sends_with_a_client_certificate => [OPENSSL],
        a_client_without_a_certificate_is_refused_and_the_log_says_so,
        an_expired_client_certificate_is_refused_and_the_log_says_which_and_why,
        a_client_certificate_of_another_issuer_is_refused_and_the_log_says_which_and_why,
        a_revoked_client_certificate_is_refused_and_the_log_says_which_and_why,
        a_client_that_is_not_on_the_revocation_list_is_let_in,
        a_client_certificate_whose_name_is_not_allowed_is_refused_and_the_log_says_which_and_why,
        a_client_certificate_is_let_in_by_its_name_or_its_fingerprint,
        a_plain_peer_on_a_tls_listener_is_closed_and_the_log_says_so,
        a_peer_that_never_shakes_hands_is_closed_after_the_handshake_timeout,
        a_probe_that_connects_and_leaves_is_nothing_to_tell,
        a_tls_peer_on_a_plain_listener_is_closed,
        an_encrypted_key_is_refused_at_the_start_with_a_way_out => [OPENSSL],
        a_key_of_another_certificate_is_refused_by_check,
        certificates_reload_under_load_and_no_connection_drops,
        a_broken_certificate_leaves_all_as_they_were,
        a_certificate_is_reloaded_by_command_and_shown_in_the_status,
        a_certificate_that_expires_soon_is_counted_and_warned_of,
        a_message_over_the_limit_is_refused_readably_over_tls,
        a_drain_says_goodbye_over_tls,
    ]
}

/// A folder with a server's certificate in it, and an engine with an encrypted listener.
struct Hospital {
    site: Site,
    authority: Authority,
}

impl Hospital {
    /// `tls` stands behind certificate and key in the listener's table.
    fn new(tls: &str) -> Self {
        let authority = Authority::new("Hospital CA");
        let site = Site::new(PROGRAM, &listener(tls));
        authority.issue(&["localhost"]).write(site.folder(), "server");
        fs::write(site.folder().join("clients.pem"), authority.pem()).expect("a folder");
        Self { site, authority }
    }

    fn caller(&self, ours: Option<&Issued>) -> Caller {
        Caller::new(&self.authority, "localhost", ours)
    }
}

fn listener(tls: &str) -> String {
    format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nmax_message_size = \"64KiB\"\n\
         [listeners.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n{tls}"
    )
}

const MUTUAL: &str = "client_ca = \"clients.pem\"\n";

fn a_message_over_tls_is_stored_and_answered() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let mut peer = hospital.caller(None).connect(engine.address("in")).expect("a handshake");
    for control_id in ["1", "2", "3"] {
        assert_eq!(peer.send(&adt(control_id)), "AA");
    }
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.tls_handshakes, counts.tls_failed), (3, 1, 0));
}

fn version_1_2_is_spoken_with_aead_ciphers_and_1_3_can_be_demanded() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let old = Caller::speaking(&[&rustls::version::TLS12], &hospital.authority, "localhost", None);
    let mut peer = old.connect(engine.address("in")).expect("a handshake");
    let speaks = peer.speaks();
    assert!(speaks.starts_with("TLSv1_2 "), "{speaks}");
    assert!(speaks.contains("GCM") || speaks.contains("CHACHA20_POLY1305"), "AEAD: {speaks}");
    assert_eq!(peer.send(&adt("1")), "AA");
    let newer = hospital.caller(None).connect(engine.address("in")).expect("a handshake");
    assert!(newer.speaks().starts_with("TLSv1_3 "), "{}", newer.speaks());
    engine.stop();

    hospital.site.configure(&listener("min_version = \"1.3\"\n"));
    let engine = hospital.site.start();
    assert!(old.connect(engine.address("in")).is_err());
    wait::until_so("the log to say why", || engine.log().contains("incompatible"));
}

fn a_chain_with_an_intermediate_is_shown_whole() {
    let hospital = Hospital::new(MUTUAL);
    let below = hospital.authority.below("Department CA");
    below.issue(&["localhost"]).through(&below).write(hospital.site.folder(), "server");
    let engine = hospital.site.start();
    let ours = below.issue(&["adt1.example"]).through(&below);
    let mut peer = hospital.caller(Some(&ours)).connect(engine.address("in")).expect("a handshake");
    assert_eq!(peer.send(&adt("1")), "AA", "both chains lead to the authority that is trusted");
}

/// What `openssl s_client` gets for a message, its own talk included.
fn s_client(folder: &std::path::Path, address: SocketAddr, more: &[&str]) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-CAfile", "clients.pem"])
        .args(["-verify_hostname", "localhost", "-connect", &address.to_string()])
        .args(more)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl");
    let mut stdin = client.stdin.take().expect("a pipe");
    stdin.write_all(&framed(&adt("OPENSSL"))).expect("openssl reads");
    let mut answered = Vec::new();
    let mut stdout = client.stdout.take().expect("a pipe");
    let mut byte = [0];
    while !answered.ends_with(b"\x1c\r") {
        match std::io::Read::read(&mut stdout, &mut byte) {
            Ok(1) => answered.push(byte[0]),
            _ => break,
        }
    }
    // With `-quiet` it stays until the other side closes.
    let _ended_by_itself = client.kill();
    let ended = client.wait_with_output().expect("openssl ends");
    format!("{}\n{}", String::from_utf8_lossy(&answered), String::from_utf8_lossy(&ended.stderr))
}

fn openssl_sends_over_tls() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    for version in ["-tls1_2", "-tls1_3"] {
        let said = s_client(hospital.site.folder(), engine.address("in"), &[version]);
        assert!(said.contains("MSA|AA|OPENSSL"), "{version}: {said}");
    }
}

fn openssl_sends_with_a_client_certificate() {
    let hospital = Hospital::new(MUTUAL);
    let engine = hospital.site.start();
    hospital.authority.issue(&["adt1.example"]).write(hospital.site.folder(), "adt1");
    let shown = ["-cert", "adt1.pem", "-key", "adt1.key"];
    let said = s_client(hospital.site.folder(), engine.address("in"), &shown);
    assert!(said.contains("MSA|AA|OPENSSL"), "{said}");
    let said = s_client(hospital.site.folder(), engine.address("in"), &[]);
    assert!(!said.contains("MSA|AA") && said.contains("certificate required"), "{said}");
}

/// Waits for the line of the log about a refused certificate.
fn refusal(engine: &Engine, reason: &str) -> String {
    wait::until(&format!("the log to say {reason}"), || {
        let log = engine.log();
        log.lines().find(|line| line.contains(reason)).map(str::to_owned)
    })
}

/// The listener refuses `ours`, nothing is stored, and the log says which it was and why.
fn is_refused(hospital: &Hospital, ours: &Issued, subject: &str, reason: &str, why: &str) {
    let engine = hospital.site.start();
    let error = hospital.caller(Some(ours)).refused(engine.address("in"));
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "an alert, not silence: {error}");
    let line = refusal(&engine, reason);
    for part in ["WARN", "listener=in", subject, &ours.serial(), "fingerprint=", why] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.frames, counts.tls_refused), (0, 0, 1));
    assert_eq!((counts.closed_tls, counts.tls_handshakes), (1, 0));
}

fn a_client_without_a_certificate_is_refused_and_the_log_says_so() {
    let hospital = Hospital::new(MUTUAL);
    let engine = hospital.site.start();
    let error = hospital.caller(None).refused(engine.address("in"));
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
    let line = refusal(&engine, "certificate-missing");
    assert!(line.contains("showed no certificate"), "{line}");
    assert_eq!(engine.counts("in").tls_refused, 1);
}

fn an_expired_client_certificate_is_refused_and_the_log_says_which_and_why() {
    let hospital = Hospital::new(MUTUAL);
    let ours = hospital.authority.issue_valid(&["adt1.example"], Valid::Before);
    is_refused(&hospital, &ours, "CN=adt1.example", "certificate-expired", "not_after=2021-01-01");
}

fn a_client_certificate_of_another_issuer_is_refused_and_the_log_says_which_and_why() {
    let hospital = Hospital::new(MUTUAL);
    let ours = Authority::new("Somebody else").issue(&["adt1.example"]);
    let why = "nobody who is trusted has issued it";
    is_refused(&hospital, &ours, "CN=Somebody else", "certificate-unknown-issuer", why);
}

fn a_revoked_client_certificate_is_refused_and_the_log_says_which_and_why() {
    let hospital = Hospital::new(&format!("{MUTUAL}crl = [\"revoked.pem\"]\n"));
    let ours = hospital.authority.issue(&["adt1.example"]);
    let list = hospital.authority.revoke(&[&ours]);
    fs::write(hospital.site.folder().join("revoked.pem"), list).expect("a folder");
    is_refused(&hospital, &ours, "CN=adt1.example", "certificate-revoked", "it is revoked");
}

fn a_client_that_is_not_on_the_revocation_list_is_let_in() {
    let hospital = Hospital::new(&format!("{MUTUAL}crl = [\"revoked.pem\"]\n"));
    let (good, bad) = (hospital.authority.issue(&["adt2"]), hospital.authority.issue(&["adt1"]));
    let list = hospital.authority.revoke(&[&bad]);
    fs::write(hospital.site.folder().join("revoked.pem"), list).expect("a folder");
    let engine = hospital.site.start();
    let mut peer = hospital.caller(Some(&good)).connect(engine.address("in")).expect("a handshake");
    assert_eq!(peer.send(&adt("1")), "AA");
}

fn a_client_certificate_whose_name_is_not_allowed_is_refused_and_the_log_says_which_and_why() {
    let hospital = Hospital::new(&format!("{MUTUAL}allow_names = [\"adt1.example\"]\n"));
    let ours = hospital.authority.issue(&["adt2.example"]);
    let why = "neither allow_names nor allow_fingerprints has it";
    is_refused(&hospital, &ours, "CN=adt2.example", "certificate-not-allowed", why);
}

fn a_client_certificate_is_let_in_by_its_name_or_its_fingerprint() {
    let hospital = Hospital::new(MUTUAL);
    let by_name = hospital.authority.issue(&["x", "Analyser.LAB.example"]);
    let by_fingerprint = hospital.authority.issue(&["y"]);
    let fingerprint = by_fingerprint.fingerprint();
    hospital.site.configure(&listener(&format!(
        "{MUTUAL}allow_names = [\"*.lab.example\"]\nallow_fingerprints = [\"{fingerprint}\"]\n"
    )));
    let engine = hospital.site.start();
    for ours in [by_name, by_fingerprint] {
        let caller = hospital.caller(Some(&ours));
        let mut peer = caller.connect(engine.address("in")).expect("a handshake");
        assert_eq!(peer.send(&adt("1")), "AA");
    }
}

fn a_plain_peer_on_a_tls_listener_is_closed_and_the_log_says_so() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let mut peer = Peer::connect(engine.address("in"));
    peer.write(&framed(&adt("1")));
    let mut answer = Vec::new();
    let _reset_or_end = std::io::Read::read_to_end(&mut peer.stream(), &mut answer);
    assert!(!answer.starts_with(b"\x0b"), "no answer in clear");
    let line = refusal(&engine, "not-tls");
    assert!(line.contains("does not speak TLS") && !line.contains("DOE"), "{line}");
    assert_eq!(engine.counts("in").tls_failed, 1);
}

fn a_peer_that_never_shakes_hands_is_closed_after_the_handshake_timeout() {
    let hospital = Hospital::new("handshake_timeout = \"50ms\"\n");
    let engine = hospital.site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert!(peer.is_closed());
    refusal(&engine, "handshake-timeout");
    assert_eq!(engine.counts("in").tls_failed, 1);
}

fn a_probe_that_connects_and_leaves_is_nothing_to_tell() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    drop(Peer::connect(engine.address("in")));
    wait::until_so("the probe to be gone", || engine.counts("in").closed_by_peer == 1);
    assert!(!engine.log().contains("WARN"), "{}", engine.log());
}

fn a_tls_peer_on_a_plain_listener_is_closed() {
    let site = Site::new(
        PROGRAM,
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nframe_idle_timeout = \"50ms\"\n",
    );
    let engine = site.start();
    let caller = Caller::new(&Authority::new("Hospital CA"), "localhost", None);
    assert!(caller.connect(engine.address("in")).is_err());
    wait::until_so("the listener to close it", || engine.counts("in").closed == 1);
    assert_eq!(engine.counts("in").frames, 0, "a hello may hold a VT, but no frame");
}

fn an_encrypted_key_is_refused_at_the_start_with_a_way_out() {
    let hospital = Hospital::new("");
    let encrypted = Command::new("openssl")
        .args([
            "pkcs8",
            "-topk8",
            "-in",
            "server.key",
            "-out",
            "server.locked",
            "-passout",
            "pass:x",
        ])
        .current_dir(hospital.site.folder())
        .output()
        .expect("openssl");
    assert!(encrypted.status.success(), "{encrypted:?}");
    hospital.site.configure(&listener("").replace("server.key", "server.locked"));
    let mut engine = hospital.site.spawn(&[]);
    assert_eq!(engine.wait().code(), Some(3));
    let log = engine.log();
    for part in ["listener in", "server.locked is encrypted", "openssl pkey"] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
}

fn a_key_of_another_certificate_is_refused_by_check() {
    let hospital = Hospital::new("");
    let other = hospital.authority.issue(&["localhost"]);
    fs::write(hospital.site.folder().join("server.key"), other.key_pem()).expect("a folder");
    let checked = hospital.site.command(["check", "wardline.toml"]);
    assert_eq!(checked.status.code(), Some(3));
    let told = String::from_utf8_lossy(&checked.stderr);
    assert!(told.contains("does not belong to the first certificate"), "{told}");
}

fn reload() -> Request {
    Request::Reload {
        dry_run: false,
        moves: Vec::new(),
        park: Vec::new(),
        expected: None,
        by: "test".into(),
    }
}

fn certificates_reload_under_load_and_no_connection_drops() {
    const PEERS: usize = 16;
    const RELOADS: u64 = 5;
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let address = engine.address("in");
    let (done, exchanged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let peers: Vec<_> = (0..PEERS)
        .map(|number| {
            let caller = hospital.caller(None);
            let (done, exchanged) = (Arc::clone(&done), Arc::clone(&exchanged));
            thread::spawn(move || {
                let mut peer = caller.connect(address).expect("a handshake");
                let mut count = 0;
                while !done.load(Ordering::Acquire) {
                    count += 1;
                    assert_eq!(peer.send(&adt(&format!("P{number}-{count}"))), "AA");
                    exchanged.fetch_add(1, Ordering::Relaxed);
                }
                count
            })
        })
        .collect();
    for _ in 0..RELOADS {
        let newer = hospital.authority.issue(&["localhost"]);
        newer.write(hospital.site.folder(), "server");
        engine.signal(Signal::HUP);
        let before = exchanged.load(Ordering::Relaxed);
        wait::until_so("a newcomer to see the new certificate", || {
            let peer = hospital.caller(None).connect(address).expect("a handshake");
            peer.shown() == newer.chain()[0].to_vec()
        });
        wait::until_so("messages to go on", || {
            exchanged.load(Ordering::Relaxed) > before + PEERS as u64
        });
    }
    done.store(true, Ordering::Release);
    let sent: u64 = peers.into_iter().map(|peer| peer.join().expect("no connection drops")).sum();
    let counts = engine.counts("in");
    assert_eq!((counts.stored, counts.tls_failed, counts.closed_error), (sent, 0, 0));
    assert_eq!(counts.closed, counts.closed_by_peer, "nobody was closed but by himself");
}

fn a_broken_certificate_leaves_all_as_they_were() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let caller = hospital.caller(None);
    let before = caller.connect(engine.address("in")).expect("a handshake").shown();
    fs::write(hospital.site.folder().join("server.pem"), "no PEM").expect("a folder");
    engine.signal(Signal::HUP);
    wait::until_so("the fault to be logged", || {
        engine.log().contains("configuration not reloaded")
    });
    assert!(engine.log().contains("there is no PEM certificate in"), "{}", engine.log());
    let refused = engine.ask(&reload());
    let Response::Refused { reason: RefusedReason::CertificatesUnusable, text } = refused else {
        panic!("asked to reload what is broken, got {refused:?}")
    };
    assert!(text.contains("listener in") && text.contains("server.pem"), "{text}");
    let mut after = caller.connect(engine.address("in")).expect("a handshake");
    assert_eq!((after.shown(), after.send(&adt("1"))), (before, "AA".to_owned()));
}

fn a_certificate_is_reloaded_by_command_and_shown_in_the_status() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let newer = hospital.authority.issue(&["localhost", "newer.example"]);
    newer.write(hospital.site.folder(), "server");
    let reloaded = hospital.site.command(["--config", "wardline.toml", "reload"]);
    let told = String::from_utf8_lossy(&reloaded.stdout);
    assert!(reloaded.status.success(), "{reloaded:?}");
    assert!(told.contains("CN=localhost") && told.contains(&newer.serial()), "{told}");
    let certificates = engine.status().certificates;
    assert_eq!(certificates.len(), 1);
    assert_eq!(
        (certificates[0].of.as_str(), certificates[0].state),
        ("in", CertificateState::Valid)
    );
    assert_eq!(certificates[0].serial, newer.serial());
    assert!(certificates[0].days_left > 365, "{:?}", certificates[0]);
}

fn a_certificate_that_expires_soon_is_counted_and_warned_of() {
    let hospital = Hospital::new("");
    let hundred_years = "[engine]\ndata_dir = \"data\"\ncertificate_warning = \"3650d\"\n";
    let expired = hospital.authority.issue_valid(&["localhost"], Valid::Before);
    expired.write(hospital.site.folder(), "server");
    hospital.site.configure(&format!("{hundred_years}{}", listener("")));
    let engine = hospital.site.start();
    let status = engine.status();
    assert_eq!(status.certificates_expiring, 1);
    assert_eq!(status.certificates[0].state, CertificateState::Expired);
    assert!(status.certificates[0].days_left < 0);
    wait::until_so("the log to warn", || engine.log().contains("a certificate has expired"));
}

fn a_message_over_the_limit_is_refused_readably_over_tls() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let mut peer = hospital.caller(None).connect(engine.address("in")).expect("a handshake");
    let large = wardline_tests::message::large("LARGE", 1024 * 1024);
    let answer = peer.try_exchange(&large).expect("the refusal arrives");
    assert_eq!((field(&answer, "MSA", 1), field(&answer, "MSA", 2)), ("AR".into(), "LARGE".into()));
    assert!(peer.is_closed());
}

fn a_drain_says_goodbye_over_tls() {
    let hospital = Hospital::new("");
    let engine = hospital.site.start();
    let mut peer = hospital.caller(None).connect(engine.address("in")).expect("a handshake");
    assert_eq!(peer.send(&adt("1")), "AA");
    assert_eq!(engine.stop().code(), Some(0));
    assert!(peer.is_closed(), "an end, not a broken connection");
}
