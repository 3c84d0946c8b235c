//! Echoes: of which messages an answer may still come, though nobody waits for it any more.
//!
//! Keeps MATCH-1 where answers come through a listener: until an echo has died away, no other message goes out that its
//! answer would name too. It is in memory: a restart forgets it.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use wardline_store::MessageId;

/// How long an answer may come a second time: peers that answer twice do so in one breath.
const TWICE_WITHIN: Duration = Duration::from_secs(1);

/// Messages of one destination that are remembered at once, some 50 bytes each. That many answered within a second, or
/// unanswered within `ack_timeout`: with more, the next waits.
const MOST_ECHOES: usize = 16_384;

/// The echoes of one destination, by what answers would name. An id counts as its hash: its length is the sender's
/// choice, this memory is ours.
pub(super) struct Echoes {
    ack_timeout: Duration,
    by_id: HashMap<u64, Echo>,
}

struct Echo {
    message: MessageId,
    until: Instant,
}

impl Echoes {
    pub(super) fn new(ack_timeout: Duration) -> Self {
        Self { ack_timeout, by_id: HashMap::new() }
    }

    /// From when on an answer that names this is no other message's; `None`: now.
    pub(super) fn clear_from(
        &mut self,
        message: MessageId,
        id: &[u8],
        now: Instant,
    ) -> Option<Instant> {
        if let Some(echo) = self.by_id.get(&hash(id)) {
            return Some(echo.until).filter(|&until| echo.message != message && until > now);
        }
        if self.by_id.len() < MOST_ECHOES {
            return None;
        }
        self.by_id.retain(|_, echo| echo.until > now);
        let is_full = self.by_id.len() >= MOST_ECHOES;
        self.by_id.values().map(|echo| echo.until).min().filter(|_| is_full)
    }

    /// This message waits no more. Where it was not answered, its answer may take as long again.
    pub(super) fn expect(&mut self, message: MessageId, id: &[u8], answered: bool, now: Instant) {
        let within = if answered { TWICE_WITHIN.min(self.ack_timeout) } else { self.ack_timeout };
        let echo = self.by_id.entry(hash(id)).or_insert(Echo { message, until: now });
        echo.message = message;
        echo.until = echo.until.max(now + within);
    }
}

fn hash(id: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACK_TIMEOUT: Duration = Duration::from_secs(30);

    fn number(number: u64) -> MessageId {
        number.to_string().parse().expect("a number above zero")
    }

    #[test]
    fn an_answer_that_came_may_come_twice_and_then_no_more() {
        let mut echoes = Echoes::new(ACK_TIMEOUT);
        let now = Instant::now();
        echoes.expect(number(1), b"M1", true, now);
        let clear = now + TWICE_WITHIN;
        assert_eq!(echoes.clear_from(number(2), b"M1", now), Some(clear));
        assert_eq!(echoes.clear_from(number(2), b"M1", clear), None);
    }

    #[test]
    fn with_too_many_the_next_waits_for_the_first_to_die_away() {
        let mut echoes = Echoes::new(ACK_TIMEOUT);
        let now = Instant::now();
        for nth in 1..=MOST_ECHOES as u64 {
            assert_eq!(echoes.clear_from(number(nth), &nth.to_be_bytes(), now), None);
            echoes.expect(number(nth), &nth.to_be_bytes(), nth == 1, now);
        }
        let clear = now + TWICE_WITHIN;
        assert_eq!(echoes.clear_from(number(MOST_ECHOES as u64), b"next", now), Some(clear));
        assert_eq!(echoes.clear_from(number(MOST_ECHOES as u64), b"next", clear), None);
    }
}
