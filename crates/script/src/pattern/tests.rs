//! Lua's own matcher judges ours: both are asked the same, and say the same.

use std::cell::RefCell;

use mlua::{Lua, LuaOptions, MultiValue, StdLib, Value};
use proptest::prelude::*;

use super::{Capture, Meter, PatternFault, find, is_plain};
use crate::run::Stop;

/// So many steps are had; the next ones end the run.
struct Purse(u64);

impl Meter for Purse {
    fn pay(&mut self, steps: u64) -> Result<(), Stop> {
        self.0 = self.0.checked_sub(steps).ok_or(Stop)?;
        Ok(())
    }
}

thread_local! {
    static LUA: RefCell<Lua> =
        RefCell::new(Lua::new_with(StdLib::STRING, LuaOptions::new()).expect("an interpreter"));
}

/// What a matcher said: the ends and the captures as Lua shows them, or what is wrong.
type Said = Result<Option<Vec<String>>, String>;

fn lua_says(subject: &str, pattern: &str) -> Said {
    LUA.with_borrow(|lua| {
        let call = lua.load("return string.find(...)").call::<MultiValue>((subject, pattern));
        let values = call.map_err(|error| {
            let text = crate::fault::said(&error);
            text.rsplit(": ").next().unwrap_or_default().to_owned()
        })?;
        if values.front().is_some_and(Value::is_nil) {
            return Ok(None);
        }
        Ok(Some(values.iter().map(|value| value.to_string().expect("a text")).collect()))
    })
}

fn we_say(subject: &str, pattern: &str) -> Said {
    if is_plain(pattern.as_bytes()) {
        let found = subject.find(pattern).map(|at| vec![at + 1, at + pattern.len()]);
        return Ok(found.map(|ends| ends.iter().map(ToString::to_string).collect()));
    }
    let purse = &mut Purse(u64::MAX);
    let found = find(subject.as_bytes(), pattern.as_bytes(), 0, true, purse);
    let Some(found) = found.map_err(|fault| fault.to_string())? else { return Ok(None) };
    let mut said = vec![(found.start + 1).to_string(), found.end.to_string()];
    said.extend(found.captures.iter().map(|capture| match *capture {
        Capture::Text(from, to) => subject[from..to].to_owned(),
        Capture::Position(at) => (at + 1).to_string(),
    }));
    Ok(Some(said))
}

/// Texts of Lua's that name a place in C differ in words only.
fn agree(subject: &str, pattern: &str) {
    let (theirs, ours) = (lua_says(subject, pattern), we_say(subject, pattern));
    match (&theirs, &ours) {
        (Err(_), Err(_)) => {}
        _ => assert_eq!(theirs, ours, "{pattern:?} in {subject:?}"),
    }
}

#[test]
fn what_the_manual_shows_is_found() {
    for (subject, pattern) in [
        ("hello world from Lua", "%a+"),
        ("key = value", "^%s*(%w+)%s*=%s*(.-)%s*$"),
        ("THE (quick) fox", "%((%a+)%)"),
        ("THE (quick) fox", "%b()"),
        ("THE (quick) fox", "%f[%a]%a+%f[%A]"),
        ("flaaap", "()aa()"),
        ("\"it's\"", "([\"'])(.-)%1"),
        ("0xFF", "0[xX](%x+)"),
        ("a]b", "[]]"),
        ("a-b", "[a%-]+"),
        ("x^y", "[%^x]+"),
        ("", ".-"),
        ("abc", "b*"),
        ("2026-04-03", "(%d+)-(%d+)-(%d+)"),
        ("a.b", "%."),
        ("[[", "[[]"),
        ("a$", "a$"),
        ("a$b", "a$b"),
        ("café", "[\u{80}-\u{ff}]?"),
    ] {
        agree(subject, pattern);
    }
}

#[test]
fn what_is_no_pattern_is_told_as_lua_tells_it() {
    for pattern in
        ["%", "[a", "[", "[]", "[^]", "(a", "(a))", "%1", "(%1)", "%b", "%ba", "%f", "%fa"]
    {
        let (theirs, ours) = (lua_says("aaa", pattern), we_say("aaa", pattern));
        let theirs = theirs.expect_err("no pattern");
        let ours = ours.expect_err("no pattern");
        let same = |text: &str| text.chars().take_while(|one| *one != '%').collect::<String>();
        assert_eq!(same(&theirs), same(&ours), "{pattern:?}");
    }
    let many = "()".repeat(33);
    assert_eq!(we_say("a", &many), Err(PatternFault::TooManyCaptures.to_string()));
    assert_eq!(
        we_say(&"a".repeat(300), &"a?".repeat(300)),
        Err(PatternFault::TooComplex.to_string())
    );
}

#[test]
fn a_catastrophic_pattern_ends_with_its_purse() {
    let subject = "a".repeat(1000);
    let pattern = "a*a*a*a*a*a*a*a*b";
    let found = find(subject.as_bytes(), pattern.as_bytes(), 0, true, &mut Purse(1_000_000));
    assert_eq!(found, Err(PatternFault::Stopped(Stop)));
}

#[test]
fn a_long_set_and_a_long_capture_are_paid_for_by_their_length() {
    let set = format!("[{}]+$", "b".repeat(10_000));
    let subject = format!("{}c", "b".repeat(10_000));
    let found = find(subject.as_bytes(), set.as_bytes(), 0, true, &mut Purse(10_000_000));
    assert_eq!(found, Err(PatternFault::Stopped(Stop)));
    let subject = "a".repeat(100_000);
    let found = find(subject.as_bytes(), b"(a+)%1b", 0, true, &mut Purse(10_000_000));
    assert_eq!(found, Err(PatternFault::Stopped(Stop)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn any_pattern_finds_what_lua_finds(
        subject in "[ab1(). ]{0,12}",
        pattern in "[ab.()\\[\\]^$%*+?\\-1fdw ]{0,9}",
    ) {
        agree(&subject, &pattern);
    }

    #[test]
    fn sound_patterns_find_what_lua_finds(
        subject in "[abc1 ]{0,14}",
        items in proptest::collection::vec(
            ("(a|b|%a|%d|\\.|\\[ab\\]|\\[\\^ab\\]|%w|%S|\\[a-c1\\]|%f\\[%a\\]|\\(\\))", "[*+?-]?"), 0..5,
        ),
        is_anchored: bool,
    ) {
        let mut pattern = String::from(if is_anchored { "^" } else { "" });
        for (number, (item, suffix)) in items.iter().enumerate() {
            let suffix = if item.starts_with("%f") || item == "()" { "" } else { suffix };
            let piece = format!("{item}{suffix}");
            let (open, close) = if number % 2 == 0 { ("(", ")") } else { ("", "") };
            pattern.extend([open, &piece, close]);
        }
        agree(&subject, &pattern);
    }
}
