use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::lookup::{LookupTable, OnMiss};

const ORU: &str = "MSH|^~\\&|LAB|ST-E|LIS|HOSP|20240229101500||ORU^R01|4711|P|2.5\r\
    PID|1||77^^^MR~88^^^SS~99||DOE^JOHN^Q^^DR||19700101\r\
    OBR|1|A|B\r\
    OBX|7|NM|718-7^Hb||13.5|g/dL|||||F\r\
    NTE|1||first\r\
    OBX|8|NM|789-8^RBC||4.5|T/L|||||X\r\
    OBX|9|NM|000^WBC||9|G/L|||||F\r\
    ZAB|a|b\r";

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

fn expression(text: &str) -> Arc<Expression> {
    Arc::new(Expression::compile(text).unwrap())
}

fn always(change: Change) -> Step {
    Step { when: None, change }
}

fn lookups() -> Arc<Lookups> {
    let units = HashMap::from([
        ("g/dL".to_owned(), "g/l".to_owned()),
        ("T/L".to_owned(), "10*12/l".to_owned()),
    ]);
    let table = LookupTable::new(units, OnMiss::Fail);
    Arc::new(Lookups::new(BTreeMap::from([("units".to_owned(), table)])))
}

fn apply_all(steps: Vec<Step>) -> Result<String, TransformFault> {
    let message = Message::parse(ORU.to_owned().into()).unwrap();
    let around = Surroundings { lookups: &lookups(), strictness: Strictness::Strict };
    let made = Transform { steps }.apply(&message, around)?;
    Ok(String::from_utf8(made.bytes().to_vec()).unwrap())
}

fn apply(change: Change) -> String {
    apply_all(vec![always(change)]).unwrap()
}

#[test]
fn only_what_is_named_changes() {
    let set = Change::Set { path: path("MSH-5"), value: Content::Text("A|B".into()) };
    assert_eq!(apply(set), ORU.replace("|LIS|", "|A\\F\\B|"));
    let set = Change::Set {
        path: path("ZAB-2"),
        value: Content::Expression(expression("msh.sending_fac + '-' + pid.id")),
    };
    assert_eq!(apply(set), ORU.replace("ZAB|a|b", "ZAB|a|ST-E-77"));
    let copy = Change::Copy { from: path("PID-3[2]"), to: path("ZAB-1") };
    assert_eq!(apply(copy), ORU.replace("ZAB|a|", "ZAB|88^^^SS|"));
    assert_eq!(apply(Change::Clear { path: path("OBX[*]-6") }).matches("||F").count(), 2);
    assert_eq!(apply_all(Vec::new()).as_deref(), Ok(ORU));
}

#[test]
fn segments_and_repetitions_are_taken_out() {
    let removed = |text: &str| apply(Change::RemoveSegments { segments: text.parse().unwrap() });
    assert_eq!(removed("ZAB"), ORU.replace("ZAB|a|b\r", ""));
    assert_eq!(removed("OBX[2]"), ORU.replace("OBX|8|NM|789-8^RBC||4.5|T/L|||||X\r", ""));
    assert_eq!(removed("OBX[*]").matches("OBX").count(), 0);
    assert_eq!(removed("PV1"), ORU);
    let without = |text: &str| apply(Change::RemoveRepetition { path: path(text) });
    assert_eq!(without("PID-3[1]"), ORU.replace("77^^^MR~88", "88"));
    assert_eq!(without("PID-3[3]"), ORU.replace("~99", ""));
    assert_eq!(without("PID-3[*]"), ORU.replace("77^^^MR~88^^^SS~99", ""));
    assert_eq!(without("PID-3[4]"), ORU);
    let header = Change::RemoveSegments { segments: "MSH".parse().unwrap() };
    let fault = apply_all(vec![always(header)]).unwrap_err();
    assert_eq!(fault.to_string(), "transform step 1: MSH cannot be removed");
}

#[test]
fn texts_are_looked_up_replaced_and_formatted() {
    let map = Change::Map { path: path("OBX[1]-6"), table: "units".into() };
    assert_eq!(apply(map), ORU.replace("g/dL", "g/l"));
    let replace = Change::Replace {
        path: path("OBX[*]-3.2"),
        pattern: Pattern(Regex::new("^(.)BC$").unwrap()),
        with: "${1}-cells".into(),
    };
    assert_eq!(apply(replace), ORU.replace("RBC", "R-cells").replace("WBC", "W-cells"));
    let date = Change::FormatDate { path: path("PID-7"), format: "%d.%m.%Y".parse().unwrap() };
    assert_eq!(apply(date), ORU.replace("19700101", "01.01.1970"));
    let name = Change::FormatName {
        path: path("PID-5"),
        format: "{prefix} {given} {family}".parse().unwrap(),
        with_id: false,
    };
    assert_eq!(apply(name), ORU.replace("DOE^JOHN^Q^^DR", "DR JOHN DOE"));
}

#[test]
fn texts_are_split_and_joined() {
    let split = Change::Split {
        path: path("OBX-3.1"),
        at: "-".into(),
        into: vec![path("ZAB-1"), path("ZAB-2"), path("ZAB-3")],
    };
    assert_eq!(apply(split), ORU.replace("ZAB|a|b", "ZAB|718|7"));
    let join = Change::Join {
        paths: vec![path("PID-5.1"), path("PID-5.4"), path("PID-3[*].1")],
        with: " ".into(),
        to: path("ZAB-1"),
    };
    assert_eq!(apply(join), ORU.replace("ZAB|a", "ZAB|DOE 77 88 99"));
}

#[test]
fn steps_for_each_segment_mean_the_one_in_turn() {
    let steps = vec![
        Step {
            when: Some(expression("obx.status == 'X' || hl7('OBX-3.1') == '000'")),
            change: Change::RemoveSegments { segments: "OBX".parse().unwrap() },
        },
        always(Change::Map { path: path("OBX-6"), table: "units".into() }),
    ];
    let each = always(Change::ForEach { segment: "OBX".into(), steps });
    let renumber = always(Change::Renumber { segment: "OBX".into(), from: 1 });
    let expected = ORU
        .replace("OBX|8|NM|789-8^RBC||4.5|T/L|||||X\r", "")
        .replace("OBX|9|NM|000^WBC||9|G/L|||||F\r", "")
        .replace("OBX|7|", "OBX|1|")
        .replace("g/dL", "g/l");
    assert_eq!(apply_all(vec![each, renumber]).unwrap(), expected);
}

#[test]
fn a_condition_decides_on_what_the_step_before_made() {
    let set = |value: &str, when| Step {
        when: Some(expression(when)),
        change: Change::Set { path: path("ZAB-1"), value: Content::Text(value.into()) },
    };
    let steps = vec![set("x", "true"), set("y", "hl7('ZAB-1') == 'x'"), set("z", "false")];
    assert_eq!(apply_all(steps).unwrap(), ORU.replace("ZAB|a", "ZAB|y"));
}

#[test]
fn a_fault_says_which_step_and_no_value() {
    let map = always(Change::Map { path: path("OBX[*]-6"), table: "units".into() });
    let fault = apply_all(vec![map]).unwrap_err();
    let expected = "transform step 1: the lookup table `units` has not what stands in OBX[*]-6";
    assert_eq!(fault.to_string(), expected);
    let steps = vec![
        always(Change::Clear { path: path("ZAB-1") }),
        always(Change::FormatDate { path: path("PID-5.1"), format: "%Y".parse().unwrap() }),
    ];
    let fault = apply_all(steps).unwrap_err();
    assert_eq!(fault.to_string(), "transform step 2: PID-5.1 holds no date and time");
    assert!(!format!("{fault:?}").contains("DOE"));
    let set = Change::Set { path: path("PV1-2"), value: Content::Text("I".into()) };
    assert!(matches!(apply_all(vec![always(set)]).unwrap_err().fault, StepFault::Edit(_)));
}

#[test]
fn whoever_watches_sees_each_step_that_was_taken() {
    let message = Message::parse(ORU.to_owned().into()).unwrap();
    let around = Surroundings { lookups: &lookups(), strictness: Strictness::Strict };
    let clear = Change::Clear { path: path("ZAB-1") };
    let never = Step { when: Some(expression("false")), change: clear.clone() };
    let mut seen = Vec::new();
    Transform { steps: vec![never, always(clear)] }
        .apply_watched(&message, around, &mut |step, before, after| {
            seen.push((step, before.bytes().len() - after.bytes().len()));
        })
        .unwrap();
    assert_eq!(seen, [(1, 1)]);
}

#[test]
fn many_places_are_changed_in_one_pass_and_none_is_passed_over() {
    let many = 70_000;
    let payload =
        format!("MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.3\r{}", "OBX|1|NM|||g/dL\r".repeat(many));
    let message = Message::parse(payload.into()).unwrap();
    let around = Surroundings { lookups: &lookups(), strictness: Strictness::Strict };
    let replace = Change::Replace {
        path: path("OBX[*]-5"),
        pattern: Pattern(Regex::new("g/dL").unwrap()),
        with: "x".into(),
    };
    let renumber = Change::Renumber { segment: "OBX".into(), from: 1 };
    let steps = vec![always(replace), always(renumber)];
    let made = Transform { steps }.apply(&message, around).unwrap();
    let text = std::str::from_utf8(made.bytes()).unwrap();
    assert!(!text.contains("g/dL"));
    assert!(text.ends_with("OBX|70000|NM|||x\r"));
    let each = Change::ForEach {
        segment: "OBX".into(),
        steps: vec![always(Change::Clear { path: path("OBX-5") })],
    };
    let fault = Transform { steps: vec![always(each)] }.apply(&message, around).unwrap_err();
    assert_eq!(fault.fault, StepFault::TooMuch);
}
