//! Who dials whom: destinations that wait for their peer, listeners that dial theirs.

use std::fs;
use std::net::{SocketAddr, TcpListener};

use libtest_mimic::Trial;
use wardline_tests::certificates::Authority;
use wardline_tests::message::{adt, answer, control_id, framed};
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::site::{Engine, Site};
use wardline_tests::tls_peer::Caller;
use wardline_tests::tls_sender::TlsSender;
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        what_waits_is_sent_as_soon_as_the_peer_dials,
        a_peer_that_comes_back_is_sent_the_rest_in_order,
        who_may_not_be_sent_to_is_closed_and_so_is_who_comes_second,
        a_peer_that_dials_over_tls_shows_its_certificate_before_it_is_sent_anything,
        a_listener_that_dials_takes_what_its_peer_sends_and_dials_again,
        a_listener_that_dials_knows_what_came_before,
        a_peer_that_is_away_is_dialled_on_and_told_of_once,
        a_listener_that_dials_over_tls_checks_whom_it_reached,
    ]
}

/// A listener `in` before a destination `lis` that waits for its peer. The pauses are longer than any test: what is sent
/// is sent because the peer came.
fn waiting(destination_keys: &str) -> Site {
    Site::new(
        PROGRAM,
        &format!(
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
role = "server"
bind = "127.0.0.1:0"
connect_timeout = "100ms"
retry = {{ first = "1h", max = "1h" }}
{destination_keys}
"#
        ),
    )
}

fn door(engine: &Engine) -> SocketAddr {
    engine.queue("lis").endpoint.parse().expect("an address")
}

/// Takes one message and answers it; its control id.
fn take(peer: &mut Peer) -> String {
    let control_id = control_id(&peer.read());
    peer.write(&framed(&answer("AA", &control_id)));
    control_id
}

fn what_waits_is_sent_as_soon_as_the_peer_dials() {
    let site = waiting("");
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("WAITS")), "AA");
    let row = engine.wait_for_queue("lis", "nobody there", |row| row.state == "down");
    assert_eq!((row.reason.as_deref(), row.role.as_deref()), (Some("no-peer"), Some("server")));
    let mut peer = Peer::connect(door(&engine));
    assert_eq!(peer.read(), adt("WAITS"), "byte for byte");
    peer.write(&framed(&answer("AA", "WAITS")));
    engine.wait_for_queue("lis", "delivered", |row| row.pending == 0 && row.state == "up");
    let status = site.command(["--config", "wardline.toml", "status"]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(status.contains("mllp server"), "{status}");
}

fn a_peer_that_comes_back_is_sent_the_rest_in_order() {
    let site = waiting("");
    let engine = site.start();
    let mut sender = Peer::connect(engine.address("in"));
    for id in ["1", "2", "3"] {
        assert_eq!(sender.send(&adt(id)), "AA");
    }
    let mut first = Peer::connect(door(&engine));
    assert_eq!(take(&mut first), "1");
    assert_eq!(control_id(&first.read()), "2");
    drop(first);
    let mut second = Peer::connect(door(&engine));
    assert_eq!(
        [take(&mut second), take(&mut second)],
        ["2", "3"],
        "what was not answered is sent again"
    );
    engine.wait_for_queue("lis", "all delivered", |row| row.pending == 0);
}

fn who_may_not_be_sent_to_is_closed_and_so_is_who_comes_second() {
    let site = waiting("allow = [\"127.0.0.1\"]");
    let engine = site.start();
    let address = door(&engine);
    let mut stranger = Peer::from("127.0.0.2:0".parse().expect("an address"), address);
    assert!(stranger.is_closed());
    let mut first = Peer::connect(address);
    assert!(Peer::connect(address).is_closed() || first.is_closed(), "one of them waits");
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("ONE")), "AA");
    assert_eq!(take(&mut first), "ONE");
    let row = engine.wait_for_queue("lis", "delivered", |row| row.pending == 0);
    let counts = row.counts.expect("a running engine counts");
    assert_eq!((counts.refused_not_allowed, counts.refused_full, counts.connects), (1, 1, 1));
}

fn a_peer_that_dials_over_tls_shows_its_certificate_before_it_is_sent_anything() {
    let site = waiting(
        "tls = { certificate = \"server.pem\", key = \"server.key\", client_ca = \"clients.pem\" }",
    );
    let authority = Authority::new("Hospital CA");
    authority.issue(&["localhost"]).write(site.folder(), "server");
    fs::write(site.folder().join("clients.pem"), authority.pem()).expect("a folder");
    let engine = site.start();
    assert_eq!(Peer::connect(engine.address("in")).send(&adt("SECRET")), "AA");
    let nobody = Caller::new(&authority, "localhost", None);
    nobody.refused(door(&engine));
    let ours = authority.issue(&["analyzer1.example"]);
    let known = Caller::new(&authority, "localhost", Some(&ours));
    let mut peer = known.connect(door(&engine)).expect("a handshake");
    assert_eq!(peer.read().expect("what waited"), adt("SECRET"));
    peer.write(&framed(&answer("AA", "SECRET"))).expect("the engine reads");
    engine.wait_for_queue("lis", "delivered", |row| row.pending == 0);
    assert!(engine.log().contains("certificate-missing"), "{}", engine.log());
}

/// A listener `in` that dials this address, before a folder.
fn dialling(address: SocketAddr, listener_keys: &str) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            "[[listeners]]\nid = \"in\"\nrole = \"client\"\naddress = \"{address}\"\n\
             retry = {{ first = \"20ms\", max = \"50ms\" }}\n{listener_keys}\n"
        ),
    )
}

/// An analyzer: it listens, and sends to who connects.
fn analyzer() -> (TcpListener, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("a bound socket");
    (socket, address)
}

fn accept(analyzer: &TcpListener) -> Peer {
    let (stream, _) = analyzer.accept().expect("the engine dials");
    Peer::over(stream).expect("a connected socket")
}

fn a_listener_that_dials_takes_what_its_peer_sends_and_dials_again() {
    let (analyzer, address) = analyzer();
    let site = dialling(address, "connections = 2");
    let engine = site.start();
    let (mut one, mut other) = (accept(&analyzer), accept(&analyzer));
    assert_eq!((one.send(&adt("ONE")), other.send(&adt("OTHER"))), ("AA".into(), "AA".into()));
    drop(one);
    let mut again = accept(&analyzer);
    assert_eq!(again.send(&adt("AGAIN")), "AA");
    assert_eq!(other.send(&adt("STILL")), "AA");
    let status = engine.status();
    let row = &status.listeners[0];
    assert_eq!(
        (row.role.as_deref(), row.address.as_str()),
        (Some("client"), address.to_string().as_str())
    );
    assert_eq!((row.connections, row.max_connections, row.counts.stored), (2, 2, 4));
    let shown = site.command(["--config", "wardline.toml", "status"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains(&format!("dials {address}")), "{shown}");
    assert!(engine.stop().success());
}

fn a_listener_that_dials_knows_what_came_before() {
    let (analyzer, address) = analyzer();
    let site = dialling(address, "dedup = \"replay\"");
    let engine = site.start();
    let mut peer = accept(&analyzer);
    let answer = peer.exchange(&adt("ONE"));
    drop(peer);
    assert_eq!(accept(&analyzer).exchange(&adt("ONE")), answer, "word for word");
    let counts = engine.counts("in");
    assert_eq!((counts.duplicates_suppressed, counts.stored), (1, 1));
}

fn a_peer_that_is_away_is_dialled_on_and_told_of_once() {
    let nobody = Nobody::new();
    let site = dialling(nobody.address(), "");
    let engine = site.start();
    wait::until_so("several tries", || engine.counts("in").connect_failures > 3);
    let told = |what: &str| engine.log().matches(what).count();
    assert_eq!(told("the peer cannot be reached"), 1, "{}", engine.log());
    let analyzer = nobody.listener();
    assert_eq!(accept(&analyzer).send(&adt("BACK")), "AA");
    assert_eq!(told("the peer is back"), 1, "{}", engine.log());
}

fn a_listener_that_dials_over_tls_checks_whom_it_reached() {
    let authority = Authority::new("Hospital CA");
    let sender = TlsSender::start(&authority.issue(&["localhost"]), &adt("SECURE"));
    let trusting = "tls = { ca = \"ca.pem\", server_name = \"localhost\" }";
    let site = dialling(sender.address(), trusting);
    fs::write(site.folder().join("ca.pem"), authority.pem()).expect("a folder");
    let engine = site.start();
    wait::until_so("the message over TLS", || engine.counts("in").stored >= 1);
    assert!(engine.stop().success());

    fs::write(site.folder().join("ca.pem"), Authority::new("Other CA").pem()).expect("a folder");
    let engine = site.start();
    wait::until_so("several refusals", || engine.counts("in").tls_refused > 2);
    let told = engine.log().matches("server certificate refused").count();
    assert_eq!(told, 1, "{}", engine.log());
    assert_eq!(engine.counts("in").stored, 0);
}
