//! The examples, each run as its README tells it.

use std::fs;
use std::path::PathBuf;

use libtest_mimic::Trial;
use wardline_tests::message::field;
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;
use crate::shipped::{self, arrived, command, find, printed};

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        the_gate_lets_a_whole_order_pass,
        the_gate_rejects_an_order_without_a_test_before_it_is_stored,
        the_gate_looks_at_orders_only,
        a_result_waits_for_the_list_of_wards_and_arrives_with_its_ward,
        a_result_of_a_patient_on_no_ward_is_a_dead_letter_until_the_list_is_mended,
        orders_wait_at_the_hospital_until_the_laboratory_is_up,
        results_are_filed_in_the_laboratory_and_reach_the_hospital,
        a_script_keeps_its_connection_and_makes_a_new_one_when_it_is_gone,
    ]
}

/// A message of the examples, byte for byte.
fn message(path: &str) -> Vec<u8> {
    fs::read(shipped::file(path)).expect("a message of the examples")
}

fn lab_gate() -> Site {
    shipped::site(
        shipped::example("lab_gate"),
        "examples/lab_gate/wardline.toml",
        &[("127.0.0.1:2575", "127.0.0.1:0"), ("var/lab_gate/data", "data")],
    )
}

fn orders(site: &Site) -> PathBuf {
    site.folder().join("var/lab_gate/orders")
}

fn the_gate_lets_a_whole_order_pass() {
    let site = lab_gate();
    let engine = site.start();
    let order = message("examples/lab_gate/order.hl7");
    assert_eq!(Peer::connect(engine.address("wards")).send(&order), "AA");
    assert_eq!(arrived(&orders(&site), "ORDER-1.hl7"), order, "RAW-1");
}

fn the_gate_rejects_an_order_without_a_test_before_it_is_stored() {
    let site = lab_gate();
    let engine = site.start();
    let file = shipped::file("examples/lab_gate/order-without-test.hl7");
    let to = engine.address("wards").to_string();
    let sent = command(&site, &["send", &file.to_string_lossy(), "--to", &to, "--show"]);
    assert_eq!(sent.status.code(), Some(20));
    let answer = String::from_utf8_lossy(&sent.stdout);
    assert!(answer.contains("MSA|AR|ORDER-2|OBR-4: no test is ordered"), "{answer}");
    assert!(answer.contains("101^Required field missing^HL70357"), "{answer}");
    assert_eq!(engine.counts("wards").stored, 0);
    assert!(find(&orders(&site), "ORDER-2.hl7").is_none());
}

fn the_gate_looks_at_orders_only() {
    let site = lab_gate();
    let engine = site.start();
    let admission = wardline_tests::message::adt("ADMISSION-1");
    assert_eq!(Peer::connect(engine.address("wards")).send(&admission), "AA");
    assert_eq!(engine.status().handlers[0].counts.calls, 0);
}

fn enrich() -> Site {
    shipped::site(
        shipped::example("enrich"),
        "examples/enrich/wardline.toml",
        &[("127.0.0.1:2575", "127.0.0.1:0"), ("var/enrich/data", "data"), ("500ms", "50ms")],
    )
}

fn keep_wards(site: &Site, wards: &[u8]) {
    let list = site.folder().join("var/enrich/wards.txt");
    fs::create_dir_all(list.parent().expect("a folder")).expect("a writable folder");
    let draft = list.with_extension("new");
    fs::write(&draft, wards).expect("a writable folder");
    fs::rename(draft, list).expect("a writable folder");
}

fn a_result_waits_for_the_list_of_wards_and_arrives_with_its_ward() {
    let site = enrich();
    let engine = site.start();
    let result = message("examples/enrich/result.hl7");
    assert_eq!(Peer::connect(engine.address("analysers")).send(&result), "AA");
    let row = engine.wait_for_queue("enriched", "retries", |row| row.head_attempts >= 2);
    assert_eq!((row.pending, row.reason.as_deref()), (1, Some("handler-failed")));
    keep_wards(&site, &message("examples/enrich/wards.txt"));
    let enriched = arrived(&site.folder().join("var/enrich/out"), "RESULT-1.hl7");
    let whole = String::from_utf8(enriched.clone()).expect("text");
    assert_eq!(whole.replace("PV1|1|I|3 WEST\r", "PV1|1|I\r").into_bytes(), result);
    assert_eq!(field(&enriched, "PV1", 3), "3 WEST");
    engine.wait_for_queue("enriched", "the end", |row| row.pending + row.dead == 0);
}

fn a_result_of_a_patient_on_no_ward_is_a_dead_letter_until_the_list_is_mended() {
    let site = enrich();
    keep_wards(&site, b"4712, 4 EAST\n");
    let engine = site.start();
    let result = message("examples/enrich/result.hl7");
    assert_eq!(Peer::connect(engine.address("analysers")).send(&result), "AA");
    engine.wait_for_queue("enriched", "a dead letter", |row| row.dead == 1);
    let listed = printed(&command(&site, &["dead", "list", "enriched"]));
    assert!(listed.contains("RESULT-1") && listed.contains("handler-rejected"), "{listed}");
    keep_wards(&site, &message("examples/enrich/wards.txt"));
    printed(&command(&site, &["dead", "retry", "enriched", "--all"]));
    let enriched = arrived(&site.folder().join("var/enrich/out"), "RESULT-1.hl7");
    assert_eq!(field(&enriched, "PV1", 3), "3 WEST");
}

fn a_script_keeps_its_connection_and_makes_a_new_one_when_it_is_gone() {
    let sink = Sink::accepting();
    let site = shipped::site(
        PROGRAM.into(),
        "examples/reconnecting_client/wardline.toml",
        &[
            ("127.0.0.1:2575", "127.0.0.1:0"),
            ("var/reconnecting_client/data", "data"),
            ("500ms", "50ms"),
        ],
    );
    let script = shipped::text("examples/reconnecting_client/client.lua");
    let script = script.replace("7013", &sink.address().port().to_string());
    fs::write(site.folder().join("client.lua"), script).expect("a writable folder");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("wards"));
    for number in 1..=2 {
        assert_eq!(peer.send(&wardline_tests::message::adt(&format!("M{number}"))), "AA");
        sink.wait_for(number);
    }
    assert_eq!(sink.connections(), 1, "its globals live");
    engine.wait_for_queue("peer", "both to be delivered", |row| row.pending == 0);
    sink.drop_connections();
    assert_eq!(peer.send(&wardline_tests::message::adt("M3")), "AA");
    engine.wait_for_queue("peer", "the third to be delivered", |row| row.pending == 0);
    assert_eq!(sink.control_ids(), ["M1", "M2", "M3"]);
    assert_eq!(sink.connections(), 2);
}

fn hospital(laboratory: &str) -> Site {
    shipped::site(
        shipped::wardline(),
        "examples/two_sites/hospital.toml",
        &[
            ("127.0.0.1:2575", "127.0.0.1:0"),
            ("127.0.0.1:2577", "127.0.0.1:0"),
            ("127.0.0.1:2585", laboratory),
            ("var/two_sites/hospital", "data"),
        ],
    )
}

fn laboratory(bind: &str, hospital: &str) -> Site {
    shipped::site(
        shipped::wardline(),
        "examples/two_sites/laboratory.toml",
        &[
            ("127.0.0.1:2585", bind),
            ("127.0.0.1:2586", "127.0.0.1:0"),
            ("127.0.0.1:2577", hospital),
            ("var/two_sites/laboratory", "data"),
        ],
    )
}

fn orders_wait_at_the_hospital_until_the_laboratory_is_up() {
    let (not_yet, nobody) = (Nobody::new(), Nobody::new());
    let address = not_yet.address().to_string();
    let hospital = hospital(&address);
    let at_hospital = hospital.start();
    let order = message("examples/lab_gate/order.hl7");
    assert_eq!(Peer::connect(at_hospital.address("wards")).send(&order), "AA");
    let row = at_hospital.wait_for_queue("laboratory", "an attempt", |row| row.reason.is_some());
    assert_eq!((row.pending, row.reason.as_deref()), (1, Some("refused")));

    let laboratory = laboratory(&address, &nobody.address().to_string());
    let _at_laboratory = laboratory.start();
    printed(&command(&hospital, &["queue", "retry", "laboratory"]));
    assert_eq!(arrived(&laboratory.folder().join("var/two_sites/orders"), "ORDER-1.hl7"), order);
    at_hospital.wait_for_queue("laboratory", "nothing", |row| row.pending == 0);
}

fn results_are_filed_in_the_laboratory_and_reach_the_hospital() {
    let nobody = Nobody::new();
    let hospital = hospital(&nobody.address().to_string());
    let at_hospital = hospital.start();
    let address = at_hospital.address("from-laboratory").to_string();
    let laboratory = laboratory("127.0.0.1:0", &address);
    let at_laboratory = laboratory.start();
    let result = message("examples/enrich/result.hl7");
    assert_eq!(Peer::connect(at_laboratory.address("analysers")).send(&result), "AA");
    let filed = laboratory.folder().join("var/two_sites/filed");
    let reached = hospital.folder().join("var/two_sites/results");
    for folder in [filed, reached] {
        assert_eq!(arrived(&folder, "RESULT-1.hl7"), result, "RAW-1");
    }
}
