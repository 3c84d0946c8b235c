//! What a script may do beside its message: decide, emit, look up, log, wait, tell the time.

use std::thread;
use std::time::Duration;

use bytes::Bytes;
use jiff::Zoned;
use mlua::{Lua, Table, Value};
use wardline_hl7::ErrorCode;

use super::{Settled, charge, run, text, utf8};
use crate::interpreter::{LogLevel, Say};
use crate::limits::{MAX_EMITTED, MAX_EMITTED_BYTES, MAX_LOG_LINE};
use crate::run::Ended;

/// How long a wait goes on without a look at whether it is over.
const NAP: Duration = Duration::from_millis(50);

/// Adds them.
pub(super) fn add(lua: &Lua, host: &Table, say: Say) -> mlua::Result<()> {
    host.set("stop", lua.create_function(stop)?)?;
    host.set("reject", lua.create_function(reject)?)?;
    host.set("fail", lua.create_function(fail)?)?;
    host.set("emit", lua.create_function(emit)?)?;
    host.set("lookup", lua.create_function(lookup)?)?;
    host.set("sleep", lua.create_function(sleep)?)?;
    host.set("now", lua.create_function(|_, ()| Ok(now()))?)?;
    let log = move |lua: &Lua, arguments| log(lua, &say, arguments);
    host.set("log", lua.create_function(log)?)
}

/// Called wherever the script has caught an error: that of a run that has ended is not for it to catch.
fn stop(lua: &Lua, (): ()) -> mlua::Result<()> {
    run(lua, |run| run.go_on())?.map_err(mlua::Error::external)
}

/// Ends the run: AR.
fn reject(lua: &Lua, (value, number): (Value, Value)) -> mlua::Result<Settled<()>> {
    let text = match utf8(lua, value, 1, "reject") {
        Ok(text) => text,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let code = match number {
        Value::Nil => Some(ErrorCode::ApplicationInternalError),
        Value::Integer(number) => u16::try_from(number).ok().and_then(ErrorCode::from_number),
        _ => None,
    };
    let Some(code) = code else {
        return Ok(Settled::wrong("the code of a rejection is one of table 0357, as 204"));
    };
    ended(lua, Ended::Rejected { code, text })
}

/// Ends the run: AE.
fn fail(lua: &Lua, value: Value) -> mlua::Result<Settled<()>> {
    match utf8(lua, value, 1, "fail") {
        Ok(text) => ended(lua, Ended::Failed { text }),
        Err(wrong) => Ok(Settled::Wrong(wrong)),
    }
}

fn ended<T>(lua: &Lua, how: Ended) -> mlua::Result<T> {
    let stop = run(lua, |run| run.end(how))?;
    Err(mlua::Error::external(stop))
}

/// One more message that goes on in the place of the one in hand.
fn emit(lua: &Lua, value: Value) -> mlua::Result<Settled<()>> {
    let payload = match &value {
        Value::UserData(object) => super::held(object)?.bytes().clone(),
        _ => match text(lua, value, 1, "emit") {
            Ok(text) => Bytes::copy_from_slice(&text.as_bytes()),
            Err(wrong) => return Ok(Settled::Wrong(wrong)),
        },
    };
    run(lua, |run| {
        let bytes: usize = run.emitted.iter().map(Bytes::len).sum();
        if run.emitted.len() >= MAX_EMITTED || bytes + payload.len() > MAX_EMITTED_BYTES {
            return Settled::wrong("too many messages are emitted for one");
        }
        run.emitted.push(payload);
        Settled::Done(())
    })
}

fn lookup(lua: &Lua, (table, key): (Value, Value)) -> mlua::Result<Settled<String>> {
    let both = utf8(lua, table, 1, "lookup").and_then(|table| {
        let key = utf8(lua, key, 2, "lookup")?;
        Ok((table, key))
    });
    let (table, key) = match both {
        Ok(both) => both,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let Some(tables) = run(lua, |run| run.lookups.clone())? else {
        return Ok(Settled::wrong("lookup is for functions: no message is in hand yet"));
    };
    if !tables.contains(&table) {
        return Ok(Settled::Wrong(format!("there is no lookup table '{table}'")));
    }
    let found = tables.find(&table, &key);
    Ok(found.map_err(|_| format!("the lookup table '{table}' has no such key")).into())
}

/// Waits so many milliseconds, and no longer than the run may take.
fn sleep(lua: &Lua, milliseconds: f64) -> mlua::Result<Settled<()>> {
    let Ok(mut wait) = Duration::try_from_secs_f64(milliseconds / 1000.0) else {
        return Ok(Settled::wrong("bad argument #1 to 'sleep' (milliseconds expected)"));
    };
    while !wait.is_zero() {
        let nap = wait.min(NAP).min(run(lua, |run| run.time_left())?);
        thread::sleep(nap);
        charge(lua, 1)?;
        wait = wait.saturating_sub(nap);
    }
    Ok(Settled::Done(()))
}

/// A line for the log. Its text is the author's, and so is the care for what stands in it.
fn log(lua: &Lua, say: &Say, (level, value): (String, Value)) -> mlua::Result<Settled<()>> {
    let level = match level.as_str() {
        "debug" => LogLevel::Debug,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Info,
    };
    let text = match text(lua, value, 1, "log") {
        Ok(text) => text.to_string_lossy(),
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let left = run(lua, |run| {
        let left = run.log_lines;
        run.log_lines = left.saturating_sub(1);
        left
    })?;
    match left {
        0 => {}
        1 => say(LogLevel::Warn, "the script logs too much: nothing more for this message"),
        _ => say(level, cut(&text)),
    }
    Ok(Settled::Done(()))
}

/// Now, as HL7 writes it, with the offset of this place.
fn now() -> String {
    Zoned::now().strftime("%Y%m%d%H%M%S%z").to_string()
}

/// At most so much of a text, up to a whole character.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_LOG_LINE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}
