//! Whatever a script does, it ends.

use wardline_script::{Fault, LoadFault, Outcome, Role};

use crate::support::{SMALL, ask, check, handled, interpreter, script, told};

/// A script that does this with a message, and passes the next one well.
fn ends(body: &str) -> Fault {
    let text =
        format!("function handle(message)\nif not message['PID-3'] then return end\n{body}\nend");
    handled(&text).expect_err("no outcome")
}

fn is_time_or_instructions(fault: &Fault) -> bool {
    matches!(fault, Fault::Time { .. } | Fault::Instructions { .. })
}

#[test]
fn a_loop_ends() {
    assert!(is_time_or_instructions(&ends("while true do end")));
    assert!(is_time_or_instructions(&ends("repeat until false")));
    assert!(is_time_or_instructions(&ends("::again:: goto again")));
    assert!(is_time_or_instructions(&ends("local function f() return f() end f()")));
}

/// Every metamethod of it goes on for ever.
const EVIL: &str = "local function forever() while true do pcall(function() while true do end end) end end\n\
    local evil = {}\n\
    for _, name in ipairs { '__close', '__tostring', '__index', '__newindex', '__len', '__lt', '__add', '__concat',\n\
      '__pairs', '__call', '__eq', '__unm' } do evil[name] = forever end\n\
    setmetatable(evil, evil)\n";

#[test]
fn an_error_that_is_caught_does_not_hold_off_the_end() {
    for body in [
        "while true do pcall(function() while true do end end) end",
        "while true do xpcall(function() while true do end end, function(e) return e end) end",
        "xpcall(function() while true do end end, function() while true do end end)",
        "local function f() pcall(f) pcall(f) end f() while true do pcall(f) end",
        "pcall(pcall, pcall, function() while true do end end) while true do end",
        "while true do pcall(error, 'x') end",
        "while true do pcall(string.rep, 'x', -1) end",
        "local t = setmetatable({}, { __close = function() while true do end end })\n\
         while true do pcall(function() local x <close> = t while true do end end) end",
        "local t = setmetatable({}, { __index = function() while true do end end })\n\
         while true do pcall(function() return t.x end) end",
        "while true do pcall(string.gsub, 'x', 'x', function() while true do end end) end",
        "error(setmetatable({}, { __tostring = function() while true do end end }))",
        "pcall(reject, 'x') while true do end",
        "pcall(function() local x <close> = evil while true do end end)",
        "local s <close> = evil error('x')",
        "for _ in next, {}, nil, evil do end while true do end",
        "('x'):gsub('x', function() local x <close> = evil while true do end end)",
        "return tostring(evil)",
        "return ('%s'):format(evil)",
        "return evil + '1'",
        "return evil .. evil",
        "for _ in ipairs(evil) do end",
        "return table.unpack(evil, 1, 3)",
        "return table.concat(evil, '', 1, 3)",
        "return #evil < #evil",
        "return evil < evil",
        "for _ in pairs(evil) do end",
        "return ('x'):gsub('x', evil)",
        "error(evil)",
    ] {
        let ended = handled(&format!("{EVIL}function handle(message)\n{body}\nend"));
        match ended {
            Err(fault) if body.starts_with("error(") => {
                assert_eq!(fault.to_string(), "the script raised a table");
            }
            Err(fault) => assert!(is_time_or_instructions(&fault), "{body}: {fault}"),
            Ok(Outcome::Reject { .. }) => assert!(body.starts_with("pcall(reject")),
            Ok(other) => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn memory_ends() {
    let memory = Fault::Memory { limit: SMALL.memory };
    assert_eq!(ends("local t = {} for i = 1, 1e9 do t[i] = i end"), memory);
    assert_eq!(ends("local s = 'x' while true do s = s .. s end"), memory);
    assert_eq!(ends("return ('x'):rep(1e9)"), memory);
    assert_eq!(ends("return ('x'):rep(100):gsub('.', ('y'):rep(1e6))"), memory);
    assert_eq!(
        ends("return ('x'):rep(100):gsub('.', function() return ('y'):rep(1e6) end)"),
        memory
    );
    let greedy =
        "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end";
    assert!(is_time_or_instructions(&ends(greedy)));
}

#[test]
fn a_catastrophic_pattern_ends() {
    for call in [
        "s:find('a*a*a*a*a*a*a*a*b')",
        "s:match('(a*)*(a*)*(a*)(a*)(a*)(a*)(a*)b')",
        "s:gsub('a-a-a-a-a-a-a-a-a-b', '')",
        "for _ in s:gmatch('a?a*a*a*a*a*a*a*b') do end",
        "string.find(('('):rep(1e5), '%b()%b()%b()')",
        "('x'):rep(1e6):find(('x-'):rep(100) .. 'y')",
    ] {
        let body =
            format!("local s = ('a'):rep(5000)\nwhile true do pcall(function() {call} end) end");
        assert!(is_time_or_instructions(&ends(&body)), "{call}");
    }
}

#[test]
fn what_claims_to_be_long_takes_no_longer_than_anything_else() {
    let long = "local t = setmetatable({}, { __len = function() return math.maxinteger - 1 end })\n\
                local u = {} for i = 0, 62 do u[1 << i] = 1 end\n";
    for call in [
        "table.move({}, 1, math.maxinteger - 1, 2)",
        "table.insert(t, 1, 1)",
        "table.insert(u, 1, 1)",
        "table.remove(t, 1)",
        "table.sort(t, rawequal)",
        "table.concat(setmetatable({}, { __index = function() return '' end }), '', 1, 1 << 60)",
        "for i = 1, math.maxinteger do end",
    ] {
        let body = format!("{long} while true do pcall(function() {call} end) end");
        assert!(is_time_or_instructions(&ends(&body)), "{call}");
    }
}

#[test]
fn no_way_leads_out() {
    for name in [
        "io",
        "os",
        "debug",
        "package",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "coroutine",
        "collectgarbage",
        "string.dump",
        "string.pack",
        "getmetatable('').__index",
    ] {
        let body = format!(
            "local ok, found = pcall(function() return {name} end) fail(tostring(ok and found))"
        );
        let found = told(&body);
        assert!(found == "nil" || found == "false", "{name}: {found}");
    }
    assert!(
        told("local _, e = pcall(setmetatable, {}, { __gc = function() end }) fail(e)")
            .contains("__gc")
    );
    assert!(told("local _, e = pcall(require, 'os') fail(e)").contains("there is no module 'os'"));
}

#[test]
fn bytecode_is_no_script() {
    let fault = check("\u{1b}Lua", Role::Handler).expect_err("no text");
    assert!(matches!(fault.fault, LoadFault::Syntax { .. }), "{fault}");
}

#[test]
fn calls_within_calls_end_before_the_stack_does() {
    for body in [
        "local function f() return ('x'):gsub('x', f) end f()",
        "local function f() local ok, e = pcall(f) return 1 + f() end f()",
        "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k .. 'x'] end return t.x",
        "local function f(n) return n + f(n + 1) end f(1)",
    ] {
        let fault = ends(body);
        assert!(!matches!(fault, Fault::Meaningless { .. }), "{body}: {fault}");
    }
}

#[test]
fn a_width_that_lua_does_not_know_is_an_error() {
    assert!(
        told("local _, e = pcall(string.format, '%999d', 1) fail(e)")
            .contains("invalid conversion")
    );
}

#[test]
fn the_next_message_is_handled_by_the_same_interpreter() {
    let script = script(
        "function handle(message)\nif message['PID-8'] == 'F' and not seen then while true do end end\nend",
    );
    let mut interpreter = interpreter(&script);
    let first = ask(&mut interpreter).expect_err("a loop");
    assert!(is_time_or_instructions(&first) && first.breaks_state());
    let kept = "seen = true function handle() if not seen then while true do end end end";
    assert_eq!(handled(kept), Ok(Outcome::Accept));
}

#[test]
fn a_script_that_loops_when_it_is_loaded_is_refused() {
    let fault = check("while true do pcall(function() while true do end end) end", Role::Handler);
    assert!(matches!(fault.expect_err("a loop").fault, LoadFault::Failed { .. }));
}
