//! Handler actors: the Rust that a hospital writes, and the door to it.
//!
//! A handler is an actix actor that handles [`Received`] and returns a [`Decision`]. It stands before the ACK
//! (`handlers = […]` on a listener or route) or behind the queue (a destination of kind `handler`). It runs on an
//! arbiter of its own, apart from all sockets: whatever it does, the engine goes on.
//!
//! - [`received`]: what a handler gets. [`decision`]: what it says. [`emitted`]: what it says instead of the message.
//! - [`caller`]: how the engine calls it, under a timeout.
//! - [`supervisor`]: who replaces instances that panicked or block their thread.
//! - [`lua`]: the handler that runs a script.

mod budget;
mod caller;
mod decision;
mod emitted;
mod instance;
mod lua;
mod received;
mod supervisor;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::{Actor, Context, Handler, Recipient};
use wardline_config::Config;

use lua::LuaHandler;
pub(crate) use lua::Reach;

pub use decision::{Decision, Verdict};
pub use received::Received;

pub(crate) use caller::{Called, HandlerCaller, HandlerFault};
pub(crate) use emitted::read_emitted;
pub(crate) use supervisor::HandlerSupervisor;

/// Makes one instance of a handler on the arbiter that calls it.
pub(crate) type Factory = Arc<dyn Fn() -> Recipient<Received> + Send + Sync>;

/// The handlers a binary has, by name, each with how to make one.
#[derive(Clone, Default)]
pub struct Handlers(BTreeMap<String, Factory>);

impl Handlers {
    /// Adds a handler; a second one of the same name replaces the first.
    pub fn add<A, F>(&mut self, name: &str, make: F)
    where
        A: Actor<Context = Context<A>> + Handler<Received>,
        F: Fn() -> A + Send + Sync + 'static,
    {
        self.0.insert(name.to_owned(), Arc::new(move || make().start().recipient()));
    }

    /// These and the scripts of a configuration, which has no script of the name of one of these.
    #[must_use]
    pub(crate) fn with_scripts(mut self, config: &Config, reach: Reach) -> Self {
        for limits in &config.handlers {
            if let Some(script) = &limits.script {
                let (script, lookups) = (Arc::clone(script), Arc::clone(&config.routing.lookups));
                let name = limits.name.clone();
                self.add(limits.name.as_str(), move || {
                    LuaHandler::new(name.clone(), Arc::clone(&script), Arc::clone(&lookups), reach)
                });
            }
        }
        self
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// How to make the handler of this name.
    pub(crate) fn factory(&self, name: &str) -> Option<Factory> {
        self.0.get(name).cloned()
    }
}

impl std::fmt::Debug for Handlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
