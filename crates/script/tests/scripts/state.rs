//! What lives from one message to the next.

use wardline_script::{Outcome, Role, Script};

use crate::support::{SMALL, ask, interpreter, script};

const COUNTING: &str = "local calls = 0\nfunction handle() calls = calls + 1 count = (count or 0) + 1\n\
                        fail(calls .. ' ' .. count) end";

fn texts(script: &Script) -> Vec<String> {
    let mut interpreter = interpreter(script);
    let texts = (0..3).map(|_| match ask(&mut interpreter) {
        Ok(Outcome::Fail { text }) => text,
        other => unreachable!("{other:?}"),
    });
    texts.collect()
}

#[test]
fn a_message_finds_nothing_of_the_one_before_it() {
    assert_eq!(texts(&script(COUNTING)), ["1 1", "1 1", "1 1"]);
}

#[test]
fn state_that_is_declared_lives_on() {
    let script = Script::check("test.lua", COUNTING.into(), Role::Handler, SMALL, true);
    assert_eq!(texts(&script.expect("it is sound")), ["1 1", "2 2", "3 3"]);
}

#[test]
fn globals_live_across_calls_of_main() {
    let text = COUNTING.replace("handle()", "main(Data)");
    assert_eq!(texts(&script(&text)), ["1 1", "2 2", "3 3"]);
}

#[test]
fn what_all_messages_share_cannot_be_written() {
    for change in [
        "string.find = nil",
        "table.insert = nil",
        "rawset(string, 'x', 1)",
        "rawset(llp, 'x', 1)",
        "setmetatable(string, {})",
        "getmetatable('').__index = nil",
        "getmetatable(_G).__index = nil",
        "iguana.isTest = nil",
    ] {
        let text = format!(
            "function handle() local ok = pcall(function() {change} end) fail(tostring(ok)) end"
        );
        assert_eq!(texts(&script(&text))[0], "false", "{change}");
    }
    let own = "function handle() pcall = nil string = nil fail('x') end";
    assert_eq!(texts(&script(own)).len(), 3, "globals of its own are its own");
    let seen = "function handle() if leak then fail('leak') end leak = 1 _G.leak = 1 rawset(_G, 'leak', 1) fail('none') end";
    assert_eq!(texts(&script(seen)), ["none", "none", "none"]);
}
