//! A second decoder, written to be seen to be right: it has the whole stream before it, looks at one byte at a time and
//! copies what it finds. It shares no code with the crate, and the fuzz target for the decoder uses it as well.

use wardline_mllp::{
    DecodeError, Decoded, DecoderOptions, Ended, FrameEnd, MAX_HEAD, MAX_LOST_PIECE,
};

const VT: u8 = 0x0B;
const FS: u8 = 0x1C;
const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// What a stream holds. Neighbouring lost bytes are one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Frame { payload: Vec<u8>, ended: Ended, inner_vt: usize },
    Lost(Vec<u8>),
    Abandoned(usize),
    Failed(DecodeError),
}

/// Everything in `stream`, which ends where it ends.
pub(crate) fn decode(stream: &[u8], options: DecoderOptions) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < stream.len() {
        let junk_from = at;
        while at < stream.len() && stream[at] != VT {
            at += 1;
        }
        let junk = &stream[junk_from..at];
        if let Some(first) = junk.iter().position(|byte| !b"\r\n\0 \x1C".contains(byte)) {
            found.push(Found::Lost(junk[first..].to_vec()));
        }
        if at == stream.len() {
            break;
        }
        at += 1;
        match frame(stream, &mut at, options) {
            failed @ Found::Failed(_) => {
                found.push(failed);
                break;
            }
            other => found.push(other),
        }
    }
    found
}

/// Adds what the crate's decoder gave; false where that wants more bytes.
pub(crate) fn note(found: &mut Vec<Found>, decoded: Result<Option<Decoded>, DecodeError>) -> bool {
    match decoded {
        Ok(None) => return false,
        Ok(Some(Decoded::Frame(frame))) => {
            found.push(Found::Frame {
                payload: frame.payload.to_vec(),
                ended: frame.ended,
                inner_vt: frame.inner_vt,
            });
        }
        Ok(Some(Decoded::Lost(lost))) => {
            assert!(!lost.is_empty() && lost.len() <= MAX_LOST_PIECE);
            match found.last_mut() {
                Some(Found::Lost(before)) => before.extend_from_slice(&lost),
                _ => found.push(Found::Lost(lost.to_vec())),
            }
        }
        Ok(Some(Decoded::Abandoned { bytes })) => found.push(Found::Abandoned(bytes)),
        Err(error) => found.push(Found::Failed(error)),
    }
    true
}

/// The frame whose payload begins at `at`, which is moved behind what ends it.
fn frame(stream: &[u8], at: &mut usize, options: DecoderOptions) -> Found {
    let mut payload = Vec::new();
    let mut inner_vt = 0;
    loop {
        if payload.len() > options.max_payload {
            let head = payload[..MAX_HEAD.min(options.max_payload)].to_vec().into();
            return Found::Failed(DecodeError::TooLarge { limit: options.max_payload, head });
        }
        let Some(&byte) = stream.get(*at) else {
            return Found::Failed(DecodeError::UnexpectedEnd { bytes: payload.len() });
        };
        let next = stream.get(*at + 1).copied();
        if byte == FS
            && let Some((ended, width)) = end(next, options.frame_end)
        {
            *at += width;
            return Found::Frame { payload, ended, inner_vt };
        }
        if byte == VT && header_follows(&stream[*at + 1..]) {
            // The VT stays: it begins the new frame.
            return Found::Abandoned(payload.len());
        }
        inner_vt += usize::from(byte == VT);
        payload.push(byte);
        *at += 1;
    }
}

fn end(next: Option<u8>, frame_end: FrameEnd) -> Option<(Ended, usize)> {
    match frame_end {
        FrameEnd::Fs => Some((Ended::Fs, 1)),
        FrameEnd::FsCr => (next == Some(CR)).then_some((Ended::FsCr, 2)),
        FrameEnd::Auto => match next {
            None => Some((Ended::FsEndOfStream, 1)),
            Some(CR) => Some((Ended::FsCr, 2)),
            Some(LF) => Some((Ended::FsLf, 2)),
            Some(VT) => Some((Ended::FsVt, 1)),
            Some(_) => None,
        },
    }
}

fn header_follows(after: &[u8]) -> bool {
    let text = String::from_utf8_lossy(after);
    let header = text.trim_start_matches(['\r', '\n', '\u{FEFF}']);
    let lead = text.len() - header.len();
    lead <= 64 && ["MSH", "FHS", "BHS"].iter().any(|name| header.starts_with(name))
}
