//! `wardline check`: what an analyst is told before anything runs, and what this machine says to it.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use libtest_mimic::Trial;
use wardline_tests::certificates::Authority;
use wardline_tests::site::Site;
use wardline_tests::trials;

use crate::ours::PROGRAM;

pub(crate) fn trials() -> Vec<Trial> {
    trials![
        what_can_never_be_is_told_with_its_place_and_the_configuration_can_be_used,
        an_address_that_is_taken_and_a_folder_that_is_missing_are_told_when_asked,
        what_a_running_engine_has_is_not_tried,
        a_private_key_that_everybody_can_read_is_warned_of,
        a_file_for_tls_that_is_missing_is_told_where_it_is_named,
        the_schema_is_printed_for_editors,
        a_configuration_is_shown_with_the_origin_of_each_value,
    ]
}

const DESTINATION: &str =
    "[[destinations]]\nid = \"archive\"\nkind = \"file\"\npath = \"archive/{id}.hl7\"\n";
const ROUTE: &str = "[[routes]]\nid = \"all\"\nmatch = {}\nto = [\"archive\"]\n";

fn checked(site: &Site, arguments: &[&str]) -> (Vec<serde_json::Value>, Option<i32>) {
    let output = site.command(["--json", "check", "wardline.toml"].iter().chain(arguments));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    (json["diagnostics"].as_array().expect("a list").clone(), output.status.code())
}

/// The line of its configuration in which this stands, counted from 1.
fn line_of(site: &Site, text: &str) -> u64 {
    let written = std::fs::read_to_string(site.folder().join("wardline.toml")).expect("a file");
    let found = written.lines().position(|line| line.contains(text)).expect("such a line");
    found as u64 + 1
}

/// Severity, message and line of each.
fn told(diagnostics: &[serde_json::Value]) -> Vec<(&str, &str, Option<u64>)> {
    diagnostics
        .iter()
        .map(|one| {
            (
                one["severity"].as_str().unwrap_or_default(),
                one["message"].as_str().unwrap_or_default(),
                one["line"].as_u64(),
            )
        })
        .collect()
}

fn what_can_never_be_is_told_with_its_place_and_the_configuration_can_be_used() {
    let text = format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
         [[listeners.rules]]\nname = \"born\"\nexpression = \"pid.dob < 20100101\"\nmessage = \"m\"\n\
         {ROUTE}when = \"msh.msg_type == 'ADT^A01'\"\n{DESTINATION}"
    );
    let site = Site::new(PROGRAM, &text);
    let (diagnostics, exit) = checked(&site, &[]);
    assert_eq!(exit, Some(0), "{diagnostics:?}");
    assert_eq!(
        told(&diagnostics),
        [
            (
                "warning",
                "the rule `born` can judge no message: each is answered AE",
                Some(line_of(&site, "pid.dob"))
            ),
            (
                "warning",
                "this `when` is never true: the route takes nothing",
                Some(line_of(&site, "ADT^A01"))
            ),
        ]
    );
    assert_eq!(diagnostics[0]["column"], 14);
    assert_eq!(diagnostics[0]["hint"], "`pid.dob < 20100101` compares a text with a number");
}

fn an_address_that_is_taken_and_a_folder_that_is_missing_are_told_when_asked() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let text = format!(
        "[[listeners]]\nid = \"in\"\nbind = \"{address}\"\n\
         [[listeners]]\nid = \"drop\"\nkind = \"file\"\npath = \"inbox\"\n{ROUTE}{DESTINATION}"
    );
    let site = Site::new(PROGRAM, &text);
    let (diagnostics, exit) = checked(&site, &[]);
    assert_eq!((diagnostics.len(), exit), (0, Some(0)), "another machine may have them");
    let (diagnostics, exit) = checked(&site, &["--bind"]);
    assert_eq!(exit, Some(3));
    let told = told(&diagnostics);
    assert_eq!((told.len(), told[0].2), (2, Some(line_of(&site, "bind ="))), "{told:?}");
    assert!(told[0].1.starts_with(&format!("cannot bind {address}: ")), "{told:?}");
    assert!(told[1].1.starts_with("there is no folder `"), "{told:?}");
    assert_eq!(told[1].2, Some(line_of(&site, "inbox")));
    assert!(!site.folder().join("data").exists(), "nothing is made");
    drop(taken);
    std::fs::create_dir(site.folder().join("inbox")).expect("a folder");
    let (diagnostics, exit) = checked(&site, &["--bind"]);
    assert_eq!((diagnostics.len(), exit), (0, Some(0)), "{diagnostics:?}");
}

fn what_a_running_engine_has_is_not_tried() {
    let text = |address: &str| {
        format!(
            "[[listeners]]\nid = \"in\"\nbind = \"{address}\"\n\
             {ROUTE}{DESTINATION}"
        )
    };
    let site = Site::new(PROGRAM, &text("127.0.0.1:0"));
    let engine = site.start();
    site.configure(&text(&engine.address("in").to_string()));
    let (diagnostics, exit) = checked(&site, &["--bind"]);
    assert_eq!((diagnostics.len(), exit), (0, Some(0)), "{diagnostics:?}");
}

fn with_tls() -> Site {
    let text = format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
         tls = {{ certificate = \"server.pem\", key = \"server.key\" }}\n{ROUTE}{DESTINATION}"
    );
    Site::new(PROGRAM, &text)
}

fn a_private_key_that_everybody_can_read_is_warned_of() {
    let site = with_tls();
    let server = Authority::new("hospital").issue(&["localhost"]);
    let (_, key) = server.write(site.folder(), "server");
    let allow = |mode| {
        std::fs::set_permissions(&key, PermissionsExt::from_mode(mode)).expect("permissions");
    };
    allow(0o644);
    let (diagnostics, exit) = checked(&site, &[]);
    assert_eq!(exit, Some(0), "{diagnostics:?}");
    let shown = told(&diagnostics);
    assert_eq!(
        (shown.len(), shown[0].0, shown[0].2),
        (1, "warning", Some(line_of(&site, "tls ="))),
        "{shown:?}"
    );
    assert!(shown[0].1.starts_with("everybody on this machine can read the private key"));
    allow(0o640);
    assert_eq!(checked(&site, &[]).0.len(), 0, "its group may");
}

fn a_file_for_tls_that_is_missing_is_told_where_it_is_named() {
    let site = with_tls();
    let (diagnostics, exit) = checked(&site, &[]);
    assert_eq!(exit, Some(3));
    let shown = told(&diagnostics);
    assert_eq!(
        (shown.len(), shown[0].0, shown[0].2),
        (1, "fault", Some(line_of(&site, "tls ="))),
        "{shown:?}"
    );
    assert!(shown[0].1.contains("server.pem"), "{shown:?}");
}

fn the_schema_is_printed_for_editors() {
    let site = Site::new(PROGRAM, "");
    let output = site.command(["config", "schema"]);
    assert_eq!(output.status.code(), Some(0), "no configuration is needed");
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(schema["properties"]["engine"]["properties"]["name"]["default"], "wardline");
}

fn a_configuration_is_shown_with_the_origin_of_each_value() {
    let text = format!(
        "[[listeners]]\nid = \"in\"\nbind = \"127.0.0.1:0\"\n\
         {ROUTE}{DESTINATION}"
    );
    let site = Site::new(PROGRAM, &text);
    let shown = |arguments: &[&str]| {
        let output = site.command(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    let written = shown(&["config", "show", "wardline.toml"]);
    let lines: Vec<String> =
        written.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let line = line_of(&site, "bind =");
    let bind = format!("bind = \"127.0.0.1:0\" # wardline.toml:{line}");
    assert!(lines.contains(&bind), "{written}");
    assert!(!written.contains("max_connections"), "{written}");
    let rows = shown(&["config", "show", "wardline.toml", "--effective", "--json"]);
    let rows: Vec<serde_json::Value> =
        rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect();
    let row = |table: &str, key: &str| {
        let found = rows.iter().find(|row| row["table"] == table && row["key"] == key);
        found.cloned().unwrap_or_default()
    };
    let given = row("listeners.in", "max_connections");
    assert_eq!((&given["value"], &given["origin"]["from"]), (&256.into(), &"default".into()));
    let written = row("listeners.in", "bind");
    assert_eq!(
        (&written["origin"]["from"], &written["origin"]["line"]),
        (&"file".into(), &line.into())
    );
}
