//! What a sink got, and what is held against it.

use std::collections::{HashMap, HashSet};
use std::fmt;

use wardline_tests::sink::Arrived;

use crate::load::recognise;

/// The messages that a sink got.
pub(crate) struct Received {
    sink: &'static str,
    /// Each message once, in the order in which it came first: sender and number.
    pub(crate) firsts: Vec<(usize, u64)>,
    times: HashMap<(usize, u64), usize>,
}

impl Received {
    /// Nothing yet.
    pub(crate) fn by(sink: &'static str) -> Self {
        Self { sink, firsts: Vec::new(), times: HashMap::new() }
    }

    /// More; panics unless every message is one of ours, byte for byte.
    pub(crate) fn add(&mut self, arrived: &[Arrived]) {
        for one in arrived {
            let id = recognise(&one.payload).unwrap_or_else(|| {
                panic!("RAW-1: {} got half a message: {}", self.sink, one.control_id)
            });
            let times = self.times.entry(id).or_default();
            if *times == 0 {
                self.firsts.push(id);
            }
            *times += 1;
        }
    }

    /// Panics unless the first `count` messages of this sender are there.
    pub(crate) fn has_all(&self, sender: usize, count: u64) {
        let missing: Vec<u64> =
            (0..count).filter(|&number| !self.times.contains_key(&(sender, number))).collect();
        assert!(
            missing.is_empty(),
            "ACK-1: {} never got {missing:?} of sender {sender}",
            self.sink
        );
    }

    /// Panics unless each sender's messages came in the order in which it sent them.
    pub(crate) fn is_in_order(&self) {
        let mut last = HashMap::new();
        for &(sender, number) in &self.firsts {
            let before = last.insert(sender, number);
            assert!(
                before.is_none_or(|before| before < number),
                "ORDER-1: {} got {number} of sender {sender} behind {before:?}",
                self.sink
            );
        }
    }

    /// Panics unless each of these came more than once.
    pub(crate) fn has_twice(&self, messages: &HashSet<(usize, u64)>) {
        for message in messages {
            let times = self.times.get(message).copied().unwrap_or_default();
            assert!(
                times > 1,
                "{} was killed over {message:?} and got it {times} times",
                self.sink
            );
        }
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again: usize = self.times.values().map(|times| times - 1).sum();
        write!(
            f,
            "{}: {} messages, {again} came again with their MSH-10",
            self.sink,
            self.times.len()
        )
    }
}
