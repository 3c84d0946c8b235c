//! One listener and a folder, configured by variables alone: for a container that is given no file.
//!
//! The variables become a file in memory that names them as `"${NAME}"`, so that every one is read, checked and reported
//! like a key of a file. `[engine]`, `[store]`, `[history]` and `[log]` have their variables anyway.

use std::fmt::Write;

/// What stands for a path where faults are shown.
pub(super) const PLACE: &str = "environment";

/// With this variable the environment is a configuration.
const BIND: &str = "WARDLINE_LISTENER_BIND";

/// The keys of the listener, each by the variable `WARDLINE_LISTENER_KEY`.
const LISTENER: &[&str] = &[
    "bind",
    "mllp",
    "frame_end",
    "segments",
    "charset",
    "default_charset",
    "max_message_size",
    "max_connections",
    "max_per_source",
    "when_full",
    "rate",
    "idle_timeout",
    "frame_idle_timeout",
    "frame_timeout",
    "write_timeout",
    "ack",
    "ack_mode",
    "ack_type",
    "multiple",
    "batch_ack",
    "dedup",
    "dedup_window",
    "retain_for",
    "unrouted",
    "on_unavailable",
    "unavailable_wait",
    "profile",
    "profile_level",
];

/// The keys of its table `tls`, each by the variable `WARDLINE_LISTENER_TLS_KEY`.
const TLS: &[&str] = &["certificate", "key", "client_ca", "min_version", "handshake_timeout"];

/// The keys of the folder, each by the variable `WARDLINE_FOLDER_KEY`.
const FOLDER: &[&str] = &["path", "order", "charset", "unmappable"];

/// Where messages go that no variable gives a place: a folder for each day, below the working directory.
const DEFAULT_PATH: &str = "var/archive/{received:%Y-%m-%d}/{control_id}.hl7";

/// The text of the configuration; `None` where the environment is none.
pub(super) fn text(environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    environment(BIND)?;
    let is_set = |variable: &str| environment(variable).is_some();
    let mut text = "version = 1\n\n[[listeners]]\nid = \"in\"\n".to_owned();
    keys(&mut text, "WARDLINE_LISTENER", LISTENER, &is_set);
    let mut tls = String::new();
    keys(&mut tls, "WARDLINE_LISTENER_TLS", TLS, &is_set);
    if !tls.is_empty() {
        text.push_str("\n[listeners.tls]\n");
        text.push_str(&tls);
    }
    text.push_str("\n[[routes]]\nid = \"all\"\nto = [\"folder\"]\nmatch = {}\n");
    text.push_str("\n[[destinations]]\nid = \"folder\"\nkind = \"file\"\n");
    if !is_set("WARDLINE_FOLDER_PATH") {
        let _never_fails = writeln!(text, "path = \"{DEFAULT_PATH}\"");
    }
    keys(&mut text, "WARDLINE_FOLDER", FOLDER, &is_set);
    Some(text)
}

/// A line for each variable that is set.
fn keys(text: &mut String, prefix: &str, keys: &[&str], is_set: &impl Fn(&str) -> bool) {
    for key in keys {
        let variable = format!("{prefix}_{}", key.to_ascii_uppercase());
        if is_set(&variable) {
            let _never_fails = writeln!(text, "{key} = \"${{{variable}}}\"");
        }
    }
}
