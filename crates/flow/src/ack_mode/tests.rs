//! MSH-15 and MSH-16 as a table.

use super::*;

fn message(message_type: &str, accept: &str, application: &str, rest: &str) -> Message {
    let text =
        format!("MSH|^~\\&|A|B|C|D|2026||{message_type}|1|P|2.5|||{accept}|{application}\r{rest}");
    Message::parse(text.into()).expect("a message")
}

/// What is due after AA, AE and AR, as `CA+AA`.
fn due(mode: AckMode, accept: &str, application: &str) -> [String; 3] {
    let asked = mode.asked(&message("ADT^A01", accept, application, "PID|1\r"));
    [AckCode::AA, AckCode::AE, AckCode::AR].map(|code| {
        let codes: Vec<_> = asked.due(code).codes().map(AckCode::as_str).collect();
        codes.join("+")
    })
}

#[test]
fn the_two_fields_decide_each_for_its_kind() {
    for (accept, application, expected) in [
        ("", "", ["AA", "AE", "AR"]),
        ("\"\"", " ", ["AA", "AE", "AR"]),
        ("AL", "", ["CA", "CE", "CR"]),
        ("AL", "NE", ["CA", "CE", "CR"]),
        ("AL", "AL", ["CA+AA", "CE+AE", "CR+AR"]),
        ("AL", "ER", ["CA", "CE+AE", "CR+AR"]),
        ("AL", "SU", ["CA+AA", "CE", "CR"]),
        ("ER", "", ["", "CE", "CR"]),
        ("ER", "AL", ["AA", "CE+AE", "CR+AR"]),
        ("ER", "SU", ["AA", "CE", "CR"]),
        ("SU", "ER", ["CA", "AE", "AR"]),
        ("SU", "NE", ["CA", "", ""]),
        ("NE", "NE", ["", "", ""]),
        ("", "NE", ["", "", ""]),
        ("", "AL", ["AA", "AE", "AR"]),
        ("NE", "ER", ["", "AE", "AR"]),
    ] {
        assert_eq!(due(AckMode::Auto, accept, application), expected, "{accept}, {application}");
        assert_eq!(due(AckMode::Original, accept, application), ["AA", "AE", "AR"]);
    }
}

#[test]
fn a_value_outside_the_table_is_original_and_a_lint() {
    for (accept, application) in [("ACCEPT", "AL"), ("AL", "al"), ("XX", "")] {
        assert_eq!(due(AckMode::Auto, accept, application), ["AA", "AE", "AR"]);
        assert!(has_unknown_condition(message("ADT", accept, application, "PID|1\r").header()));
    }
    assert!(!has_unknown_condition(message("ADT", "AL", "", "PID|1\r").header()));
}

#[test]
fn a_listener_of_the_enhanced_mode_gives_an_accept_answer_where_nothing_is_said() {
    assert_eq!(due(AckMode::Enhanced, "", ""), ["CA", "CE", "CR"]);
    assert_eq!(due(AckMode::Enhanced, "NO", "AL"), ["CA", "CE", "CR"]);
    assert_eq!(due(AckMode::Enhanced, "", "AL"), ["AA", "AE", "AR"]);
    assert_eq!(due(AckMode::Enhanced, "NE", "NE"), ["", "", ""]);
}

#[test]
fn an_answer_asks_for_nothing_unless_msh_15_does() {
    for mode in [AckMode::Auto, AckMode::Original, AckMode::Enhanced] {
        for (message_type, accept, msa) in [
            ("ACK", "", "MSA|AA|1\r"),
            ("ACK^A01^ACK", "\"\"", "MSA|AR|1\r"),
            ("ACK", "AL", "MSA|CA|1\r"),
            ("RSP^K11", "", "MSA|CE|1\r"),
        ] {
            assert_eq!(mode.asked(&message(message_type, accept, "", msa)), Asked::Nothing);
        }
    }
    let asks = message("ACK", "AL", "NE", "MSA|AA|1\r");
    assert_eq!(AckMode::Auto.asked(&asks).due(AckCode::AA).accept, Some(AckCode::CA));
    let response = message("RSP^K11", "", "", "MSA|AA|1\rQAK|1\r");
    assert_eq!(AckMode::Auto.asked(&response), Asked::Original, "it is content, not an ACK");
    let no_answer = message("ACK", "", "", "PID|1\r");
    assert_eq!(AckMode::Auto.asked(&no_answer), Asked::Original, "nothing says what it answers");
}

#[test]
fn what_goes_another_way_and_what_stays_make_up_what_is_due() {
    let conditions =
        [Condition::Always, Condition::Never, Condition::OnError, Condition::OnSuccess];
    for accept in conditions {
        for application in conditions {
            let asked = Asked::Enhanced { accept, application };
            for code in [AckCode::AA, AckCode::AE, AckCode::AR] {
                let (stays, goes) = (asked.without_application(), asked.application_only());
                let parts =
                    Due { accept: stays.due(code).accept, application: goes.due(code).application };
                assert_eq!(parts, asked.due(code), "{asked:?}, {code}");
                assert_eq!((stays.due(code).application, goes.due(code).accept), (None, None));
            }
        }
    }
    for asked in [Asked::Nothing, Asked::Original] {
        assert_eq!(asked.without_application(), asked, "the original mode has one way");
        assert_eq!(asked.application_only(), Asked::Nothing);
    }
}
