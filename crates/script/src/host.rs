//! What a script can call, as Rust functions for the prelude to wrap.
//!
//! Each gives `true` and its values, or `false` and what is wrong; the prelude raises that as a string with its place in
//! the script, as Lua's own functions do. A Rust error goes through the script instead, and no `pcall` keeps it: the
//! end of the run.

#![expect(clippy::needless_pass_by_value, reason = "mlua hands arguments over by value")]

mod llp;
mod messages;
mod strings;
mod world;

use std::fmt::Display;

use mlua::{IntoLuaMulti, Lua, LuaString, MultiValue, Table, Value, VmState};

use crate::interpreter::Around;
use crate::limits::Limits;
use crate::pattern::Meter;
use crate::run::{Run, Stop};
use crate::script::Role;

pub(crate) use messages::{Held, held};

/// The functions of one interpreter.
pub(crate) fn table(lua: &Lua, role: Role, limits: Limits, around: Around) -> mlua::Result<Table> {
    let host = lua.create_table()?;
    strings::add(lua, &host, limits.memory)?;
    messages::add(lua, &host)?;
    let is_test = around.is_test;
    world::add(lua, &host, around.log)?;
    host.set("is_test", is_test)?;
    host.set("is_handler", role == Role::Handler)?;
    if let Some(peers) = around.peers {
        llp::add(lua, &host, peers)?;
    }
    Ok(host)
}

/// What a function gives to the prelude.
pub(crate) enum Settled<T> {
    /// Its values.
    Done(T),
    /// What is wrong, for the author's eyes.
    Wrong(String),
}

impl<T> Settled<T> {
    fn wrong(text: impl Display) -> Self {
        Self::Wrong(text.to_string())
    }
}

impl<T, E: Display> From<Result<T, E>> for Settled<T> {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(done) => Self::Done(done),
            Err(error) => Self::Wrong(error.to_string()),
        }
    }
}

impl<T: IntoLuaMulti> IntoLuaMulti for Settled<T> {
    fn into_lua_multi(self, lua: &Lua) -> mlua::Result<MultiValue> {
        match self {
            Self::Done(done) => {
                let mut values = done.into_lua_multi(lua)?;
                values.push_front(Value::Boolean(true));
                Ok(values)
            }
            Self::Wrong(text) => (false, text).into_lua_multi(lua),
        }
    }
}

/// Asks the run that is on.
pub(crate) fn run<R>(lua: &Lua, ask: impl FnOnce(&mut Run) -> R) -> mlua::Result<R> {
    let mut run = lua.app_data_mut::<Run>().ok_or_else(|| mlua::Error::external(Stop))?;
    Ok(ask(&mut run))
}

/// Takes so many instructions of the run that is on; the error ends it.
pub(crate) fn charge(lua: &Lua, instructions: usize) -> mlua::Result<()> {
    run(lua, |run| run.charge(instructions as u64))?.map_err(mlua::Error::external)
}

/// So many instructions were taken: whether the script goes on, or is left where it is. Where a yield was of no use an
/// error is the way out.
pub(crate) fn on_stride(lua: &Lua, instructions: u64) -> mlua::Result<VmState> {
    let (may_go_on, was_left) = run(lua, |run| {
        let may_go_on = run.charge(instructions);
        (may_go_on, may_go_on.is_err() && std::mem::replace(&mut run.is_left, true))
    })?;
    match may_go_on {
        Ok(()) => Ok(VmState::Continue),
        Err(Stop) if !was_left => Ok(VmState::Yield),
        Err(stop) => Err(mlua::Error::external(stop)),
    }
}

/// The run that is on, as it pays for patterns.
struct OfRun<'l>(&'l Lua);

impl Meter for OfRun<'_> {
    fn pay(&mut self, steps: u64) -> Result<(), Stop> {
        self.0.app_data_mut::<Run>().ok_or(Stop)?.charge(steps)
    }
}

/// A text argument; numbers are written out, as Lua does.
fn text(lua: &Lua, value: Value, number: usize, name: &str) -> Result<LuaString, String> {
    let found = value.type_name();
    match lua.coerce_string(value) {
        Ok(Some(text)) => Ok(text),
        Ok(None) | Err(_) => Err(format!(
            "bad argument #{number} to '{name}' (string expected, got {})",
            if found == "integer" { "number" } else { found }
        )),
    }
}

/// A text argument that is UTF-8.
fn utf8(lua: &Lua, value: Value, number: usize, name: &str) -> Result<String, String> {
    let text = text(lua, value, number, name)?;
    let read = text.to_str().map(|text| text.to_owned());
    read.map_err(|_| format!("bad argument #{number} to '{name}' (no UTF-8)"))
}
