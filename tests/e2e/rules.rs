//! Rules, conditions, filters, transforms and lookup tables, as an analyst writes them.

use libtest_mimic::Trial;
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::sink::Sink;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_rule_that_is_false_rejects_and_one_that_cannot_judge_asks_for_another_try,
        conditions_and_filters_decide_where_a_message_goes,
        each_destination_gets_what_its_route_and_itself_make_of_the_message,
        a_step_that_cannot_be_taken_is_answered_ae_and_nothing_is_stored,
    ]
}

const UNITS: &str = "theirs,ours\ng/dL,g/l\n";

const PATIENT: &str = "PID|1||77^^^MR||DOE^JOHN||19700101|M|||1 Main St^^Town||555-0100\r";

/// An admission with these segments behind its header.
fn message(control_id: &str, segments: &str) -> Vec<u8> {
    let text = String::from_utf8(adt(control_id)).expect("text");
    let header = text.split('\r').next().expect("MSH");
    format!("{header}\r{segments}").into_bytes()
}

fn ask(peer: &mut Peer, payload: &[u8]) -> String {
    String::from_utf8(peer.exchange(payload)).expect("text")
}

fn a_rule_that_is_false_rejects_and_one_that_cannot_judge_asks_for_another_try() {
    let site = Site::new(
        PROGRAM,
        r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

  [[listeners.rules]]
  name = "patient-id"
  expression = "pid.id.matches('^[0-9]+$')"
  message = "PID-3 is a number here"
  error = 102

  [[listeners.rules]]
  name = "adults"
  expression = "int(pid.dob) < 20100101"
  message = "children are registered elsewhere"
"#,
    );
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&message("1", PATIENT)), "AA");
    let answer = ask(&mut peer, &message("2", &PATIENT.replace("77^", "X7^")));
    assert!(answer.contains("MSA|AR|2|PID-3 is a number here\r"), "{answer}");
    assert!(answer.contains("|102^"), "{answer}");
    let answer = ask(&mut peer, &message("3", &PATIENT.replace("19700101", "unknown")));
    assert!(
        answer.contains("MSA|AE|3|rule adults: a value could not be converted by int()\r"),
        "{answer}"
    );
    let answer = ask(&mut peer, &message("4", "PV1|1|I\r"));
    assert!(
        answer.contains("MSA|AE|4|rule patient-id: there is no `id` in the message\r"),
        "{answer}"
    );
    assert_eq!(peer.send(&message("5", PATIENT)), "AA", "the connection goes on");
    let counts = engine.counts("in");
    assert_eq!((counts.rules_refused, counts.rule_faults, counts.stored), (1, 2, 2));
}

fn conditions_and_filters_decide_where_a_message_goes() {
    let (lis, billing) = (Sink::accepting(), Sink::accepting());
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "inpatients"
when = "has(pv1.patient_class) && pv1.patient_class == 'I'"
to = ["lis", "billing"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"

[[destinations]]
id = "billing"
kind = "mllp"
address = "{}"
filter = "hl7('PV1-20.1') != 'FREE'"
"#,
            lis.address(),
            billing.address()
        ),
    );
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&message("1", "PV1|1|I||||||||||||||||||PAID\r")), "AA");
    assert_eq!(peer.send(&message("2", "PV1|1|I||||||||||||||||||FREE\r")), "AA");
    assert_eq!(peer.send(&message("3", "PV1|1|O\r")), "AA");
    assert_eq!(peer.send(&message("4", PATIENT)), "AA");
    assert_eq!(peer.send(&message("5", "PV1|1|I\r")), "AA");
    lis.wait_for(3);
    billing.wait_for(2);
    assert_eq!(lis.control_ids(), ["1", "2", "5"]);
    assert_eq!(billing.control_ids(), ["1", "5"]);
    assert_eq!(engine.counts("in").unrouted, 2, "3 and 4, not 2");
}

fn each_destination_gets_what_its_route_and_itself_make_of_the_message() {
    let (lis, archive) = (Sink::accepting(), Sink::accepting());
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[lookups.units]
file = "units.csv"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "to-lab"
to = ["lis"]

  [[routes.transform]]
  set = "MSH-5"
  value = "LAB"

  [[routes.transform]]
  for_each = "OBX"

    [[routes.transform.steps]]
    remove = "OBX"
    when = "obx.status == 'X'"

    [[routes.transform.steps]]
    map = "OBX-6"
    table = "units"

  [[routes.transform]]
  renumber = "OBX"

[[routes]]
id = "to-archive"
to = ["archive"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"

  [[destinations.transform]]
  replace = "PID-13"
  pattern = "[^0-9]"
  with = ""

[[destinations]]
id = "archive"
kind = "mllp"
address = "{}"
"#,
            lis.address(),
            archive.address()
        ),
    );
    std::fs::write(site.folder().join("units.csv"), UNITS).expect("a file");
    let engine = site.start();
    let observations =
        "OBX|4|NM|718-7||9|g/dL|||||X\rOBX|5|NM|718-7||13.5|g/dL|||||F\rZAB|kept||\r";
    let sent = message("1", &format!("{PATIENT}{observations}"));
    let mut peer = Peer::connect(engine.address("in"));
    assert_eq!(peer.send(&sent), "AA");
    lis.wait_for(1);
    archive.wait_for(1);
    assert_eq!(archive.arrived()[0].payload, sent, "byte for byte (RAW-1)");
    let made = String::from_utf8(lis.arrived().remove(0).payload).expect("text");
    let behind_header = made.split_once('\r').expect("MSH").1;
    let expected = format!(
        "{}OBX|1|NM|718-7||13.5|g/l|||||F\rZAB|kept||\r",
        PATIENT.replace("555-0100", "5550100")
    );
    assert_eq!(behind_header, expected);
    assert_eq!(made.split('|').nth(4), Some("LAB"));
}

fn a_step_that_cannot_be_taken_is_answered_ae_and_nothing_is_stored() {
    let lis = Sink::accepting();
    let site = Site::new(
        PROGRAM,
        &format!(
            r#"
[lookups.units]
file = "units.csv"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "to-lab"
to = ["lis"]

  [[routes.transform]]
  map = "OBX[*]-6"
  table = "units"

[[destinations]]
id = "lis"
kind = "mllp"
address = "{}"
"#,
            lis.address()
        ),
    );
    std::fs::write(site.folder().join("units.csv"), UNITS).expect("a file");
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    let answer = ask(&mut peer, &message("1", "OBX|1|NM|718-7||9|SECRET\r"));
    assert!(answer.contains("MSA|AE|1|route to-lab: transform step 1: "), "{answer}");
    assert!(!answer.contains("SECRET") && !engine.log().contains("SECRET"), "PHI-1");
    assert_eq!(peer.send(&message("2", "OBX|1|NM|718-7||9|g/dL\r")), "AA");
    lis.wait_for(1);
    assert_eq!(lis.control_ids(), ["2"]);
    let counts = engine.counts("in");
    assert_eq!((counts.rule_faults, counts.stored), (1, 1));
}
