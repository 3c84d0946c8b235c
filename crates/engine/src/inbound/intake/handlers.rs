//! Showing a message to handlers, one after the other: none decides for longer than the listener lets it.

use wardline_flow::{HandlerName, Refusal, RefusalCause, Route};
use wardline_hl7::Message;

use super::{Decided, Intake};
use crate::events::ExceptionReason;
use crate::handler::{Called, HandlerFault, Received, Verdict, read_emitted};
use crate::inbound::answer::{failure, rejection};
use crate::observe::ListenerCounters;

impl Intake {
    /// The handlers of the listener, then those of each route that matches, in the order of the file, each once.
    pub(super) fn handlers_of<'a>(&'a self, routes: &[&'a Route]) -> Vec<&'a HandlerName> {
        let mut names: Vec<&HandlerName> = Vec::new();
        for name in self.listener.handlers.iter().chain(routes.iter().flat_map(|r| &r.handlers)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Shows the message to one handler: what it emits instead, or why the message goes no further.
    pub(super) async fn show(
        &self,
        name: &HandlerName,
        received: Received,
        counters: &ListenerCounters,
    ) -> Result<Option<Vec<Message>>, Decided> {
        let called = match self.ways.callers.get(name) {
            Some(caller) => caller.call(received, self.listener.handler_timeout).await,
            None => Called::Fault(HandlerFault::Down),
        };
        let (refusal, reason) = match called {
            Called::Verdict(Verdict::Accept) => return Ok(None),
            Called::Verdict(Verdict::Emit(payloads)) => {
                match payloads.into_iter().map(read_emitted).collect() {
                    Ok(messages) => return Ok(Some(messages)),
                    Err(error) => {
                        let text = format!("handler {name}: {error}");
                        (failure(RefusalCause::HandlerFault, text), ExceptionReason::HandlerError)
                    }
                }
            }
            Called::Verdict(Verdict::Reject { code, text }) => {
                return Err(Decided::Refuse(rejection(RefusalCause::Handler, code, text)));
            }
            Called::Verdict(Verdict::Fail { text }) => {
                (failure(RefusalCause::HandlerFault, text), ExceptionReason::HandlerError)
            }
            Called::Verdict(Verdict::Panicked) => fault(name, HandlerFault::Panicked),
            Called::Fault(kind) => fault(name, kind),
        };
        counters.handler_faults.one();
        Err(Decided::Undecided { refusal, reason })
    }
}

fn fault(name: &HandlerName, fault: HandlerFault) -> (Refusal, ExceptionReason) {
    let (text, reason) = match fault {
        HandlerFault::Panicked => {
            (format!("handler {name} failed on this message"), ExceptionReason::HandlerCrash)
        }
        HandlerFault::TimedOut => {
            (format!("handler {name} did not decide in time"), ExceptionReason::HandlerTimeout)
        }
        HandlerFault::Busy => {
            (format!("handler {name} had no instance free in time"), ExceptionReason::HandlerBusy)
        }
        HandlerFault::Down => (format!("handler {name} is down"), ExceptionReason::HandlerDown),
    };
    (failure(RefusalCause::HandlerFault, text), reason)
}
