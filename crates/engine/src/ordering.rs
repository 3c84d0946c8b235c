//! In which lanes of its destinations a message keeps its order, and where a delivery that comes back out of the store
//! stands towards the others of its destination.
//!
//! ```text
//!                     stored as                 stands, where the destination's order is now
//!                                               fifo         by that key    by another, or none
//!   order = "fifo"    Lane::FIFO                everywhere   everywhere     everywhere
//!   order_by          the lanes of its keys     everywhere   in them        everywhere
//!   order = "none"    Lane::FREE                everywhere   everywhere     free, where none
//! ```
//!
//! What was queued under another order than today's so goes behind everything before it and before everything behind
//! it: a changed order takes effect when that is gone.

use std::collections::BTreeMap;

use wardline_config::{Destination, Order};
use wardline_flow::DestinationId;
use wardline_flow::lane::{self, Lanes};
use wardline_hl7::Message;
use wardline_store::{Lane, limits};

const _: () = assert!(lane::MAX_OTHERS <= limits::MAX_ALSO, "the store takes what flow decides");

/// The orders of all destinations.
#[derive(Debug, Default)]
pub(crate) struct Orders(BTreeMap<DestinationId, Order>);

/// Where a delivery stands towards the others of its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stand {
    /// Beside all.
    Free,
    /// In the lines of these lanes.
    In(Vec<Lane>),
    /// In the line of every lane.
    Everywhere,
}

impl Orders {
    pub(crate) fn of(destinations: &[Destination]) -> Self {
        let not_in_one_line = destinations.iter().filter(|one| one.order != Order::Fifo);
        Self(not_in_one_line.map(|one| (one.id.clone(), one.order.clone())).collect())
    }

    /// The lane of a message, and those beside it.
    pub(crate) fn lanes(
        &self,
        destination: &DestinationId,
        message: &Message,
    ) -> (Lane, Vec<Lane>) {
        match self.0.get(destination) {
            None | Some(Order::Fifo) => (Lane::FIFO, Vec::new()),
            Some(Order::None) => (Lane::FREE, Vec::new()),
            Some(Order::ByKey(by)) => match by.lanes(message) {
                Lanes::Every => (Lane::ALL, Vec::new()),
                Lanes::Keyed { own, others } => (Lane(own), others.into_iter().map(Lane).collect()),
            },
        }
    }
}

impl Stand {
    /// Where a delivery stands that is stored in these lanes.
    pub(crate) fn of(order: &Order, lane: Lane, also: Vec<Lane>) -> Self {
        match order {
            Order::None if lane == Lane::FREE => Self::Free,
            Order::ByKey(by) if by.gave(lane.0) => {
                let mut lanes = also;
                lanes.push(lane);
                Self::In(lanes)
            }
            Order::Fifo | Order::None | Order::ByKey(_) => Self::Everywhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use wardline_flow::KeyOrder;

    use super::*;

    fn by(path: &str) -> Order {
        Order::ByKey(KeyOrder::new(path.parse().expect("a path"), "MR"))
    }

    fn stored_under(order: &Order) -> (Lane, Vec<Lane>) {
        let message = "MSH|^~\\&|A|B|C|D|||ADT^A40|M1|P|2.5\rPID|1||17\rMRG|23\r";
        let message = Message::parse(message.into()).expect("a message");
        let id = DestinationId::from("lis");
        Orders([(id.clone(), order.clone())].into_iter().collect()).lanes(&id, &message)
    }

    #[test]
    fn what_was_queued_under_another_order_stands_in_every_line() {
        let orders = [Order::Fifo, Order::None, by("PID-3"), by("PV1-19")];
        for before in &orders {
            let (lane, also) = stored_under(before);
            for now in &orders {
                let stand = Stand::of(now, lane, also.clone());
                let same_order = before == now && *now != Order::Fifo && lane != Lane::ALL;
                assert_eq!(stand == Stand::Everywhere, !same_order, "{before:?}, then {now:?}");
            }
        }
        let (lane, also) = stored_under(&by("PID-3"));
        let Stand::In(lanes) = Stand::of(&by("PID-3"), lane, also) else { panic!("in its lanes") };
        assert_eq!(lanes.len(), 2, "a merge stands in two");
    }
}
