//! `order_by`: each patient in order over several connections, none behind another.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_mimic::Trial;
use wardline_tests::peer::Peer;
use wardline_tests::sink::{Arrived, Reply, Sink};
use wardline_tests::site::{Engine, Site};
use wardline_tests::trials;

use crate::deliveries::{QUICK, dead_letters, running};
use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        each_patient_keeps_its_order_through_ae_ar_and_kill_9,
        a_patient_whose_message_waits_keeps_no_other_waiting,
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
