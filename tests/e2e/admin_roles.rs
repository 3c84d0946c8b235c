//! Every route, asked by everybody: nobody, each role, with and without the right to see content.
//!
//! The table says who may. A route without a row fails, and so does a row without a route.

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use wardline_tests::browser::{Answer, Browser};
use wardline_tests::trials;

use crate::admin_access::{PASSWORD, add_user, site};

pub(crate) fn trials() -> Vec<Trial> {
    trials![every_route_lets_in_those_of_its_row_and_nobody_else]
}

/// Users of the test, by name: the arguments that make them.
const USERS: &[(&str, &[&str])] = &[
    ("viewer", &["viewer"]),
    ("reader", &["viewer", "--content"]),
    ("operator", &["operator"]),
    ("charge", &["operator", "--content"]),
    ("admin", &["admin"]),
    ("auditor", &["auditor"]),
];

/// Who may, beside nobody.
const EVERYBODY: &[&str] = &["viewer", "reader", "operator", "charge", "admin", "auditor"];
const ADMINS: &[&str] = &["admin"];
const OPERATORS: &[&str] = &["operator", "charge", "admin"];
const READERS: &[&str] = &["reader", "charge"];
const EDITORS: &[&str] = &["charge"];
const TRYING: &[&str] = &["reader", "operator", "charge", "admin"];

/// Who passes the door of a route.
enum Passes {
    /// Whoever comes, signed in or not.
    Anybody,
    /// While there are no users, nobody now.
    SetUp,
    /// Those.
    Only(&'static [&'static str]),
}

use Passes::{Anybody, Only, SetUp};

const ROWS: &[(&str, &str, Passes)] = &[
    ("GET", "/assets/wardline.css", Anybody),
    ("GET", "/assets/wardline.js", Anybody),
    ("GET", "/setup", SetUp),
    ("POST", "/setup", SetUp),
    ("GET", "/signin", Anybody),
    ("POST", "/signin", Anybody),
    ("POST", "/signout", Only(EVERYBODY)),
    ("GET", "/", Only(EVERYBODY)),
    ("GET", "/interfaces", Only(EVERYBODY)),
    ("GET", "/interfaces/{id}", Only(EVERYBODY)),
    ("GET", "/queues", Only(EVERYBODY)),
    ("GET", "/queues/{id}", Only(EVERYBODY)),
    ("GET", "/dead", Only(EVERYBODY)),
    ("GET", "/dead/{id}", Only(EVERYBODY)),
    ("GET", "/live", Only(EVERYBODY)),
    ("POST", "/interfaces/{id}/pause", Only(OPERATORS)),
    ("POST", "/interfaces/{id}/go", Only(OPERATORS)),
    ("POST", "/queues/{id}/retry", Only(OPERATORS)),
    ("POST", "/queues/{id}/hold", Only(OPERATORS)),
    ("POST", "/queues/{id}/skip", Only(OPERATORS)),
    ("POST", "/queues/{id}/discard", Only(OPERATORS)),
    ("POST", "/queues/{id}/move", Only(OPERATORS)),
    ("POST", "/dead/{id}/retry", Only(OPERATORS)),
    ("POST", "/dead/{id}/discard", Only(OPERATORS)),
    ("GET", "/api/v1/attention", Only(EVERYBODY)),
    ("GET", "/api/v1/interfaces", Only(EVERYBODY)),
    ("GET", "/api/v1/interfaces/{id}", Only(EVERYBODY)),
    ("GET", "/api/v1/flow", Only(EVERYBODY)),
    ("GET", "/api/v1/queues", Only(EVERYBODY)),
    ("GET", "/api/v1/queues/{id}", Only(EVERYBODY)),
    ("GET", "/api/v1/queues/{id}/deliveries", Only(EVERYBODY)),
    ("GET", "/api/v1/dead", Only(EVERYBODY)),
    ("GET", "/api/v1/queues/{id}/export", Only(READERS)),
    ("GET", "/api/v1/dead/{id}/export", Only(READERS)),
    ("POST", "/api/v1/listeners/{id}/pause", Only(OPERATORS)),
    ("POST", "/api/v1/listeners/{id}/go", Only(OPERATORS)),
    ("POST", "/api/v1/queues/{id}/retry", Only(OPERATORS)),
    ("POST", "/api/v1/queues/{id}/hold", Only(OPERATORS)),
    ("POST", "/api/v1/queues/{id}/skip", Only(OPERATORS)),
    ("POST", "/api/v1/queues/{id}/discard", Only(OPERATORS)),
    ("POST", "/api/v1/queues/{id}/move", Only(OPERATORS)),
    ("POST", "/api/v1/dead/{id}/retry", Only(OPERATORS)),
    ("POST", "/api/v1/dead/{id}/discard", Only(OPERATORS)),
    ("GET", "/account", Only(EVERYBODY)),
    ("POST", "/account/password", Only(EVERYBODY)),
    ("GET", "/users", Only(ADMINS)),
    ("POST", "/users", Only(ADMINS)),
    ("GET", "/users/{name}", Only(ADMINS)),
    ("POST", "/users/{name}", Only(ADMINS)),
    ("POST", "/users/{name}/password", Only(ADMINS)),
    ("POST", "/users/{name}/sign-out", Only(ADMINS)),
    ("POST", "/users/{name}/remove", Only(ADMINS)),
    ("POST", "/sessions/{id}/end", Only(ADMINS)),
    ("GET", "/tokens", Only(ADMINS)),
    ("POST", "/tokens", Only(ADMINS)),
    ("POST", "/tokens/{name}/revoke", Only(ADMINS)),
    ("GET", "/messages", Only(EVERYBODY)),
    ("POST", "/messages/find", Only(EVERYBODY)),
    ("GET", "/messages/{id}", Only(EVERYBODY)),
    ("POST", "/messages/{id}/replay", Only(OPERATORS)),
    ("POST", "/messages/{id}/edit", Only(EDITORS)),
    ("POST", "/messages/{id}/edited", Only(EDITORS)),
    ("GET", "/replays", Only(EVERYBODY)),
    ("POST", "/replays", Only(OPERATORS)),
    ("POST", "/replays/preview", Only(OPERATORS)),
    ("GET", "/replays/new", Only(OPERATORS)),
    ("GET", "/replays/{job}", Only(EVERYBODY)),
    ("POST", "/replays/{job}/pause", Only(OPERATORS)),
    ("POST", "/replays/{job}/resume", Only(OPERATORS)),
    ("POST", "/replays/{job}/cancel", Only(OPERATORS)),
    ("GET", "/api/v1/replays", Only(EVERYBODY)),
    ("POST", "/api/v1/replays", Only(OPERATORS)),
    ("POST", "/api/v1/replays/preview", Only(OPERATORS)),
    ("GET", "/api/v1/replays/{job}", Only(EVERYBODY)),
    ("POST", "/api/v1/replays/{job}/pause", Only(OPERATORS)),
    ("POST", "/api/v1/replays/{job}/resume", Only(OPERATORS)),
    ("POST", "/api/v1/replays/{job}/cancel", Only(OPERATORS)),
    ("POST", "/api/v1/messages/search", Only(EVERYBODY)),
    ("POST", "/messages/{id}/reveal", Only(READERS)),
    ("POST", "/messages/{id}/document", Only(READERS)),
    ("GET", "/try", Only(TRYING)),
    ("POST", "/try", Only(TRYING)),
    ("POST", "/api/v1/try", Only(TRYING)),
    ("GET", "/reference", Only(EVERYBODY)),
    ("GET", "/api/v1/messages", Only(EVERYBODY)),
    ("GET", "/api/v1/messages/{id}", Only(EVERYBODY)),
    ("GET", "/api/v1/messages/{id}/content", Only(READERS)),
    ("GET", "/api/v1/messages/{id}/segments", Only(EVERYBODY)),
    ("GET", "/api/v1/messages/{id}/related", Only(EVERYBODY)),
    ("GET", "/api/v1/messages/{id}/document", Only(READERS)),
    ("GET", "/api/v1/openapi.json", Only(EVERYBODY)),
    ("GET", "/api/v1/status", Only(EVERYBODY)),
    ("GET", "/livez", Anybody),
    ("GET", "/readyz", Anybody),
    ("GET", "/metrics", Only(EVERYBODY)),
    ("GET", "/system", Only(EVERYBODY)),
    ("GET", "/storage", Only(EVERYBODY)),
    ("POST", "/storage/verify", Only(OPERATORS)),
    ("GET", "/config", Only(ADMINS)),
    ("POST", "/config/apply", Only(ADMINS)),
    ("GET", "/api/v1/logs", Only(EVERYBODY)),
    ("GET", "/api/v1/store", Only(EVERYBODY)),
    ("GET", "/api/v1/storage/preview", Only(EVERYBODY)),
    ("GET", "/api/v1/storage/verify", Only(EVERYBODY)),
    ("POST", "/api/v1/storage/verify", Only(OPERATORS)),
    ("GET", "/api/v1/config/difference", Only(ADMINS)),
    ("POST", "/api/v1/config/apply", Only(ADMINS)),
    ("GET", "/api/v1/me", Only(EVERYBODY)),
    ("POST", "/api/v1/me/password", Only(EVERYBODY)),
    ("GET", "/api/v1/users", Only(ADMINS)),
    ("POST", "/api/v1/users", Only(ADMINS)),
    ("PATCH", "/api/v1/users/{name}", Only(ADMINS)),
    ("POST", "/api/v1/users/{name}/password", Only(ADMINS)),
    ("DELETE", "/api/v1/users/{name}", Only(ADMINS)),
    ("GET", "/api/v1/sessions", Only(ADMINS)),
    ("DELETE", "/api/v1/sessions/{id}", Only(ADMINS)),
    ("GET", "/api/v1/tokens", Only(ADMINS)),
    ("POST", "/api/v1/tokens", Only(ADMINS)),
    ("DELETE", "/api/v1/tokens/{name}", Only(ADMINS)),
];

/// A path with its parts filled in, with something that is nowhere.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "0" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Asks with the right proof and nothing else: who is let in may be told that the rest is missing.
fn ask(browser: &mut Browser, method: &str, path: &str, csrf: &str) -> Answer {
    browser.send(method, &filled(path), &[("x-csrf-token", csrf)], Vec::new())
}

/// Not let in, for want of being known.
fn is_unknown(path: &str, answer: &Answer) -> bool {
    if path == "/metrics" || path.starts_with("/api/") {
        answer.status == 401 && answer.code() == "not-signed-in"
    } else {
        answer.status == 303 && answer.location().starts_with("/signin")
    }
}

/// Not let in, for want of a right.
fn is_denied(answer: &Answer) -> bool {
    answer.status == 403
}

fn every_route_lets_in_those_of_its_row_and_nobody_else() {
    let routes = wardline_admin::routes();
    let there: BTreeSet<(&str, &str)> =
        routes.iter().map(|(method, path, _)| (method.as_str(), *path)).collect();
    let told: BTreeSet<(&str, &str)> =
        ROWS.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(there, told, "every route has its row, and every row its route");

    let site = site("");
    for (name, arguments) in USERS {
        add_user(&site, name, arguments);
    }
    let engine = site.start();
    let mut nobody = Browser::at(engine.page());
    for (method, path, passes) in ROWS {
        let answer = ask(&mut nobody, method, path, "");
        match passes {
            Anybody => assert!(![401, 403].contains(&answer.status), "{method} {path}: {answer:?}"),
            SetUp => assert_eq!(answer.status, 404, "{method} {path}: {answer:?}"),
            Only(_) => assert!(is_unknown(path, &answer), "{method} {path}: {answer:?}"),
        }
    }
    for (name, _) in USERS {
        let mut user = Browser::at(engine.page());
        assert_eq!(user.sign_in(name, PASSWORD).status, 303, "{name}");
        let csrf = user.get("/account").csrf().expect("a form");
        let (ending, others): (Vec<_>, Vec<_>) =
            ROWS.iter().partition(|(_, path, _)| *path == "/signout");
        for (method, path, passes) in others.into_iter().chain(ending) {
            let answer = ask(&mut user, method, path, &csrf);
            match passes {
                Only(those) if !those.contains(name) => {
                    assert!(is_denied(&answer), "{name} {method} {path}: {answer:?}");
                }
                Only(_) => {
                    assert!(!is_denied(&answer), "{name} {method} {path}: {answer:?}");
                    assert!(answer.status < 500, "{name} {method} {path}: {answer:?}");
                    assert!(
                        *path == "/signout" || !is_unknown(path, &answer),
                        "{name} {method} {path}: {answer:?}"
                    );
                }
                SetUp => assert_eq!(answer.status, 404, "{name} {method} {path}: {answer:?}"),
                Anybody => assert!(answer.status < 500, "{name} {method} {path}: {answer:?}"),
            }
        }
    }
}
