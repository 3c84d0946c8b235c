//! What lies between frames.
//!
//! Line ends, padding and a late CR are what real senders put there, and are dropped without a word. Anything else is
//! junk that someone wants to count, and is handed out as it comes, so that a peer that never sends a VT (HTTP, a TLS
//! hello, a port scanner) costs no memory here.

use bytes::{Buf, BytesMut};

use crate::{CARRIAGE_RETURN, END_BLOCK, LINE_FEED, MAX_LOST_PIECE, START_BLOCK};

/// What was found when looking for the start of a frame.
pub(crate) enum Gap {
    /// No more bytes; the buffer is empty.
    Empty,
    /// Junk, taken out of the buffer.
    Lost(BytesMut),
    /// A VT, taken out of the buffer: a payload begins.
    Start,
}

impl Gap {
    /// Consumes from `buffer` up to the next frame's payload or the end of one piece of junk.
    ///
    /// `after_junk`: junk came since the last frame. What follows it is then lost as well, silent byte or not, so that
    /// the bytes lost do not depend on how the stream was cut.
    pub(crate) fn cross(buffer: &mut BytesMut, after_junk: bool) -> Self {
        if !after_junk {
            let silent = buffer.iter().take_while(|&&byte| is_silent(byte)).count();
            buffer.advance(silent);
        }
        match memchr::memchr(START_BLOCK, buffer) {
            Some(0) => {
                buffer.advance(1);
                Self::Start
            }
            None if buffer.is_empty() => Self::Empty,
            start => {
                let junk = start.unwrap_or(buffer.len());
                Self::Lost(buffer.split_to(junk.min(MAX_LOST_PIECE)))
            }
        }
    }
}

/// Whether senders are known to put `byte` between frames without meaning anything by it.
fn is_silent(byte: u8) -> bool {
    matches!(byte, CARRIAGE_RETURN | LINE_FEED | 0 | b' ' | END_BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_padding_and_a_stray_end_block_are_silent() {
        let mut buffer = BytesMut::from(&b"\r\n\0 \x1C\r\x0Brest"[..]);
        assert!(matches!(Gap::cross(&mut buffer, false), Gap::Start));
        assert_eq!(&buffer[..], b"rest");
    }

    #[test]
    fn silent_bytes_inside_junk_are_lost_with_it() {
        let mut buffer = BytesMut::from(&b"\r\nGET / \r\n\x0B"[..]);
        let Gap::Lost(lost) = Gap::cross(&mut buffer, false) else {
            panic!("junk stands before the VT")
        };
        assert_eq!(&lost[..], b"GET / \r\n");
        assert_eq!(&buffer[..], b"\x0B");
    }

    #[test]
    fn junk_comes_in_bounded_pieces() {
        let mut buffer = BytesMut::from(&vec![b'x'; MAX_LOST_PIECE + 1][..]);
        let Gap::Lost(first) = Gap::cross(&mut buffer, false) else { panic!("all of it is junk") };
        let Gap::Lost(second) = Gap::cross(&mut buffer, true) else {
            panic!("one byte of junk is left")
        };
        assert_eq!((first.len(), second.len()), (MAX_LOST_PIECE, 1));
        assert!(matches!(Gap::cross(&mut buffer, true), Gap::Empty));
    }
}
