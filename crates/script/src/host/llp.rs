//! `llp.connect`: connections to peers, over whatever [`Peers`] there are.
//!
//! Each operation ends with its own limit or with the run, whichever comes first; the second is no error of the script's
//! to catch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mlua::{AnyUserData, Lua, LuaString, MultiValue, Table, UserData, Value};
use wardline_mllp::{
    Answer, ClientError, ClientOptions, ConnectParameters, Timeouts, Verify, encoded_len,
    survives_framing,
};

use super::{Settled, charge, run, text};
use crate::limits::MAX_CONNECTIONS;
use crate::peers::{Peer, Peers};

/// A connection in a script's hands.
struct Connection {
    peer: Box<dyn Peer>,
    /// How long each operation may take.
    timeout: Duration,
    open: Arc<AtomicUsize>,
}

impl UserData for Connection {}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Adds them.
pub(super) fn add(lua: &Lua, host: &Table, peers: Arc<dyn Peers>) -> mlua::Result<()> {
    let llp = lua.create_table()?;
    let open = Arc::new(AtomicUsize::new(0));
    let connect = move |lua: &Lua, arguments| connect(lua, peers.as_ref(), &open, arguments);
    llp.set("connect", lua.create_function(connect)?)?;
    llp.set("send", lua.create_function(send)?)?;
    llp.set("receive", lua.create_function(receive)?)?;
    llp.set("close", lua.create_function(close)?)?;
    host.set("llp", llp)
}

/// Host, port, timeout in seconds, live, verify. The prelude has seen to their types.
type ConnectArguments = (String, String, Option<String>, bool, Option<String>);

fn connect(
    lua: &Lua,
    peers: &dyn Peers,
    open: &Arc<AtomicUsize>,
    arguments: ConnectArguments,
) -> mlua::Result<Settled<Connection>> {
    let (host, port, timeout, live, verify) = arguments;
    let pairs = [("host", host.as_str()), ("port", port.as_str())];
    let timeout = timeout.iter().map(|timeout| ("timeout", timeout.as_str()));
    let parameters = match ConnectParameters::read(pairs.into_iter().chain(timeout)) {
        Ok(parameters) => parameters,
        Err(error) => return Ok(Settled::wrong(error)),
    };
    let verify = match verify.as_deref() {
        None | Some("any") => Verify::AnyMessage,
        Some("ack") => Verify::AnyAcknowledgement,
        Some("verified") => Verify::VerifiedAcknowledgement,
        Some(_) => {
            return Ok(Settled::wrong("Parameter 'verify' should be any, ack or verified."));
        }
    };
    if open.load(Ordering::Relaxed) >= MAX_CONNECTIONS {
        // Those that the script has lost hold of are closed by this.
        lua.gc_collect()?;
    }
    if open.load(Ordering::Relaxed) >= MAX_CONNECTIONS {
        return Ok(Settled::Wrong(format!("{MAX_CONNECTIONS} connections are open: close one")));
    }
    let options = parameters.options();
    let timeout = options.timeouts.connect;
    let options =
        ClientOptions { verify, timeouts: Timeouts::each(within(lua, timeout)?), ..options };
    let (host, port) = parameters.address();
    match peers.connect(host, port, live, options) {
        Ok(peer) => {
            open.fetch_add(1, Ordering::Relaxed);
            Ok(Settled::Done(Connection { peer, timeout, open: Arc::clone(open) }))
        }
        Err(error) => raised(lua, &error),
    }
}

/// Gives the number of bytes that were written, those of the frame included.
fn send(lua: &Lua, (object, value): (AnyUserData, Value)) -> mlua::Result<Settled<usize>> {
    let payload: LuaString = match text(lua, value, 1, "send") {
        Ok(payload) => payload,
        Err(wrong) => return Ok(Settled::Wrong(wrong)),
    };
    let payload = payload.as_bytes();
    if !survives_framing(&payload) {
        return Ok(Settled::wrong("what is to be sent cannot be carried by MLLP"));
    }
    let mut connection = object.borrow_mut::<Connection>()?;
    let limit = within(lua, connection.timeout)?;
    match connection.peer.send(&payload, limit) {
        Ok(()) => Ok(Settled::Done(encoded_len(payload.len()))),
        Err(error) => raised(lua, &error),
    }
}

/// The message and the bytes that came before it; `nil` and an empty text where the peer has closed.
fn receive(lua: &Lua, object: AnyUserData) -> mlua::Result<Settled<MultiValue>> {
    let mut connection = object.borrow_mut::<Connection>()?;
    let limit = within(lua, connection.timeout)?;
    match connection.peer.receive(limit) {
        Ok(Answer { payload, lost }) => {
            let values = [lua.create_string(&payload)?, lua.create_string(&lost)?];
            Ok(Settled::Done(MultiValue::from_iter(values.map(Value::String))))
        }
        Err(ClientError::Closed) => {
            let nothing = Value::String(lua.create_string("")?);
            Ok(Settled::Done(MultiValue::from_iter([Value::Nil, nothing])))
        }
        Err(error) => raised(lua, &error),
    }
}

fn close(_: &Lua, object: AnyUserData) -> mlua::Result<Settled<()>> {
    object.borrow_mut::<Connection>()?.peer.close();
    Ok(Settled::Done(()))
}

/// The limit of an operation, or what is left of the run.
fn within(lua: &Lua, timeout: Duration) -> mlua::Result<Duration> {
    run(lua, |run| timeout.min(run.time_left()))
}

/// What failed; nothing, where the run ended over it.
fn raised<T>(lua: &Lua, error: &ClientError) -> mlua::Result<Settled<T>> {
    charge(lua, 1)?;
    let cause = match error {
        ClientError::Connection(source) => format!("{error}: {source}"),
        other => other.to_string(),
    };
    Ok(Settled::Wrong(cause))
}
