//! A handler actor as destination: durable before it, durable behind it.
//!
//! ```text
//!   Accept ─▶ delivered        Reject ─▶ dead letter        Fail, panic, timeout, busy, down ─▶ retried
//!   Emit ──▶ plan each as from this destination ──▶ one record: the outcome and what was emitted     (END-1, ROUTE-1)
//!        └─ after 8 handlers: dead letter "loop", nothing emitted
//! ```
//!
//! What is emitted is stored before the delivery counts as ended, in the same record: a crash repeats the call or
//! keeps all of it, never half.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use wardline_config::HandlerDestination;
use wardline_flow::{DestinationId, HandlerFault as Fault, HandlerName, Received, Source};
use wardline_hl7::Message;
use wardline_store::{Accept, Concluded, DeliveryRef, Name, NewMessage, Outcome, Refusal, Store};

use super::Delivering;
use super::delivery::Delivery;
use super::limits::STORE_RECHECK;
use super::report::Ended;
use crate::charsets::Untranscodable;
use crate::drain::Drain;
use crate::handler::{self, Called, HandlerFault, Verdict, read_emitted};
use crate::inbound::completions::Completions;
use crate::observe::{DestinationCounters, UnroutedTypes};
use crate::planning::plans;
use crate::ways::{CurrentWays, Ways};

/// How many handler destinations a message may pass. More is a circle of routes.
const MAX_HOPS: u8 = 8;

/// Calls the handler of one destination.
pub(super) struct HandlerCalls {
    destination: DestinationId,
    /// What it emits comes from there.
    source: Source,
    counters: Arc<DestinationCounters>,
    unrouted: UnroutedTypes,
    handler: HandlerName,
    timeout: Duration,
    ways: CurrentWays,
    store: Arc<dyn Store>,
    completions: Completions,
    drain: Drain,
}

impl HandlerCalls {
    /// `completions` are those of the pool.
    pub(super) fn new(
        delivering: &Delivering,
        handler: &HandlerDestination,
        completions: Completions,
    ) -> Self {
        Self {
            destination: delivering.destination.id.clone(),
            source: Source::Handler(delivering.destination.id.clone()),
            counters: Arc::clone(&delivering.counters),
            unrouted: UnroutedTypes::default(),
            handler: handler.handler.clone(),
            timeout: handler.timeout,
            ways: delivering.ways.clone(),
            store: Arc::clone(&delivering.store),
            completions,
            drain: delivering.drain.clone(),
        }
    }

    /// How many calls may run at once: as many as there are instances, and one that finds out that there are none.
    pub(super) fn at_once(&self) -> usize {
        let instances = self.ways.borrow().callers.get(&self.handler).map_or(0, |caller| {
            usize::try_from(caller.shared().instances.load(Ordering::Acquire)).unwrap_or(usize::MAX)
        });
        instances.max(1)
    }

    /// Shows one message to the handler and does what it says.
    pub(super) async fn call(&self, delivery: Delivery) -> Ended {
        let Some((ways, _deciding)) = Ways::begun(&self.ways).await else {
            return Ended::NotSent(None);
        };
        let Some(caller) = ways.callers.get(&self.handler) else {
            return Ended::attempted(Received::Handler(Fault::Down));
        };
        let Ok(message) = ways.charsets.read(&delivery.listener, &delivery.body) else {
            return Ended::attempted(Received::HandlerRejected); // Nothing stored is unreadable.
        };
        let received = handler::Received {
            message,
            listener: Arc::clone(&delivery.listener),
            peer: None,
            received_at: delivery.received_at,
            id: Some(delivery.id),
            hops: delivery.hops,
        };
        match caller.call(received, self.timeout).await {
            Called::Verdict(Verdict::Accept) => Ended::attempted(Received::HandlerAccepted),
            Called::Verdict(Verdict::Reject { text, .. }) => said(Received::HandlerRejected, text),
            Called::Verdict(Verdict::Fail { text }) => said(Received::Handler(Fault::Failed), text),
            Called::Verdict(Verdict::Panicked) | Called::Fault(HandlerFault::Panicked) => {
                failed(Fault::Panicked)
            }
            Called::Fault(HandlerFault::TimedOut) => failed(Fault::TimedOut),
            Called::Fault(HandlerFault::Busy) => failed(Fault::Busy),
            Called::Fault(HandlerFault::Down) => failed(Fault::Down),
            Called::Verdict(Verdict::Emit(payloads)) => self.emit(&ways, &delivery, payloads).await,
        }
    }

    async fn emit(&self, ways: &Ways, delivery: &Delivery, payloads: Vec<Bytes>) -> Ended {
        if payloads.is_empty() {
            return Ended::attempted(Received::HandlerAccepted);
        }
        if delivery.hops >= MAX_HOPS {
            return Ended::attempted(Received::Loop);
        }
        let emitted: Vec<Message> = match payloads.into_iter().map(read_emitted).collect() {
            Ok(emitted) => emitted,
            Err(error) => {
                tracing::warn!(destination = %self.destination, message_id = %delivery.id, %error, "nothing is stored");
                return failed(Fault::Failed);
            }
        };
        let plans = match plans(ways, &self.source, &emitted).await {
            Ok(plans) => plans,
            Err(error) => {
                tracing::warn!(destination = %self.destination, message_id = %delivery.id, %error, "nothing is stored");
                return failed(Fault::Failed);
            }
        };
        let planned: Result<Vec<NewMessage>, Untranscodable> = (emitted.iter().zip(&plans))
            .map(|(message, plan)| ways.charsets.planned(message, delivery.hops + 1, plan))
            .collect();
        let messages = match planned {
            Ok(messages) => messages,
            Err(error) => {
                let reason = &error.source;
                tracing::warn!(destination = %self.destination, message_id = %delivery.id, %error, %reason, "nothing is stored");
                return failed(Fault::Failed);
            }
        };
        let unrouted: Vec<String> = (emitted.iter().zip(&plans))
            .filter(|(_, plan)| plan.is_unrouted())
            .map(|(message, _)| message.header().message_code())
            .collect();
        let ended = self.conclude(delivery, messages).await;
        if ended == Ended::Concluded {
            self.tell_unrouted(unrouted);
            for plan in plans {
                ways.withheld.count(&self.source, &plan.withheld);
            }
        }
        ended
    }

    /// Counts and tells of what was emitted and is kept with nowhere to go.
    fn tell_unrouted(&self, types: Vec<String>) {
        self.counters.emitted_unrouted.add(types.len() as u64);
        for message_type in types {
            self.unrouted.tell(&self.source, &message_type);
        }
    }

    /// One record: the delivery has ended, and these are there. Waits while the store takes nothing in.
    async fn conclude(&self, delivery: &Delivery, messages: Vec<NewMessage>) -> Ended {
        let attempts = delivery.sends + 1;
        let outcome = Outcome::Delivered { attempts, reply_code: None, application_due: None };
        let delivery = DeliveryRef { message: delivery.id, destination: self.destination.arc() };
        let accept = Accept {
            received_at: Timestamp::now(),
            listener: self.destination.arc(),
            peer: Name::from(""),
            answer: None,
            messages,
            concludes: Some(Concluded { delivery, outcome }),
        };
        loop {
            match self.store(accept.clone()).await {
                Ok(()) => return Ended::Concluded,
                Err(Some(error @ Refusal::TooLarge { .. })) => {
                    tracing::warn!(destination = %self.destination, %error, "what the handler emitted can never be stored");
                    return Ended::attempted(Received::HandlerRejected);
                }
                Err(_for_now) if self.drain.is_draining() => return Ended::NotSent(None),
                Err(_for_now) => tokio::time::sleep(STORE_RECHECK).await,
            }
        }
    }

    /// Stores the record; without a refusal the space ran out after it was taken.
    async fn store(&self, accept: Accept) -> Result<(), Option<Refusal>> {
        let (ticket, awaited) = self.completions.ticket();
        match self.store.accept(accept, ticket) {
            Ok(()) => awaited.stored().await.map(|_stored| ()).ok_or(None),
            Err(refused) => {
                self.completions.give_back(ticket);
                Err(Some(refused.refusal))
            }
        }
    }
}

/// What the handler says is kept with the delivery, where a peer's answer would be, and goes nowhere else (PHI-1).
fn said(received: Received, text: String) -> Ended {
    Ended::Attempted { received, reply: text.into() }
}

fn failed(fault: Fault) -> Ended {
    Ended::attempted(Received::Handler(fault))
}
