//! What an FS or a VT inside a frame means.
//!
//! The two framing bytes also occur where they frame nothing: in dictated text, in images, after a sender restarted in
//! the middle of a frame. What follows them decides, and nothing before them does, so this is a function of the bytes
//! from there on:
//!
//! ```text
//!                          auto           fs-cr          fs
//!   FS CR                  end            end            end
//!   FS LF, FS VT           end (lint)     payload        end
//!   FS other               payload        payload        end
//!   FS and no more yet     unknown        unknown        end
//!   VT lead header         a new frame begins, the unfinished one is dropped
//!   VT lead and no more    unknown
//!   VT other               payload (lint)
//! ```
//!
//! A lead is any sequence of CR, LF and UTF-8 byte order marks; a header is `MSH`, `FHS` or `BHS`.

use crate::{CARRIAGE_RETURN, END_BLOCK, Ended, FrameEnd, LINE_FEED, START_BLOCK};

/// How many bytes may lie between a VT inside a frame and the header that makes it a start. It bounds the wait for that
/// header and what is searched again after each read; a line end and a byte order mark are the most that was ever seen.
const MAX_HEADER_LEAD: usize = 64;

/// The segments that can open a payload: a message, a file of batches, a batch (HL7 v2, section 2.10.3).
const HEADERS: [&[u8]; 3] = [b"MSH", b"FHS", b"BHS"];

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a framing byte inside a frame turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// A byte of the payload.
    Payload,
    /// The end of the frame.
    End {
        /// How it ended.
        ended: Ended,
        /// How many bytes belong to the end, to be dropped with it.
        width: usize,
    },
    /// The start of a new frame inside the unfinished one.
    Restart,
    /// The bytes that decide have not come yet.
    Unknown,
}

impl Boundary {
    /// Judges `found`, which begins with the framing byte and holds all that has come after it; empty where no framing
    /// byte has come yet.
    pub(crate) fn judge(found: &[u8], frame_end: FrameEnd) -> Self {
        match found {
            [END_BLOCK, after @ ..] => Self::judge_end(after.first().copied(), frame_end),
            [START_BLOCK, after @ ..] => Self::judge_start(after),
            [] => Self::Unknown,
            _ => Self::Payload,
        }
    }

    fn judge_end(next: Option<u8>, frame_end: FrameEnd) -> Self {
        match (frame_end, next) {
            (FrameEnd::Fs, _) => Self::End { ended: Ended::Fs, width: 1 },
            (FrameEnd::Auto | FrameEnd::FsCr, None) => Self::Unknown,
            (FrameEnd::Auto | FrameEnd::FsCr, Some(CARRIAGE_RETURN)) => {
                Self::End { ended: Ended::FsCr, width: 2 }
            }
            (FrameEnd::Auto, Some(LINE_FEED)) => Self::End { ended: Ended::FsLf, width: 2 },
            // The VT stays: it begins the next frame.
            (FrameEnd::Auto, Some(START_BLOCK)) => Self::End { ended: Ended::FsVt, width: 1 },
            (FrameEnd::Auto | FrameEnd::FsCr, Some(_)) => Self::Payload,
        }
    }

    fn judge_start(after: &[u8]) -> Self {
        let mut rest = after;
        while let Some(shorter) = strip_lead(rest) {
            if after.len() - shorter.len() > MAX_HEADER_LEAD {
                return Self::Payload;
            }
            rest = shorter;
        }
        if HEADERS.iter().any(|header| rest.starts_with(header)) {
            Self::Restart
        } else if HEADERS.iter().chain([&BYTE_ORDER_MARK]).any(|awaited| awaited.starts_with(rest))
        {
            Self::Unknown
        } else {
            Self::Payload
        }
    }
}

/// `bytes` without the one piece of lead it begins with.
fn strip_lead(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [CARRIAGE_RETURN | LINE_FEED, rest @ ..] => Some(rest),
        _ => bytes.strip_prefix(BYTE_ORDER_MARK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(found: &[u8]) -> Boundary {
        Boundary::judge(found, FrameEnd::Auto)
    }

    #[test]
    fn an_end_block_is_judged_by_the_byte_behind_it() {
        let end = |ended, width| Boundary::End { ended, width };
        for (found, in_auto, in_fs_cr) in [
            (&b"\x1C\r"[..], end(Ended::FsCr, 2), end(Ended::FsCr, 2)),
            (b"\x1C\n", end(Ended::FsLf, 2), Boundary::Payload),
            (b"\x1C\x0B", end(Ended::FsVt, 1), Boundary::Payload),
            (b"\x1C\x1C", Boundary::Payload, Boundary::Payload),
            (b"\x1Cx", Boundary::Payload, Boundary::Payload),
            (b"\x1C", Boundary::Unknown, Boundary::Unknown),
        ] {
            assert_eq!(auto(found), in_auto, "auto, {found:?}");
            assert_eq!(Boundary::judge(found, FrameEnd::FsCr), in_fs_cr, "fs-cr, {found:?}");
            assert_eq!(Boundary::judge(found, FrameEnd::Fs), end(Ended::Fs, 1), "fs, {found:?}");
        }
    }

    #[test]
    fn a_start_block_before_a_header_begins_a_new_frame() {
        for found in [
            &b"\x0BMSH"[..],
            b"\x0BFHS|",
            b"\x0BBHS|",
            b"\x0B\r\nMSH|",
            b"\x0B\xEF\xBB\xBFMSH|",
            b"\x0B\r\xEF\xBB\xBF\nBHS",
        ] {
            assert_eq!(auto(found), Boundary::Restart, "{found:?}");
        }
    }

    #[test]
    fn a_start_block_waits_only_while_a_header_can_still_follow() {
        for found in
            [&b"\x0B"[..], b"\x0BM", b"\x0BMS", b"\x0BF", b"\x0B\r", b"\x0B\xEF\xBB", b"\x0B\r\nB"]
        {
            assert_eq!(auto(found), Boundary::Unknown, "{found:?}");
        }
        for found in [
            &b"\x0BX"[..],
            b"\x0BMSX",
            b"\x0BPID",
            b"\x0B\xEF\xBBx",
            b"\x0B\r\x1C",
            b"\x0B\x0B",
            b"\x0B MSH",
        ] {
            assert_eq!(auto(found), Boundary::Payload, "{found:?}");
        }
    }

    #[test]
    fn the_wait_for_a_header_has_a_limit() {
        let led_by = |lead: usize| [b"\x0B", "\r".repeat(lead).as_bytes(), b"MSH"].concat();
        assert_eq!(auto(&led_by(MAX_HEADER_LEAD)), Boundary::Restart);
        assert_eq!(auto(&led_by(MAX_HEADER_LEAD + 1)), Boundary::Payload);
    }
}
