//! An order held against what there is, before anything is promised or shown.

use std::sync::Arc;

use wardline_store::MessageId;

use super::{NotReplayed, Replays};
use crate::control::protocol::{MAX_EDITED, MAX_REPLAYED, ReplayMode, ReplayOrder};

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
        let ranges = std::mem::take(&mut order.ranges);
        let store = Arc::clone(&self.means.store);
        let named = tokio::task::spawn_blocking(move || {
            for range in ranges {
                store.numbers(range.first, range.last, &mut |message| {
                    messages.push(message);
                    messages.len() <= MAX_REPLAYED
                })?;
            }
            messages.sort_unstable();
            messages.dedup();
            Ok(messages)
        });
        named.await?.map_err(NotReplayed::Store)
    }
}
