//! Messages by path, both ways.

use std::sync::Arc;

use wardline_flow::Lookups;
use wardline_script::{Around, Fault, Interpreter, Outcome, Role};

use crate::support::{MESSAGE, check, handled, message, told};

/// The message as the body of a handler leaves it.
fn edited(body: &str) -> String {
    match handled(&format!("function handle(message)\n{body}\nend")) {
        Ok(Outcome::Emit(messages)) => {
            assert_eq!(messages.len(), 1);
            String::from_utf8(messages[0].to_vec()).expect("UTF-8")
        }
        other => unreachable!("{other:?} instead of a message"),
    }
}

#[test]
fn a_place_is_read_as_text_and_as_bytes() {
    assert_eq!(told("fail(message['PID-3.1'])"), "4711");
    assert_eq!(told("fail(message:get('PID-5.3'))"), "&");
    assert_eq!(told("fail(message:raw('PID-5.3'))"), "\\T\\");
    assert_eq!(told("fail(tostring(message['PV1-2']))"), "nil");
    assert_eq!(told("fail('<' .. message['PID-2'] .. '>')"), "<>");
    assert_eq!(told("fail(tostring(message:has('PID-2')))"), "false");
    assert_eq!(told("fail(table.concat(message:all('OBX[*]-3.1'), ','))"), "GLU,NA");
    assert_eq!(told("fail(message['PID-3[2].1'] .. message:count('OBX'))"), "08152");
    assert_eq!(told("fail(tostring(tostring(message) == message:bytes()))"), "true");
}

#[test]
fn only_what_is_named_changes() {
    assert_eq!(edited("message['MSH-5'] = 'LIS'"), MESSAGE.replace("|LAB|", "|LIS|"));
    assert_eq!(edited("message:set('PID-5.1', 'A&B')"), MESSAGE.replace("Doe^", "A\\T\\B^"));
    assert_eq!(edited("message['PID-7'] = nil"), MESSAGE.replace("19800101", ""));
    assert_eq!(edited("message:clear('PID-7')"), MESSAGE.replace("19800101", ""));
    assert_eq!(
        edited("message:set_raw('PID-5', 'X^Y')"),
        MESSAGE.replace("Doe^Jane&van^\\T\\", "X^Y")
    );
    assert_eq!(edited("message:remove('PID-3[2]')"), MESSAGE.replace("~0815^^^SSN", ""));
    let without =
        MESSAGE.split_inclusive('\r').filter(|line| !line.starts_with("OBX")).collect::<String>();
    assert_eq!(edited("message:remove('OBX[*]')"), without);
    assert_eq!(edited("message['OBX[*]-6'] = 'x'"), MESSAGE.replace("mmol/L", "x"));
}

#[test]
fn a_message_that_was_only_read_passes_as_it_came() {
    assert_eq!(handled("function handle(m) local x = m['PID-3'] end"), Ok(Outcome::Accept));
}

#[test]
fn a_copy_leaves_the_message_alone() {
    let text = "function handle(m) local c = m:copy() c['MSH-5'] = 'LIS' emit(m) emit(c) end";
    let Ok(Outcome::Emit(messages)) = handled(text) else { panic!("two messages") };
    assert_eq!(messages[0], MESSAGE);
    assert_eq!(messages[1], MESSAGE.replace("|LAB|", "|LIS|"));
}

#[test]
fn a_message_is_made_of_a_text() {
    let text =
        "function handle(m) local n = hl7.parse('MSH|^~\\\\&|A\\r') n['MSH-4'] = 'B' emit(n) end";
    let Ok(Outcome::Emit(messages)) = handled(text) else { panic!("a message") };
    assert_eq!(messages[0], "MSH|^~\\&|A|B\r");
    assert!(told("local _, e = pcall(hl7.parse, 'no') fail(e)").contains("MSH"));
}

#[test]
fn what_is_no_path_is_told_with_its_place_in_the_script() {
    let text = told("local _, e = pcall(function() return message['PID3'] end) fail(e)");
    assert!(text.starts_with("test.lua:2: 'PID3' is no path"), "{text}");
    let text = told("local _, e = pcall(function() message['MSH-2'] = 'x' end) fail(e)");
    assert!(text.contains("delimiters"), "{text}");
    let text = told("local _, e = pcall(message.get, 'PID-3') fail(e)");
    assert!(text.contains("message:get"), "{text}");
}

#[test]
fn a_transform_gives_the_message_as_it_leaves_it() {
    let transformed = |text: &str| {
        let script = check(text, Role::Transform).unwrap_or_else(|fault| panic!("{fault}"));
        let around = Around { peers: None, log: Arc::new(|_, _| ()), is_test: true };
        let mut interpreter = Interpreter::new(&script, around).expect("it is sound");
        let made = interpreter.transform(&message(), &Arc::new(Lookups::default()))?;
        Ok::<_, Fault>(String::from_utf8(made.bytes().to_vec()).expect("UTF-8"))
    };
    let changed = MESSAGE.replace("|LAB|", "|LIS|");
    assert_eq!(transformed("function transform(m) m['MSH-5'] = 'LIS' end"), Ok(changed.clone()));
    let text = "function transform(m) local c = m:copy() c['MSH-5'] = 'LIS' return c end";
    assert_eq!(transformed(text), Ok(changed));
    assert_eq!(transformed("function transform(m) end"), Ok(MESSAGE.to_owned()));
    let fault = transformed("function transform(m) return 5 end").expect_err("no message");
    assert_eq!(fault, Fault::Meaningless { what: "integer" });
    let fault = transformed("function transform(m) emit(m) end").expect_err("not for transforms");
    assert!(fault.to_string().contains("emit"), "{fault}");
    let text = "function transform(m) require('llp').connect{ host = 'x', port = 1 } end";
    assert!(transformed(text).expect_err("no sockets").to_string().contains("for handlers"));
}
