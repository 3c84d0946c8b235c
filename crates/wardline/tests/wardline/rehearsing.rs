//! `try`, `test` and `diff` as people read them, word for word.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use tempfile::TempDir;

const SITE: &str = r#"version = 1

[lookups.units]
file = "units.csv"

[[listeners]]
id = "results-in"
bind = "127.0.0.1:2575"

  [[listeners.rules]]
  name = "patient-id"
  expression = "pid.id.matches('^[0-9]+$')"
  message = "PID-3 is a number here"

[[routes]]
id = "to-ward"
match = { message = ["ORU"] }
to = ["ward", "billing"]

  [[routes.transform]]
  map = "OBX[*]-6"
  table = "units"

  [[routes.transform]]
  clear = "PID-19"
  when = "has('PID-19')"

[[routes]]
id = "everything"
to = ["archive"]

[[destinations]]
id = "ward"
kind = "mllp"
address = "127.0.0.1:2576"

[[destinations]]
id = "billing"
kind = "mllp"
address = "127.0.0.1:2577"
filter = "obx.status == 'F'"

[[destinations]]
id = "archive"
kind = "file"
path = "archive/{control_id}.hl7"
"#;

const RESULT: &str = "MSH|^~\\&|LAB|HOSP|WARD|HOSP|20260403120000||ORU^R01|M1|P|2.5\n\
PID|1||77^^^HOSP^MR||DOE^JANE||||||||||||||123-45\n\
OBX|1|NM|718-7^Haemoglobin||13.5|g/dL|||||F\n\
OBX|2|NM|789-8^Erythrocytes||4.6|10*12/L|||||P\n";

const ADMISSION: &str = "MSH|^~\\&|ADT|HOSP|WARD|HOSP|20260403120000||ADT^A01|M2|P|2.5\n\
PID|1||unknown||DOE^JANE\n";

/// A folder with the site, its table and these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = [("wardline.toml", SITE), ("units.csv", "theirs,ours\ng/dL,g/l\n10*12/L,10*12/L\n")];
    for (name, text) in ours.iter().chain(files) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// What a command says and how it ends, without the second in which it said so.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wardline"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (data, talk) = (text(output.stdout), text(output.stderr));
    let lines = data.lines().map(|line| {
        let fields: Vec<&str> = line.split('|').collect();
        match fields.get(6) {
            Some(time) if line.contains("answer        MSH|") => line.replace(time, "TIME"),
            _ => line.to_owned(),
        }
    });
    let data = lines.collect::<Vec<_>>().join("\n");
    format!("{data}\n{talk}exit {}", output.status.code().expect("an end"))
}

#[test]
fn try_tells_every_decision_with_its_reason() {
    let folder = folder(&[("result.hl7", RESULT), ("admission.hl7", ADMISSION)]);
    assert_snapshot!(said(folder.path(), &["--config", "wardline.toml", "try", "result.hl7"]));
    assert_snapshot!(
        "try_refused",
        said(folder.path(), &["--config", "wardline.toml", "try", "admission.hl7"])
    );
}

const FAILING: &[(&str, &str)] = &[
    ("cases/admission/message.hl7", ADMISSION),
    ("cases/admission/case.toml", "answer = \"AR\"\ntext = \"PID-3 is a number here\"\n"),
    ("cases/result/message.hl7", RESULT),
    ("cases/result/case.toml", "description = \"The ward reads SI units\"\nanswer = \"AA\"\n"),
    ("cases/result/expected/ward.hl7", RESULT),
    ("cases/result/expected/other.hl7", RESULT),
    ("cases/typo/message.hl7", RESULT),
    ("cases/typo/case.toml", "listner = \"results-in\"\n"),
];

#[test]
fn test_tells_what_is_not_as_expected() {
    let folder = folder(FAILING);
    assert_snapshot!(said(
        folder.path(),
        &["--config", "wardline.toml", "test", "cases", "--junit", "junit.xml"]
    ));
    let junit = fs::read_to_string(folder.path().join("junit.xml")).expect("a report");
    let mut without_times = String::new();
    for piece in junit.split("time=\"") {
        let rest = piece.split_once('"').filter(|(time, _)| time.parse::<f64>().is_ok());
        without_times.push_str(rest.map_or(piece, |(_, rest)| rest));
    }
    assert_snapshot!("junit", without_times);
}

#[test]
fn test_writes_what_happens_now_and_passes_then() {
    let folder = folder(&FAILING[..6]);
    let said = |arguments: &[&str]| {
        said(folder.path(), &[&["--config", "wardline.toml", "test", "cases"], arguments].concat())
    };
    assert_snapshot!("updated", said(&["--update"]));
    assert_snapshot!("after_the_update", said(&[]));
    assert_snapshot!("one_by_its_name_as_json", said(&["resu", "--json"]));
    let written = folder.path().join("cases/result/expected");
    assert_snapshot!("written", fs::read_to_string(written.join("ward.hl7")).expect("written"));
    assert!(!written.join("other.hl7").exists(), "nothing goes there");
}

fn changed() -> String {
    SITE.replace("127.0.0.1:2575", "127.0.0.1:2580")
        .replace("'^[0-9]+$'", "'^[0-9]{3,}$'")
        .replace("  clear = \"PID-19\"\n", "  clear = \"PID-5\"\n")
        .replace("when = \"has('PID-19')\"", "when = \"has('PID-5')\"")
        .replace("obx.status == 'F'", "obx.status == 'C'")
}

#[test]
fn diff_tells_where_configurations_differ() {
    let new = changed();
    let folder = folder(&[("new.toml", &new)]);
    assert_snapshot!("configurations", said(folder.path(), &["diff", "wardline.toml", "new.toml"]));
    let same = said(folder.path(), &["diff", "wardline.toml", "wardline.toml"]);
    assert_eq!(same, "the configurations say the same\nexit 0");
}

#[test]
fn diff_tells_what_would_come_out_otherwise() {
    let new = changed();
    let known = RESULT.replace("77^^^", "7777^^^").replace("|M1|", "|M3|");
    let folder = folder(&[
        ("new.toml", &new),
        ("messages/a.hl7", RESULT),
        ("messages/b.hl7", &known),
        ("messages/c.hl7", ADMISSION),
        ("messages/notes.txt", "nothing of HL7\n"),
    ]);
    let said = |arguments: &[&str]| {
        let fixed = ["diff", "wardline.toml", "new.toml", "--against", "messages"];
        said(folder.path(), &[&fixed, arguments].concat())
    };
    assert_snapshot!("messages", said(&[]));
    assert_snapshot!("messages_with_their_content", said(&["--show", "--examples", "1"]));
    assert_snapshot!("messages_as_json", said(&["--json"]));
}
