//! MSH-10 values that no other message has: for copies that are sent, and for answers that are given.

use std::time::{SystemTime, UNIX_EPOCH};

/// Digits and capital letters: what every receiver takes.
const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Characters for the moment of the start, in milliseconds: until the year 5188.
const MOMENT_DIGITS: usize = 9;
/// Characters for the process, so that two that start together differ.
const PROCESS_DIGITS: usize = 4;

/// Hands out ids of at most 20 characters (HL7 v2.5, MSH-10): start, process, running number.
#[derive(Debug)]
pub(crate) struct UniqueIds {
    prefix: String,
    given: u64,
}

impl UniqueIds {
    /// Ids of this process, from now.
    pub(crate) fn new() -> Self {
        let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let moment = u64::try_from(moment).unwrap_or_default();
        let process = u64::from(std::process::id());
        Self { prefix: base36(moment, MOMENT_DIGITS) + &base36(process, PROCESS_DIGITS), given: 0 }
    }

    /// The next id.
    pub(crate) fn next(&mut self) -> String {
        self.given += 1;
        format!("{}{}", self.prefix, base36(self.given, 1))
    }
}

/// The number to base 36 with at least `digits` digits.
fn base36(mut number: u64, digits: usize) -> String {
    let mut reversed = Vec::new();
    while number > 0 || reversed.len() < digits {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        reversed.extend(ALPHABET.get(digit).map(|&letter| char::from(letter)));
        number /= 36;
    }
    reversed.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_fit_msh_10() {
        let mut ids = UniqueIds::new();
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first, second);
        assert!(first.len() <= 20 && second.len() <= 20, "{first} {second}");
        ids.given = 10_000_000_000;
        assert!(ids.next().len() <= 20);
    }

    #[test]
    fn numbers_to_base_36_are_padded() {
        assert_eq!([base36(0, 1), base36(35, 1), base36(36, 4)], ["0", "Z", "0010"]);
    }
}
