//! Who comes in at the page, and how: set-up, passwords, sessions, tokens.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use wardline_tests::browser::Browser;
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::ours::{self, PROGRAM};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_first_start_is_set_up_with_its_token_once,
        a_wrong_set_up_token_opens_nothing,
        what_the_command_line_changes_holds_at_the_next_click,
        a_session_ends_when_it_is_idle,
        a_session_ends_after_its_time_even_when_it_is_used,
        a_session_ends_with_its_user_s_password_and_by_hand,
        the_command_line_shows_who_is_signed_in_and_ends_one_session,
        what_may_be_looked_at_may_be_asked_for_its_head_and_a_refusal_says_what_may,
        a_token_is_good_for_its_rights_until_it_is_revoked,
        a_token_made_on_the_machine_is_good_before_anybody_is_known,
        the_page_shows_the_engine_and_goes_last,
        the_page_s_address_is_not_open_to_the_network_without_encryption,
        the_document_of_the_api_is_served,
    ]
}

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A site with a page, and one listener and folder.
pub(crate) fn site(keys: &str) -> Site {
    ours::inbox(&format!("\n[admin]\nbind = \"127.0.0.1:0\"\n{keys}\n"))
}

/// Adds a user by the command line.
pub(crate) fn add_user(site: &Site, name: &str, arguments: &[&str]) {
    let mut all = vec!["--config", "wardline.toml", "user", "add", name, "--role"];
    all.extend_from_slice(arguments);
    let output = with_password(site, &all, PASSWORD);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn with_password(site: &Site, arguments: &[&str], password: &str) -> std::process::Output {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .env("NO_COLOR", "1")
        .current_dir(site.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    writeln!(child.stdin.take().expect("a pipe"), "{password}").expect("it reads");
    child.wait_with_output().expect("a process")
}

fn command(site: &Site, arguments: &[&str]) -> String {
    let mut all = vec!["--config", "wardline.toml"];
    all.extend_from_slice(arguments);
    let output = site.command(all);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A running engine whose administrator is `ann`, and ann.
pub(crate) fn with_ann(keys: &str) -> (Site, Engine, Browser) {
    let site = site(keys);
    add_user(&site, "ann", &["admin"]);
    let engine = site.start();
    let mut ann = Browser::at(engine.page());
    let signed_in = ann.sign_in("ann", PASSWORD);
    assert_eq!((signed_in.status, signed_in.location()), (303, "/"), "{}", signed_in.body);
    (site, engine, ann)
}

fn set_up_token(site: &Site) -> String {
    fs::read_to_string(site.folder().join("data/access/setup-token")).expect("a set-up token")
}

fn the_first_start_is_set_up_with_its_token_once() {
    let site = site("");
    let engine = site.start();
    let token = set_up_token(&site);
    assert!(engine.log().contains(token.trim()), "the log has it as well");
    let mode = |path: &str| {
        fs::metadata(site.folder().join(path)).expect("there").permissions().mode() & 0o777
    };
    assert_eq!(mode("data/access/setup-token"), 0o600);
    assert_eq!(mode("data/access"), 0o700);
    let mut first = Browser::at(engine.page());
    assert_eq!(first.get("/").location(), "/setup", "only the set-up works");
    let refused = first.get("/api/v1/status");
    assert_eq!((refused.status, refused.code().as_str()), (403, "set-up-first"));
    assert_eq!(first.get("/setup").status, 200);
    let fields = [("token", token.as_str()), ("name", "Ann"), ("password", PASSWORD)];
    let done = first.form("/setup", &fields);
    assert_eq!((done.status, done.location()), (303, "/"), "{}", done.body);
    let page = first.get("/");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains(">ann<"), "signed in as who was made: {}", page.body);
    assert!(!site.folder().join("data/access/setup-token").exists(), "the token is gone");
    assert_eq!(mode("data/access/access.json"), 0o600);
    let again = Browser::at(engine.page()).form("/setup", &fields);
    assert_eq!(again.status, 404, "it works once");
    let kept = fs::read_to_string(site.folder().join("data/access/access.json")).expect("a file");
    assert!(kept.contains("$argon2id$") && !kept.contains(PASSWORD));
    assert!(!engine.log().contains(PASSWORD));
}

fn a_token_made_on_the_machine_is_good_before_anybody_is_known() {
    let site = site("");
    let engine = site.start();
    let token = command(&site, &["token", "create", "monitor", "--right", "see"]);
    let bearer = format!("Bearer {}", token.trim());
    let ask = |path: &str, bearer: &str| {
        Browser::at(engine.page()).send("GET", path, &[("authorization", bearer)], Vec::new())
    };
    assert_eq!(ask("/api/v1/status", &bearer).status, 200);
    assert_eq!(ask("/api/v1/users", &bearer).status, 403, "its rights are what was given");
    assert_eq!(ask("/api/v1/status", "Bearer wardline_0").status, 401);
    assert_eq!(Browser::at(engine.page()).get("/").location(), "/setup");
    assert!(site.folder().join("data/access/setup-token").exists(), "the first person can come");
}

fn a_wrong_set_up_token_opens_nothing() {
    let site = site("");
    let engine = site.start();
    let mut somebody = Browser::at(engine.page());
    for (token, password, status) in [
        ("WARD-AAAA-AAAA-AAAA-AAAA", PASSWORD, 403),
        ("", PASSWORD, 403),
        (set_up_token(&site).as_str(), "short", 422),
    ] {
        let fields = [("token", token), ("name", "eve"), ("password", password)];
        assert_eq!(somebody.form("/setup", &fields).status, status, "{token}");
    }
    assert!(!site.folder().join("data/access/access.json").exists());
    let token = set_up_token(&site);
    let fields = [("token", token.as_str()), ("name", "ann"), ("password", PASSWORD)];
    assert_eq!(somebody.form("/setup", &fields).status, 303, "a short password did not cost it");
}

fn what_the_command_line_changes_holds_at_the_next_click() {
    let (site, engine, mut ann) = with_ann("");
    add_user(&site, "bob", &["viewer"]);
    let mut bob = Browser::at(engine.page());
    assert_eq!(bob.sign_in("BOB", PASSWORD).status, 303, "an engine that runs sees him");
    assert_eq!(bob.get("/users").status, 403);
    command(&site, &["user", "set", "bob", "--role", "admin"]);
    assert_eq!(bob.get("/users").status, 200, "without signing in again");
    command(&site, &["user", "set", "bob", "--disabled", "true"]);
    assert_eq!(bob.get("/").location(), "/signin", "kept out at once");
    assert_eq!(bob.sign_in("bob", PASSWORD).status, 401);
    let listed = command(&site, &["--json", "user", "list"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let last = site.command(["--config", "wardline.toml", "user", "remove", "ann", "--yes"]);
    assert_eq!(last.status.code(), Some(1), "the last administrator stays");
    assert_eq!(ann.get("/users").status, 200);
    let nobody = site.command(["--config", "wardline.toml", "user", "remove", "eve", "--yes"]);
    assert_eq!(nobody.status.code(), Some(6));
}

fn a_session_ends_when_it_is_idle() {
    let (_site, engine, ann) = with_ann("session_idle = \"1s\"\nsession_max = \"1h\"");
    // A look would use it: each is a browser of its own, with a pause that grows until it was too long.
    let mut pause = std::time::Duration::from_millis(200);
    let ended = wait::until("the session to end", || {
        std::thread::sleep(pause);
        pause *= 2;
        let answer = ann.twin().get("/account");
        (answer.status != 200).then_some(answer)
    });
    assert_eq!((ended.status, ended.location()), (303, "/signin?next=/account"));
    drop(engine);
}

fn a_session_ends_after_its_time_even_when_it_is_used() {
    let (_site, engine, mut ann) = with_ann("session_idle = \"3s\"\nsession_max = \"3s\"");
    let mut used = 0;
    wait::until_so("the session to end", || {
        let is_over = ann.get("/account").status == 303;
        used += u32::from(!is_over);
        is_over
    });
    assert!(used > 0, "it was used until then");
    drop(engine);
}

fn a_session_ends_with_its_user_s_password_and_by_hand() {
    let (site, engine, mut ann) = with_ann("");
    let mut elsewhere = Browser::at(engine.page());
    elsewhere.sign_in("ann", PASSWORD);
    let sessions = ann.get("/api/v1/sessions");
    let sessions: serde_json::Value = serde_json::from_str(&sessions.body).expect("JSON");
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(2), "{sessions}");
    assert!(!sessions.to_string().contains(&elsewhere.cookie().unwrap_or_default()[9..]));
    let newest = sessions["sessions"][0]["id"].as_str().expect("an id").to_owned();
    let ended = ann.submit("/users", &format!("/sessions/{newest}/end"), &[]);
    assert_eq!(ended.status, 303);
    assert_eq!(elsewhere.get("/users").status, 303, "the newest was elsewhere");
    let wrong = [("current", "not this one, no"), ("new", "another good password")];
    assert_eq!(ann.submit("/account", "/account/password", &wrong).status, 422);
    let right = [("current", PASSWORD), ("new", "another good password")];
    assert_eq!(ann.submit("/account", "/account/password", &right).location(), "/signin");
    assert_eq!(ann.get("/users").status, 303, "every session has ended");
    assert_eq!(ann.sign_in("ann", PASSWORD).status, 401);
    assert_eq!(ann.sign_in("ann", "another good password").status, 303);
    let arguments = ["--config", "wardline.toml", "user", "password", "ann"];
    assert!(with_password(&site, &arguments, PASSWORD).status.success());
    assert_eq!(ann.get("/users").status, 303, "by the command line too");
    assert_eq!(ann.sign_in("ann", PASSWORD).status, 303);
    let signed_out = ann.submit("/account", "/signout", &[]);
    assert_eq!(signed_out.location(), "/signin");
    assert_eq!(ann.get("/users").status, 303);
}

fn the_command_line_shows_who_is_signed_in_and_ends_one_session() {
    let (site, engine, mut ann) = with_ann("");
    let sessions = |words: &[&str]| -> serde_json::Value {
        let all = [&["--json", "user"], words].concat();
        serde_json::from_str(&command(&site, &all)).expect("JSON")
    };
    let listed = sessions(&["sessions"]);
    assert_eq!(listed["sessions"][0]["user"], "ann");
    let id = listed["sessions"][0]["id"].as_str().expect("an id");
    let left = sessions(&["end-session", id]);
    assert_eq!(left["sessions"].as_array().map(Vec::len), Some(0), "{left}");
    assert_eq!(ann.get("/users").location(), "/signin?next=/users");
    let again = site.command(["--config", "wardline.toml", "user", "end-session", id]);
    assert_eq!(again.status.code(), Some(6));
    assert!(engine.log().contains("session ended"));
}

fn what_may_be_looked_at_may_be_asked_for_its_head_and_a_refusal_says_what_may() {
    let (_site, _engine, mut ann) = with_ann("");
    for path in ["/", "/livez", "/api/v1/status", "/metrics"] {
        let (whole, head) = (ann.get(path), ann.send("HEAD", path, &[], Vec::new()));
        assert_eq!((head.status, head.body.as_str()), (whole.status, ""), "{path}");
        assert_eq!(head.header("content-type"), whole.header("content-type"), "{path}");
    }
    let csrf = ann.get("/account").csrf().expect("a form");
    let proof = [("x-csrf-token", csrf.as_str())];
    for (path, methods) in [
        ("/api/v1/status", "GET, HEAD"),
        ("/api/v1/users", "GET, HEAD, POST"),
        ("/api/v1/users/bob", "PATCH, DELETE"),
    ] {
        let refused = ann.send("PUT", path, &proof, Vec::new());
        assert_eq!((refused.status, refused.header("allow")), (405, Some(methods)), "{path}");
    }
}

fn a_token_is_good_for_its_rights_until_it_is_revoked() {
    let (site, engine, _ann) = with_ann("");
    let token = command(&site, &["token", "create", "monitor", "--right", "see", "--days", "7"]);
    let bearer = format!("Bearer {}", token.trim());
    let mut program = Browser::at(engine.page());
    let ask = |program: &mut Browser, path: &str, bearer: &str| {
        program.send("GET", path, &[("authorization", bearer)], Vec::new())
    };
    let status = ask(&mut program, "/api/v1/status", &bearer);
    assert_eq!(status.status, 200, "{}", status.body);
    let me = ask(&mut program, "/api/v1/me", &bearer).body;
    assert_eq!(me, r#"{"name":"token:monitor","rights":["see"]}"#);
    let denied = ask(&mut program, "/api/v1/users", &bearer);
    assert_eq!((denied.status, denied.code().as_str()), (403, "denied"));
    for wrong in ["Bearer wardline_0", "Bearer ", "Bearer", "Basic YTpi", &bearer.to_uppercase()] {
        let refused = ask(&mut program, "/api/v1/status", wrong);
        assert_eq!((refused.status, refused.code().as_str()), (401, "not-signed-in"), "{wrong}");
    }
    let listed = command(&site, &["--json", "token", "list"]);
    assert!(listed.contains("\"monitor\"") && !listed.contains(token.trim()), "{listed}");
    command(&site, &["token", "revoke", "monitor"]);
    assert_eq!(ask(&mut program, "/api/v1/status", &bearer).status, 401);
}

fn the_page_shows_the_engine_and_goes_last() {
    let (_site, engine, mut ann) = with_ann("");
    let status = ann.get("/api/v1/status");
    let status: serde_json::Value = serde_json::from_str(&status.body).expect("JSON");
    assert_eq!((&status["phase"], &status["pid"]), (&"running".into(), &engine.pid().into()));
    let page = engine.page();
    assert!(engine.stop().success(), "it drains in time");
    assert!(std::net::TcpStream::connect(page).is_err(), "and the page is gone with it");
}

fn the_page_s_address_is_not_open_to_the_network_without_encryption() {
    let site = site("");
    let text = fs::read_to_string(site.folder().join("wardline.toml")).expect("a file");
    let open = text.replace("[admin]\nbind = \"127.0.0.1:0\"", "[admin]\nbind = \"0.0.0.0:0\"");
    assert_ne!(open, text);
    fs::write(site.folder().join("wardline.toml"), open).expect("a writable folder");
    let checked = site.command(["--config", "wardline.toml", "check"]);
    assert_eq!(checked.status.code(), Some(3));
    let told = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(told.contains("[admin.tls]") && told.contains("0.0.0.0:0"), "{told}");
}

fn the_document_of_the_api_is_served() {
    let (_site, _engine, mut ann) = with_ann("");
    let document = ann.get("/api/v1/openapi.json");
    assert_eq!(document.header("content-type"), Some("application/json"));
    let document: serde_json::Value = serde_json::from_str(&document.body).expect("JSON");
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let page = ann.get("/reference").body;
    for path in document["paths"].as_object().expect("paths").keys() {
        assert!(page.contains(path), "{path}");
    }
}
