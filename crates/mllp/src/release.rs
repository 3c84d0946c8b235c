//! Release 2 of the protocol (HL7 Transport Specification: MLLP, Release 2): below the messages, each block is answered by
//! a block of one byte that says whether its receiver has it for good.
//!
//! ```text
//! sender                       receiver
//!   VT message FS CR ─────────▶  on stable storage?
//!   ◀─────────── VT 06 FS CR     yes: it is the receiver's now
//!   ◀─────────── VT 15 FS CR     no: send the same block again
//!   ◀──────── VT answer FS CR    a block like any other, later
//! ```

/// Which release a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Blocks of content only: the answer of HL7 tells that a message arrived.
    One,
    /// Every block of content is answered by a commit block.
    Two,
}

/// A commit block, which answers a block of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// ACK, 06: the block is on stable storage.
    Acknowledged,
    /// NAK, 15: it is not; the same block is to be sent again.
    Refused,
}

impl Commit {
    /// What a payload is, where it is no content.
    pub fn read(payload: &[u8]) -> Option<Self> {
        match payload {
            [0x06] => Some(Self::Acknowledged),
            [0x15] => Some(Self::Refused),
            _ => None,
        }
    }

    /// The block as it goes out.
    pub fn frame(self) -> &'static [u8] {
        match self {
            Self::Acknowledged => b"\x0b\x06\x1c\r",
            Self::Refused => b"\x0b\x15\x1c\r",
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::encode;

    #[test]
    fn a_commit_block_is_a_frame_of_one_byte() {
        for (commit, byte) in [(Commit::Acknowledged, 0x06), (Commit::Refused, 0x15)] {
            let mut frame = BytesMut::new();
            encode(&[byte], &mut frame);
            assert_eq!(commit.frame(), &frame[..]);
            assert_eq!(Commit::read(&[byte]), Some(commit));
        }
        for content in [&b""[..], b"MSH|", b"\x06\x06", b"\x07"] {
            assert_eq!(Commit::read(content), None);
        }
    }
}
