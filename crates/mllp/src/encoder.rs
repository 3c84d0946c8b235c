//! Payload to frame.
//!
//! A frame is built contiguously so that it leaves in one write: some receivers take each read for a whole message.

use bytes::{BufMut, BytesMut};

use crate::boundary::Boundary;
use crate::{CARRIAGE_RETURN, END_BLOCK, FrameEnd, START_BLOCK};

/// How many bytes framing adds to a payload.
const OVERHEAD: usize = 3;

/// The length in bytes of the frame around a payload of `payload_len` bytes.
pub const fn encoded_len(payload_len: usize) -> usize {
    payload_len + OVERHEAD
}

/// Appends the frame around `payload` to `buffer`, growing it at most once.
///
/// The protocol has no escape, so the payload goes out as it is; [`survives_framing`] tells whether a receiver will get
/// it back whole.
pub fn encode(payload: &[u8], buffer: &mut BytesMut) {
    buffer.reserve(encoded_len(payload.len()));
    buffer.put_u8(START_BLOCK);
    buffer.put_slice(payload);
    buffer.put_slice(&[END_BLOCK, CARRIAGE_RETURN]);
}

/// Whether a receiver that decodes with [`FrameEnd::Auto`] gets `payload` back whole: no byte of it ends the frame or
/// begins a new one.
///
/// True for whatever came out of a frame decoded with [`FrameEnd::Auto`]. Worth asking for what a program or a person
/// wrote, since a frame that ends early is a message cut in two.
pub fn survives_framing(payload: &[u8]) -> bool {
    let mut marks = memchr::memchr2_iter(END_BLOCK, START_BLOCK, payload);
    marks.all(|mark| {
        match payload.get(mark..).map(|found| Boundary::judge(found, FrameEnd::Auto)) {
            Some(Boundary::End { .. } | Boundary::Restart) => false,
            // What is still unknown at the end of the payload is decided by the FS CR behind it, as payload.
            Some(Boundary::Payload | Boundary::Unknown) | None => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_the_payload_between_vt_and_fs_cr() {
        let mut buffer = BytesMut::from(&b"before"[..]);
        encode(b"Hello World", &mut buffer);
        assert_eq!(&buffer[..], b"before\x0BHello World\x1C\r");
        assert_eq!(buffer.len() - b"before".len(), encoded_len(b"Hello World".len()));
    }

    #[test]
    fn an_empty_payload_makes_the_empty_frame() {
        let mut buffer = BytesMut::new();
        encode(b"", &mut buffer);
        assert_eq!(&buffer[..], b"\x0B\x1C\r");
    }

    #[test]
    fn a_payload_that_would_be_cut_is_recognised() {
        for whole in [&b""[..], b"MSH|", b"a\x1Cb", b"a\x1C", b"a\x0Bb", b"a\x0B\rMS"] {
            assert!(survives_framing(whole), "{whole:?}");
        }
        for cut in [&b"a\x1C\rb"[..], b"a\x1C\n", b"a\x1C\x0B", b"a\x0BMSH|", b"\x0B\r\nBHS|"] {
            assert!(!survives_framing(cut), "{cut:?}");
        }
    }
}
