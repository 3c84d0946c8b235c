//! The dependency rule: each crate forbids something, and `cargo metadata` shows that it does.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};
use libtest_mimic::Trial;
use wardline_tests::trials;

/// What each crate of ours may use of ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("wardline-mllp", &[]),
    ("wardline-hl7", &[]),
    ("wardline-flow", &["wardline-hl7"]),
    ("wardline-store", &["wardline-hl7"]),
    ("wardline-script", &["wardline-mllp", "wardline-hl7", "wardline-flow"]),
    ("wardline-config", &["wardline-mllp", "wardline-hl7", "wardline-flow", "wardline-script"]),
    (
        "wardline-engine",
        &[
            "wardline-mllp",
            "wardline-hl7",
            "wardline-flow",
            "wardline-script",
            "wardline-config",
            "wardline-store",
        ],
    ),
    // What a desk answers, as text: neither sockets nor actors.
    ("wardline-metrics", &["wardline-engine"]),
    // The store and the messages are seen through the desk.
    ("wardline-admin", &["wardline-config", "wardline-engine", "wardline-metrics"]),
    (
        "wardline",
        &[
            "wardline-mllp",
            "wardline-hl7",
            "wardline-flow",
            "wardline-script",
            "wardline-config",
            "wardline-store",
            "wardline-engine",
            "wardline-metrics",
            "wardline-admin",
        ],
    ),
];

/// Dependencies that stand for something a crate must not know, and who alone may know it.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("sled", &["wardline-store"]),
    ("mlua", &["wardline-script"]),
    ("actix", &["wardline-engine", "wardline"]),
    ("actix-rt", &["wardline-engine", "wardline"]),
    ("actix-web", &["wardline-admin"]),
    ("maud", &["wardline-admin"]),
    ("plotters", &["wardline-admin"]),
    ("plotters-backend", &["wardline-admin"]),
    ("utoipa", &["wardline-admin"]),
    ("argon2", &["wardline-admin"]),
    ("tokio", &["wardline-engine", "wardline-admin", "wardline"]),
    ("clap", &["wardline"]),
    ("rustls", &["wardline-engine", "wardline-admin"]),
    ("tokio-rustls", &["wardline-engine"]),
    ("blake3", &["wardline-engine"]),
    ("ring", &["wardline-engine", "wardline-admin"]),
    ("hyper", &["wardline-engine", "wardline"]),
    ("tokio-postgres", &["wardline-engine"]),
    ("prometheus-client", &["wardline-metrics"]),
    ("x509-parser", &["wardline-engine"]),
];

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_crate_uses_only_what_its_place_allows,
        sled_actix_and_tokio_stay_where_they_belong,
        the_framing_knows_no_socket_unless_asked_to,
        the_table_names_every_crate,
    ]
}

/// Each of our crates, with the names of what it needs to be built, whatever features are chosen.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    metadata
        .packages
        .iter()
        .filter(|package| package.name.as_str() != "wardline-tests")
        .map(|package| {
            let dependencies = package.dependencies.iter();
            let normal = dependencies.filter(|d| d.kind == DependencyKind::Normal && !d.optional);
            (package.name.to_string(), normal.map(|d| d.name.clone()).collect())
        })
        .collect()
}

fn every_crate_uses_only_what_its_place_allows() {
    let all = dependencies();
    for (name, allowed) in ALLOWED {
        let ours = all[*name].iter().filter(|dependency| dependency.starts_with("wardline"));
        let forbidden: Vec<_> = ours.filter(|one| !allowed.contains(&one.as_str())).collect();
        assert!(forbidden.is_empty(), "{name} must not depend on {forbidden:?}");
    }
}

fn sled_actix_and_tokio_stay_where_they_belong() {
    for (name, dependencies) in dependencies() {
        for (library, homes) in ONLY_IN {
            assert!(
                !dependencies.contains(*library) || homes.contains(&name.as_str()),
                "{name} must not depend on {library}: only {homes:?} may"
            );
        }
    }
}

fn the_framing_knows_no_socket_unless_asked_to() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let mllp = metadata.packages.iter().find(|package| package.name.as_str() == "wardline-mllp");
    let mllp = mllp.expect("the crate of the framing");
    assert!(!mllp.features.contains_key("default"), "its client comes with a feature only");
    let optional = mllp.dependencies.iter().filter(|dependency| dependency.optional);
    let optional: Vec<_> = optional.map(|dependency| dependency.name.as_str()).collect();
    assert_eq!(optional, ["tokio"], "for the client, and nothing else");
}

fn the_table_names_every_crate() {
    let named: BTreeSet<_> = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let there: BTreeSet<_> = dependencies().into_keys().collect();
    assert_eq!(there, named, "a crate without a row here is a crate without a rule");
}
