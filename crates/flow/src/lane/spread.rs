//! How messages spread over lanes, and so what an order by key would be worth: asked before it is switched on.
//!
//! ```text
//!   A   ■ ■ ─ ■ ─ ─ ■          8 messages one after the other take 8 turns in one line;
//!   B   ■ ─ ■ ╝   ─ ■          by key the longest chain is 5: at most 1.6 times as fast,
//!   all         ■              and a second connection is the last that helps
//! ```

use std::collections::HashMap;

use super::Lanes;

/// What some messages, in their order, say about an order by key.
#[derive(Debug, Default)]
pub struct Spread {
    messages: u64,
    merges: u64,
    barriers: u64,
    of_keys: HashMap<u64, Line>,
    /// The longest chain up to the last that stands in every line.
    floor: u64,
    longest: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Line {
    messages: u64,
    /// Of messages that each must wait for the one before.
    chain: u64,
}

impl Spread {
    /// The next message has these lanes.
    pub fn add(&mut self, lanes: &Lanes) {
        self.messages += 1;
        let chain = match lanes {
            Lanes::Every => {
                self.barriers += 1;
                self.floor = self.longest + 1;
                self.floor
            }
            Lanes::Keyed { own, others } => {
                self.merges += u64::from(!others.is_empty());
                let in_lines = || others.iter().chain([own]);
                let before = in_lines().filter_map(|lane| self.of_keys.get(lane));
                let before = before.map(|line| line.chain).max().unwrap_or_default();
                let chain = before.max(self.floor) + 1;
                for lane in in_lines() {
                    let line = self.of_keys.entry(*lane).or_default();
                    line.chain = chain;
                    line.messages += 1;
                }
                chain
            }
        };
        self.longest = self.longest.max(chain);
    }

    /// How many messages there were.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// How many keys.
    pub fn keys(&self) -> u64 {
        self.of_keys.len() as u64
    }

    /// How many messages stand in the lines of several keys.
    pub fn merges(&self) -> u64 {
        self.merges
    }

    /// How many stand in every line.
    pub fn barriers(&self) -> u64 {
        self.barriers
    }

    /// So many messages has the key of which `percent` of all keys have no more.
    pub fn messages_of_key(&self, percent: usize) -> u64 {
        let mut counts: Vec<u64> = self.of_keys.values().map(|line| line.messages).collect();
        counts.sort_unstable();
        let rank = (counts.len() * percent).div_ceil(100).max(1);
        counts.get(rank - 1).copied().unwrap_or_default()
    }

    /// The longest chain of messages that each must wait for the one before.
    pub fn longest_chain(&self) -> u64 {
        self.longest
    }

    /// How many times as fast as one line they could be delivered at most, with connections enough.
    #[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
    pub fn at_most_faster(&self) -> f64 {
        self.messages as f64 / self.longest.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(messages: &[&[u64]]) -> Spread {
        let mut spread = Spread::default();
        for lanes in messages {
            spread.add(&match lanes {
                [] => Lanes::Every,
                [own, others @ ..] => Lanes::Keyed { own: *own, others: others.to_vec() },
            });
        }
        spread
    }

    #[test]
    fn the_longest_chain_goes_through_merges_and_barriers() {
        let chain = |messages| spread(messages).longest_chain();
        assert_eq!(chain(&[&[1], &[2], &[3]]), 1);
        assert_eq!(chain(&[&[1], &[1], &[2]]), 2);
        assert_eq!(chain(&[&[1], &[1], &[2, 1], &[2]]), 4);
        assert_eq!(chain(&[&[1], &[2], &[], &[1], &[2]]), 3);
        assert_eq!(chain(&[&[], &[], &[1]]), 3);
    }

    #[test]
    fn messages_are_counted_by_what_they_stand_in() {
        let spread = spread(&[&[1], &[1], &[1], &[2], &[3, 2], &[]]);
        assert_eq!((spread.messages(), spread.keys()), (6, 3));
        assert_eq!((spread.merges(), spread.barriers()), (1, 1));
        assert_eq!([50, 99, 100].map(|percent| spread.messages_of_key(percent)), [2, 3, 3]);
        assert!((spread.at_most_faster() - 1.5).abs() < f64::EPSILON);
    }

    #[test]
    fn nothing_at_all_is_no_division_by_zero() {
        let nothing = spread(&[]);
        assert_eq!((nothing.messages_of_key(50), nothing.longest_chain()), (0, 0));
        assert!(nothing.at_most_faster().abs() < f64::EPSILON);
    }
}
