//! The handlers of a running engine, and what becomes of them when the configuration changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::Actor;
use wardline_config::{Config, HandlerLimits};
use wardline_flow::{HandlerName, Lookups};

use super::build::handlers_named;
use crate::control::face::HandlerFace;
use crate::handler::{HandlerCaller, HandlerSupervisor, Handlers, Reach};

/// One handler: how it is kept, and the door to it. It ends when the last clone of that is gone.
#[derive(Clone)]
pub(super) struct RunningHandler {
    pub(super) limits: HandlerLimits,
    /// What a script looks codes up in.
    tables: Option<Arc<Lookups>>,
    pub(super) caller: HandlerCaller,
}

/// The handlers by name.
#[derive(Clone, Default)]
pub(super) struct RunningHandlers(pub(super) BTreeMap<HandlerName, RunningHandler>);

impl RunningHandlers {
    /// Every handler that the configuration names. One of `before` that is kept as it was goes on, with whatever it
    /// remembers; the others start.
    pub(super) fn start(config: &Config, handlers: &Handlers, before: &Self) -> Self {
        let handlers = handlers.clone().with_scripts(config, Reach::Peers);
        let mut running = BTreeMap::new();
        for name in handlers_named(config) {
            let Some(factory) = handlers.factory(name.as_str()) else { continue };
            let configured = config.handlers.iter().find(|limits| limits.name == name);
            let limits = configured.cloned().unwrap_or_else(|| HandlerLimits::new(name.clone()));
            let tables = limits.script.is_some().then(|| Arc::clone(&config.routing.lookups));
            let handler = match before.0.get(&name) {
                Some(same) if same.limits == limits && same.tables == tables => same.clone(),
                Some(_) | None => {
                    let (supervisor, caller) = HandlerSupervisor::new(limits.clone(), factory);
                    supervisor.start();
                    RunningHandler { limits, tables, caller }
                }
            };
            running.insert(name, handler);
        }
        Self(running)
    }

    /// The doors, by name.
    pub(super) fn callers(&self) -> BTreeMap<HandlerName, HandlerCaller> {
        let callers = self.0.iter().map(|(name, handler)| (name.clone(), handler.caller.clone()));
        callers.collect()
    }

    pub(super) fn faces(&self) -> Vec<HandlerFace> {
        let face = |(name, handler): (&HandlerName, &RunningHandler)| HandlerFace {
            name: name.clone(),
            wanted: handler.limits.instances.get() as u64,
            caller: handler.caller.clone(),
        };
        self.0.iter().map(face).collect()
    }
}
