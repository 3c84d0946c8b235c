//! What strangers and other sites try at the page, and that they are refused rightly.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use libtest_mimic::Trial;
use wardline_tests::browser::Browser;
use wardline_tests::{trials, wait};

use crate::admin_access::{PASSWORD, add_user, with_ann};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_forged_cookie_is_nobody,
        another_site_s_page_cannot_act_for_a_user,
        a_form_carries_the_proof_of_its_own_session,
        a_thousand_wrong_passwords_are_refused_and_cost_nothing,
        an_address_that_tries_many_names_rests,
        no_trick_of_a_path_leads_past_the_door,
        what_is_too_long_is_refused_with_the_limit,
        a_client_that_stops_in_the_middle_is_let_go,
        faults_repeat_nothing_of_the_request,
        every_answer_forbids_scripts_frames_and_keeping,
        a_file_of_users_that_is_damaged_opens_nothing,
    ]
}

fn a_forged_cookie_is_nobody() {
    let (_site, engine, ann) = with_ann("");
    let own = ann.cookie().expect("a cookie").to_owned();
    let (name, id) = own.split_once('=').expect("a cookie");
    assert_eq!(id.len(), 64, "256 bits");
    let flipped: String = id.chars().rev().collect();
    let zeros = "0".repeat(64);
    for forged in ["", &zeros, &flipped, &id[..63], &format!("{id}0"), &id.to_uppercase()] {
        let mut eve = Browser::at(engine.page());
        eve.forge(&format!("{name}={forged}"));
        assert_eq!(eve.get("/users").location(), "/signin?next=/users", "{forged}");
        assert_eq!(eve.get("/api/v1/status").status, 401, "{forged}");
    }
    assert_eq!(ann.twin().get("/users").status, 200, "hers is still good");
}

fn another_site_s_page_cannot_act_for_a_user() {
    let (_site, engine, mut ann) = with_ann("");
    let csrf = ann.get("/users").csrf().expect("a form");
    let host = engine.page().to_string();
    let body = || format!("csrf={csrf}&name=eve&role=admin&password=correct+horse+battery");
    let form = ("content-type", "application/x-www-form-urlencoded");
    for headers in [
        [form, ("origin", "https://evil.example")],
        [form, ("origin", "null")],
        [form, ("origin", "http://127.0.0.1:1")],
        [form, ("sec-fetch-site", "cross-site")],
        [form, ("sec-fetch-site", "same-site")],
    ] {
        let answer = ann.send("POST", "/users", &headers, body().into_bytes());
        assert_eq!(answer.status, 403, "{headers:?}: even with the right proof");
    }
    let sign_in = [form, ("origin", "https://evil.example")];
    let answer = ann.send("POST", "/signin", &sign_in, b"name=ann&password=x".to_vec());
    assert_eq!(answer.status, 403, "nobody is signed in as somebody else from elsewhere");
    let origin = format!("http://{host}");
    let ours = [form, ("origin", origin.as_str())];
    assert_eq!(ann.send("POST", "/users", &ours, body().into_bytes()).status, 303);
}

fn a_form_carries_the_proof_of_its_own_session() {
    let (site, engine, mut ann) = with_ann("");
    add_user(&site, "bob", &["admin"]);
    let mut bob = Browser::at(engine.page());
    bob.sign_in("bob", PASSWORD);
    let of_bob = bob.get("/users").csrf().expect("a form");
    for csrf in ["", "0", of_bob.as_str()] {
        let fields = [("csrf", csrf), ("confirm", "bob")];
        assert_eq!(ann.form("/users/bob/remove", &fields).status, 403, "{csrf}");
    }
    assert_eq!(ann.form("/users/bob/remove", &[("confirm", "bob")]).status, 403);
    let json = [("content-type", "application/json")];
    let refused = ann.send("DELETE", "/api/v1/users/bob", &json, Vec::new());
    assert_eq!((refused.status, refused.code().as_str()), (403, "cross-site"));
    let own = ann.get("/users").csrf().expect("a form");
    let header = [("x-csrf-token", own.as_str())];
    assert_eq!(ann.send("DELETE", "/api/v1/users/bob", &header, Vec::new()).status, 204);
}

fn a_thousand_wrong_passwords_are_refused_and_cost_nothing() {
    let (_site, engine, mut ann) = with_ann("");
    let mut eve = Browser::at(engine.page());
    let statuses: Vec<u16> =
        (0..1_000).map(|number| eve.sign_in("ann", &format!("guess {number}")).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 995);
    let right = eve.sign_in("ann", PASSWORD);
    assert_eq!(right.status, 429, "not even the right one is compared");
    assert!(right.header("retry-after").is_some_and(|seconds| seconds != "0"));
    assert!(right.header("set-cookie").is_none());
    assert_eq!(ann.sign_in("ann", PASSWORD).status, 303, "her own browser is not kept out by eve");
}

fn an_address_that_tries_many_names_rests() {
    let (_site, engine, _ann) = with_ann("");
    let mut eve = Browser::at(engine.page());
    let statuses: Vec<u16> =
        (0..100).map(|number| eve.sign_in(&format!("user{number}"), "a guess").status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 20);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 80);
}

/// What comes back for these bytes until the other end closes or pauses.
fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("the page listens");
    stream.set_read_timeout(Some(wait::DEADLINE)).expect("a socket");
    stream.write_all(request).expect("it reads");
    let mut answer = Vec::new();
    let _reset_behind_the_answer = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn status_of(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    status.and_then(|status| status.parse().ok()).unwrap_or_default()
}

fn no_trick_of_a_path_leads_past_the_door() {
    let (site, engine, _ann) = with_ann("");
    add_user(&site, "bob", &["viewer"]);
    let mut bob = Browser::at(engine.page());
    bob.sign_in("bob", PASSWORD);
    let cookie = bob.cookie().expect("a cookie").to_owned();
    for path in [
        "/../users",
        "/%2e%2e/users",
        "/./users",
        "/%2e/users",
        "//users",
        "/users/",
        "/users//",
        "/us%65rs",
        "/%75sers",
        "/users%00",
        "/users;x=1",
        "/users%3fx",
        "/\\users",
        "/USERS",
        "/assets/../users",
        "/assets/..%2fusers",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/../../access/access.json",
        "/api/v1/../v1/users",
        "/api/v1//users",
        "/api/v1/users/..%2fann",
        "/api/v1/%75sers",
        "http://evil.example/users",
    ] {
        for cookie in ["", cookie.as_str()] {
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n",
                engine.page()
            );
            let answer = raw(engine.page(), request.as_bytes());
            let status = status_of(&answer);
            assert!([303, 400, 401, 403, 404, 405].contains(&status), "{path} {cookie}: {answer}");
            assert!(!answer.contains("Let somebody in") && !answer.contains("$argon2"), "{path}");
        }
    }
}

fn what_is_too_long_is_refused_with_the_limit() {
    let (_site, engine, mut ann) = with_ann("");
    let mut eve = Browser::at(engine.page());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let long = |length: usize| vec![b'x'; length];
    assert_eq!(eve.send("POST", "/signin", &form, long(4 * 1024 + 1)).status, 413);
    assert_eq!(ann.send("POST", "/users", &form, long(64 * 1024 + 1)).status, 413);
    let address = format!("/signin?next=/{}", "x".repeat(8 * 1024));
    assert_eq!(eve.get(&address).status, 414);
    let header = "x".repeat(17 * 1024);
    assert_eq!(eve.send("GET", "/signin", &[("x-long", &header)], Vec::new()).status, 431);
    let endless = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nX-Endless: {}",
        engine.page(),
        "x".repeat(512 * 1024)
    );
    let mut stream = TcpStream::connect(engine.page()).expect("the page listens");
    stream.set_read_timeout(Some(wait::DEADLINE)).expect("a socket");
    let _closed_meanwhile = stream.write_all(endless.as_bytes());
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || (400..500).contains(&status_of(&answer)), "{answer}");
    assert_eq!(ann.get("/users").status, 200, "everybody else is served");
}

fn a_client_that_stops_in_the_middle_is_let_go() {
    let (_site, engine, mut ann) = with_ann("");
    let head = format!("POST /signin HTTP/1.1\r\nHost: {}\r\n", engine.page());
    let body =
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=";
    for stopped in [head.clone(), format!("{head}{body}")] {
        let answer = raw(engine.page(), stopped.as_bytes());
        assert!(answer.is_empty() || status_of(&answer) == 408, "{answer}");
    }
    let _silent: Vec<TcpStream> = (0..50)
        .map(|_| {
            let stream = TcpStream::connect(engine.page()).expect("the page listens");
            stream.set_read_timeout(Some(Duration::from_secs(1))).expect("a socket");
            stream
        })
        .collect();
    assert_eq!(ann.get("/users").status, 200, "fifty that say nothing stand in nobody's way");
}

fn faults_repeat_nothing_of_the_request() {
    let (_site, engine, mut ann) = with_ann("");
    let csrf = ann.get("/users").csrf().expect("a form");
    let json = [("content-type", "application/json"), ("x-csrf-token", csrf.as_str())];
    let wrong = |body: &str| body.as_bytes().to_vec();
    let answers = [
        ann.get("/nothing/SECRET^DOE?patient=SECRET".replace('^', "%5E").as_str()),
        ann.get("/api/v1/nothing?patient=SECRET"),
        ann.get("/api/v1/users/SECRET"),
        ann.send("POST", "/api/v1/users", &json, wrong("{\"name\":\"SECRET\"")),
        ann.send("POST", "/api/v1/users", &json, wrong("{\"SECRET\":1}")),
        ann.send("PATCH", "/api/v1/users/SECRET", &json, wrong("{\"role\":\"SECRET\"}")),
        ann.send("DELETE", "/api/v1/sessions/SECRET", &json, Vec::new()),
        ann.submit("/users", "/users", &[("name", "SECRET"), ("role", "SECRET")]),
        Browser::at(engine.page()).get("/users?q=SECRET"),
    ];
    for answer in &answers {
        assert!(answer.status == 303 || (400..500).contains(&answer.status), "{answer:?}");
        assert!(!answer.body.contains("SECRET"), "{answer:?}");
        assert!(!answer.location().contains("SECRET"), "{answer:?}");
    }
    assert!(!engine.log().contains("SECRET"));
}

fn every_answer_forbids_scripts_frames_and_keeping() {
    let (_site, engine, mut ann) = with_ann("");
    let mut nobody = Browser::at(engine.page());
    let answers = [
        ann.get("/"),
        ann.get("/users"),
        ann.get("/nothing"),
        ann.get("/api/v1/status"),
        nobody.get("/"),
        nobody.get("/signin"),
        nobody.get("/api/v1/status"),
    ];
    for answer in &answers {
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none';"), "{answer:?}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.body.contains("style=\"") && !answer.body.contains("onclick"), "{policy}");
        assert!(!answer.body.contains("<script>") && !answer.body.contains("<style"), "{policy}");
    }
    let style = nobody.get("/assets/wardline.css");
    assert!(style.header("cache-control").is_some_and(|kept| kept.contains("immutable")));
    let signed_in = Browser::at(engine.page()).sign_in("ann", PASSWORD);
    let cookie = signed_in.header("set-cookie").unwrap_or_default().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(cookie.contains("Path=/") && !cookie.contains("Secure"), "without TLS: {cookie}");
}

fn a_file_of_users_that_is_damaged_opens_nothing() {
    let (site, _engine, mut ann) = with_ann("");
    std::fs::write(site.folder().join("data/access/access.json"), "{").expect("a writable folder");
    let answer = ann.get("/users");
    assert_eq!(answer.status, 500);
    assert!(!answer.body.contains("access.json"), "paths are for the log");
    assert_ne!(ann.get("/setup").status, 200, "it is not taken for a first start");
}
