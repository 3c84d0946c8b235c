//! What is exported of a queue: all that waits in it and all that stopped, or its dead letters, each once and in order.
//!
//! Deliveries go from one state to the other while they are listed, so that each stretch is asked for held, waiting, and
//! held once more: whichever way one goes meanwhile, one of the pages has it.

use std::collections::VecDeque;

use super::protocol::{After, DeliveryRow, DeliveryState, DiscardFrom, MessageId};

/// In which states one stretch is asked for: what is exported is what a discard of all would end.
#[must_use]
pub const fn states(from: DiscardFrom) -> &'static [DeliveryState] {
    match from {
        DiscardFrom::Queue => &[DeliveryState::Held, DeliveryState::Pending, DeliveryState::Held],
        DiscardFrom::Dead => &[DeliveryState::Dead],
    }
}

/// What all the pages have of one stretch, oldest first and each once, and where the next one begins: where the page ends
/// that reaches least far.
#[must_use]
pub fn stretch(
    pages: Vec<(Vec<DeliveryRow>, Option<After>)>,
) -> (VecDeque<MessageId>, Option<After>) {
    let end = pages.iter().filter_map(|(_, next)| next.clone()).min_by_key(|next| next.message);
    let rows = pages.into_iter().flat_map(|(rows, _)| rows);
    let within = |message: &MessageId| end.as_ref().is_none_or(|end| *message <= end.message);
    let mut messages: Vec<MessageId> = rows.map(|row| row.message).filter(within).collect();
    messages.sort_unstable();
    messages.dedup();
    (messages.into(), end)
}

/// The frame of a message as MLLP has it.
#[must_use]
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(body.len() + 3);
    frame.push(0x0B);
    frame.extend_from_slice(body);
    frame.extend_from_slice(&[0x1C, 0x0D]);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(messages: &[u64], next: Option<&str>) -> (Vec<DeliveryRow>, Option<After>) {
        let row = |&number: &u64| DeliveryRow {
            message: MessageId::from_number(number).expect("not 0"),
            destination: "lis".to_owned(),
            state: DeliveryState::Pending,
            control_id: String::new(),
            message_type: String::new(),
            received: String::new(),
            listener: String::new(),
            attempts: 0,
            cause: None,
            due: None,
            size: 0,
        };
        (messages.iter().map(row).collect(), next.map(|next| next.parse().expect("a place")))
    }

    fn numbers(messages: &VecDeque<MessageId>) -> Vec<String> {
        messages.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_stopped_is_exported_among_what_waits_each_once_and_in_order() {
        let held = || page(&[2, 900], None);
        let (messages, next) = stretch(vec![held(), page(&[1, 3, 4], None), held()]);
        assert_eq!(numbers(&messages), ["1", "2", "3", "4", "900"]);
        assert_eq!(next, None);
    }

    #[test]
    fn a_stretch_ends_where_the_page_ends_that_reaches_least_far() {
        let pages = vec![page(&[2, 900], None), page(&[1, 3, 4], Some("4/lis")), page(&[5], None)];
        let (messages, next) = stretch(pages);
        assert_eq!(numbers(&messages), ["1", "2", "3", "4"]);
        assert_eq!(next.map(|next| next.to_string()).as_deref(), Some("4/lis"));
    }
}
