//! An order held against what there is, before anything is promised or shown.

use std::sync::Arc;

use wardline_store::MessageId;

use super::{NotReplayed, Replays};
use crate::control::protocol::{MAX_EDITED, MAX_REPLAYED, MessageRange, ReplayMode, ReplayOrder};

impl Replays {
    /// An order that can be met: its messages in the order in which they came, each once.
    pub(super) async fn checked(&self, mut order: ReplayOrder) -> Result<ReplayOrder, NotReplayed> {
        order.messages = self.named(&mut order).await?;
        match order.messages.len() {
            0 => return Err(NotReplayed::Nothing),
            many if many > MAX_REPLAYED => return Err(NotReplayed::TooMany(many)),
            _ => {}
        }
        if let Some(edited) = &order.edited {
            if order.messages.len() > 1 {
                return Err(NotReplayed::EditedSeveral);
            }
            if edited.0.len() > MAX_EDITED {
                return Err(NotReplayed::EditedTooLarge);
            }
            if !wardline_mllp::survives_framing(&edited.0) {
                return Err(NotReplayed::EditedBreaksItsFrame);
            }
        }
        if order.mode == ReplayMode::Reprocess && !order.destinations.is_empty() {
            return Err(NotReplayed::DestinationsOfRoutes);
        }
        let face = Arc::clone(&self.means.faces.borrow());
        let is_there = |wanted: &String| {
            face.destinations.iter().any(|one| one.destination.id.as_str() == wanted)
        };
        match order.destinations.iter().find(|wanted| !is_there(wanted)) {
            Some(missing) => Err(NotReplayed::NoSuchDestination(missing.clone())),
            None => Ok(order),
        }
    }

    /// The messages an order names: by their numbers, and all that there are in its ranges.
    async fn named(&self, order: &mut ReplayOrder) -> Result<Vec<MessageId>, NotReplayed> {
        let mut messages = std::mem::take(&mut order.messages);
        let ranges = apart(std::mem::take(&mut order.ranges));
        messages.sort_unstable();
        messages.dedup();
        let store = Arc::clone(&self.means.store);
        let named = tokio::task::spawn_blocking(move || {
            let named = messages.clone();
            for range in ranges {
                store.numbers(range.first, range.last, &mut |message| {
                    if named.binary_search(&message).is_err() {
                        messages.push(message);
                    }
                    messages.len() <= MAX_REPLAYED
                })?;
            }
            messages.sort_unstable();
            Ok(messages)
        });
        named.await?.map_err(NotReplayed::Store)
    }
}

/// The same messages in ranges that have none in common.
fn apart(mut ranges: Vec<MessageRange>) -> Vec<MessageRange> {
    ranges.sort_unstable_by_key(|range| range.first);
    let mut apart: Vec<MessageRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match apart.last_mut().filter(|last| last.last >= range.first) {
            Some(last) => last.last = last.last.max(range.last),
            None => apart.push(range),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> MessageRange {
        let id = |number| MessageId::from_number(number).expect("not 0");
        MessageRange { first: id(first), last: id(last) }
    }

    #[test]
    fn ranges_that_overlap_name_no_message_twice() {
        let told = apart(vec![range(300, 310), range(1, 200), range(100, 150), range(1, 250)]);
        assert_eq!(told, [range(1, 250), range(300, 310)]);
        assert_eq!(apart(vec![range(1, 4), range(5, 6)]).len(), 2);
        assert_eq!(apart(vec![range(1, 4), range(4, 4)]), [range(1, 4)]);
    }
}
