//! What a handler says of a message.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use wardline_flow::{LookupTable, Lookups, OnMiss};
use wardline_hl7::ErrorCode;
use wardline_script::{Fault, From, Interpreter, LoadFault, LogLevel, Outcome, Role};

use crate::support::{
    Logged, MESSAGE, around, ask, check, handled, interpreter, message, script, told,
};

#[expect(clippy::unnecessary_wraps, reason = "it is what a handler gives")]
fn rejected(code: ErrorCode, text: &str) -> Result<Outcome, Fault> {
    Ok(Outcome::Reject { code, text: text.into() })
}

#[test]
fn silence_and_true_accept() {
    assert_eq!(handled("function handle() end"), Ok(Outcome::Accept));
    assert_eq!(handled("function handle() return true end"), Ok(Outcome::Accept));
    let fault = handled("function handle() return false end").expect_err("no outcome");
    assert_eq!(fault, Fault::Meaningless { what: "boolean" });
}

#[test]
fn a_rejection_and_a_failure_end_the_script_with_their_text() {
    let internal = ErrorCode::ApplicationInternalError;
    assert_eq!(handled("function handle() reject('no') end"), rejected(internal, "no"));
    assert_eq!(handled("function handle() return reject('no') end"), rejected(internal, "no"));
    let unknown = ErrorCode::UnknownKeyIdentifier;
    assert_eq!(handled("function handle() reject('who?', 204) end"), rejected(unknown, "who?"));
    assert_eq!(
        handled("function handle() pcall(reject, 'no') error('on') end"),
        rejected(internal, "no")
    );
    let failed = Ok(Outcome::Fail { text: "later".into() });
    assert_eq!(handled("function handle() fail('later') reject('no') end"), failed);
    let fault = handled("function handle() reject('no', 999) end").expect_err("no such code");
    assert!(fault.to_string().contains("table 0357"), "{fault}");
}

#[test]
fn an_error_is_a_fault_with_its_place_and_shows_nothing_in_debug() {
    let fault =
        handled("function handle(m)\n  error('bad ' .. m['PID-3.1'])\nend").expect_err("raised");
    assert_eq!(fault, Fault::Raised { text: "test.lua:2: bad 4711".into() });
    assert_eq!(fault.line("test.lua"), Some(2));
    assert!(!format!("{fault:?}").contains("4711"), "PHI-1");
    let fault =
        handled("function handle(m)\n  local x = nil\n  return x.y\nend").expect_err("raised");
    assert!(fault.to_string().starts_with("test.lua:3: attempt to index a nil value"), "{fault}");
    let fault = handled("function handle(m) error({}) end").expect_err("raised");
    assert!(matches!(fault, Fault::Raised { .. }));
    assert!(!fault.breaks_state());
}

#[test]
fn what_is_emitted_stands_in_the_place_of_the_message() {
    let text = "function handle(m) emit(m) m['MSH-10'] = 'M2' emit(m) emit(tostring(m)) end";
    let Ok(Outcome::Emit(messages)) = handled(text) else { panic!("three messages") };
    let second = MESSAGE.replace("|M1|", "|M2|");
    assert_eq!(messages, [MESSAGE, second.as_str(), second.as_str()]);
    let fault = handled("function handle(m) while true do emit(m) end end").expect_err("a bound");
    assert!(fault.to_string().contains("too many messages"), "{fault}");
}

#[test]
fn where_it_came_from_is_told() {
    let body =
        "fail(from.listener .. ' ' .. from.peer .. ' ' .. tostring(from.id) .. ' ' .. from.hops)";
    assert_eq!(told(body), "adt-in 10.0.0.1:5 nil 0");
}

#[test]
fn a_code_is_looked_up() {
    let table = |on_miss| LookupTable::new(HashMap::from([("A".into(), "1".into())]), on_miss);
    let tables = [("strict".to_owned(), table(OnMiss::Fail)), ("lax".into(), table(OnMiss::Keep))];
    let lookups = Arc::new(Lookups::new(BTreeMap::from(tables)));
    let say = |call: &str| {
        let text = format!("function handle() fail({call}) end");
        let mut interpreter = interpreter(&script(&text));
        match interpreter.handle(&message(), &From::default(), &lookups) {
            Ok(Outcome::Fail { text }) => text,
            Err(fault) => fault.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(say("lookup('strict', 'A') .. lookup('lax', 'B')"), "1B");
    assert!(say("lookup('strict', 'B')").contains("'strict' has no such key"));
    assert!(say("lookup('none', 'B')").contains("no lookup table 'none'"));
}

#[test]
fn lines_are_logged_up_to_a_bound() {
    let logged = Logged::default();
    let text = "function handle() log.warn('a') iguana.logInfo('b') print('c', 1)\n\
                for i = 1, 1000 do log.info(('x'):rep(5000)) end end";
    let mut interpreter = Interpreter::new(&script(text), around(&logged)).expect("it is sound");
    assert_eq!(ask(&mut interpreter), Ok(Outcome::Accept));
    let lines = logged.lock().expect("no panic");
    assert_eq!(lines[0], (LogLevel::Warn, "a".into()));
    assert_eq!(lines[1], (LogLevel::Info, "b".into()));
    assert_eq!(lines[2], (LogLevel::Info, "c\t1".into()));
    assert_eq!(lines.len(), 100);
    assert!(lines.iter().all(|(_, line)| line.len() <= 1000));
    assert!(lines[99].1.contains("logs too much"));
}

#[test]
fn what_is_wrong_with_a_script_is_found_when_it_is_loaded() {
    let fault = check("function handle(m)\n  if\nend", Role::Handler).expect_err("no Lua");
    assert_eq!(fault.line, Some(3));
    assert!(matches!(fault.fault, LoadFault::Syntax { .. }));
    let fault = check("\nlocal x = nil .. 1", Role::Handler).expect_err("it fails");
    assert_eq!(fault.line, Some(2));
    let fault = check("function handel(m) end", Role::Handler).expect_err("no function");
    assert_eq!(fault.fault, LoadFault::NoEntry { wanted: "`handle(message)`" });
    let fault = check("function handle(m) end", Role::Transform).expect_err("no function");
    assert_eq!(fault.fault, LoadFault::NoEntry { wanted: "`transform(message)`" });
}

#[test]
fn libraries_do_what_luas_do() {
    let body = "local t = { 3, 1, 2 } table.sort(t) table.insert(t, 1, 0) table.insert(t, 4)\n\
                local gone = table.remove(t, 2) local last = table.remove(t)\n\
                table.sort(t, function(a, b) return a > b end)\n\
                local s, n = ('a1b22'):gsub('%d+', { ['1'] = '<1>' })\n\
                local words = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do words[#words + 1] = v .. k end\n\
                fail(table.concat(t, ',') .. gone .. last .. s .. n .. table.concat(words) ..\n\
                  table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), '') .. select('#', table.unpack({ 1, 2 }))\n\
                  .. ('x'):rep(2, '-') .. ('%5.1f'):format(2.25) .. #utf8.char(228) .. ('abc'):gsub('', '-'))";
    assert_eq!(told(body), "3,2,0 1 4".replace(' ', "") + "a<1>b2221a2b11232x-x  2.22-a-b-c-");
}
