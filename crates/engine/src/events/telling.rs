//! One connection's part of the events: what it began and has yet to end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::{ConnectionRef, Event, Events, ExceptionReason, StopReason, TARGET};

/// Tells one connection's events. Dropped before [`closed`](Self::closed), it tells a crash.
pub(crate) struct Telling(Option<Open>);

struct Open {
    events: Events,
    reference: ConnectionRef,
    since: Instant,
    message: Option<Message>,
}

/// The message in hand.
struct Message {
    since: Instant,
    /// What had been written on the connection before its answer, in bytes.
    written: usize,
}

impl Telling {
    /// Tells of a new connection.
    pub(crate) fn opened(events: &Events, listener: &Arc<str>, peer: SocketAddr) -> Self {
        if !events.is_wanted() {
            return Self(None);
        }
        let reference = events.next_connection();
        let since = Instant::now();
        events.tell(&Event::ConnectionStart {
            reference,
            system_time: SystemTime::now(),
            listener: Arc::clone(listener),
            peer,
        });
        Self(Some(Open { events: events.clone(), reference, since, message: None }))
    }

    /// Tells of a whole frame; `written` bytes have gone out on this connection so far.
    pub(crate) fn came(&mut self, message_size: usize, written: usize) {
        let Some(open) = &mut self.0 else { return };
        open.message = Some(Message { since: Instant::now(), written });
        open.events.tell(&Event::MessageStart {
            reference: open.reference,
            system_time: SystemTime::now(),
            message_size,
        });
    }

    /// Tells that the message in hand is done with, unless it had an exception; `written` bytes have gone out so far.
    pub(crate) fn answered(&mut self, written: usize) {
        let Some(open) = &mut self.0 else { return };
        let Some(message) = open.message.take() else { return };
        open.events.tell(&Event::MessageStop {
            reference: open.reference,
            duration: message.since.elapsed(),
            response_size: written.saturating_sub(message.written),
        });
    }

    /// Tells that the message in hand, or one that never got so far, has no regular end.
    pub(crate) fn failed(&mut self, reason: ExceptionReason) {
        let Some(open) = &mut self.0 else { return };
        let message = open.message.take();
        open.events.tell(&Event::MessageException {
            reference: open.reference,
            duration: message.map_or(Duration::ZERO, |message| message.since.elapsed()),
            reason,
        });
    }

    /// Tells of the connection's end.
    pub(crate) fn closed(&mut self, reason: StopReason) {
        let Some(open) = self.0.take() else { return };
        open.events.tell(&Event::ConnectionStop {
            reference: open.reference,
            duration: open.since.elapsed(),
            reason,
        });
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.closed(StopReason::Crash);
    }
}

/// The event in `tracing`, with the fields of the typed one. Durations are microseconds.
pub(super) fn trace(event: &Event) {
    match event {
        Event::ConnectionStart { reference, listener, peer, .. } => {
            tracing::debug!(target: TARGET, %reference, %listener, %peer, "connection start");
        }
        Event::ConnectionStop { reference, duration, reason } => {
            let duration_us = duration.as_micros();
            tracing::debug!(target: TARGET, %reference, duration_us, ?reason, "connection stop");
        }
        Event::MessageStart { reference, message_size, .. } => {
            tracing::debug!(target: TARGET, %reference, message_size, "message start");
        }
        Event::MessageStop { reference, duration, response_size } => {
            let duration_us = duration.as_micros();
            tracing::debug!(target: TARGET, %reference, duration_us, response_size, "message stop");
        }
        Event::MessageException { reference, duration, reason } => {
            let duration_us = duration.as_micros();
            let kind = reason.kind();
            tracing::debug!(target: TARGET, %reference, duration_us, kind, ?reason, "message exception");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    type Heard = Arc<Mutex<Vec<Event>>>;

    fn recorded() -> (Events, Heard) {
        let heard = Heard::default();
        let into = Arc::clone(&heard);
        let record = move |event: &Event| into.lock().unwrap().push(event.clone());
        (Events::to(record), heard)
    }

    fn opened(events: &Events) -> Telling {
        Telling::opened(events, &Arc::from("in"), "10.0.0.1:4711".parse().unwrap())
    }

    fn names(heard: &Heard) -> Vec<&'static str> {
        let name = |event: &Event| match event {
            Event::ConnectionStart { .. } => "connection start",
            Event::ConnectionStop { .. } => "connection stop",
            Event::MessageStart { .. } => "message start",
            Event::MessageStop { .. } => "message stop",
            Event::MessageException { .. } => "message exception",
        };
        heard.lock().unwrap().iter().map(name).collect()
    }

    #[test]
    fn a_message_has_one_end_and_its_answer_is_measured() {
        let (events, heard) = recorded();
        let mut telling = opened(&events);
        telling.came(100, 0);
        telling.answered(42);
        telling.came(100, 42);
        telling.failed(ExceptionReason::HandlerCrash);
        telling.answered(80);
        telling.closed(StopReason::Closed);
        drop(telling);
        let expected = [
            "connection start",
            "message start",
            "message stop",
            "message start",
            "message exception",
            "connection stop",
        ];
        assert_eq!(names(&heard), expected);
        let heard = heard.lock().unwrap();
        assert!(matches!(heard[2], Event::MessageStop { response_size: 42, .. }), "{heard:?}");
    }

    #[test]
    fn a_connection_that_ends_without_a_word_crashed() {
        let (events, heard) = recorded();
        drop(opened(&events));
        let heard = heard.lock().unwrap();
        assert!(matches!(heard[1], Event::ConnectionStop { reason: StopReason::Crash, .. }));
    }

    #[test]
    fn a_subscriber_that_panics_is_called_once() {
        let calls = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&calls);
        let events = Events::to(move |_: &Event| {
            *counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += 1;
            panic!("asked to panic");
        });
        let mut telling = opened(&events);
        telling.came(1, 0);
        telling.closed(StopReason::Closed);
        assert_eq!(*calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner), 1);
    }

    #[test]
    fn connections_are_told_apart() {
        let (events, heard) = recorded();
        let (_first, _second) = (opened(&events), opened(&events));
        let heard = heard.lock().unwrap();
        let references: Vec<_> = heard
            .iter()
            .map(|event| match event {
                Event::ConnectionStart { reference, .. } => *reference,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_ne!(references[0], references[1]);
    }
}
