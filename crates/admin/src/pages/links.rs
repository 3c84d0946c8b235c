//! The addresses of the pages of the watch: each number leads to its list by one of these.

use std::fmt::Write as _;

/// The first page.
pub(crate) const OVERVIEW: &str = "/";
/// All listeners and destinations.
pub(crate) const INTERFACES: &str = "/interfaces";
/// All queues.
pub(crate) const QUEUES: &str = "/queues";
/// All dead letters.
pub(crate) const DEAD: &str = "/dead";

/// One listener or destination.
pub(crate) fn interface(id: &str) -> String {
    format!("{INTERFACES}/{}", part(id))
}

/// The queue of one destination.
pub(crate) fn queue(id: &str) -> String {
    format!("{QUEUES}/{}", part(id))
}

/// The dead letters of one destination.
pub(crate) fn dead(id: &str) -> String {
    format!("{DEAD}/{}", part(id))
}

/// One message.
pub(crate) fn message(number: impl std::fmt::Display) -> String {
    format!("/messages/{number}")
}

/// Interfaces in one state.
pub(crate) fn interfaces_in(state: &str) -> String {
    format!("{INTERFACES}?state={state}")
}

/// An id as a part of an address: whatever it is made of, it is one part.
pub(crate) fn part(id: &str) -> String {
    let mut escaped = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => {
                let _infallible = write!(escaped, "%{other:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_part_of_an_address_whatever_it_is_made_of() {
        assert_eq!(interface("lab-in.2"), "/interfaces/lab-in.2");
        assert_eq!(queue("a/b?c\"d"), "/queues/a%2Fb%3Fc%22d");
    }
}
