//! Handlers that are asked while nothing else of an engine runs.

use std::collections::BTreeMap;

use actix::{Actor, System, SystemRunner};
use wardline_config::{Config, HandlerLimits};
use wardline_flow::HandlerName;

use crate::handler::{HandlerCaller, HandlerSupervisor, Handlers, Reach};

type Callers = BTreeMap<HandlerName, HandlerCaller>;

/// A system of actors with the handlers that stand before the answer.
pub(super) struct Asking {
    system: SystemRunner,
    callers: Callers,
}

impl Asking {
    pub(super) fn start(config: &Config, handlers: &Handlers, reach: Reach) -> Self {
        let handlers = handlers.clone().with_scripts(config, reach);
        let system = System::new();
        let callers = system.block_on(async {
            let of_listeners = config.listeners.iter().flat_map(|listener| &listener.handlers);
            let of_routes = config.routing.routes.iter().flat_map(|route| &route.handlers);
            let mut callers = BTreeMap::new();
            for name in of_listeners.chain(of_routes) {
                let Some(factory) = handlers.factory(name.as_str()) else { continue };
                callers.entry(name.clone()).or_insert_with(|| {
                    let configured = config.handlers.iter().find(|limits| limits.name == *name);
                    let limits = configured.cloned();
                    let limits = limits.unwrap_or_else(|| HandlerLimits::new(name.clone()));
                    let (supervisor, caller) = HandlerSupervisor::new(limits, factory);
                    supervisor.start();
                    caller
                });
            }
            callers
        });
        Self { system, callers }
    }

    pub(super) fn callers(&self) -> Callers {
        self.callers.clone()
    }

    pub(super) fn asks(&self, handler: &str) -> bool {
        self.callers.keys().any(|name| name.as_str() == handler)
    }

    /// Lets the handlers run until this is decided.
    pub(super) fn wait<T>(&self, deciding: impl Future<Output = T>) -> T {
        self.system.block_on(deciding)
    }
}

impl Drop for Asking {
    /// Tells the threads of the handlers to end, each once it has finished what it has in hand.
    fn drop(&mut self) {
        let stopped = self.system.stop_future();
        let code = self.system.block_on(async {
            System::current().stop();
            stopped.await
        });
        if let Err(error) = code {
            tracing::debug!(%error, "the actors of a rehearsal did not end in peace");
        }
    }
}
