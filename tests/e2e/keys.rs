//! `order_by`: each patient in order over several connections, none behind another.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::Trial;
use serde_json::Value;
use wardline_tests::nobody::Nobody;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::{trials, wait};

use crate::deliveries::{QUICK, dead_letters, running, site_for};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        each_patient_keeps_its_order_through_ae_ar_and_kill_9,
        a_patient_whose_message_waits_keeps_no_other_waiting,
        which_patients_stand_still_and_at_which_message_is_told,
        one_line_is_one_lane,
        what_an_order_by_key_would_be_worth_is_told_from_files_without_a_key,
    ]
}

const PATIENTS: usize = 8;
const MESSAGES: usize = 40;

fn by_patient(connections: usize) -> String {
    format!("order_by = \"PID-3\"\nconnections = {connections}\n{QUICK}")
}

/// The `nth` message of a patient, whose medical record number stands behind another id.
fn of(patient: &str, nth: usize) -> Vec<u8> {
    format!(
        "MSH|^~\\&|A|B|C|D|20260403120000||ADT^A08|{patient}.{nth}|P|2.5\r\
         PID|1||900{nth}^^^INS^NI~{patient}^^^H^MR||DOE^JANE\r"
    )
    .into_bytes()
}

fn parts(arrived: &Arrived) -> (&str, usize) {
    let (patient, nth) = arrived.control_id.split_once('.').expect("of a patient");
    (patient, nth.parse().expect("a number"))
}

fn send(engine: &Engine, patients: &[String], nths: std::ops::Range<usize>) {
    let mut peer = Peer::connect(engine.address("in"));
    for nth in nths {
        for patient in patients {
            assert_eq!(peer.send(&of(patient, nth)), "AA");
        }
    }
}

/// The first arrivals of each patient's messages, in the order of their arrival.
fn first_arrivals(arrived: &[Arrived]) -> BTreeMap<&str, Vec<usize>> {
    let mut seen = HashSet::new();
    let mut all: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for one in arrived.iter().filter(|one| seen.insert(one.control_id.clone())) {
        let (patient, nth) = parts(one);
        all.entry(patient).or_default().push(nth);
    }
    all
}

/// ORDER-1: nothing is sent before what is before it has an outcome, so first arrivals are in order whatever happens.
fn each_patient_keeps_its_order_through_ae_ar_and_kill_9() {
    let asked = Mutex::new(HashSet::new());
    let sink = Sink::start(move |arrived| match parts(arrived).1 % 10 {
        // AE the first time.
        3 if asked.lock().expect("not poisoned").insert(arrived.control_id.clone()) => {
            Reply::Code("AE")
        }
        7 => Reply::Code("AR"),
        8 if arrived.nth % 3 == 0 => Reply::Close,
        _ => Reply::Code("AA"),
    });
    let (site, engine) =
        running(&sink, &format!("{}\nmax_consecutive_dead = 1000", by_patient(16)));
    let patients: Vec<_> = (0..PATIENTS).map(|number| format!("P{number}")).collect();
    send(&engine, &patients, 0..MESSAGES / 2);
    engine.kill();
    let engine = site.start();
    send(&engine, &patients, MESSAGES / 2..MESSAGES);
    engine.wait_for_queue("lis", "all delivered but the rejected", |row| row.pending == 0);
    let arrived = sink.arrived();
    let arrivals = first_arrivals(&arrived);
    assert_eq!(arrivals.len(), PATIENTS);
    for (patient, arrivals) in arrivals {
        assert_eq!(arrivals, (0..MESSAGES).collect::<Vec<_>>(), "{patient}");
    }
    assert_eq!(dead_letters(&engine).len(), PATIENTS * MESSAGES / 10);
    let connections: HashSet<usize> = arrived.iter().map(|one| one.connection).collect();
    assert!(connections.len() > 4, "several connections work: {connections:?}");
}

fn a_patient_whose_message_waits_keeps_no_other_waiting() {
    static TAKES_WAITING: AtomicBool = AtomicBool::new(false);
    let sink = Sink::start(|arrived| match parts(arrived).0 {
        "WAITS" if !TAKES_WAITING.load(Ordering::Acquire) => Reply::Code("AE"),
        _ => Reply::Code("AA"),
    });
    let (_site, engine) = running(&sink, &by_patient(4));
    send(&engine, &["WAITS".to_owned()], 0..600);
    send(&engine, &["A".to_owned(), "B".to_owned()], 0..20);
    engine.wait_for_queue("lis", "all of the others", |row| row.pending == 600);
    let arrivals = sink.arrived();
    let arrivals = first_arrivals(&arrivals);
    assert_eq!(arrivals["WAITS"], [0]);
    assert_eq!((&arrivals["A"], &arrivals["B"]), (&(0..20).collect(), &(0..20).collect()));
    TAKES_WAITING.store(true, Ordering::Release);
    engine.wait_for_queue("lis", "nothing waits", |row| row.pending == 0);
    assert_eq!(first_arrivals(&sink.arrived())["WAITS"], (0..600).collect::<Vec<_>>());
}

fn merge(into: &str, from: &str, control_id: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|A|B|C|D|20260403120000||ADT^A40|{control_id}|P|2.5\r\
         PID|1||{into}^^^H^MR\rMRG|{from}^^^H^MR\r"
    )
    .into_bytes()
}

/// A lane's state, its length, the control id of its head, and its key.
type Lane = (String, u64, String, Option<String>);

/// What `queue keys` prints.
fn lanes(site: &Site, more: &[&str]) -> (Vec<Lane>, Value) {
    let command = ["--config", "wardline.toml", "queue", "keys", "lis", "--json"];
    let told = site.command(command.iter().chain(more));
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let lane = |lane: &Value| {
        let length = lane["deliveries"].as_u64().expect("a number");
        let key = lane.get("key").map(&text);
        (text(&lane["state"]), length, text(&lane["head"]["control_id"]), key)
    };
    let lanes = told["lanes"].as_array().expect("a list").iter().map(lane).collect();
    (lanes, told)
}

fn which_patients_stand_still_and_at_which_message_is_told() {
    let sink = Sink::start(|arrived| match arrived.control_id.as_str() {
        "HELD.0" => Reply::Code("AR"),
        "WAITS.0" => Reply::Code("AE"),
        _ => Reply::Code("AA"),
    });
    let rule = "on_reply = [{ code = [\"AR\"], then = \"hold\" }]";
    let (site, engine) = running(&sink, &format!("{}\n{rule}", by_patient(4)));
    send(&engine, &["HELD".to_owned(), "WAITS".to_owned()], 0..2);
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&merge("MERGED", "WAITS", "MERGED.0")), "AA");
    assert_eq!(peer.send(&of("GOES", 0)), "AA");
    engine.wait_for_queue("lis", "one held, one retried", |row| {
        let retried = row.counts.is_some_and(|counts| counts.retried > 0);
        (row.held, row.pending, retried) == (1, 4, true)
    });
    let state = |state: &str, length, head: &str, key: Option<&str>| {
        (state.to_owned(), length, head.to_owned(), key.map(str::to_owned))
    };
    let expected = |content: bool| {
        let key = |key| content.then_some(key);
        vec![
            state("held", 2, "HELD.0", key("HELD")),
            state("retrying", 3, "WAITS.0", key("WAITS")),
            state("waiting", 1, "MERGED.0", key("MERGED")),
        ]
    };
    wait::until_so("all of that is told", || lanes(&site, &[]).0 == expected(false));
    let (_, whole) = lanes(&site, &[]);
    let figures = ["count", "held", "retrying"].map(|figure| whole[figure].as_u64());
    assert_eq!((figures, &whole["whole"]), ([Some(3), Some(1), Some(1)], &true.into()));
    assert_eq!(whole["lanes"][2]["behind"], whole["lanes"][1]["head"]["message"]);
    assert_eq!(lanes(&site, &["--limit", "1"]).0, expected(false)[..1]);
    let table = site.command(["--config", "wardline.toml", "queue", "keys", "lis"]);
    let table = String::from_utf8(table.stdout).expect("text");
    assert!(table.contains("behind") && table.contains("3 lanes, 1 held, 1 retrying"), "{table}");
    engine.stop();
    assert_eq!(lanes(&site, &["--content"]).0, expected(true), "of a stopped engine too");

    let engine = site.start();
    let held = whole["lanes"][0]["head"]["message"].to_string();
    let discard = ["queue", "discard", "lis", &held, "--reason", "test", "--yes"];
    let command = ["--config", "wardline.toml"].into_iter().chain(discard);
    assert!(site.command(command).status.success());
    engine.wait_for_queue("lis", "the line goes on", |row| (row.held, row.pending) == (0, 3));
    assert_eq!(first_arrivals(&sink.arrived())["HELD"], [0, 1]);
}

fn one_line_is_one_lane() {
    let nobody = Nobody::new();
    let site = site_for(nobody.address(), QUICK);
    let engine = site.start();
    send(&engine, &["A".to_owned(), "B".to_owned()], 0..2);
    let (told, whole) = lanes(&site, &["--content"]);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].1, told[0].2.as_str(), &told[0].3), (4, "A.0", &None));
    assert_eq!(whole["lanes"][0]["kind"], "every");
    let unknown = site.command(["--config", "wardline.toml", "queue", "keys", "lsi"]);
    assert_eq!(unknown.status.code(), Some(6), "{unknown:?}");
}

fn what_an_order_by_key_would_be_worth_is_told_from_files_without_a_key() {
    let site = Site::new(PROGRAM, "");
    let merge = b"MSH|^~\\&|A|B|C|D|2026||ADT^A40|M|P|2.5\rPID|1||P1^^^H^MR\rMRG|P2^^^H^MR\r";
    let without = b"MSH|^~\\&|A|B|C|D|2026||MFN^M02|X|P|2.5\rMFI|PRA\r";
    let messages =
        [of("P1", 1), of("P2", 1), of("P1", 2), merge.to_vec(), of("P3", 1), without.to_vec()];
    std::fs::write(site.folder().join("day.hl7"), messages.concat()).expect("written");
    let told = site.command(["hl7", "keys", "day.hl7", "--order-by", "PID-3"]);
    let told = String::from_utf8(told.stdout).expect("text");
    for part in ["6 messages, 3 keys", "1 merge", "1 have no key", "chain is 4: at most 1.5 times"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let json = site.command(["hl7", "keys", "day.hl7", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&json["keys"], &json["messages_per_key"]["max"]), (&3.into(), &3.into()));
    assert!(!told.contains("P1") && !json.to_string().contains("P1"), "PHI-1");
}
