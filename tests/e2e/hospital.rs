//! The hospital of `examples/hospital`: what each of its systems is answered, and what arrives at each other one.

mod corpus;
mod differences;
mod site;

use std::fs;

use libtest_mimic::Trial;
use wardline_tests::http_server::{HttpRequest, HttpServer};
use wardline_tests::message::field;
use wardline_tests::requirement::Need;
use wardline_tests::sink::Sink;
use wardline_tests::site::Site;
use wardline_tests::{trials, wait};

use self::differences::differences;
use self::site::{EXAMPLE, Hospital, file_of, message_of, told};
use crate::shipped::{self, command, printed};

/// What the registry's web server is written in.
const PYTHON: Need = Need::Tool("python3");

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = trials![
        the_site_is_checked_without_a_warning,
        the_site_has_a_step_of_every_kind,
        an_admission_reaches_each_system_in_its_own_words,
        what_the_his_may_not_send_is_refused_with_the_rules_words,
        a_merge_reaches_all_who_keep_a_list_of_patients,
        orders_go_to_whom_they_are_for,
        an_order_is_placed_once_and_a_sender_without_an_answer_may_ask_again,
        a_result_reaches_the_record_with_what_was_cancelled_and_the_note_on_it,
        a_critical_result_becomes_a_page_for_each_critical_value,
        a_notifiable_result_reaches_the_registry_without_the_patient_and_no_test_does => [PYTHON],
        what_the_analyzer_at_the_bed_measures_reaches_laboratory_and_record,
        reports_and_letters_reach_the_record,
        an_appointment_reaches_the_portal_unless_the_patient_said_no,
        a_night_of_charges_reaches_the_ledger_in_its_codes_or_is_put_aside,
    ];
    trials.extend(corpus::trials());
    trials
}

/// What arrived at a system first.
fn first(system: &Sink) -> Vec<u8> {
    system.wait_for(1).remove(0).payload
}

/// The program in a folder of its own, for commands on the example as it lies there.
fn beside() -> Site {
    let site = Site::new(shipped::example("hospital"), "");
    fs::create_dir_all(site.folder().join("var/hospital/charges")).expect("a writable folder");
    site
}

fn the_site_is_checked_without_a_warning() {
    let configuration = shipped::file(EXAMPLE).join("wardline.toml");
    let checked = beside().command(["check".into(), configuration.into_os_string()]);
    let talk = String::from_utf8_lossy(&checked.stderr).into_owned();
    printed(&checked);
    assert!(!talk.contains("warning"), "{talk}");
}

fn the_site_has_a_step_of_every_kind() {
    let files = ["destinations", "routes.d/admissions", "routes.d/orders", "routes.d/results"];
    let more = ["routes.d/documents", "routes.d/appointments", "routes.d/charges"];
    let text: String = files
        .iter()
        .chain(&more)
        .map(|file| shipped::text(&format!("{EXAMPLE}/{file}.toml")))
        .collect();
    for verb in [
        "set",
        "copy",
        "clear",
        "remove",
        "map",
        "replace",
        "format_date",
        "format_name",
        "split",
        "join",
        "for_each",
        "renumber",
    ] {
        let is_used = text.lines().any(|line| line.trim().starts_with(&format!("{verb} = ")));
        assert!(is_used, "no step has `{verb}`");
    }
}

fn an_admission_reaches_each_system_in_its_own_words() {
    let hospital = Hospital::open();
    let sent = message_of("admission");
    assert_eq!(hospital.send("his", "admission"), "AA");
    assert_eq!(
        differences(&sent, &first(hospital.system("lis"))),
        [
            "MSH-5: ENGINE → LIS",
            "PID-19: 123-45-6789 → ",
            "PV1-3: 4E^401^B → W4EAST^401^B",
            "PV1-7: 100^Novak^Marie^^^Dr → L0100^Novak^Marie^^^Dr",
            "PV1-8: 200^Okafor^Paul^^^Dr → L0200^Okafor^Paul^^^Dr",
        ]
    );
    assert_eq!(
        differences(&sent, &first(hospital.system("ris"))),
        [
            "MSH-5: ENGINE → RIS",
            "MSH-18: UNICODE UTF-8 → 8859/1",
            "PID-2:  → 4711",
            "PID-5: M\u{c3}\u{bc}ller^Anna^Maria → M\u{fc}ller^Anna^Maria",
            "PID-13: (0341) 555-0142 → 03415550142",
            "PID-19: 123-45-6789 → ",
            "NK1-2: M\u{c3}\u{bc}ller^Peter → M\u{fc}ller^Peter",
            "-IN1",
        ]
    );
    assert_eq!(first(hospital.system("pharmacy")), sent, "as it came");
    assert_eq!(first(hospital.system("record")), sent, "as it came");
    the_wall_knows_bed_name_time_and_doctor(&hospital.filed("bed-board", "ADM-1"));
    assert_eq!(hospital.filed("archive", "ADM-1"), sent, "RAW-1");
    hospital.settle();
    assert!(hospital.system("portal").arrived().is_empty());
}

/// Each segment of what hangs on the wall, and each field of it that is not empty.
fn the_wall_knows_bed_name_time_and_doctor(board: &[u8]) {
    let board = std::str::from_utf8(board).expect("text");
    let lines = board.split(['\r', '\n']).filter(|line| !line.is_empty());
    let known: Vec<Vec<&str>> = lines
        .skip(1)
        .map(|line| line.split('|').filter(|field| !field.is_empty()).collect())
        .collect();
    let bed = ["PV1", "1", "I", "4E-401-B", "100^Novak^Marie^^^Dr", "03.04.2026 08:15"];
    assert_eq!(known, [&["PID", "1", "Müller, Anna"][..], &bed]);
}

fn what_the_his_may_not_send_is_refused_with_the_rules_words() {
    let hospital = Hospital::open();
    for (message, answer) in [
        ("admission-without-number", "AR 101 PID-3: a patient has a number"),
        ("admission-before-birth", "AR 102 PID-7: nobody is admitted before birth"),
        ("laboratory-order", "AR 200 this message type is not accepted here"),
    ] {
        assert_eq!(hospital.send("his", message), answer, "{message}");
    }
    let mut peer = hospital.peer("his");
    let merge = String::from_utf8(message_of("merge")).expect("text");
    let merge = merge.replace("MRG|4699", "MRG|");
    assert_eq!(
        told(&peer.exchange(merge.as_bytes())),
        "AR 101 MRG-1: a merge says which number goes"
    );
    let admission = String::from_utf8(message_of("admission")).expect("text");
    let admission = admission.replace("|19580214|", "|the war|");
    let answer = "AE 207 rule born-before-admitted: a value could not be converted by date()";
    assert_eq!(told(&peer.exchange(admission.as_bytes())), answer);
    let counts = hospital.engine.counts("his");
    assert_eq!((counts.stored, counts.rules_refused, counts.rule_faults), (0, 3, 1));
    assert!(!hospital.folder("archive").exists(), "what is refused is not archived");
}

fn a_merge_reaches_all_who_keep_a_list_of_patients() {
    let hospital = Hospital::open();
    let sent = message_of("merge");
    assert_eq!(hospital.send("his", "merge"), "AA");
    for system in ["lis", "pharmacy", "record"] {
        assert_eq!(first(hospital.system(system)), sent, "{system}: as it came");
    }
    let where_radiology_looks = ["PID-2:  → 4711", "MRG-4:  → 4699"];
    assert_eq!(differences(&sent, &first(hospital.system("ris"))), where_radiology_looks);
}

fn orders_go_to_whom_they_are_for() {
    let hospital = Hospital::open();
    for order in ["laboratory-order", "imaging-order", "medicine"] {
        assert_eq!(hospital.send("orders", order), "AA", "{order}");
    }
    assert_eq!(
        differences(&message_of("laboratory-order"), &first(hospital.system("lis"))),
        [
            "MSH-5: ENGINE → LIS",
            "OBR-1:  → 1",
            "OBR-5:  → S",
            "OBR-16: 100^Novak^Marie → L0100^Novak^Marie",
            "OBR[2]-1:  → 2",
            "OBR[2]-5:  → S",
            "OBR[2]-16: 100^Novak^Marie → L0100^Novak^Marie",
        ]
    );
    assert_eq!(
        differences(&message_of("imaging-order"), &first(hospital.system("ris"))),
        ["MSH-5: ENGINE → RIS-CT", "PID-2:  → 4711", "-PV2"]
    );
    assert_eq!(first(hospital.system("pharmacy")), message_of("medicine"), "as it came");
    hospital.settle();
    for system in ["lis", "ris", "pharmacy"] {
        assert_eq!(hospital.system(system).arrived().len(), 1, "{system} gets its own alone");
    }
}

fn an_order_is_placed_once_and_a_sender_without_an_answer_may_ask_again() {
    let hospital = Hospital::open();
    let order = "laboratory-order";
    let again = String::from_utf8(file_of("laboratory-order/again.hl7")).expect("text");
    let ask_again = || told(&hospital.peer("orders").exchange(again.as_bytes()));
    assert_eq!(hospital.send("orders", order), "AA");
    assert_eq!(hospital.send("orders", order), "AA", "the same message: it had no answer");
    assert_eq!(ask_again(), "AR 205 ORC-2: this order is placed already");
    let cancelled = again.replace("ORC|NW", "ORC|CA").replace("ORD-2", "ORD-2C");
    assert_eq!(hospital.peer("orders").send(cancelled.as_bytes()), "AA");
    assert_eq!(ask_again(), "AA", "what was cancelled may be placed again");
    hospital.settle();
    assert_eq!(hospital.system("lis").control_ids(), ["ORD-1", "ORD-1", "ORD-2C", "ORD-2"]);
}

fn a_result_reaches_the_record_with_what_was_cancelled_and_the_note_on_it() {
    let hospital = Hospital::open();
    assert_eq!(hospital.send("laboratory", "result"), "AA");
    let made = String::from_utf8(first(hospital.system("record"))).expect("text");
    let results: Vec<&str> = made.split_terminator('\r').skip(4).collect();
    assert_eq!(
        results,
        [
            "OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F",
            "OBX|2|NM|2951-2^Sodium^LN||||||||X",
            "NTE|1||Specimen haemolysed",
            "OBX|3|NM|2345-7^Glucose^LN||101|mg/dL|70-99|H|||F",
        ],
        "a note belongs to the line above it"
    );
    assert_eq!(hospital.filed("archive", "RES-1"), message_of("result"), "RAW-1");
    let answer = hospital.send("laboratory", "result-no-number");
    assert_eq!(answer, "AR 102 OBX-5: a numeric result is no number");
}

fn a_critical_result_becomes_a_page_for_each_critical_value() {
    let hospital = Hospital::open();
    let late = message_of("critical-result");
    let early = String::from_utf8(late.clone()).expect("text");
    let early = early.replace("|20260403221500|", "|20260403101500|").replace("RES-2", "RES-6");
    assert_eq!(hospital.send("laboratory", "critical-result"), "AA");
    assert_eq!(hospital.peer("laboratory").send(early.as_bytes()), "AA");
    for (page, pager, value) in [
        ("RES-2-1", "4490", "7.1"),
        ("RES-2-3", "4490", "38"),
        ("RES-6-1", "4401", "7.1"),
        ("RES-6-3", "4401", "38"),
    ] {
        let page = hospital.filed("pages", page);
        let of = |segment, number| field(&page, segment, number);
        assert_eq!((of("MSH", 5), of("MSH", 6)), ("PAGER".into(), pager.into()));
        assert_eq!((of("OBX", 1), of("OBX", 5)), ("1".into(), value.into()));
        let results = page.split(|byte| *byte == b'\r').filter(|line| line.starts_with(b"OBX"));
        assert_eq!(results.count(), 1);
    }
    hospital.engine.wait_for_queue("on-call", "the end", |row| row.pending + row.dead == 0);
    assert!(hospital.is_not_filed("pages", "RES-2-2"), "a value that is not critical");
}

fn a_notifiable_result_reaches_the_registry_without_the_patient_and_no_test_does() {
    let registry = HttpServer::start(r#"[{"status": 200}]"#);
    let hospital = Hospital::open_beside(registry.port());
    for result in [
        "notifiable-result-of-a-test",
        "notifiable-test-not-detected",
        "notifiable-result",
        "notifiable-result-full",
    ] {
        assert_eq!(hospital.send("laboratory", result), "AA", "{result}");
    }
    hospital.settle();
    let told: Vec<_> = registry.requests().iter().map(HttpRequest::json).collect();
    let case = |sample: &str, born: Option<&str>, postcode: Option<&str>, result: &str| {
        serde_json::json!({
            "samples": [sample], "sampled": ["20260403104500"], "born": born, "sex": "F", "postcode": postcode,
            "tests": ["94500-6"], "results": [result],
        })
    };
    let friendly = case("L-503", Some("1958"), Some("04109"), "260373001");
    let talkative = case("L-507", None, None, "10828004");
    assert_eq!(
        told,
        [friendly, talkative],
        "what is not understood is emptied, and the rest is not told"
    );
    assert_eq!(hospital.system("record").control_ids(), ["RES-5", "RES-8", "RES-3", "RES-7"]);
}

fn what_the_analyzer_at_the_bed_measures_reaches_laboratory_and_record() {
    let hospital = Hospital::open();
    let sent = message_of("blood-gas");
    assert_eq!(hospital.analyzer().send(&sent), "AA");
    let expected = ["PID-3:  → 4711", "PV1-3: ICU-2-A → ICU^2^A", "OBX-6: mmHg → mm[Hg]"];
    for system in ["lis", "record"] {
        assert_eq!(differences(&sent, &first(hospital.system(system))), expected, "{system}");
    }
}

fn reports_and_letters_reach_the_record() {
    let hospital = Hospital::open();
    let record = hospital.system("record");
    assert_eq!(hospital.send("radiology", "report"), "AA");
    let expected = ["OBR-16: 100^Novak^Marie^^^Dr → Dr Marie Novak"];
    assert_eq!(differences(&message_of("report"), &first(record)), expected);
    assert_eq!(hospital.send("radiology", "letter"), "AA");
    let letter = String::from_utf8(message_of("letter")).expect("text");
    let draft = letter.replace("|AU\r", "|IP\r").replace("LET-1", "LET-2");
    assert_eq!(hospital.peer("radiology").send(draft.as_bytes()), "AA");
    assert_eq!(hospital.filed("archive", "LET-2"), draft.as_bytes(), "a draft is archived");
    hospital.settle();
    assert_eq!(record.control_ids(), ["REP-1", "LET-1"], "… and reaches no record");
    let empty = letter.replace("Discharged in good health.", "");
    let answer = told(&hospital.peer("radiology").exchange(empty.as_bytes()));
    assert_eq!(answer, "AR 101 OBX-5: the report is empty");
}

fn an_appointment_reaches_the_portal_unless_the_patient_said_no() {
    let hospital = Hospital::open();
    let sent = message_of("appointment");
    let protected = String::from_utf8(sent.clone()).expect("text");
    let protected = protected.replace("||N\r", "||Y\r").replace("APP-1", "APP-2");
    assert_eq!(hospital.peer("scheduling").send(protected.as_bytes()), "AA");
    assert_eq!(hospital.send("scheduling", "appointment"), "AA");
    let portal = hospital.system("portal");
    assert_eq!(
        differences(&sent, &first(portal)),
        [
            "SCH-11: ^^30^20260417093000^20260417100000 → ^^30^17.04.2026 09:30^20260417100000",
            "-NTE",
            "AIP-3: 300^Brandt^Ines^^^Dr → Dr Ines Brandt",
        ]
    );
    hospital.settle();
    assert_eq!(portal.control_ids(), ["APP-1"]);
    assert_eq!(hospital.filed("archive", "APP-2"), protected.as_bytes(), "RAW-1");
}

fn a_night_of_charges_reaches_the_ledger_in_its_codes_or_is_put_aside() {
    let hospital = Hospital::open();
    hospital.put("night-1.hl7", &message_of("charges"));
    let ledger = |control_id| field(&hospital.filed("ledger", control_id), "FT1", 7);
    assert_eq!(ledger("CHG-1"), "OP-2713^Hip replacement");
    assert_eq!(ledger("CHG-2"), "OP-4756^Gall bladder");
    hospital.put("night-2.hl7", &file_of("charges-unknown-code/night.hl7"));
    let reason = hospital.charges("failed/night-2.hl7.reason");
    let told = || fs::read_to_string(&reason).unwrap_or_default();
    wait::until_so("the reason beside the file", || told().ends_with('\n'));
    let reason = told();
    assert!(reason.contains("error: 103 Table value not found\n"), "{reason}");
    assert!(reason.contains("text: FT1-7: a code that the ledger does not have\n"), "{reason}");
    assert!(!reason.contains("99999"), "PHI-1: {reason}");
    wait::until_so("the count of it", || hospital.engine.counts("charges").files_failed == 1);
    hospital.settle();
    for charge in ["CHG-3", "CHG-4"] {
        assert!(
            hospital.is_not_filed("ledger", charge),
            "{charge}: the file is taken whole or not at all"
        );
    }
    let status = printed(&command(&hospital.site, &["status"]));
    assert!(status.contains("set aside: charges: 1 file\n"), "nobody was answered: {status}");
}
