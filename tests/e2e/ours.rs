//! The engine under test and the small sites most tests use.

use wardline_tests::site::{Engine, Site};

/// The program under test: Wardline with handlers that misbehave.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_wardline-under-test");

/// A listener `in` on a free port, with more keys, before a folder `out/`.
pub(crate) fn inbox(listener_keys: &str) -> Site {
    Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
{listener_keys}

[[routes]]
id = "all"
from = ["in"]
match = {{ message = ["ADT", "ORU", "ORM"] }}
to = ["folder"]

[[destinations]]
id = "folder"
kind = "file"
path = "out/{{control_id}}.hl7"
"#
        ),
    )
}

/// A running [`inbox`].
pub(crate) fn running(listener_keys: &str) -> (Site, Engine) {
    let site = inbox(listener_keys);
    let engine = site.start();
    (site, engine)
}
