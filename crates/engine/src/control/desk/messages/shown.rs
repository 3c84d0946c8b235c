//! What the history knows, in the words of the protocol.

use wardline_store::history::{
    Happened, HistoryDelivery, HistoryEvent, HistoryRow, HistoryState, KeyKind, Stopped,
};
use wardline_store::{KeptRefusal, StoredAnswer};

use super::super::super::protocol::{
    AnswerRow, DeliveryFate, EventRow, FateRow, MessageEvent, MessageRow, OriginRow, RefusalRow,
};

/// One message, without the keys that are content.
pub(super) fn row(row: &HistoryRow) -> MessageRow {
    let key = |kind| {
        let value = row.key(kind).map(|value| String::from_utf8_lossy(value).into_owned());
        value.unwrap_or_default()
    };
    MessageRow {
        message: row.message,
        received: row.received_at,
        listener: row.listener.to_string(),
        peer: row.peer.to_string(),
        size: row.bytes,
        control_id: key(KeyKind::ControlId),
        message_type: key(KeyKind::MessageType),
        sender: key(KeyKind::Sender),
        receiver: key(KeyKind::Receiver),
        marks: row.marks.words().map(str::to_owned).collect(),
        hops: row.hops,
        answer: row.answer.as_ref().map(answer),
        refusal: row.refusal.as_ref().map(refusal),
        unreadable: row.unreadable,
        origin: row.origin.map(|origin| OriginRow { job: origin.job, message: origin.message }),
        destinations: row.destinations.iter().map(fate).collect(),
    }
}

fn answer(answer: &StoredAnswer) -> AnswerRow {
    AnswerRow { code: code(answer.code), control_id: answer.control_id.to_string(), at: answer.at }
}

fn refusal(refusal: &KeptRefusal) -> RefusalRow {
    RefusalRow { code: code(refusal.code), cause: refusal.cause.to_string() }
}

fn fate(delivery: &HistoryDelivery) -> FateRow {
    FateRow {
        destination: delivery.destination.to_string(),
        state: delivery.state.into(),
        attempts: delivery.attempts,
        at: delivery.at,
        cause: delivery.cause.as_ref().map(ToString::to_string),
        reply_code: delivery.reply_code.map(code),
    }
}

/// MSA-1, which is of a peer: two letters, or what they are not.
fn code(code: [u8; 2]) -> String {
    code.map(|byte| if byte.is_ascii_graphic() { char::from(byte) } else { '?' }).iter().collect()
}

/// One thing that happened, a peer's answer by its size.
pub(super) fn event(event: HistoryEvent) -> EventRow {
    let what = match event.what {
        Happened::Received { listener, peer, bytes, marks } => MessageEvent::Received {
            listener: listener.to_string(),
            peer: peer.to_string(),
            size: bytes,
            marks: marks.words().map(str::to_owned).collect(),
        },
        Happened::Answered(given) => MessageEvent::Answered(answer(&given)),
        Happened::Refused(why) => MessageEvent::Refused(refusal(&why)),
        Happened::Delivered { attempts, reply_code, application_due } => {
            MessageEvent::Delivered { attempts, reply_code: reply_code.map(code), application_due }
        }
        Happened::Deferred { attempts, due, cause } => {
            MessageEvent::Deferred { attempts, due, cause: cause.to_string() }
        }
        Happened::Dead(Stopped { attempts, cause, reply }) => MessageEvent::Dead {
            attempts,
            cause: cause.to_string(),
            reply_size: reply.map_or(0, |reply| reply.len() as u64),
        },
        Happened::Held(Stopped { attempts, cause, reply }) => MessageEvent::Held {
            attempts,
            cause: cause.to_string(),
            reply_size: reply.map_or(0, |reply| reply.len() as u64),
        },
        Happened::Returned => MessageEvent::Returned,
        Happened::Discarded { by, reason } => {
            MessageEvent::Discarded { by: by.to_string(), reason: reason.to_string() }
        }
        Happened::Revived { by } => MessageEvent::Revived { by: by.to_string() },
        Happened::Carried { state, attempts, cause } => MessageEvent::Carried {
            state: HistoryState::from(state).into(),
            attempts,
            cause: cause.as_ref().map(ToString::to_string),
        },
    };
    EventRow { at: event.at, destination: event.destination.map(|name| name.to_string()), what }
}

impl From<HistoryState> for DeliveryFate {
    fn from(state: HistoryState) -> Self {
        match state {
            HistoryState::Pending => Self::Pending,
            HistoryState::Held => Self::Held,
            HistoryState::Dead => Self::Dead,
            HistoryState::Delivered => Self::Delivered,
            HistoryState::Returned => Self::Returned,
            HistoryState::Discarded => Self::Discarded,
        }
    }
}
