//! Where segments end: decided once per message, before anything is split.
//!
//! The standard says CR. Files and gateways write LF or CR LF, and dictated text inside a field is full of LF; so the
//! decision falls per message: if any CR occurs, only CR ends a segment and any other LF is data; if none occurs, LF
//! ends segments.

use memchr::memchr;

pub(crate) const CR: u8 = b'\r';
pub(crate) const LF: u8 = b'\n';

/// Which byte ends a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SegmentEnds {
    /// CR where the message has one, LF where it has none.
    #[default]
    Auto,
    /// Only CR; an LF right after it belongs to it, any other is data.
    Cr,
    /// Only LF; a CR right before it, or at the end of the message, belongs to it.
    Lf,
}

/// What was decided for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Cr,
    Lf,
}

impl SegmentEnds {
    /// Decides for a message, given its bytes from MSH on, and tells where its first segment ends.
    pub(crate) fn decide(self, from_header: &[u8]) -> (Ends, usize) {
        let first = |end| memchr(end, from_header).unwrap_or(from_header.len());
        match self {
            Self::Cr => (Ends::Cr, first(CR)),
            Self::Lf => (Ends::Lf, first(LF)),
            Self::Auto => match memchr(CR, from_header) {
                Some(at) => (Ends::Cr, at),
                None => (Ends::Lf, first(LF)),
            },
        }
    }
}

impl Ends {
    /// The byte that ends a segment.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Cr => CR,
            Self::Lf => LF,
        }
    }

    /// A line without the half of its line end that isn't [`Ends::byte`].
    pub(crate) fn trim(self, line: &[u8]) -> &[u8] {
        match self {
            Self::Cr => line.strip_prefix(&[LF]).unwrap_or(line),
            Self::Lf => line.strip_suffix(&[CR]).unwrap_or(line),
        }
    }
}
