//! The order book of St. Elsewhere: a handler before the answer, which refuses an order that is placed already.
//!
//! Whoever presses the button twice places two orders, and somebody draws blood twice. Both messages are sound, each has
//! a control id of its own, so neither a rule nor the engine's own look for copies can tell: it takes a memory of the
//! orders that came before. The memory is a help, no promise: it forgets at a restart, and the oldest when it is full.

use std::collections::{HashMap, VecDeque};
use std::process::ExitCode;

use wardline::{Actor, Context, Decision, ErrorCode, Handler, Message, Path, Received, Wardline};

/// A busy day of the whole hospital. One order takes less than 200 bytes.
const MAX_ORDERS: usize = 20_000;

struct OrderBook {
    places: Places,
    placed: Placed,
}

/// What is read of each ORC.
#[derive(Clone, Copy)]
struct Places {
    control: Path,
    number: Path,
}

/// The orders that were placed, each with the control id of the message that placed it.
#[derive(Default)]
struct Placed {
    by: HashMap<String, String>,
    oldest_first: VecDeque<String>,
}

impl Actor for OrderBook {
    type Context = Context<Self>;
}

impl Handler<Received> for OrderBook {
    type Result = Decision;

    fn handle(&mut self, received: Received, _: &mut Context<Self>) -> Decision {
        let order = received.message;
        let message = String::from_utf8_lossy(order.header().control_id()).into_owned();
        let lines = self.places.lines(&order);
        if lines.iter().any(|line| line.is_new() && self.placed.by_another(&line.number, &message))
        {
            let text = "ORC-2: this order is placed already".to_owned();
            return Decision::Reject { code: ErrorCode::DuplicateKeyIdentifier, text };
        }
        for line in lines {
            match line.control.as_str() {
                "NW" => self.placed.enter(line.number, &message),
                "CA" | "DC" => self.placed.strike(&line.number),
                _ => {}
            }
        }
        Decision::Accept
    }
}

/// One ORC.
struct Line {
    control: String,
    /// The placer's, below the facility that sends it.
    number: String,
}

impl Line {
    fn is_new(&self) -> bool {
        self.control == "NW"
    }
}

impl Places {
    fn named() -> Option<Self> {
        Some(Self { control: "ORC-1".parse().ok()?, number: "ORC-2.1".parse().ok()? })
    }

    /// The lines of an order that have a number; without one nobody can tell two of them apart.
    fn lines(self, order: &Message) -> Vec<Line> {
        let count = u16::try_from(order.count_segments("ORC")).unwrap_or(u16::MAX);
        let facility = String::from_utf8_lossy(order.header().sending_facility());
        let numbered = (1..=count).filter_map(|nth| {
            let text = |path: Path| order.text(&path.in_occurrence(nth)).unwrap_or_default();
            let number = text(self.number);
            let line = || Line {
                control: text(self.control).into_owned(),
                number: format!("{facility} {number}"),
            };
            (!number.is_empty()).then(line)
        });
        numbered.collect()
    }
}

impl Placed {
    /// Whether another message placed it. The same one again is a sender that had no answer: that is no second order.
    fn by_another(&self, number: &str, message: &str) -> bool {
        self.by.get(number).is_some_and(|placed| placed != message)
    }

    fn enter(&mut self, number: String, message: &str) {
        if self.by.insert(number.clone(), message.to_owned()).is_none() {
            self.oldest_first.push_back(number);
        }
        if self.oldest_first.len() > MAX_ORDERS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by.remove(&oldest);
        }
    }

    /// A cancelled order may be placed again.
    fn strike(&mut self, number: &str) {
        if self.by.remove(number).is_some() {
            self.oldest_first.retain(|placed| placed != number);
        }
    }
}

fn main() -> ExitCode {
    let Some(places) = Places::named() else { return ExitCode::FAILURE };
    let book = move || OrderBook { places, placed: Placed::default() };
    Wardline::new().handler("order-book", book).main()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_placed_once_until_it_is_cancelled() {
        let mut placed = Placed::default();
        placed.enter("ST-E A-1".into(), "first");
        assert!(placed.by_another("ST-E A-1", "second"));
        assert!(!placed.by_another("ST-E A-1", "first"), "a sender that had no answer");
        assert!(!placed.by_another("ST-W A-1", "second"), "another house");
        placed.strike("ST-E A-1");
        assert!(!placed.by_another("ST-E A-1", "second"));
        assert!(placed.oldest_first.is_empty());
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut placed = Placed::default();
        (0..=MAX_ORDERS).for_each(|number| placed.enter(number.to_string(), "first"));
        assert_eq!(placed.by.len(), MAX_ORDERS);
        assert!(!placed.by_another("0", "second") && placed.by_another("1", "second"));
    }
}
