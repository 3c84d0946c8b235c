//! Messages in a script: read and edited by path, over the lossless edit of [`wardline_hl7`].
//!
//! A script holds a message as an object of the prelude with a [`Held`] in it. Edits replace what is held, so that a
//! message that the engine holds too is never changed under it.

use bytes::Bytes;
use mlua::{AnyUserData, Lua, LuaString, Table, UserData, Value};
use wardline_hl7::{Message, Path, SegmentPath};

use super::{Settled, charge, text, utf8};

/// Bytes of a message that are read or copied for the price of one instruction.
const BYTES_AN_INSTRUCTION: usize = 256;

/// A message in a script's hands.
pub(crate) struct Held {
    pub(crate) message: Message,
    /// Whether the script has edited it.
    pub(crate) is_edited: bool,
}

impl UserData for Held {}

/// The message that an object stands for.
pub(crate) fn held(object: &AnyUserData) -> mlua::Result<Message> {
    Ok(object.borrow::<Held>()?.message.clone())
}

/// Adds what a message can do.
pub(super) fn add(lua: &Lua, host: &Table) -> mlua::Result<()> {
    let messages = lua.create_table()?;
    add_reading(lua, host, &messages)?;
    add_editing(lua, &messages)?;
    host.set("messages", messages)
}

fn add_reading(lua: &Lua, host: &Table, messages: &Table) -> mlua::Result<()> {
    messages.set("parse", lua.create_function(parse)?)?;
    messages.set("get", lua.create_function(get)?)?;
    messages.set("raw", lua.create_function(raw)?)?;
    messages.set("all", lua.create_function(all)?)?;
    messages.set("has", lua.create_function(has)?)?;
    messages.set("count", lua.create_function(count)?)?;
    messages.set("bytes", lua.create_function(bytes)?)?;
    messages.set("copy", lua.create_function(copy)?)?;
    host.set("shown", lua.create_function(shown)?)
}

fn add_editing(lua: &Lua, messages: &Table) -> mlua::Result<()> {
    messages.set("set", lua.create_function(set)?)?;
    messages.set("set_raw", lua.create_function(set_raw)?)?;
    messages.set("remove", lua.create_function(remove)?)
}

fn parse(lua: &Lua, value: Value) -> mlua::Result<Settled<Held>> {
    let text = match text(lua, value, 1, "parse") {
        Ok(text) => text,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let payload = Bytes::copy_from_slice(&text.as_bytes());
    charge(lua, payload.len() / BYTES_AN_INSTRUCTION)?;
    let parsed = Message::parse(payload);
    Ok(parsed.map(|message| Held { message, is_edited: false }).into())
}

fn get(lua: &Lua, (object, path): (AnyUserData, Value)) -> mlua::Result<Settled<Option<String>>> {
    at(lua, &object, path, |message, path| message.text(&path).map(std::borrow::Cow::into_owned))
}

fn raw(
    lua: &Lua,
    (object, path): (AnyUserData, Value),
) -> mlua::Result<Settled<Option<LuaString>>> {
    at(lua, &object, path, |message, path| {
        let value = message.get(&path);
        (!value.is_absent()).then(|| lua.create_string(value.raw())).transpose()
    })?
    .transposed()
}

fn all(lua: &Lua, (object, path): (AnyUserData, Value)) -> mlua::Result<Settled<Vec<String>>> {
    at(lua, &object, path, |message, path| {
        let texts = message.all(&path).filter_map(|value| message.text_of(value));
        texts.map(std::borrow::Cow::into_owned).collect()
    })
}

/// Whether there is a value: neither absent nor empty.
fn has(lua: &Lua, (object, path): (AnyUserData, Value)) -> mlua::Result<Settled<bool>> {
    at(lua, &object, path, |message, path| !message.get(&path).raw().is_empty())
}

fn count(lua: &Lua, (object, name): (AnyUserData, Value)) -> mlua::Result<Settled<usize>> {
    let name = match utf8(lua, name, 1, "count") {
        Ok(name) => name,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let Ok(segment) = name.parse::<SegmentPath>() else {
        return Ok(Settled::Wrong(format!("'{name}' is no segment: write \"OBX\"")));
    };
    let message = held(&object)?;
    charge(lua, message.bytes().len() / BYTES_AN_INSTRUCTION)?;
    Ok(Settled::Done(message.count_segments(segment.name())))
}

fn bytes(lua: &Lua, object: AnyUserData) -> mlua::Result<Settled<LuaString>> {
    let message = held(&object)?;
    charge(lua, message.bytes().len() / BYTES_AN_INSTRUCTION)?;
    Ok(Settled::Done(lua.create_string(message.bytes())?))
}

/// What `tostring` gives: the message, or a word for anything else that is an object.
fn shown(lua: &Lua, object: AnyUserData) -> mlua::Result<Settled<LuaString>> {
    if object.is::<Held>() {
        return bytes(lua, object);
    }
    Ok(Settled::Done(lua.create_string("connection")?))
}

fn copy(_: &Lua, object: AnyUserData) -> mlua::Result<Settled<Held>> {
    Ok(Settled::Done(Held { message: held(&object)?, is_edited: false }))
}

/// A text, escaped and encoded as the message is; `nil` clears.
fn set(lua: &Lua, (object, path, value): (AnyUserData, Value, Value)) -> mlua::Result<Settled<()>> {
    if value.is_nil() {
        return edit(lua, &object, path, |message, path| message.clear(&path));
    }
    match utf8(lua, value, 2, "set") {
        Ok(value) => edit(lua, &object, path, |message, path| message.set(&path, &value)),
        Err(wrong) => Ok(Settled::Wrong(wrong)),
    }
}

/// Bytes as they are to stand there, separators of lower levels included.
fn set_raw(
    lua: &Lua,
    (object, path, value): (AnyUserData, Value, Value),
) -> mlua::Result<Settled<()>> {
    match text(lua, value, 2, "set_raw") {
        Ok(value) => {
            edit(lua, &object, path, |message, path| message.set_raw(&path, &value.as_bytes()))
        }
        Err(wrong) => Ok(Settled::Wrong(wrong)),
    }
}

/// A segment, or a repetition of a field.
fn remove(lua: &Lua, (object, what): (AnyUserData, Value)) -> mlua::Result<Settled<()>> {
    let what = match utf8(lua, what, 1, "remove") {
        Ok(what) => what,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let mut held = object.borrow_mut::<Held>()?;
    charge(lua, 1 + held.message.bytes().len() / BYTES_AN_INSTRUCTION)?;
    let made = if let Ok(segments) = what.parse::<SegmentPath>() {
        held.message.remove_segments(&segments)
    } else {
        match what.parse::<Path>() {
            Ok(path) if path.repetition().is_some() && !path.has_component() => {
                held.message.remove_repetition(&path)
            }
            Ok(_) | Err(_) => {
                return Ok(Settled::Wrong(format!(
                    "'{what}' cannot be removed: write a segment, as \"OBX[2]\", or a repetition, as \"PID-3[2]\""
                )));
            }
        }
    };
    Ok(replaced(&mut held, made))
}

/// Reads at a path.
fn at<T>(
    lua: &Lua,
    object: &AnyUserData,
    path: Value,
    read: impl FnOnce(&Message, Path) -> T,
) -> mlua::Result<Settled<T>> {
    let path = match path_of(lua, path) {
        Ok(path) => path,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let held = object.borrow::<Held>()?;
    charge(lua, held.message.bytes().len() / BYTES_AN_INSTRUCTION)?;
    Ok(Settled::Done(read(&held.message, path)))
}

/// Edits at a path. Every edit is a copy of the message, and is paid for as one.
fn edit(
    lua: &Lua,
    object: &AnyUserData,
    path: Value,
    make: impl FnOnce(&Message, Path) -> Result<Message, wardline_hl7::EditError>,
) -> mlua::Result<Settled<()>> {
    let path = match path_of(lua, path) {
        Ok(path) => path,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let mut held = object.borrow_mut::<Held>()?;
    charge(lua, 1 + held.message.bytes().len() / BYTES_AN_INSTRUCTION)?;
    let edited = make(&held.message, path);
    Ok(replaced(&mut held, edited))
}

fn replaced(held: &mut Held, made: Result<Message, wardline_hl7::EditError>) -> Settled<()> {
    let made = made.map(|message| *held = Held { message, is_edited: true });
    made.into()
}

/// A path as it is written in the script; its text is the author's.
fn path_of(lua: &Lua, value: Value) -> Result<Path, String> {
    let written = utf8(lua, value, 1, "path")?;
    written.parse().map_err(|error| format!("'{written}' is no path: {error}"))
}

impl<T> Settled<mlua::Result<T>> {
    fn transposed(self) -> mlua::Result<Settled<T>> {
        match self {
            Self::Done(done) => Ok(Settled::Done(done?)),
            Self::Wrong(wrong) => Ok(Settled::Wrong(wrong)),
        }
    }
}
