//! What comes out of a stream: frames, and what lay outside of them.
//!
//! The types between [`Decoder`](crate::Decoder) and whoever reads from it. A payload may be a patient's record, so
//! every type that holds bytes shows only their number (PHI-1).

use std::fmt;

use bytes::BytesMut;

/// What a receiver takes as the end of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FrameEnd {
    /// FS CR; or FS followed by VT, by LF, by the end of the stream, or by [`FS_SILENCE`](crate::FS_SILENCE). FS before
    /// any other byte is payload.
    #[default]
    Auto,
    /// FS CR and nothing else. Any other FS is payload.
    FsCr,
    /// Any FS, whatever follows it.
    Fs,
}

/// How a frame ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// By FS CR, as the standard has it.
    FsCr,
    /// By FS, and the VT of the next frame came where CR belongs.
    FsVt,
    /// By FS LF.
    FsLf,
    /// By FS, and then the peer fell silent.
    FsSilence,
    /// By FS, and then the stream ended.
    FsEndOfStream,
    /// By FS alone, under [`FrameEnd::Fs`].
    Fs,
}

impl Ended {
    /// Whether the sender departs from the standard in a way that is accepted but worth counting.
    ///
    /// [`Ended::Fs`] is not: that end was asked for.
    pub fn is_lint(self) -> bool {
        match self {
            Self::FsCr | Self::Fs => false,
            Self::FsVt | Self::FsLf | Self::FsSilence | Self::FsEndOfStream => true,
        }
    }
}

/// One frame without its framing bytes.
#[derive(PartialEq, Eq)]
pub struct Frame {
    /// Every byte between the start block and the end block, as it came (RAW-1). It may be empty.
    pub payload: BytesMut,
    /// How the frame ended.
    pub ended: Ended,
    /// How many VT bytes the payload holds. A message has no business with any, so more than none is a lint.
    pub inner_vt: usize,
}

impl fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Frame")
            .field("payload_bytes", &self.payload.len())
            .field("ended", &self.ended)
            .field("inner_vt", &self.inner_vt)
            .finish()
    }
}

/// One thing found in a stream.
#[derive(PartialEq, Eq)]
pub enum Decoded {
    /// A whole frame.
    Frame(Frame),
    /// Bytes outside of any frame, at most [`MAX_LOST_PIECE`](crate::MAX_LOST_PIECE) of them; longer junk comes in
    /// several pieces. CR, LF, NUL, space and FS between frames are dropped without this, unless junk came before them.
    Lost(BytesMut),
    /// An unfinished frame was dropped because a new one began inside it.
    Abandoned {
        /// How much of its payload had come, in bytes.
        bytes: usize,
    },
}

impl fmt::Debug for Decoded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(frame) => frame.fmt(formatter),
            Self::Lost(lost) => formatter.debug_struct("Lost").field("bytes", &lost.len()).finish(),
            Self::Abandoned { bytes } => {
                formatter.debug_struct("Abandoned").field("bytes", bytes).finish()
            }
        }
    }
}
