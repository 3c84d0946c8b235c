//! An interpreter: one script, ready to be called, on one thread.
//!
//! ```text
//!          new: the script runs once, its function is there
//!            │
//!            ▼        fresh globals, the script runs again
//!   ┌──▶ idle ──message──▶ (unless it keeps its state) ──▶ its function ──▶ outcome or fault
//!   └──────────────────────────────────────────────────────────┘
//! ```
//!
//! After a fault that [breaks its state](crate::Fault::breaks_state) its owner makes a new one.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use mlua::chunk::ChunkMode;
use mlua::{AnyUserData, Function, Table, Value};
use wardline_flow::Lookups;
use wardline_hl7::{ErrorCode, Message};

use crate::fault::{Fault, LoadFault, ScriptFault, placed, said};
use crate::host::{Held, held};
use crate::limits::Limits;
use crate::peers::{Peers, Simulated};
use crate::run::{Ended, Run};
use crate::sandbox::Sandbox;
use crate::script::{Role, Script};
use crate::settling::{ended, gave, raised};

/// How important a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Of use to its author.
    Debug,
    /// Of interest.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something is wrong.
    Error,
}

/// Where lines of a script's log go.
pub type Say = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// What stands around a script.
#[derive(Clone)]
pub struct Around {
    /// How it reaches peers; absent = not at all.
    pub peers: Option<Arc<dyn Peers>>,
    /// Where its log goes.
    pub log: Say,
    /// Whether it is only tried: `iguana.isTest()`.
    pub is_test: bool,
}

/// Where a message came from, for `handle(message, from)`.
#[derive(Debug, Clone, Default)]
pub struct From<'f> {
    /// The listener.
    pub listener: &'f str,
    /// The peer's address.
    pub peer: Option<String>,
    /// Our number for it, behind the queue.
    pub id: Option<String>,
    /// How many handler destinations it has passed.
    pub hops: u8,
}

/// What a handler said of a message.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Let it pass, unchanged.
    Accept,
    /// It is wrong and stays wrong.
    Reject {
        /// ERR-3.
        code: ErrorCode,
        /// For the sender.
        text: String,
    },
    /// It cannot be handled now.
    Fail {
        /// For the sender.
        text: String,
    },
    /// Go on with these instead.
    Emit(Vec<Bytes>),
}

/// One script in one interpreter.
pub struct Interpreter {
    sandbox: Sandbox,
    /// The script as a whole, to be run again for fresh globals.
    chunk: Function,
    entry: Entry,
    role: Role,
    limits: Limits,
    keeps_state: bool,
}

/// The function that is called.
#[derive(Clone)]
enum Entry {
    /// `handle(message, from)` or `transform(message)`.
    WithMessage(Function),
    /// `main(Data)`.
    WithData(Function),
}

impl Interpreter {
    /// Runs the script once, so that its functions are there.
    ///
    /// # Errors
    ///
    /// [`ScriptFault`].
    pub fn new(script: &Script, around: Around) -> Result<Self, ScriptFault> {
        let limits = script.limits;
        let run = Run::new(limits, None);
        let sandbox = Sandbox::new(script.role, limits, around, run).map_err(|error| {
            ScriptFault { line: None, fault: LoadFault::Interpreter { text: said(&error) } }
        })?;
        let globals: Table = sandbox.fresh.call(()).map_err(|error| failed(script, &error))?;
        let chunk = sandbox
            .lua
            .load(&script.text)
            .set_name(format!("@{}", script.name))
            .set_mode(ChunkMode::Text)
            .set_environment(globals.clone());
        let chunk = chunk.into_function().map_err(|error| {
            let text = said(&error);
            let (line, text) = placed(&text, &script.name);
            ScriptFault { line, fault: LoadFault::Syntax { text: text.to_owned() } }
        })?;
        let loaded = sandbox.call(&chunk, ());
        let loaded = ended(limits, sandbox.lua.remove_app_data::<Run>().and_then(|run| run.ended))
            .and_then(|()| gave(limits, loaded));
        if let Err(fault) = loaded {
            let text = fault.to_string();
            let (line, text) = placed(&text, &script.name);
            let fault = LoadFault::Failed { text: text.to_owned() };
            return Err(ScriptFault { line, fault });
        }
        let no_entry = LoadFault::NoEntry { wanted: script.role.wanted() };
        let entry =
            Entry::of(script.role, &globals).ok_or(ScriptFault { line: None, fault: no_entry })?;
        let keeps_state = script.keeps_state || matches!(entry, Entry::WithData(_));
        Ok(Self { sandbox, chunk, entry, role: script.role, limits, keeps_state })
    }

    /// What the script says of a message.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub fn handle(
        &mut self,
        message: &Message,
        from: &From<'_>,
        lookups: &Arc<Lookups>,
    ) -> Result<Outcome, Fault> {
        let called = self.call(message, Some(from), lookups);
        let run = self.sandbox.lua.remove_app_data::<Run>();
        let (how, emitted) = run.map_or((None, Vec::new()), |run| (run.ended, run.emitted));
        match how {
            Some(Ended::Rejected { code, text }) => return Ok(Outcome::Reject { code, text }),
            Some(Ended::Failed { text }) => return Ok(Outcome::Fail { text }),
            other => ended(self.limits, other)?,
        }
        let Called { object, given } = called?;
        match given {
            Value::Nil | Value::Boolean(true) => {}
            _ if matches!(self.entry, Entry::WithData(_)) => {}
            other => return Err(Fault::Meaningless { what: other.type_name() }),
        }
        if !emitted.is_empty() {
            return Ok(Outcome::Emit(emitted));
        }
        match object.and_then(|object| edited(&object)) {
            Some(message) => Ok(Outcome::Emit(vec![message.bytes().clone()])),
            None => Ok(Outcome::Accept),
        }
    }

    /// The message as the script leaves it.
    ///
    /// # Errors
    ///
    /// [`Fault`].
    pub fn transform(
        &mut self,
        message: &Message,
        lookups: &Arc<Lookups>,
    ) -> Result<Message, Fault> {
        let called = self.call(message, None, lookups);
        let run = self.sandbox.lua.remove_app_data::<Run>();
        ended(self.limits, run.and_then(|run| run.ended))?;
        let Called { object, given } = called?;
        let given = match given {
            Value::Nil => object,
            other => {
                let what = other.type_name();
                let object = self.sandbox.object_of.call::<Option<AnyUserData>>(other);
                Some(object.ok().flatten().ok_or(Fault::Meaningless { what })?)
            }
        };
        let message = given.and_then(|object| held(&object).ok());
        message.ok_or(Fault::Meaningless { what: "message" })
    }

    /// Calls the script's function; the clock runs from here.
    fn call(
        &mut self,
        message: &Message,
        from: Option<&From<'_>>,
        lookups: &Arc<Lookups>,
    ) -> Result<Called, Fault> {
        let limits = self.limits;
        self.sandbox.lua.set_app_data(Run::new(limits, Some(Arc::clone(lookups))));
        if !self.keeps_state {
            self.begin_anew()?;
        }
        match &self.entry {
            Entry::WithData(function) => {
                let data = self.sandbox.lua.create_string(message.bytes());
                let data = data.map_err(|error| raised(limits, &error))?;
                let given = gave(limits, self.sandbox.call(function, data))?;
                Ok(Called { object: None, given })
            }
            Entry::WithMessage(function) => {
                let shown = self.shown(message, from).map_err(|error| raised(limits, &error))?;
                let (object, arguments) = shown;
                let given = gave(limits, self.sandbox.call(function, arguments))?;
                Ok(Called { object: Some(object), given })
            }
        }
    }

    /// Fresh globals, and the script run in them.
    fn begin_anew(&mut self) -> Result<(), Fault> {
        let limits = self.limits;
        let globals = self.sandbox.fresh.call::<Table>(()).and_then(|globals| {
            self.chunk.set_environment(globals.clone())?;
            Ok(globals)
        });
        let globals = globals.map_err(|error| raised(limits, &error))?;
        gave(limits, self.sandbox.call(&self.chunk, ()))?;
        self.entry = Entry::of(self.role, &globals).ok_or(Fault::Meaningless { what: "nil" })?;
        Ok(())
    }

    /// A message as its functions get it, and what stands behind it.
    fn shown(
        &self,
        message: &Message,
        from: Option<&From<'_>>,
    ) -> mlua::Result<(AnyUserData, (Table, Option<Table>))> {
        let lua = &self.sandbox.lua;
        let object = lua.create_userdata(Held { message: message.clone(), is_edited: false })?;
        let message: Table = self.sandbox.wrap.call(&object)?;
        let Some(from) = from else { return Ok((object, (message, None))) };
        let table = lua.create_table()?;
        table.set("listener", from.listener)?;
        table.set("peer", from.peer.as_deref())?;
        table.set("id", from.id.as_deref())?;
        table.set("hops", from.hops)?;
        Ok((object, (message, Some(table))))
    }
}

/// A call that came back.
struct Called {
    object: Option<AnyUserData>,
    given: Value,
}

/// The message behind an object, if the script has edited it.
fn edited(object: &AnyUserData) -> Option<Message> {
    let held = object.borrow::<Held>().ok()?;
    held.is_edited.then(|| held.message.clone())
}

impl Entry {
    fn of(role: Role, globals: &Table) -> Option<Self> {
        let function = |name: &str| globals.raw_get::<Option<Function>>(name).ok().flatten();
        match role {
            Role::Handler => function("handle")
                .map(Self::WithMessage)
                .or_else(|| function("main").map(Self::WithData)),
            Role::Transform => function("transform").map(Self::WithMessage),
        }
    }
}

impl Around {
    /// Nothing: for a script that is only checked.
    pub(crate) fn nothing() -> Self {
        Self { peers: Some(Arc::new(Simulated)), log: Arc::new(|_, _| ()), is_test: true }
    }
}

fn failed(script: &Script, error: &mlua::Error) -> ScriptFault {
    let text = said(error);
    let (line, text) = placed(&text, &script.name);
    ScriptFault { line, fault: LoadFault::Failed { text: text.to_owned() } }
}

impl fmt::Debug for Outcome {
    /// Texts may quote the message: PHI-1.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Accept => "Accept",
            Self::Reject { .. } => "Reject",
            Self::Fail { .. } => "Fail",
            Self::Emit(_) => "Emit",
        })
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Interpreter").field("limits", &self.limits).finish_non_exhaustive()
    }
}
