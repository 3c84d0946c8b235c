//! `LuaHandler`: the handler that runs a script.
//!
//! ```text
//!               first message, or the one after a limit was passed
//!   no interpreter ─────────────────────────────────────────────▶ interpreter ──message──▶ decision
//!         ▲                                                            │
//!         └──────────── time, instructions or memory used up ──────────┘
//! ```
//!
//! Who sends to it: callers, one message at a time. It works where it is called, on its own thread, and blocks that
//! thread for as long as its script may take; nothing else lives there. Its death costs the state that its script
//! keeps.

mod sockets;

use std::sync::Arc;

use actix::{Actor, Context, Handler};
use wardline_flow::{HandlerName, Lookups};
use wardline_script::{Around, Fault, From, Interpreter, LogLevel, Outcome, Script};

pub(crate) use self::sockets::Reach;
use self::sockets::Sockets;
use super::{Decision, Received};

/// A script as a handler.
pub(super) struct LuaHandler {
    name: HandlerName,
    script: Arc<Script>,
    lookups: Arc<Lookups>,
    reach: Reach,
    interpreter: Option<Interpreter>,
}

impl LuaHandler {
    pub(super) fn new(
        name: HandlerName,
        script: Arc<Script>,
        lookups: Arc<Lookups>,
        reach: Reach,
    ) -> Self {
        Self { name, script, lookups, reach, interpreter: None }
    }

    /// An interpreter to call, made where there is none.
    fn interpreter(&mut self) -> Result<&mut Interpreter, Decision> {
        if self.interpreter.is_none() {
            let made = Interpreter::new(&self.script, self.around()).map_err(|fault| {
                tracing::error!(handler = %self.name, line = fault.line, "the script cannot be loaded");
                Decision::fail(format!("the script {} cannot be loaded", self.script.name()))
            })?;
            return Ok(self.interpreter.insert(made));
        }
        self.interpreter.as_mut().ok_or_else(|| Decision::fail("the script has no interpreter"))
    }

    fn around(&self) -> Around {
        let (handler, is_heard) = (self.name.clone(), self.is_heard());
        Around {
            peers: Some(Arc::new(Sockets::new(self.reach))),
            log: Arc::new(move |level, text| match level {
                _ if !is_heard => {}
                LogLevel::Debug => tracing::debug!(%handler, "script: {text}"),
                LogLevel::Info => tracing::info!(%handler, "script: {text}"),
                LogLevel::Warn => tracing::warn!(%handler, "script: {text}"),
                LogLevel::Error => tracing::error!(%handler, "script: {text}"),
            }),
            is_test: self.reach != Reach::Peers,
        }
    }

    fn is_heard(&self) -> bool {
        self.reach != Reach::Unheard
    }

    /// AE, and a word in the log: which limit, or where the script failed. What it said is for the sender (PHI-1).
    fn on_fault(&mut self, fault: &Fault) -> Decision {
        if fault.breaks_state() {
            self.interpreter = None;
        }
        if !self.is_heard() {
            return Decision::fail(fault.to_string());
        }
        if fault.breaks_state() {
            tracing::error!(
                handler = %self.name, limit = fault.kind(),
                "the script passed a limit: it begins anew with the next message"
            );
        } else {
            let line = fault.line(self.script.name());
            tracing::warn!(handler = %self.name, fault = fault.kind(), line, "the script failed");
        }
        Decision::fail(fault.to_string())
    }
}

impl Actor for LuaHandler {
    type Context = Context<Self>;
}

impl Handler<Received> for LuaHandler {
    type Result = Decision;

    fn handle(&mut self, received: Received, _: &mut Self::Context) -> Decision {
        let lookups = Arc::clone(&self.lookups);
        let from = From {
            listener: &received.listener,
            peer: received.peer.map(|peer| peer.to_string()),
            id: received.id.map(|id| id.to_string()),
            hops: received.hops,
        };
        let interpreter = match self.interpreter() {
            Ok(interpreter) => interpreter,
            Err(decision) => return decision,
        };
        match interpreter.handle(&received.message, &from, &lookups) {
            Ok(Outcome::Accept) => Decision::Accept,
            Ok(Outcome::Reject { code, text }) => Decision::Reject { code, text },
            Ok(Outcome::Fail { text }) => Decision::Fail { text },
            Ok(Outcome::Emit(messages)) => Decision::Emit(messages),
            Err(fault) => self.on_fault(&fault),
        }
    }
}
