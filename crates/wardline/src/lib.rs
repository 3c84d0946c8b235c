//! Wardline, an on-premise HL7 v2 interface engine: the library for handler authors and the command line.
//!
//! A hospital that needs code writes an actor, gives it a name, and builds a binary of its own that is the whole
//! command line with this handler in it:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use wardline::{Actor, Context, Decision, Handler, Received, Wardline};
//!
//! struct LabGate;
//!
//! impl Actor for LabGate {
//!     type Context = Context<Self>;
//! }
//!
//! impl Handler<Received> for LabGate {
//!     type Result = Decision;
//!
//!     fn handle(&mut self, received: Received, _: &mut Context<Self>) -> Decision {
//!         match received.message.header().sending_facility() {
//!             b"ST-E" => Decision::Accept,
//!             _ => Decision::reject("this laboratory serves St. Elsewhere only"),
//!         }
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     Wardline::new().handler("lab-gate", || LabGate).main()
//! }
//! ```
//!
//! The configuration names the handler where it is to stand: `handlers = ["lab-gate"]` on a listener or a route, or
//! a destination of `kind = "handler"`.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod cli;

use std::process::ExitCode;

pub use actix::{Actor, AsyncContext, Context, Handler};
pub use bytes::Bytes;
pub use wardline_engine::events::{ConnectionRef, Event, ExceptionReason, StopReason, Subscriber};
pub use wardline_engine::{Decision, Received};
pub use wardline_hl7::{ErrorCode, Message, Path};

use wardline_engine::Handlers;
use wardline_engine::events::Events;

pub use cli::Exit;

/// A Wardline of your own: the command line with your handlers in it.
#[derive(Debug, Clone, Default)]
pub struct Wardline {
    handlers: Handlers,
    events: Events,
}

impl Wardline {
    /// Without handlers: what the `wardline` binary is.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler under the name that the configuration calls it by. `make` is called for each instance, on the
    /// thread the instance lives on, and again whenever one has to be replaced. A second handler of the same name
    /// replaces the first.
    #[must_use]
    pub fn handler<A, F>(mut self, name: &str, make: F) -> Self
    where
        A: Actor<Context = Context<A>> + Handler<Received>,
        F: Fn() -> A + Send + Sync + 'static,
    {
        self.handlers.add(name, make);
        self
    }

    /// Tells `subscriber` what happens on the connections of all listeners while `wardline run` runs; a second one
    /// replaces the first. It is called on the threads that serve connections and must not block: see
    /// docs/observability.md.
    #[must_use]
    pub fn subscribe(mut self, subscriber: impl Subscriber) -> Self {
        self.events = Events::to(subscriber);
        self
    }

    /// Does what the arguments of this process ask, and says how it ended.
    pub fn main(self) -> ExitCode {
        cli::run(std::env::args_os(), self.handlers, self.events).into()
    }
}
