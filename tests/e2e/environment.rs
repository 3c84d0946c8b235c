//! An engine that is given variables and no file.

use std::fs;

use libtest_mimic::Trial;
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::site::Site;
use wardline_tests::{trials, wait};

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        one_listener_and_a_folder_run_from_the_environment_alone,
        a_file_that_is_named_wins_over_the_environment,
        what_is_wrong_in_a_variable_stops_the_start_with_its_name,
    ]
}

/// A site that is nobody's configuration: a machine for tests has little space.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("WARDLINE_ENGINE_DATA_DIR", "data"),
    ("WARDLINE_STORE_MIN_FREE", "1MiB"),
    ("WARDLINE_LISTENER_BIND", "127.0.0.1:0"),
    ("WARDLINE_LISTENER_ACK_MODE", "enhanced"),
    ("WARDLINE_FOLDER_PATH", "archive/{control_id}.hl7"),
];

fn one_listener_and_a_folder_run_from_the_environment_alone() {
    let site = Site::new(PROGRAM, "");
    let mut engine = site.spawn_on_environment(&ENVIRONMENT);
    engine.wait_until_up();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&adt("M1")), "CA", "the variable of ack_mode counts");
    let path = site.folder().join("archive/M1.hl7");
    let file = wait::until("the file", || fs::read(&path).ok());
    assert_eq!(file, adt("M1"));
    assert!(engine.stop().success());
}

fn a_file_that_is_named_wins_over_the_environment() {
    let site =
        Site::new(PROGRAM, "\n[[listeners]]\nid = \"of-the-file\"\nbind = \"127.0.0.1:0\"\n");
    let mut engine = site.spawn(&ENVIRONMENT);
    engine.wait_until_up();
    let listeners: Vec<String> =
        engine.status().listeners.into_iter().map(|listener| listener.id).collect();
    assert_eq!(listeners, ["of-the-file"]);
}

fn what_is_wrong_in_a_variable_stops_the_start_with_its_name() {
    let site = Site::new(PROGRAM, "");
    let mut engine = site.spawn_on_environment(&[("WARDLINE_LISTENER_BIND", "2575")]);
    assert_eq!(engine.wait().code(), Some(3));
    assert!(engine.log().contains("WARDLINE_LISTENER_BIND"), "{}", engine.log());
}
