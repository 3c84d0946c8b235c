use proptest::prelude::*;

use super::*;

const ADT: &str = "MSH|^~\\&|RIS|ST-E|LIS|HOSP|20260403120000||ADT^A01|A1|P|2.5\r\
    PID|1||4417^^^H^MR~99^^^SSA||SECRETNAME^JANE||19520314\r\
    OBX|1|NM|GLU^Glucose||5\rOBX|2|NM|K^Potassium||4\rZZZ|x\r";

fn parts(with_content: bool) -> Anatomy {
    of(&Bytes::from_static(ADT.as_bytes()), ParseOptions::default(), with_content)
}

fn changes(came: &Bytes, sent: &Bytes, with_content: bool) -> Vec<ElementChange> {
    let flat = |body| Flat::of(body, ParseOptions::default(), with_content);
    flat(came).changes(&flat(sent))
}

fn find<'a>(anatomy: &'a Anatomy, path: &str) -> &'a ElementPart {
    let mut elements = anatomy.segments.iter().flat_map(|segment| &segment.elements);
    elements.find(|element| element.path == path).expect(path)
}

#[test]
fn without_content_there_is_structure_and_the_headers_ids_alone() {
    let masked = parts(false);
    let json = serde_json::to_string(&masked.segments).expect("JSON");
    for value in ["4417", "SECRETNAME", "JANE", "19520314", "Glucose"] {
        assert!(!json.contains(value), "{value} in {json}");
    }
    assert_eq!(find(&masked, "MSH-10").value.as_deref(), Some("A1"));
    assert_eq!(find(&masked, "MSH-9.2").value.as_deref(), Some("A01"));
    assert_eq!(find(&masked, "PID-5.1").value, None);
    assert_eq!(find(&masked, "PID-5.1").title.as_deref(), Some("Family name"));
}

#[test]
fn each_element_has_its_path_and_its_text() {
    let anatomy = parts(true);
    for (path, value) in [
        ("PID-3[1].1", "4417"),
        ("PID-3[2].4", "SSA"),
        ("PID-5.2", "JANE"),
        ("OBX[2]-3.1", "K"),
        ("OBX[2]-5", "4"),
        ("ZZZ-1", "x"),
    ] {
        assert_eq!(find(&anatomy, path).value.as_deref(), Some(value), "{path}");
    }
    let names: Vec<_> = anatomy.segments.iter().map(|segment| segment.path.as_str()).collect();
    assert_eq!(names, ["MSH", "PID", "OBX", "OBX[2]", "ZZZ"]);
    assert_eq!(anatomy.segments[1].title.as_deref(), Some("Patient"));
    assert_eq!(anatomy.segments[4].title, None);
}

#[test]
fn what_differs_is_told_by_its_path_and_shown_only_where_content_is() {
    let (came, sent) =
        (Bytes::from(ADT), Bytes::from(ADT.replace("JANE", "J").replace("LIS", "X")));
    let of = |content| changes(&came, &sent, content);
    let masked = of(false);
    let paths: Vec<_> = masked.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["MSH-5", "PID-5.2"]);
    assert_eq!(masked[0].after.as_deref(), Some("X"), "the header is no content");
    assert_eq!((&masked[1].before, &masked[1].after), (&None, &None));
    assert_eq!(of(true)[1].before.as_deref(), Some("JANE"));
    let shorter = Bytes::from(ADT.replace("ZZZ|x\r", ""));
    let gone = changes(&came, &shorter, false);
    assert!(gone.len() == 1 && gone[0].is_removed && gone[0].path == "ZZZ-1");
}

#[test]
fn every_name_of_the_tables_is_in_order_and_there_once() {
    assert!(names::segment("PID").is_some() && names::segment("ZZZ").is_none());
    assert_eq!(names::field("PID", 3, Some(9)), Some("Patient id"));
}

#[test]
fn a_large_message_is_cut_and_says_so() {
    let many: Vec<String> = (0..2000).map(|n| format!("OBX|{n}|TX|A^B^C||text\r")).collect();
    let many = many.concat();
    let anatomy = of(&Bytes::from(format!("{ADT}{many}")), ParseOptions::default(), true);
    assert!(anatomy.is_cut && anatomy.segments.len() <= MOST_SEGMENTS);
    let long = format!("{ADT}NTE|1||{}\r", "x".repeat(MOST_CHARACTERS * 20));
    let anatomy = of(&Bytes::from(long), ParseOptions::default(), true);
    let value = find(&anatomy, "NTE-3").value.clone().expect("a text");
    assert!(value.ends_with('…') && value.chars().count() == MOST_CHARACTERS + 1);
}

#[test]
fn what_is_too_large_is_not_taken_apart_and_that_is_told() {
    let huge = Bytes::from(format!("{ADT}NTE|1||{}\r", "x".repeat(LARGEST)));
    let anatomy = of(&huge, ParseOptions::default(), true);
    assert!(anatomy.segments.is_empty() && anatomy.is_cut);
    assert!(changes(&huge, &Bytes::from(ADT), true).is_empty(), "nor held against another");
}

#[test]
fn a_line_of_three_letters_is_no_segment_to_who_may_not_see_content() {
    let broken = Bytes::from(format!("{ADT}NTE|1||the test for\rHIV\ris positive\rPV1\r"));
    let names = |content| -> Vec<String> {
        let anatomy = of(&broken, ParseOptions::default(), content);
        anatomy.segments.iter().skip(5).map(|segment| segment.path.clone()).collect()
    };
    assert_eq!(names(false), ["NTE", "?", "?[2]", "PV1"]);
    assert_eq!(names(true)[1], "HIV");
}

proptest! {
    #[test]
    fn anything_is_taken_apart_without_a_panic(rest in prop::collection::vec(any::<u8>(), 0..300)) {
        let body = Bytes::from([b"MSH|^~\\&|".as_slice(), &rest].concat());
        let anatomy = of(&body, ParseOptions::default(), true);
        let count: usize = anatomy.segments.iter().map(|segment| segment.elements.len()).sum();
        prop_assert!(count <= MOST_ELEMENTS);
        prop_assert!(changes(&body, &body, true).is_empty());
    }
}
