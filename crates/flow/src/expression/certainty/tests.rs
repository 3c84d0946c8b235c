use super::super::Strictness;
use super::*;

fn expression(text: &str) -> Expression {
    Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn told(text: &str) -> Vec<String> {
    expression(text).doubts_as_condition().iter().map(ToString::to_string).collect()
}

#[test]
fn what_a_message_decides_is_left_open() {
    for text in [
        "pid.id != ''",
        "has('PID-3')",
        "has(pid.id) && pid.sex in ['M', 'F']",
        "obx_list.exists(o, o.value == 'x') && obx_list.exists(o, o.value == 'y')",
        "obx_list.all(o, o.identifier != '718-7' || number(o.value, 0.0) < 30.0)",
        "number(obx.value) > 5",
        "int(pid.dob) < 20100101",
        "date(pid.dob, 'never') == 'never'",
        "all('OBX[*]-5').exists(v, v == '1')",
        "msh.msg_type == 'ADT' || msh.msg_type == 'ORU'",
        "pid.id == 'a' && pid.sex == 'b'",
        "lookup('units', obx.unit) == 'g/l'",
        "pid[?'id'].orValue('') == ''",
        "type(pid.id) == string",
        "size(obx_list) > 0 ? obx.status == 'F' : false",
        "hl7('ZAB-99.40') == '1'",
        "'1' in all('PID-3')",
    ] {
        let outcomes = expression(text).outcomes();
        assert!(outcomes.holds && outcomes.fails, "{text}: {outcomes:?}");
        assert_eq!(told(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_is_the_same_for_every_message_is_known() {
    let known = |holds, fails, faults| Outcomes { holds, fails, faults };
    for (text, expected) in [
        ("true", known(true, false, false)),
        ("1 == 1 && 'ADT' != 'ORU'", known(true, false, false)),
        ("false", known(false, true, false)),
        ("'a'.matches('^b')", known(false, true, false)),
        ("1 / 0 == 1", known(false, false, true)),
        ("pid.id == '' && false", known(false, true, false)),
        ("has(pid.id) || true", known(true, false, false)),
        ("has(pid.id) || !has(pid.id) && 1 > 2", known(true, true, false)),
        ("pid.id == 77", known(false, true, true)),
        ("pid.id != 77", known(true, false, true)),
        ("pid.dob < 20100101", known(false, false, true)),
        ("pid.id", known(false, false, true)),
        ("obx_list", known(false, false, true)),
        ("pid.sex == 'M' && pid.sex == 'F'", known(false, true, true)),
        ("(pid.sex == 'M' || pid.sex == 'X') && pid.sex in ['F', 'U']", known(false, true, true)),
        ("msh.msg_type == 'ADT^A01'", known(false, true, true)),
        ("has('PID-3') ? false : 1 == 2", known(false, true, false)),
    ] {
        assert_eq!(expression(text).outcomes(), expected, "{text}");
    }
}

#[test]
fn what_is_known_is_what_messages_meet() {
    let message = wardline_hl7::Message::parse(
        "MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\rPID|1||77||DOE||19700101|M\r"
            .to_owned()
            .into(),
    );
    let message = message.unwrap();
    let facts =
        super::super::Facts::of(&message, &std::sync::Arc::default(), Strictness::default());
    for text in [
        "true",
        "pid.id == 77",
        "pid.id != 77",
        "pid.dob < 20100101",
        "pid.id",
        "pid.id == '' && false",
        "has(pid.id) || true",
        "pid.id in [77]",
        "pid.id in '77'",
        "pid.id && true",
        "msh.msg_type in ['ADT^A01']",
        "pid.sex == 'M' && pid.sex == 'F'",
    ] {
        let expression = expression(text);
        let outcomes = expression.outcomes();
        let met = match expression.holds(&facts) {
            Ok(true) => outcomes.holds,
            Ok(false) => outcomes.fails,
            Err(_) => outcomes.faults,
        };
        assert!(met, "{text}: {outcomes:?}, and {:?}", expression.holds(&facts));
    }
}

#[test]
fn what_cannot_be_meant_is_told_with_the_part_that_says_it() {
    for (text, expected) in [
        (
            "pid.id == '' || pid.dob < 20100101",
            "`pid.dob < 20100101` compares a text with a number",
        ),
        ("pid.id in [1, 2]", "`pid.id in [1, 2]` compares a text with a number"),
        ("obx_list.exists(o, o.value > 5)", "`o.value > 5` compares a text with a number"),
        ("all('PID-3') == '77'", "`all('PID-3') == '77'` compares a list with a text"),
        ("pid == ''", "`pid == ''` compares a whole segment with a text"),
        ("pid.id && has(pid.sex)", "`pid.id` is a text, neither true nor false"),
        ("!hl7('PID-3')", "`hl7('PID-3')` is a text, neither true nor false"),
        ("hl7('PID-3')", "`hl7('PID-3')` is a text, neither true nor false"),
        ("has('PID-3.99')", "no segment or data type of the standard has a place `PID-3.99`"),
        ("hl7('OBX-333') == ''", "no segment or data type of the standard has a place `OBX-333`"),
        (
            "has(pid.sex) && pid.sex == 'M' && pid.sex == 'F'",
            "`pid.sex` would have to be two things at once",
        ),
        (
            "msh.msg_type == 'ADT^A01' || has('PID-3')",
            "`msh.msg_type` never has a `^` in it: the type is `msh.msg_type`, the trigger event `msh.trigger`",
        ),
        ("obx_list.all(o, o.valeu != '')", "`o.valeu`: an element of `obx_list` has no such key"),
    ] {
        assert_eq!(told(text), [expected], "{text}");
    }
}

#[test]
fn parts_are_the_same_however_they_are_written() {
    let conjuncts = |text: &str| expression(text).conjuncts();
    assert_eq!(
        conjuncts("has('PID-3')&&pid.id!=\"\""),
        conjuncts("  pid.id != ''  && has( \"PID-3\" )")
    );
    assert!(conjuncts("has('PID-3')").is_subset(&conjuncts("has('PID-3') && pid.id != ''")));
    for (one, other) in [
        ("pid.id == '1'", "pid.id == 'l'"),
        ("pid.id == '1'", "pid.sex == '1'"),
        (
            "(pid.id == '' || pid.sex == '') && has('PID-3')",
            "pid.id == '' || (pid.sex == '' && has('PID-3'))",
        ),
        ("obx_list.all(o, o.value == '')", "obx_list.exists(o, o.value == '')"),
        ("pid['id'] == ''", "pid[?'id'] == ''"),
        ("1 in [1, 2]", "1u in [1, 2]"),
        ("has(pid.id)", "has('PID-3')"),
        ("-1 == 1", "1 == 1"),
    ] {
        assert_ne!(conjuncts(one), conjuncts(other), "{one} and {other}");
    }
}

#[test]
fn what_is_demanded_of_a_place_is_read_from_equalities() {
    let demands = |text: &str| expression(text).demands();
    let types = demands("(msh.msg_type == 'ADT' || 'ORU' == msh.msg_type) && pid.id != ''");
    assert!(types.allow("msh.msg_type", "ADT") && types.allow("msh.msg_type", "ORU"));
    assert!(!types.allow("msh.msg_type", "ORM") && types.allow("msh.trigger", "A01"));
    let open = demands("msh.msg_type == 'ADT' || pid.id == '1'");
    assert!(open.allow("msh.msg_type", "ORU"), "either is enough");
    let both = types.and(demands("msh.msg_type in ['ORU', 'ORM']"));
    assert!(both.allow("msh.msg_type", "ORU") && !both.allow("msh.msg_type", "ADT"));
    let none = both.and(demands("msh.msg_type == 'ADT'"));
    assert_eq!(none.contradiction(), Some("msh.msg_type"));
}
