//! The page behind TLS.

use libtest_mimic::Trial;
use wardline_tests::certificates::Authority;
use wardline_tests::site::Site;
use wardline_tests::tls_peer::Caller;
use wardline_tests::trials;

use crate::admin_access::{PASSWORD, add_user, site};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        behind_tls_the_cookie_is_secure_and_a_reload_renews_the_certificate,
        a_certificate_that_cannot_be_used_stops_the_start,
    ]
}

fn encrypted(authority: &Authority) -> Site {
    let site = site("tls = { certificate = \"page.pem\", key = \"page.key\" }");
    authority.issue(&["localhost"]).write(site.folder(), "page");
    site
}

fn behind_tls_the_cookie_is_secure_and_a_reload_renews_the_certificate() {
    let authority = Authority::new("Hospital CA");
    let site = encrypted(&authority);
    add_user(&site, "ann", &["admin"]);
    let engine = site.start();
    let caller = Caller::new(&authority, "localhost", None);
    let mut browser = caller.connect(engine.page()).expect("a handshake");
    let form = format!("name=ann&password={}", PASSWORD.replace(' ', "+"));
    let request = format!(
        "POST /signin HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    browser.write(request.as_bytes()).expect("it reads");
    let answer = browser.rest();
    assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie: ")).expect("a cookie");
    assert!(cookie.contains("__Host-wardline=") && cookie.contains("; Secure"), "{cookie}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");

    let newer = authority.issue(&["localhost", "newer.example"]);
    newer.write(site.folder(), "page");
    let reloaded = site.command(["--config", "wardline.toml", "reload"]);
    assert!(reloaded.status.success(), "{reloaded:?}");
    let peer = caller.connect(engine.page()).expect("a handshake");
    assert_eq!(peer.shown(), newer.chain()[0].as_ref(), "the next handshake shows the new");
    let certificates = engine.status().certificates;
    assert!(certificates.iter().any(|row| row.of == "admin"), "{certificates:?}");
}

fn a_certificate_that_cannot_be_used_stops_the_start() {
    let authority = Authority::new("Hospital CA");
    let site = encrypted(&authority);
    std::fs::write(site.folder().join("page.pem"), "no certificate").expect("a writable folder");
    let mut engine = site.spawn(&[]);
    assert_eq!(engine.wait().code(), Some(3), "{}", engine.log());
    assert!(engine.log().contains("[admin]"), "{}", engine.log());
}
