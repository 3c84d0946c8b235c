use super::*;

fn patients() -> KeyOrder {
    by("PID-3")
}

fn by(path: &str) -> KeyOrder {
    KeyOrder::new(path.parse().expect("a path"), "MR")
}

fn message(event: &str, segments: &str) -> Message {
    let text = format!("MSH|^~\\&|A|B|C|D|20260403120000||ADT^{event}|M1|P|2.5\r{segments}");
    Message::parse(text.into()).expect("a message")
}

fn own(order: &KeyOrder, message: &Message) -> u64 {
    match order.lanes(message) {
        Lanes::Keyed { own, others } if others.is_empty() => own,
        other => panic!("one lane, not {other:?}"),
    }
}

/// The lane of a message with this PID-3.
fn of_id(id: &str) -> u64 {
    own(&patients(), &message("A01", &format!("PID|1||{id}\r")))
}

fn all(order: &KeyOrder, message: &Message) -> Vec<u64> {
    match order.lanes(message) {
        Lanes::Keyed { own, others } => {
            let mut all = others;
            all.push(own);
            all.sort_unstable();
            all
        }
        Lanes::Every => panic!("not every lane"),
    }
}

#[test]
fn the_numbers_of_keys_never_change_since_they_are_stored() {
    assert_eq!(of_id("17"), 0xf7d2_1a07_b4bd_fe60);
    assert_eq!(of_id("4711"), 0xf7d2_1ad8_9730_d3b7);
    let visits = by("PV1-19");
    assert_eq!(own(&visits, &message("A01", &visit("V1"))), 0x1e79_0807_b5c5_b203);
}

fn visit(number: &str) -> String {
    format!("PID|1||17\rPV1|1{}{number}\r", "|".repeat(18))
}

#[test]
fn the_first_id_of_the_type_is_the_key_else_the_first_of_all() {
    assert_eq!(of_id("900^^^SSA^SS~17^^^ST-E^MR~18^^^X^MR"), of_id("17"));
    assert_eq!(of_id("900^^^SSA^SS~17^^^ST-E^PI"), of_id("900"));
    assert_eq!(of_id(" 17 ^^^ST-E^MR"), of_id("17"));
    assert_ne!(of_id("17"), of_id("18"));
    let insured = KeyOrder::new("PID-3".parse().expect("a path"), "SS");
    let both = message("A01", "PID|1||17^^^ST-E^MR~900^^^SSA^SS\r");
    assert_eq!(insured.key(&both), Some(&b"900"[..]));
}

#[test]
fn an_id_of_the_type_without_a_number_is_passed_over() {
    assert_eq!(of_id("^^^ST-E^MR~17^^^X^MR"), of_id("17"));
}

#[test]
fn a_message_without_a_key_is_a_barrier_for_all() {
    for segments in ["", "PID|1\r", "PID|1||\r", "PID|1||\"\"\r", "PID|1||^^^ST-E^MR\r"] {
        assert_eq!(patients().lanes(&message("A01", segments)), Lanes::Every, "{segments:?}");
    }
    assert_eq!(by("PV1-19").lanes(&message("A01", "PID|1||17\r")), Lanes::Every);
}

#[test]
fn a_merge_is_in_the_lane_of_every_id_it_names() {
    let merge = message("A40", "PID|1||17^^^ST-E^MR~900^^^SSA^SS\rMRG|23^^^ST-E^MR~24\r");
    let mut expected = ["17", "900", "23", "24"].map(of_id);
    expected.sort_unstable();
    assert_eq!(all(&patients(), &merge), expected);
    let Lanes::Keyed { own, .. } = patients().lanes(&merge) else { panic!("keyed") };
    assert_eq!(own, of_id("17"));
}

#[test]
fn two_patients_who_swap_beds_are_both_held() {
    let swap = message("A17", "PID|1||17\rPV1|1\rPID|2||23\rPV1|2\r");
    let mut expected = ["17", "23"].map(of_id);
    expected.sort_unstable();
    assert_eq!(all(&patients(), &swap), expected);
}

#[test]
fn each_merging_event_is_one_and_no_other() {
    let is_merge = |event: &str| {
        let merge = message(event, "PID|1||17\rMRG|23\r");
        all(&patients(), &merge).len() == 2
    };
    let merging: Vec<_> = (1..=62).map(|n| format!("A{n:02}")).filter(|e| is_merge(e)).collect();
    assert_eq!(merging, MERGES);
}

#[test]
fn a_merge_that_names_too_many_ids_belongs_to_every_lane() {
    let ids = |count: usize| (0..count).map(|n| format!("P{n}")).collect::<Vec<_>>().join("~");
    let merge = |count| message("A40", &format!("PID|1||17\rMRG|{}\r", ids(count)));
    assert_eq!(all(&patients(), &merge(MAX_OTHERS)).len(), MAX_OTHERS + 1);
    assert_eq!(patients().lanes(&merge(MAX_OTHERS + 1)), Lanes::Every);
}

#[test]
fn a_merge_is_a_barrier_for_all_where_the_order_is_by_something_else() {
    let visits = by("PV1-19");
    let segments = visit("V1");
    assert!(matches!(visits.lanes(&message("A01", &segments)), Lanes::Keyed { .. }));
    assert_eq!(visits.lanes(&message("A40", &segments)), Lanes::Every);
}

#[test]
fn the_parts_of_a_message_in_several_stay_together() {
    for segments in ["PID|1||17\rDSC|4\r", "ADD|rest\rPID|1||17\r"] {
        assert_eq!(patients().lanes(&message("A01", segments)), Lanes::Every);
    }
    let continued = "MSH|^~\\&|A|B|C|D|20260403120000||ORU^R01|M1|P|2.5|1|4\rPID|1||17\r";
    let continued = Message::parse(continued.into()).expect("a message");
    assert_eq!(patients().lanes(&continued), Lanes::Every);
}

#[test]
fn lanes_that_another_order_gave_are_told_from_its_own() {
    let lane = of_id("17");
    assert!(patients().gave(lane));
    assert!(!KeyOrder::new("PID-3".parse().expect("a path"), "PI").gave(lane));
    assert!(!by("PID-18").gave(lane));
    for of_no_key in [0, 1, u64::MAX] {
        assert!(!patients().gave(of_no_key));
    }
}
