//! The engine as its users meet it: real sockets, a real store, a process of its own.
//!
//! One module per subject; each test is a sentence, and fails by telling which promise broke.

use libtest_mimic::{Arguments, Trial};

mod admin_access;
mod admin_attacks;
mod admin_messages;
mod admin_metrics;
mod admin_overview;
mod admin_replays;
mod admin_roles;
mod admin_tls;
mod admin_trying;
mod answers;
mod app_ack_to;
mod applications;
mod batches;
mod buffered;
mod cases;
mod checking;
mod comparing;
mod corpus;
mod deliveries;
mod disk_full;
mod dual_port;
mod duplicates;
mod enhanced;
mod environment;
mod events;
mod examples;
mod expected;
mod failed_write;
mod finding;
mod folders;
mod framing;
mod handlers;
mod hospital;
mod http;
mod keys;
mod large;
mod lookups;
mod message_parts;
mod mllp_examples;
mod moving;
mod observing;
mod ours;
mod pausing;
mod ping;
mod postgres;
mod processing_id;
mod queues;
mod readme;
mod refused;
mod relayed;
mod release_2;
mod release_2_out;
mod reload;
mod reload_leaving;
mod reload_load;
mod replays;
mod replies;
mod roles;
mod rules;
mod scale;
mod script_peers;
mod scripts;
mod shipped;
mod sources;
mod store_damage;
mod store_outlook;
mod text;
mod tls;
mod tls_out;
mod trying;
mod tutorial;

/// The tests of each subject.
const ALL: &[fn() -> Vec<Trial>] = &[
    admin_access::trials,
    admin_attacks::trials,
    admin_metrics::trials,
    admin_messages::trials,
    admin_overview::trials,
    admin_replays::trials,
    admin_roles::trials,
    admin_tls::trials,
    admin_trying::trials,
    answers::trials,
    app_ack_to::trials,
    applications::trials,
    batches::trials,
    buffered::trials,
    cases::trials,
    checking::trials,
    comparing::trials,
    corpus::trials,
    deliveries::trials,
    disk_full::trials,
    duplicates::trials,
    dual_port::trials,
    enhanced::trials,
    environment::trials,
    events::trials,
    examples::trials,
    expected::trials,
    failed_write::trials,
    finding::trials,
    folders::trials,
    framing::trials,
    handlers::trials,
    hospital::trials,
    http::trials,
    keys::trials,
    large::trials,
    lookups::trials,
    mllp_examples::trials,
    message_parts::trials,
    moving::trials,
    observing::trials,
    pausing::trials,
    ping::trials,
    postgres::trials,
    processing_id::trials,
    queues::trials,
    readme::trials,
    release_2::trials,
    release_2_out::trials,
    refused::trials,
    relayed::trials,
    reload::trials,
    reload_leaving::trials,
    reload_load::trials,
    replays::trials,
    replies::trials,
    roles::trials,
    rules::trials,
    scale::trials,
    script_peers::trials,
    scripts::trials,
    sources::trials,
    store_damage::trials,
    store_outlook::trials,
    text::trials,
    tls::trials,
    tls_out::trials,
    trying::trials,
    tutorial::trials,
];

fn main() -> std::process::ExitCode {
    let trials = ALL.iter().flat_map(|trials| trials()).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
