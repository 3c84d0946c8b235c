//! Which destinations a message goes to: all routes together, as one plan (ROUTE-1).
//!
//! ```text
//!   source ──▶ route 1 ──matches──▶ lis, archive ─┐
//!          ──▶ route 2 ──doesn't                  ├─▶ plan: lis (route 1), archive (route 1), billing (route 3)
//!          ──▶ route 3 ──matches──▶ lis, billing ─┘
//! ```
//!
//! The plan is made before anything is stored, and stored with the message in one record. A test (processing id T or D)
//! has no delivery to a destination that is for production; the plan tells which were withheld.

use std::collections::BTreeSet;
use std::fmt;

use wardline_hl7::Message;

use crate::id::{DestinationId, HandlerName, ListenerId, RouteId};
use crate::matching::Matcher;
use crate::processing::ProcessingId;

/// Where a message comes from, as `from` of a route names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// It came in there.
    Listener(ListenerId),
    /// A handler destination emitted it.
    Handler(DestinationId),
}

/// One `[[routes]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Its id, unique among routes.
    pub id: RouteId,
    /// Whose messages it looks at; absent = those of every listener, and of no handler destination.
    pub from: Option<Vec<Source>>,
    /// Which of them it wants; absent = all.
    pub matcher: Option<Matcher>,
    /// Where they go, in the order of the file; never empty.
    pub to: Vec<DestinationId>,
    /// Handlers before the answer, after those of the listener, in order.
    pub handlers: Vec<HandlerName>,
}

/// All routes, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routing {
    /// The routes.
    pub routes: Vec<Route>,
    /// Destinations that no test may reach, whatever routes say.
    pub production: BTreeSet<DestinationId>,
}

/// Every destination of one message, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In the order in which routes and their `to` name them.
    pub deliveries: Vec<Planned>,
    /// Destinations that routes name and that do not get it: they are for production, and it is a test.
    pub withheld: Vec<DestinationId>,
}

/// One destination of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Where it goes.
    pub destination: DestinationId,
    /// The first route that says so.
    pub route: RouteId,
}

impl Source {
    /// The id, whatever it is of.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Listener(id) => id.as_str(),
            Self::Handler(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Route {
    /// Whether the route wants this message from there.
    pub fn wants(&self, source: &Source, message: &Message) -> bool {
        self.looks_at(source)
            && self.matcher.as_ref().is_none_or(|matcher| matcher.matches(message))
    }

    fn looks_at(&self, source: &Source) -> bool {
        match &self.from {
            Some(sources) => sources.contains(source),
            None => matches!(source, Source::Listener(_)),
        }
    }
}

impl Routing {
    /// The routes that want this message, in the order of the file.
    pub fn matching<'r>(&'r self, source: &Source, message: &Message) -> Vec<&'r Route> {
        self.routes.iter().filter(|route| route.wants(source, message)).collect()
    }

    /// Whether a route that wants this message says its type: an answer goes nowhere by chance.
    pub fn names(&self, source: &Source, message: &Message) -> bool {
        self.routes.iter().any(|route| {
            route.looks_at(source) && route.matcher.as_ref().is_some_and(|one| one.names(message))
        })
    }

    /// The plan for this message.
    pub fn plan(&self, source: &Source, message: &Message) -> Plan {
        self.plan_of(&self.matching(source, message), message)
    }

    /// The plan for this message, of routes that have been found to match.
    pub fn plan_of(&self, routes: &[&Route], message: &Message) -> Plan {
        let mut plan = Plan::of(routes);
        let is_test = || ProcessingId::of(message).is_some_and(ProcessingId::is_test);
        if !self.production.is_empty() && is_test() {
            let is_for_production =
                |planned: &Planned| self.production.contains(&planned.destination);
            let (withheld, deliveries): (Vec<_>, _) =
                plan.deliveries.into_iter().partition(is_for_production);
            plan.deliveries = deliveries;
            plan.withheld = withheld.into_iter().map(|planned| planned.destination).collect();
        }
        plan
    }
}

impl Plan {
    /// Every destination of routes that have been found to match.
    fn of(routes: &[&Route]) -> Self {
        let mut deliveries: Vec<Planned> = Vec::new();
        for route in routes {
            for destination in &route.to {
                if deliveries.iter().all(|planned| planned.destination != *destination) {
                    deliveries.push(Planned {
                        destination: destination.clone(),
                        route: route.id.clone(),
                    });
                }
            }
        }
        Self { deliveries, withheld: Vec::new() }
    }

    /// Whether no route wanted the message.
    pub fn is_unrouted(&self) -> bool {
        self.deliveries.is_empty() && self.withheld.is_empty()
    }
}

#[cfg(test)]
mod tests;
