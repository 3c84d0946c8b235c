//! A message while it is judged: what expressions see of it is made when the first one asks, once for all rules, routes
//! and filters. A site without expressions pays nothing for them.

use std::sync::{Arc, OnceLock};

use wardline_hl7::Message;

use crate::expression::{Expression, Facts, Fault, Strictness};
use crate::lookup::Lookups;

/// The message that rules, routes and filters judge.
pub struct Subject<'m> {
    message: &'m Message,
    lookups: &'m Arc<Lookups>,
    strictness: Strictness,
    facts: OnceLock<Facts>,
}

impl<'m> Subject<'m> {
    /// A message to judge.
    pub fn new(message: &'m Message, lookups: &'m Arc<Lookups>, strictness: Strictness) -> Self {
        Self { message, lookups, strictness, facts: OnceLock::new() }
    }

    /// The message.
    pub fn message(&self) -> &'m Message {
        self.message
    }

    /// Whether an expression is true of it.
    pub fn holds(&self, expression: &Expression) -> Result<bool, Fault> {
        let facts = || Facts::of(self.message, self.lookups, self.strictness);
        expression.holds(self.facts.get_or_init(facts))
    }
}

impl std::fmt::Debug for Subject<'_> {
    /// No content (PHI-1).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.message.fmt(f)
    }
}
