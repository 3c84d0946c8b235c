//! `wardline try`: what would become of a message, with nothing sent, stored or called.

use libtest_mimic::Trial;
use wardline_tests::message::{adt, field, framed, message as plain};
use wardline_tests::peer::Peer;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        every_decision_is_told_with_its_reason_and_nothing_is_kept,
        a_refusal_is_told_with_the_answer_and_the_exit_code,
        what_becomes_of_a_message_without_a_destination_is_told,
        the_listener_is_named_where_there_are_several,
        what_is_tried_is_what_the_engine_does,
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
    OBX-6.1       g/dL  →  g/l
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

const DECIDING: &str = r#"
[[listeners]]
id = "in"
bind = "127.0.0.1:0"
dedup = "off"
unrouted = "reject"
handlers = ["misbehaving"]
handler_timeout = "1s"

  [[listeners.rules]]
  name = "patient"
  expression = "pid.id != ''"
  message = "no patient"

[[routes]]
id = "all"
match = { message = ["ADT", "ORU"] }
to = ["archive", "latin"]
handlers = ["misbehaving"]

  [[routes.transform]]
  set = "PID-5"
  value = "SEAN"
  when = "has('PID-5')"

[[destinations]]
id = "archive"
kind = "file"
path = "archive/{control_id}.hl7"

[[destinations]]
id = "latin"
kind = "file"
path = "latin/{control_id}.hl7"
charset = "8859/1"
filter = "msh.trigger != 'A08'"
"#;

/// Messages that take each way through [`DECIDING`], by their control ids.
fn deciding() -> Vec<(&'static str, Vec<u8>)> {
    let patient = |message: Vec<u8>, other: &str| {
        String::from_utf8(message).expect("text").replace("1^^^H", other).into_bytes()
    };
    let header = |from: &str, to: &str, id: &str| {
        String::from_utf8(adt(id)).expect("text").replace(from, to).into_bytes()
    };
    let in_utf8 = |id: &str, segment: &str| {
        let message = header("|P|2.5", "|P|2.5||||||UNICODE UTF-8", id);
        [message, segment.as_bytes().to_vec()].concat()
    };
    vec![
        ("plain", adt("plain")),
        ("filtered", plain("ADT^A08", "filtered")),
        ("unrouted", plain("ORM^O01", "unrouted")),
        ("ruled", patient(adt("ruled"), "")),
        ("faulty", b"MSH|^~\\&|A|B|C|D|1||ADT^A01|faulty|P|2.5\r".to_vec()),
        ("headless", header("|ADT^A01|", "||", "headless")),
        ("enhanced", header("|P|2.5", "|P|2.5|||AL|AL", "enhanced")),
        ("quiet", header("|P|2.5", "|P|2.5|||ER|NE", "quiet")),
        ("unmappable", in_utf8("unmappable", "NTE|1||Ł\r")),
        ("REJECT-1", adt("REJECT-1")),
        ("FAIL-1", adt("FAIL-1")),
        ("PANIC-1", adt("PANIC-1")),
        ("SLEEP-1", adt("SLEEP-1")),
        ("TWICE-1", adt("TWICE-1")),
        ("NOTHING-1", adt("NOTHING-1")),
        ("none", b"MSH|nothing of this is HL7".to_vec()),
    ]
}

fn what_is_tried_is_what_the_engine_does() {
    let site = Site::new(PROGRAM, DECIDING);
    for (name, payload) in deciding() {
        let folder = site.folder().join("cases").join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("message.hl7"), payload).expect("a file");
    }
    let arguments = ["--config", "wardline.toml", "test", "cases", "--ask", "--update"];
    let tried = site.command(arguments);
    assert!(tried.status.success(), "{}", String::from_utf8_lossy(&tried.stdout));
    assert!(!site.store().exists(), "nothing is stored");
    let engine = site.start();
    for (name, payload) in deciding() {
        let expected = site.folder().join("cases").join(name).join("expected");
        let foretold = std::fs::read_to_string(expected.join("ack.hl7")).expect("an answer");
        let answers = answers(&mut Peer::connect(engine.address("in")), &payload);
        assert_eq!(unstamped(&answers), unstamped(&foretold.replace('\n', "\r")), "{name}");
        if foretold.is_empty() || !foretold.contains("|AA|") {
            continue; // What is refused leaves nothing behind.
        }
        for destination in ["archive", "latin"] {
            let file = site.folder().join(destination).join(format!("{name}.hl7"));
            let Ok(foretold) = std::fs::read(expected.join(format!("{destination}.hl7"))) else {
                continue;
            };
            let arrived =
                crate::shipped::arrived(&site.folder().join(destination), &format!("{name}.hl7"));
            let first = foretold.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let first: Vec<_> =
                first.take(arrived.split(|byte| *byte == b'\r').count() - 1).collect();
            let arrived: Vec<_> =
                arrived.split(|byte| *byte == b'\r').filter(|line| !line.is_empty()).collect();
            assert_eq!(arrived, first, "{name} at {}", file.display());
        }
    }
    drop(engine);
    let gone = |destination: &str, name: &str| {
        !site.folder().join(destination).join(format!("{name}.hl7")).exists()
    };
    for name in ["unrouted", "ruled", "faulty", "REJECT-1", "FAIL-1", "NOTHING-1"] {
        assert!(gone("archive", name) && gone("latin", name), "{name}");
    }
    assert!(gone("latin", "filtered"));
}

/// What comes back, up to a message that is always answered.
fn answers(peer: &mut Peer, payload: &[u8]) -> String {
    peer.write(&framed(payload));
    peer.write(&framed(&adt("sentinel")));
    let mut answers = String::new();
    loop {
        let answer = peer.read();
        if field(&answer, "MSA", 2) == "sentinel" {
            return answers;
        }
        answers.push_str(&String::from_utf8(answer).expect("text"));
    }
}

/// The segments of answers, without what is new in each.
fn unstamped(answers: &str) -> Vec<String> {
    let lines = answers.split('\r').filter(|line| !line.is_empty());
    let lines = lines.map(|line| {
        let mut fields: Vec<&str> = line.split('|').collect();
        if line.starts_with("MSH") {
            for place in [6, 9] {
                if let Some(field) = fields.get_mut(place) {
                    *field = "";
                }
            }
        }
        fields.join("|")
    });
    lines.collect()
}
