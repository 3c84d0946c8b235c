//! Messages with a delivery in a state that has not ended: the index has them, so nobody walks a million that have.

use std::time::Instant;

use super::question::{Search, StateFilter};
use crate::api::{DeliveryState, Name};
use crate::core::Core;

/// Above so many it is not worth it: a walk finds a page of them soon.
const MOST: u64 = 50_000;

/// Deliveries looked at before the index is let go for others.
const AT_ONCE: usize = 5000;

/// The messages that may be in the state asked for, oldest first; `None` = another state is asked for, or the index
/// cannot say it quickly.
pub(super) fn messages(core: &Core, search: &Search) -> Option<Vec<u64>> {
    let wanted = match search.state? {
        StateFilter::Pending => DeliveryState::Pending,
        StateFilter::Held => DeliveryState::Held,
        StateFilter::Dead => DeliveryState::Dead,
        StateFilter::Delivered
        | StateFilter::Returned
        | StateFilter::Discarded
        | StateFilter::Unrouted
        | StateFilter::Rejected => return None,
    };
    let destinations = destinations(core, search, wanted)?;
    let mut messages = Vec::new();
    for destination in destinations {
        gather(core, search, &destination, wanted, &mut messages)?;
    }
    messages.sort_unstable();
    messages.dedup();
    Some(messages)
}

/// The destinations that have any.
fn destinations(core: &Core, search: &Search, wanted: DeliveryState) -> Option<Vec<Name>> {
    let asked = core.index.with_now(|view| {
        view.catch_up(&core.segments, core.progress.durable())?;
        let (mut destinations, mut all) = (view.destinations(), 0);
        destinations.retain(|name| search.destination.as_ref().is_none_or(|asked| asked == name));
        let mut with_any = Vec::new();
        for destination in destinations {
            let counts = view.counts(&destination)?;
            let count = match wanted {
                DeliveryState::Pending => counts.pending,
                DeliveryState::Held => counts.held,
                DeliveryState::Dead => counts.dead,
            };
            all += count;
            if count > 0 {
                with_any.push(destination);
            }
        }
        Ok((with_any, all))
    });
    asked.ok().filter(|(_, all)| *all <= MOST).map(|(destinations, _)| destinations)
}

fn gather(
    core: &Core,
    search: &Search,
    destination: &Name,
    wanted: DeliveryState,
    messages: &mut Vec<u64>,
) -> Option<()> {
    let mut from = 0;
    while Instant::now() < search.deadline {
        let mut looked = 0;
        let mut next = None;
        let scanned = core.index.with_now(|view| {
            view.each(destination, from, |found| {
                if looked >= AT_ONCE {
                    next = Some(found.number);
                    return false;
                }
                looked += 1;
                if found.entry.state.stands == wanted {
                    messages.push(found.number);
                }
                true
            })
        });
        scanned.ok()?;
        match next {
            Some(number) => from = number,
            None => return Some(()),
        }
    }
    None
}
