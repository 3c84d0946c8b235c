//! Which destinations a message goes to: all routes together, as one plan (ROUTE-1).
//!
//! ```text
//!   source ──▶ route 1 ──matches──▶ lis, archive ─┐
//!          ──▶ route 2 ──doesn't                  ├─▶ plan: lis (route 1), archive (route 1), billing (route 3)
//!          ──▶ route 3 ──matches──▶ lis, billing ─┘
//! ```
//!
//! The plan is made before anything is stored, and stored with the message in one record. A test (processing id T or D)
//! has no delivery to a destination that is for production; the plan tells which were withheld, and which a `filter`
//! keeps the message from. Conditions see the message as it came. What a destination gets is what the first route that
//! names it makes of the message, and then its own transform; one fault anywhere, and there is no plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use wardline_hl7::Message;

use crate::expression::{Expression, Fault, Strictness};
use crate::id::{DestinationId, HandlerName, ListenerId, RouteId};
use crate::lookup::Lookups;
use crate::matching::Matcher;
use crate::processing::ProcessingId;
use crate::subject::Subject;
use crate::transform::{Surroundings, Transform, TransformFault};

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
    /// What must be true of a message that it wants; absent = nothing.
    pub when: Option<Arc<Expression>>,
    /// Where they go, in the order of the file; never empty.
    pub to: Vec<DestinationId>,
    /// Handlers before the answer, after those of the listener, in order.
    pub handlers: Vec<HandlerName>,
    /// What becomes of the message on this way.
    pub transform: Transform,
}

/// All routes, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routing {
    /// The routes.
    pub routes: Vec<Route>,
    /// Destinations that no test may reach, whatever routes say.
    pub production: BTreeSet<DestinationId>,
    /// What must be true of a message for it to go there.
    pub filters: BTreeMap<DestinationId, Arc<Expression>>,
    /// What becomes of every message that goes there, behind what routes make of it.
    pub transforms: BTreeMap<DestinationId, Transform>,
    /// The lookup tables of expressions and transforms.
    pub lookups: Arc<Lookups>,
    /// What a segment that a message lacks is to expressions.
    pub strictness: Strictness,
}

/// Why a message has no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// `when` of a route gave neither true nor false.
    #[error("route {route}: {fault}")]
    Route {
        /// The route.
        route: RouteId,
        /// Why.
        fault: Fault,
    },
    /// `filter` of a destination did.
    #[error("destination {destination}: {fault}")]
    Filter {
        /// The destination.
        destination: DestinationId,
        /// Why.
        fault: Fault,
    },
    /// A step of a route's transform could not be taken.
    #[error("route {route}: {fault}")]
    RouteTransform {
        /// The route.
        route: RouteId,
        /// Which step, and why.
        fault: TransformFault,
    },
    /// A step of a destination's transform could not.
    #[error("destination {destination}: {fault}")]
    DestinationTransform {
        /// The destination.
        destination: DestinationId,
        /// Which step, and why.
        fault: TransformFault,
    },
}

/// What a route says to a message, for whoever wants to know why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteVerdict {
    /// It wants it.
    Wants,
    /// `from` names others.
    OtherSource,
    /// This key of `match` keeps it out.
    Mismatch(String),
    /// `when` is false.
    WhenFalse,
    /// `when` is neither true nor false.
    Fault(Fault),
}

/// Every destination of one message, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// In the order in which routes and their `to` name them.
    pub deliveries: Vec<Planned>,
    /// Destinations that routes name and that do not get it: they are for production, and it is a test.
    pub withheld: Vec<DestinationId>,
    /// Destinations that routes name and whose `filter` keeps it from them.
    pub filtered: Vec<DestinationId>,
}

/// One destination of a message.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Where it goes.
    pub destination: DestinationId,
    /// The first route that says so.
    pub route: RouteId,
    /// What it becomes on its way; absent = it goes as it came (RAW-1).
    pub changed: Option<Message>,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        let bytes = |planned: &Self| planned.changed.as_ref().map(|made| made.bytes().clone());
        (&self.destination, &self.route, bytes(self))
            == (&other.destination, &other.route, bytes(other))
    }
}

impl Eq for Planned {}

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
    ///
    /// # Errors
    ///
    /// [`PlanFault::Route`].
    pub fn wants(&self, source: &Source, subject: &Subject<'_>) -> Result<bool, PlanFault> {
        let matches = self.looks_at(source)
            && self.matcher.as_ref().is_none_or(|matcher| matcher.matches(subject.message()));
        match &self.when {
            Some(when) if matches => subject
                .holds(when)
                .map_err(|fault| PlanFault::Route { route: self.id.clone(), fault }),
            Some(_) | None => Ok(matches),
        }
    }

    /// The same with the reason.
    pub fn verdict(&self, source: &Source, subject: &Subject<'_>) -> RouteVerdict {
        if !self.looks_at(source) {
            return RouteVerdict::OtherSource;
        }
        let misses = |matcher: &Matcher| matcher.misses(subject.message());
        if let Some(key) = self.matcher.as_ref().and_then(misses) {
            return RouteVerdict::Mismatch(key);
        }
        match self.when.as_ref().map(|when| subject.holds(when)) {
            None | Some(Ok(true)) => RouteVerdict::Wants,
            Some(Ok(false)) => RouteVerdict::WhenFalse,
            Some(Err(fault)) => RouteVerdict::Fault(fault),
        }
    }

    fn looks_at(&self, source: &Source) -> bool {
        match &self.from {
            Some(sources) => sources.contains(source),
            None => matches!(source, Source::Listener(_)),
        }
    }
}

impl Routing {
    /// The message as the expressions of this site see it.
    pub fn subject<'m>(&'m self, message: &'m Message) -> Subject<'m> {
        Subject::new(message, &self.lookups, self.strictness)
    }

    /// The routes that want this message, in the order of the file.
    pub fn matching<'r>(
        &'r self,
        source: &Source,
        subject: &Subject<'_>,
    ) -> Result<Vec<&'r Route>, PlanFault> {
        let mut matching = Vec::new();
        for route in &self.routes {
            if route.wants(source, subject)? {
                matching.push(route);
            }
        }
        Ok(matching)
    }

    /// Whether a route that wants this message says its type: an answer goes nowhere by chance.
    pub fn names(&self, source: &Source, message: &Message) -> bool {
        let subject = self.subject(message);
        self.routes.iter().any(|route| {
            route.matcher.as_ref().is_some_and(|one| one.names(message))
                && route.wants(source, &subject) == Ok(true)
        })
    }

    /// The plan for this message.
    pub fn plan(&self, source: &Source, message: &Message) -> Result<Plan, PlanFault> {
        let subject = self.subject(message);
        self.plan_of(&self.matching(source, &subject)?, &subject)
    }

    /// The plan for this message, of routes that have been found to match.
    pub fn plan_of(&self, routes: &[&Route], subject: &Subject<'_>) -> Result<Plan, PlanFault> {
        let mut plan = Plan::of(routes);
        if !self.production.is_empty() && is_test(subject.message()) {
            let is_for_production =
                |planned: &Planned| self.production.contains(&planned.destination);
            let (withheld, deliveries): (Vec<_>, _) =
                plan.deliveries.into_iter().partition(is_for_production);
            plan.deliveries = deliveries;
            plan.withheld = withheld.into_iter().map(|planned| planned.destination).collect();
        }
        if !self.filters.is_empty() {
            self.filter(&mut plan, subject)?;
        }
        self.change(&mut plan, routes, subject.message())?;
        Ok(plan)
    }

    fn filter(&self, plan: &mut Plan, subject: &Subject<'_>) -> Result<(), PlanFault> {
        for planned in std::mem::take(&mut plan.deliveries) {
            let destination = &planned.destination;
            let passes = self.filters.get(destination).map_or(Ok(true), |filter| {
                let of_destination =
                    |fault| PlanFault::Filter { destination: destination.clone(), fault };
                subject.holds(filter).map_err(of_destination)
            })?;
            if passes {
                plan.deliveries.push(planned);
            } else {
                plan.filtered.push(planned.destination);
            }
        }
        Ok(())
    }

    /// Makes of the message what each destination gets. What a route makes of it is made once.
    fn change(
        &self,
        plan: &mut Plan,
        routes: &[&Route],
        message: &Message,
    ) -> Result<(), PlanFault> {
        let around = Surroundings { lookups: &self.lookups, strictness: self.strictness };
        for route in routes.iter().filter(|route| !route.transform.is_empty()) {
            let of_route = |planned: &&mut Planned| planned.route == route.id;
            let mut planned = plan.deliveries.iter_mut().filter(of_route).peekable();
            if planned.peek().is_none() {
                continue;
            }
            let made = route.transform.apply(message, around);
            let made =
                made.map_err(|fault| PlanFault::RouteTransform { route: route.id.clone(), fault })?;
            planned.for_each(|planned| planned.changed = Some(made.clone()));
        }
        for planned in &mut plan.deliveries {
            let Some(transform) = self.transforms.get(&planned.destination) else { continue };
            let made = transform.apply(planned.changed.as_ref().unwrap_or(message), around);
            let made = made.map_err(|fault| PlanFault::DestinationTransform {
                destination: planned.destination.clone(),
                fault,
            })?;
            planned.changed = Some(made);
        }
        Ok(())
    }

    /// The same for a trial: nothing of it is shared with what runs, and nothing of a trial is counted there.
    #[must_use]
    pub fn apart(&self) -> Self {
        let mut apart = self.clone();
        apart.lookups = Arc::new(self.lookups.apart());
        for route in &mut apart.routes {
            route.transform = route.transform.apart();
        }
        for transform in apart.transforms.values_mut() {
            *transform = transform.apart();
        }
        apart
    }

    /// Whether the message is a test and the destination for production, whoever names it.
    pub fn withholds(&self, destination: &DestinationId, message: &Message) -> bool {
        self.production.contains(destination) && is_test(message)
    }
}

fn is_test(message: &Message) -> bool {
    ProcessingId::of(message).is_some_and(ProcessingId::is_test)
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
                        changed: None,
                    });
                }
            }
        }
        Self { deliveries, ..Self::default() }
    }

    /// Whether no route wanted the message.
    pub fn is_unrouted(&self) -> bool {
        self.deliveries.is_empty() && self.withheld.is_empty() && self.filtered.is_empty()
    }
}

#[cfg(test)]
mod tests;
