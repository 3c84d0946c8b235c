//! `string.find` and `match`, and what the prelude makes `gmatch` and `gsub` of, over a matcher that pays for its steps.

use memchr::{memchr, memmem};
use mlua::{Lua, LuaString, MultiValue, Table, Value};

use super::{OfRun, Settled, charge, text};
use crate::pattern::{self, Capture, Match, PatternFault};

/// Bytes of a text that are copied for the price of one instruction.
const BYTES_AN_INSTRUCTION: usize = 256;

/// Adds them; a result of `gsub` has at most `memory` bytes.
pub(super) fn add(lua: &Lua, host: &Table, memory: usize) -> mlua::Result<()> {
    host.set("find", lua.create_function(find)?)?;
    host.set("match", lua.create_function(match_)?)?;
    host.set("next_match", lua.create_function(next_match)?)?;
    let gsub = move |lua: &Lua, arguments| gsub(lua, arguments, memory);
    host.set("gsub", lua.create_function(gsub)?)
}

type FindArguments = (Value, Value, Option<i64>, Option<bool>);

fn find(lua: &Lua, arguments: FindArguments) -> mlua::Result<Settled<MultiValue>> {
    let (subject, sought, init, is_plain) = arguments;
    let (subject, sought) = match both(lua, subject, sought, "find") {
        Ok(both) => both,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let (subject, sought) = (subject.as_bytes(), sought.as_bytes());
    let Some(init) = start(init, subject.len()) else { return Ok(nothing()) };
    if is_plain.unwrap_or(false) || pattern::is_plain(&sought) {
        charge(lua, 1 + subject.len() / BYTES_AN_INSTRUCTION)?;
        let found = memmem::find(subject.get(init..).unwrap_or_default(), &sought);
        let Some(found) = found.map(|at| init + at) else { return Ok(nothing()) };
        let ends = [position(found + 1), position(found + sought.len())];
        return Ok(Settled::Done(MultiValue::from_iter(ends)));
    }
    let found = match pattern::find(&subject, &sought, init, true, &mut OfRun(lua)) {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(nothing()),
        Err(fault) => return raised(fault),
    };
    let mut values = vec![position(found.start + 1), position(found.end)];
    for capture in &found.captures {
        values.push(piece(lua, &subject, *capture)?);
    }
    Ok(Settled::Done(values.into()))
}

fn match_(lua: &Lua, arguments: (Value, Value, Option<i64>)) -> mlua::Result<Settled<MultiValue>> {
    let (subject, sought, init) = arguments;
    let (subject, sought) = match both(lua, subject, sought, "match") {
        Ok(both) => both,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let (subject, sought) = (subject.as_bytes(), sought.as_bytes());
    let Some(init) = start(init, subject.len()) else { return Ok(nothing()) };
    match pattern::find(&subject, &sought, init, true, &mut OfRun(lua)) {
        Ok(Some(found)) => Ok(Settled::Done(pieces(lua, &subject, &found)?.into())),
        Ok(None) => Ok(nothing()),
        Err(fault) => raised(fault),
    }
}

/// The next match from byte `from` (counted from 0) on that does not end where the last one did: its start (from 0),
/// its end, its pieces. Nothing where there is none. With `anchors`, `^` is one.
fn next_match(
    lua: &Lua,
    arguments: (Value, Value, usize, Option<usize>, bool),
) -> mlua::Result<Settled<MultiValue>> {
    let (subject, sought, from, last, anchors) = arguments;
    let (subject, sought) = match both(lua, subject, sought, "gsub") {
        Ok(both) => both,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let (subject, sought) = (subject.as_bytes(), sought.as_bytes());
    match next(&subject, &sought, from, last, anchors, lua) {
        Ok(Some(found)) => {
            let mut values = vec![position(found.start), position(found.end)];
            values.extend(pieces(lua, &subject, &found)?);
            Ok(Settled::Done(values.into()))
        }
        Ok(None) => Ok(Settled::Done(MultiValue::new())),
        Err(fault) => raised(fault),
    }
}

fn next(
    subject: &[u8],
    sought: &[u8],
    mut from: usize,
    last: Option<usize>,
    anchors: bool,
    lua: &Lua,
) -> Result<Option<Match>, PatternFault> {
    while from <= subject.len() {
        match pattern::find(subject, sought, from, anchors, &mut OfRun(lua))? {
            Some(found) if Some(found.end) == last => from = found.start + 1,
            found => return Ok(found),
        }
    }
    Ok(None)
}

type GsubArguments = (Value, Value, Value, Option<i64>);

fn gsub(
    lua: &Lua,
    arguments: GsubArguments,
    memory: usize,
) -> mlua::Result<Settled<(LuaString, i64)>> {
    let (subject, sought, with, most) = arguments;
    let (subject, sought) = match both(lua, subject, sought, "gsub") {
        Ok(both) => both,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let with = match text(lua, with, 3, "gsub") {
        Ok(with) => with,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let with = with.as_bytes();
    let (subject, sought) = (subject.as_bytes(), sought.as_bytes());
    let is_anchored = sought.first() == Some(&b'^');
    let mut made = Vec::new();
    let (mut copied, mut last, mut count) = (0, None, 0);
    while most.is_none_or(|most| count < most) {
        let found = match next(&subject, &sought, last.unwrap_or(0), last, true, lua) {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(fault) => return raised(fault),
        };
        count += 1;
        let before = subject.get(copied..found.start).unwrap_or_default();
        charge(lua, 1 + (before.len() + with.len()) / BYTES_AN_INSTRUCTION)?;
        made.extend_from_slice(before);
        if let Err(wrong) = written(&with, &subject, &found, &mut made) {
            return Ok(Settled::Wrong(wrong));
        }
        if made.len() > memory {
            return Ok(Settled::wrong("not enough memory"));
        }
        (copied, last) = (found.end, Some(found.end));
        if is_anchored {
            break;
        }
    }
    made.extend_from_slice(subject.get(copied..).unwrap_or_default());
    Ok(Settled::Done((lua.create_string(&made)?, count)))
}

/// A replacement text, with what `%0` to `%9` stand for.
fn written(with: &[u8], subject: &[u8], found: &Match, made: &mut Vec<u8>) -> Result<(), String> {
    let pieces = found.pieces();
    let mut with = with;
    while let Some(at) = memchr(b'%', with) {
        made.extend_from_slice(with.get(..at).unwrap_or_default());
        let rest = with.get(at + 1..).unwrap_or_default();
        with = rest.get(1..).unwrap_or_default();
        let capture = match rest.first() {
            Some(b'%') => {
                made.push(b'%');
                continue;
            }
            Some(b'0') => found.whole(),
            Some(digit @ b'1'..=b'9') => {
                let number = usize::from(digit - b'0');
                let capture = pieces.get(number - 1).copied();
                capture.ok_or(format!("invalid capture index %{number} in replacement string"))?
            }
            Some(_) | None => {
                return Err("invalid use of '%' in replacement string".to_owned());
            }
        };
        match capture {
            Capture::Text(from, to) => {
                made.extend_from_slice(subject.get(from..to).unwrap_or_default());
            }
            Capture::Position(at) => made.extend_from_slice((at + 1).to_string().as_bytes()),
        }
    }
    made.extend_from_slice(with);
    Ok(())
}

fn both(
    lua: &Lua,
    subject: Value,
    sought: Value,
    name: &str,
) -> Result<(LuaString, LuaString), String> {
    Ok((text(lua, subject, 1, name)?, text(lua, sought, 2, name)?))
}

/// `init`, from 0; nothing behind the end.
fn start(init: Option<i64>, length: usize) -> Option<usize> {
    let start = match init.unwrap_or(1) {
        0 => 0,
        init @ 1.. => usize::try_from(init - 1).ok()?,
        init => length.saturating_sub(usize::try_from(init.unsigned_abs()).unwrap_or(length)),
    };
    (start <= length).then_some(start)
}

fn pieces(lua: &Lua, subject: &[u8], found: &Match) -> mlua::Result<Vec<Value>> {
    found.pieces().into_iter().map(|capture| piece(lua, subject, capture)).collect()
}

fn piece(lua: &Lua, subject: &[u8], capture: Capture) -> mlua::Result<Value> {
    match capture {
        Capture::Text(from, to) => {
            lua.create_string(subject.get(from..to).unwrap_or_default()).map(Value::String)
        }
        Capture::Position(at) => Ok(position(at + 1)),
    }
}

/// A place in a text; none is beyond what Lua counts.
fn position(at: usize) -> Value {
    Value::Integer(i64::try_from(at).unwrap_or(i64::MAX))
}

fn nothing() -> Settled<MultiValue> {
    Settled::Done(MultiValue::from_iter([Value::Nil]))
}

/// A fault of a pattern is the author's; the end of the run goes through.
fn raised<T>(fault: PatternFault) -> mlua::Result<Settled<T>> {
    match fault {
        PatternFault::Stopped(stop) => Err(mlua::Error::external(stop)),
        wrong => Ok(Settled::wrong(wrong)),
    }
}
