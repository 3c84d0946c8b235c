//! Lookup tables as an operator sees them: what is in one, and what peers sent that it lacks.

use libtest_mimic::Trial;
use wardline_tests::message::adt;
use wardline_tests::peer::Peer;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        a_key_is_looked_up_as_a_message_would_without_an_engine,
        what_was_missed_is_counted_and_the_keys_are_shown_only_when_asked_for,
        a_table_that_cannot_be_read_is_told_with_its_line,
    ]
}

const CONFIGURATION: &str = r#"
[lookups.units]
file = "units.csv"
on_miss = "keep"

[lookups.wards]
file = "wards.toml"

[[listeners]]
id = "in"
bind = "127.0.0.1:0"

[[routes]]
id = "all"
match = {}
when = "lookup('wards', 'W1') != ''"
to = ["archive"]

  [[routes.transform]]
  map = "OBX[*]-6"
  table = "units"

[[destinations]]
id = "archive"
kind = "file"
path = "archive/{id}.hl7"
"#;

fn site() -> Site {
    let site = Site::new(PROGRAM, CONFIGURATION);
    write(&site, "units.csv", b"theirs,ours\ng/dL,g/l\nG/DL,g/l\n");
    write(&site, "wards.toml", b"W1 = \"1\"\n");
    site
}

fn write(site: &Site, name: &str, text: &[u8]) {
    std::fs::write(site.folder().join(name), text).expect("a file");
}

/// What is printed, what is said, and how the command ended.
fn asked(site: &Site, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = site.command(["--config", "wardline.toml", "lookup"].iter().chain(arguments));
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(output.stdout), text(output.stderr), output.status.code())
}

fn observation(control_id: &str, unit: &str) -> Vec<u8> {
    let text = String::from_utf8(adt(control_id)).expect("text");
    let header = text.split('\r').next().expect("MSH");
    format!("{header}\rOBX|1|NM|718-7||9|{unit}\r").into_bytes()
}

fn a_key_is_looked_up_as_a_message_would_without_an_engine() {
    let site = site();
    assert_eq!(asked(&site, &["get", "units", "g/dL"]), ("g/l\n".into(), String::new(), Some(0)));
    let (kept, said, exit) = asked(&site, &["get", "units", "mol"]);
    assert_eq!((kept.as_str(), exit), ("mol\n", Some(0)));
    assert!(said.contains("on_miss = \"keep\""), "{said}");
    let (none, said, exit) = asked(&site, &["get", "wards", "W9"]);
    assert_eq!((none.as_str(), exit), ("", Some(6)));
    assert!(said.contains("the lookup table `wards` has no key `W9`"), "{said}");
    let (_, said, exit) = asked(&site, &["get", "doctors", "W9"]);
    assert_eq!(exit, Some(6), "{said}");
    let (json, _, exit) = asked(&site, &["get", "wards", "W9", "--json"]);
    assert_eq!(exit, Some(6));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["found"].as_bool(), json["value"].is_null()), (Some(false), true));

    let (list, _, exit) = asked(&site, &["list"]);
    assert_eq!(exit, Some(0));
    assert!(list.contains("units") && list.contains("wards"), "{list}");
    let (checked, _, exit) = asked(&site, &["check"]);
    assert_eq!(exit, Some(0));
    assert_eq!(
        checked,
        "units: 2 entries\n  `G/DL`, `g/dL` differ in upper and lower case only\nwards: 1 entries, sound\n"
    );
    let (_, said, exit) = asked(&site, &["misses", "units"]);
    assert_eq!(exit, Some(4), "only the running engine knows: {said}");
}

fn what_was_missed_is_counted_and_the_keys_are_shown_only_when_asked_for() {
    let site = site();
    let engine = site.start();
    let mut peer = Peer::connect(engine.address("in"));
    for (control_id, unit) in [("1", "SECRET"), ("2", "mol"), ("3", "SECRET"), ("4", "g/dL")] {
        assert_eq!(peer.send(&observation(control_id, unit)), "AA");
    }
    let status = engine.status();
    let row = status.lookups.iter().find(|row| row.name == "units").expect("a row");
    assert_eq!((row.misses, row.missed_keys, row.missed.is_none()), (3, 2, true));

    let (counts, said, exit) = asked(&site, &["misses", "units"]);
    assert_eq!((counts.as_str(), exit), ("3 misses, 2 different keys\n", Some(0)));
    assert!(said.contains("--keys"), "{said}");
    let (keys, _, _) = asked(&site, &["misses", "units", "--keys"]);
    let lines: Vec<Vec<&str>> =
        keys.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines, [["MISSED", "KEY"], ["2", "SECRET"], ["1", "mol"]]);
    let (json, _, _) = asked(&site, &["misses", "units", "--json"]);
    assert!(json.contains("\"misses\":3") && !json.contains("SECRET"), "{json}");
    let shown = site.command(["--config", "wardline.toml", "status"]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains("MISSED KEYS") && !shown.contains("SECRET"), "{shown}");
    assert!(!engine.log().contains("SECRET"), "PHI-1");

    write(&site, "units.csv", b"theirs,ours\ng/dL,g/l\nmol,mol/l\n");
    let reloaded = site.command(["--config", "wardline.toml", "reload"]);
    assert_eq!(reloaded.status.code(), Some(0));
    assert_eq!(peer.send(&observation("5", "mol")), "AA");
    let (counts, _, _) = asked(&site, &["misses", "units"]);
    assert_eq!(counts, "0 misses, 0 different keys\n", "another table counts anew");
}

fn a_table_that_cannot_be_read_is_told_with_its_line() {
    let site = site();
    write(&site, "units.csv", b"theirs,ours\ng/dL,g/l\nM\xfcller,x\n");
    let (_, said, exit) = asked(&site, &["check"]);
    assert_eq!(exit, Some(3));
    assert!(said.contains("line 3 is not UTF-8"), "{said}");
    write(&site, "units.csv", b"theirs;ours\ng/dL;g/l\n");
    let (_, said, exit) = asked(&site, &["check"]);
    assert_eq!(exit, Some(3));
    assert!(said.contains("units.csv:1:1") && said.contains("commas"), "{said}");
    write(&site, "units.csv", b"\xef\xbb\xbftheirs,ours\r\ng/dL,g/l\r\ng/dL,x\r\n");
    let (_, said, exit) = asked(&site, &["check"]);
    assert_eq!(exit, Some(3));
    assert!(said.contains("units.csv:3:1") && said.contains("stands here twice"), "{said}");
}
