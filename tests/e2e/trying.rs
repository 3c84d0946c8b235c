//! `wardline try`: what would become of a message, with nothing sent, stored or called.

use libtest_mimic::Trial;
use wardline_tests::message::adt;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_decision_is_told_with_its_reason_and_nothing_is_kept,
        a_refusal_is_told_with_the_answer_and_the_exit_code,
        what_becomes_of_a_message_without_a_destination_is_told,
        the_listener_is_named_where_there_are_several,
    ]
}

const CONFIGURATION: &str = r#"
[lookups.units]
file = "units.csv"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

  [[listeners.rules]]
  name = "patient-id"
  expression = "pid.id.matches('^[0-9]+$')"
  message = "PID-3 is a number here"

[[routes]]
id = "to-lab"
when = "size(obx_list) > 0"
to = ["lis", "billing"]

  [[routes.transform]]
  map = "OBX[*]-6"
  table = "units"

  [[routes.transform]]
  clear = "PID-19"
  when = "has('PID-19')"

[[routes]]
id = "results"
match = { message = ["ORU"] }
to = ["archive"]

[[routes]]
id = "outpatients"
when = "has(pv1.patient_class) && pv1.patient_class == 'O'"
to = ["archive"]

[[routes]]
id = "all"
to = ["archive"]

[[destinations]]
id = "lis"
kind = "mllp"
address = "127.0.0.1:9"

[[destinations]]
id = "billing"
kind = "mllp"
address = "127.0.0.1:9"
filter = "pid.ssn != ''"

[[destinations]]
id = "archive"
kind = "file"
path = "{control_id}.hl7"
"#;

const SEGMENTS: &str = "PID|1||77^^^MR\rOBX|1|NM|718-7||13.5|g/dL|||||F\r";

fn site() -> Site {
    let site = Site::new(PROGRAM, CONFIGURATION);
    write(&site, "units.csv", "theirs,ours\ng/dL,g/l\n");
    site
}

fn write(site: &Site, name: &str, text: &str) {
    std::fs::write(site.folder().join(name), text).expect("a file");
}

fn message(segments: &str) -> String {
    let text = String::from_utf8(adt("4711")).expect("text");
    format!("{}\r{segments}", text.split('\r').next().expect("MSH"))
}

/// What is printed, without the second it was printed in; and how the command ended.
fn tried(site: &Site, arguments: &[&str]) -> (String, Option<i32>) {
    let output = site.command(["--config", "wardline.toml", "try"].iter().chain(arguments));
    let text = String::from_utf8(output.stdout).expect("text");
    let lines = text.lines().map(|line| {
        let fields: Vec<&str> = line.split('|').collect();
        match fields.get(6) {
            Some(time) if line.contains("MSH|") => line.replace(time, "TIME"),
            _ => line.to_owned(),
        }
    });
    (lines.collect::<Vec<_>>().join("\n"), output.status.code())
}

fn every_decision_is_told_with_its_reason_and_nothing_is_kept() {
    let site = site();
    write(&site, "a.hl7", &message(SEGMENTS));
    let (told, exit) = tried(&site, &["a.hl7"]);
    let expected = "\
message       ADT^A01 4711, 117 bytes
listener      in
rule          patient-id: true
route         to-lab: takes it
route         results: `message` does not match
route         outpatients: `when` is false
route         all: takes it
destination   lis: by to-lab, changed
  step        map OBX[*]-6 by units
    OBX-6.1     g/dL  →  g/l
destination   archive: by all, as it came
destination   billing: not this one, its `filter` is false
answer        MSH|^~\\&|LAB|HOSP|ADT|HOSP|TIME||ACK^A01^ACK|TRY|P|2.5
              MSA|AA|4711";
    assert_eq!(shape(&told), shape(expected), "{told}");
    assert_eq!(exit, Some(0));
    assert!(!site.store().exists(), "nothing is stored");
    let (json, _) = tried(&site, &["a.hl7", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["destinations"][0]["steps"][0]["differences"][0]["right"], "g/l");
    assert_eq!(json["refused"], serde_json::Value::Null);
}

/// The header and the size are those of the tests' message, whatever it is.
fn shape(told: &str) -> Vec<String> {
    let lines = told.lines().filter(|line| !line.contains("MSH|") && !line.starts_with("message"));
    lines.map(str::to_owned).collect()
}

fn a_refusal_is_told_with_the_answer_and_the_exit_code() {
    let site = site();
    write(&site, "a.hl7", &message(&SEGMENTS.replace("77^", "X^")));
    let (told, exit) = tried(&site, &["a.hl7"]);
    assert_eq!(exit, Some(1));
    assert!(told.contains("rule          patient-id: PID-3 is a number here\n"), "{told}");
    assert!(told.contains("refused       AR: PID-3 is a number here\n"), "{told}");
    assert!(told.contains("MSA|AR|4711|PID-3 is a number here"), "{told}");
    assert!(!told.contains("route "), "the rule ends it: {told}");
    write(&site, "b.hl7", &message(&SEGMENTS.replace("g/dL", "pounds")));
    let (told, exit) = tried(&site, &["b.hl7"]);
    assert_eq!(exit, Some(1));
    assert!(told.contains("refused       AE: route to-lab: transform step 1: "), "{told}");
    write(&site, "c.hl7", "not HL7 at all");
    let (told, exit) = tried(&site, &["c.hl7"]);
    assert_eq!(exit, Some(1));
    assert!(told.contains("MSA|AR|"), "{told}");
}

fn what_becomes_of_a_message_without_a_destination_is_told() {
    let listener = |unrouted: &str| {
        format!("[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\nunrouted = \"{unrouted}\"\n")
    };
    let ack = "MSH|^~\\&|LIS|LAB|ADT|HOSP|1||ACK|9|P|2.3\rMSA|AA|4711\r";
    for (unrouted, text, expected, exit) in [
        ("accept", message(SEGMENTS), "kept          yes, for an operator: ", 0),
        ("discard", message(SEGMENTS), "kept          no: no route takes it", 0),
        ("accept", ack.to_owned(), "kept          no: it is an answer", 0),
    ] {
        let site = Site::new(PROGRAM, &listener(unrouted));
        write(&site, "a.hl7", &text);
        let (told, code) = tried(&site, &["a.hl7"]);
        assert!(told.contains(expected), "{told}");
        assert_eq!(code, Some(exit));
    }
}

fn the_listener_is_named_where_there_are_several() {
    let two = "[[listeners]]\nid = \"a\"\nbind = \"127.0.0.1:0\"\n\
               [[listeners]]\nid = \"b\"\nbind = \"127.0.0.1:0\"\nunrouted = \"reject\"\n";
    let site = Site::new(PROGRAM, two);
    write(&site, "a.hl7", &message(SEGMENTS));
    assert_eq!(tried(&site, &["a.hl7"]).1, Some(2));
    assert_eq!(tried(&site, &["a.hl7", "--listener", "c"]).1, Some(6));
    assert_eq!(tried(&site, &["a.hl7", "--listener", "a"]).1, Some(0));
    let (told, exit) = tried(&site, &["a.hl7", "--listener", "b"]);
    assert_eq!(exit, Some(1));
    assert!(told.contains("refused       AR: No route takes this message"), "{told}");
}
