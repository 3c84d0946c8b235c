use std::collections::{BTreeMap, HashMap};

use wardline_hl7::Message;

use super::*;
use crate::lookup::{LookupTable, Lookups, OnMiss};

const ORU: &str = "MSH|^~\\&|LAB^1.2^ISO|ST-E|LIS|HOSP|20240229||ORU^R01^ORU_R01|4711|P|2.5\r\
    PID|1||77^^^MR~88^^^SS||DOE^JOHN||19700101|M|||Main St^^Town^^^USA\r\
    PV1|1|I|W1^2^3||||007^BOND\r\
    OBX|1|NM|718-7^Hb^LN||13.5|g/dL|||||F\r\
    OBX|2|NM|789-8^RBC^LN||4.\\S\\5|T/L|||||P\r";

fn facts(message: &str) -> Facts {
    let codes = HashMap::from([("I".to_owned(), "inpatient".to_owned())]);
    let table = LookupTable::new(codes, OnMiss::Fail);
    let lookups = Arc::new(Lookups::new(BTreeMap::from([("classes".to_owned(), table)])));
    let message = Message::parse(message.to_owned().into()).unwrap();
    Facts::of(&message, &lookups, Strictness::Strict)
}

fn holds(text: &str) -> Result<bool, Fault> {
    Expression::compile(text).unwrap_or_else(|error| panic!("{text}: {error}")).holds(&facts(ORU))
}

#[test]
fn every_variable_has_its_keys() {
    for text in [
        "msh.msg_type == 'ORU' && msh.trigger == 'R01' && msh.version == '2.5'",
        "msh.sending_app == 'LAB' && msh.sending_fac == 'ST-E' && msh.receiving_app == 'LIS'",
        "msh.receiving_fac == 'HOSP' && msh.control_id == '4711'",
        "pid.id == '77' && pid.dob == '19700101' && pid.sex == 'M' && pid.country == 'USA'",
        "pid.name == 'DOE^JOHN' && pid.ssn == ''",
        "pv1.patient_class == 'I' && pv1.assigned_location == 'W1^2^3'",
        "pv1.attending_doctor == '007^BOND' && pv1.admit_datetime == ''",
        "obx.value_type == 'NM' && obx.identifier == '718-7' && double(obx.value) > 13.0",
        "obx.unit == 'g/dL' && obx.status == 'F'",
        "size(obx_list) == 2 && obx_list[1].value == '4.^5'",
        "obx_list.exists(o, o.status == 'P') && !obx_list.all(o, o.status == 'F')",
        "msh.msg_type in ['ADT', 'ORU'] && msh.control_id.matches('^[0-9]+$')",
        "int(msh.control_id) == 4711 && size(pid.name) == 8 && pid.name.startsWith('DOE')",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
}

#[test]
fn the_header_is_text_as_every_segment_is() {
    let message =
        b"MSH|^~\\&|A\\T\\B|Klinik S\xfcd|^1.2^ISO||||ADT^A01|1|P|2.5||||||8859/1\rPID|1||\"\"\r";
    let message = Message::parse(message.to_vec().into()).unwrap();
    let facts = Facts::of(&message, &Arc::new(Lookups::default()), Strictness::Strict);
    for text in [
        "msh.sending_app == 'A&B' && msh.sending_app == hl7('MSH-3')",
        "msh.sending_fac == 'Klinik S\u{fc}d' && msh.sending_fac == hl7('MSH-4')",
        "msh.receiving_app == '1.2' && msh.receiving_fac == ''",
        "pid.id != '' && !has('PID-3.1')",
    ] {
        assert_eq!(Expression::compile(text).unwrap().holds(&facts), Ok(true), "{text}");
    }
}

#[test]
fn any_path_can_be_read_and_looked_up() {
    for text in [
        "hl7('PID-3[2].1') == '88' && hl7('PID-30') == ''",
        "all('PID-3[*].1') == ['77', '88'] && size(all('OBX[*]-5')) == 2",
        "has('PID-3') && !has('PID-19') && !has('ZZZ-1') && has(pid.id)",
        "lookup('classes', pv1.patient_class) == 'inpatient'",
        "date('19700102+0000') - date('19700101+0000') == 86400",
        "date('nothing', 0) == 0 && number('1.5') > 1.0 && number('x', -1.0) < 0.0",
    ] {
        assert_eq!(holds(text), Ok(true), "{text}");
    }
}

#[test]
fn a_missing_segment_is_a_fault_unless_it_is_guarded() {
    let bare = "MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.3\r";
    let holds = |text: &str, strictness| {
        let facts = facts(bare);
        let facts = Facts::of(facts.message(), &Arc::default(), strictness);
        Expression::compile(text).unwrap().holds(&facts)
    };
    assert_eq!(holds("pid.id != ''", Strictness::Strict), Err(Fault::Missing("id".into())));
    assert_eq!(holds("has(pid.id) && pid.id != ''", Strictness::Strict), Ok(false));
    assert_eq!(holds("pid[?'id'].orValue('') == ''", Strictness::Strict), Ok(true));
    assert_eq!(holds("pid.id == '' && obx.value == ''", Strictness::Lenient), Ok(true));
    assert_eq!(holds("size(obx_list) == 0", Strictness::Strict), Ok(true));
    assert_eq!(holds("has(obx_list[0].value)", Strictness::Strict), Err(Fault::OutOfBounds));
}

#[test]
fn what_gives_neither_true_nor_false_is_a_fault_without_a_value_of_the_message() {
    for (text, expected) in [
        ("int(pid.name) == 1", Fault::Conversion("int".into())),
        ("number(pid.name) == 1.0", Fault::Conversion("number".into())),
        ("date(pid.name) == 1", Fault::Conversion("date".into())),
        ("1 / 0 == 1", Fault::Arithmetic),
        ("pid.id + 1 == 2", Fault::Types),
        ("pid.id", Fault::NoCondition),
        ("lookup('classes', pid.id) == ''", Fault::LookupMiss("classes".into())),
        ("lookup('none', pid.id) == ''", Fault::NoLookup("none".into())),
        ("{'M': '1', 'F': '2'}[pid.name] == '1'", Fault::NoEntry),
        ("pid[pid.name] == ''", Fault::NoEntry),
        ("{'M': '1'}.F == '1'", Fault::Missing("F".into())),
    ] {
        let fault = holds(text).unwrap_err();
        assert_eq!(fault, expected, "{text}");
        let told = format!("{fault} {fault:?}");
        assert!(!told.contains("DOE") && !told.contains("77"), "{told}");
    }
}

#[test]
fn what_can_only_be_wrong_is_refused_with_its_place() {
    for (text, at, problem) in [
        ("pid.id = 'x'", 7, "not an expression"),
        ("size(pid.id) > 0 && pdi.id == ''", 20, "unknown variable `pdi`"),
        ("pid.idd == ''", 0, "`pid` has no `idd`; it has id, name"),
        ("msh.msg_type == 'A' && hl7('PID') == ''", 28, "`PID` is no path"),
        ("has('PID-3.')", 5, "`PID-3.` is no path"),
        ("pid.id.matches('(')", 16, "`(` is no regular expression"),
        ("size(pid.id) == 0 || pid.id.matches(pid.name)", 28, "matches() has to be written out"),
        ("lookup(pid.id, 'x') == ''", 0, "lookup() has to be written out"),
        ("trim(pid.id) == ''", 0, "unknown function `trim`"),
        ("obx_list.exists(o, size(all('OBX[*]-5')) > 3)", 0, "more than 2000000 steps"),
        ("obx_list.all(a, obx_list.all(b, a.value == b.value))", 0, "more than 2000000 steps"),
    ] {
        let error = Expression::compile(text).unwrap_err();
        assert!(error.to_string().contains(problem), "{text}: {error}");
        assert_eq!(error.at, at, "{text}: {error}");
    }
    let long = format!("'{}' == ''", "x".repeat(MAX_TEXT));
    assert_eq!(Expression::compile(&long).unwrap_err().problem, Problem::TooLong);
}

#[test]
fn loops_over_what_the_author_wrote_may_be_nested() {
    assert_eq!(holds("['A', 'P'].exists(s, obx_list.exists(o, o.status == s))"), Ok(true));
}

#[test]
fn a_message_with_more_observations_than_a_loop_goes_through_is_a_fault() {
    let most =
        format!("MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.3\r{}", "OBX|1|NM|1||1\r".repeat(MAX_LIST));
    let loops = Expression::compile("obx_list.all(o, o.value == '1')").unwrap();
    let paths = Expression::compile("all('OBX[*]-5').all(v, v == '1')").unwrap();
    assert_eq!(loops.holds(&facts(&most)), Ok(true));
    assert_eq!(paths.holds(&facts(&most)), Ok(true));
    let more = format!("{most}OBX|1|NM|1||1\r");
    assert_eq!(loops.holds(&facts(&more)), Err(Fault::TooManyElements));
    assert_eq!(paths.holds(&facts(&more)), Err(Fault::TooManyElements));
    let count = Expression::compile("size(obx_list)").unwrap();
    assert_eq!(count.value(&facts(&more)), Err(Fault::TooManyElements));
    assert_eq!(Expression::compile("pid == pid").unwrap().holds(&facts(&more)), Ok(true));
}

#[test]
fn a_value_is_the_text_of_what_an_expression_gives() {
    let value = |text: &str| Expression::compile(text).unwrap().value(&facts(ORU));
    assert_eq!(value("pid.id + '-' + msh.control_id").as_deref(), Ok("77-4711"));
    assert_eq!(value("size(obx_list)").as_deref(), Ok("2"));
    assert_eq!(value("pid.id == '77' ? 'yes' : 'no'").as_deref(), Ok("yes"));
    assert_eq!(value("obx_list"), Err(Fault::Types));
}

#[test]
fn in_a_turn_the_first_segment_of_its_name_is_the_one_in_turn() {
    let message = "MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.3\rOBX|1|NM|A||1\rOBX|2|NM|B||\r";
    let holds = |text: &str, turn| {
        Expression::compile(text).unwrap().holds(&facts(message).in_turn("OBX", turn))
    };
    for (text, in_first, in_second) in [
        ("has('OBX-5')", true, false),
        ("hl7('OBX-3') == 'A'", true, false),
        ("obx.identifier == 'B'", false, true),
        ("all('OBX-3') == ['B']", false, true),
        ("hl7('OBX[2]-3') == 'B'", true, true),
    ] {
        assert_eq!(holds(text, 1), Ok(in_first), "{text}");
        assert_eq!(holds(text, 2), Ok(in_second), "{text}");
    }
}
