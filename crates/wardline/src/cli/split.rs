//! Several messages in one file, told apart: framed ones by their frames, others where a line begins with `MSH`.

use bytes::{Bytes, BytesMut};
use wardline_mllp::{Decoded, Decoder, DecoderOptions, START_BLOCK};

/// What a message begins with.
const HEADER: &[u8] = b"MSH";
/// What a batch begins with: it is one payload, whatever is in it.
const ENVELOPES: [&[u8]; 2] = [b"FHS", b"BHS"];

/// The payloads in a file's bytes; the file itself where nothing in it tells messages apart.
pub(crate) fn split(file: &Bytes) -> Vec<Bytes> {
    if file.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&START_BLOCK) {
        let frames = unframe(file);
        if !frames.is_empty() {
            return frames;
        }
    }
    separate(file)
}

/// The payloads of the frames; what stands outside of them is dropped, as any receiver does.
fn unframe(file: &[u8]) -> Vec<Bytes> {
    let limit = DecoderOptions { max_payload: file.len(), ..DecoderOptions::default() };
    let mut decoder = Decoder::new(limit);
    let mut buffer = BytesMut::from(file);
    let mut payloads = Vec::new();
    while let Ok(Some(decoded)) = decoder.decode(&mut buffer) {
        payloads.extend(payload(decoded));
    }
    while let Ok(Some(decoded)) = decoder.end(&mut buffer) {
        payloads.extend(payload(decoded));
    }
    payloads
}

fn payload(decoded: Decoded) -> Option<Bytes> {
    match decoded {
        Decoded::Frame(frame) => Some(frame.payload.freeze()),
        Decoded::Lost(_) | Decoded::Abandoned { .. } => None,
    }
}

/// Cuts where a line begins with the `MSH` and field separator that the file begins with. The blank lines between
/// two messages belong to neither.
fn separate(file: &Bytes) -> Vec<Bytes> {
    let begins = starts(file);
    if begins.len() < 2 {
        return vec![file.clone()];
    }
    let ends = begins.iter().skip(1).copied().chain([file.len()]);
    begins
        .iter()
        .zip(ends)
        .map(|(&begin, end)| without_blank_lines(&file.slice(begin..end)))
        .collect()
}

/// Where the messages of an unframed file begin; nothing for a batch or for what does not begin with a message.
fn starts(file: &[u8]) -> Vec<usize> {
    let blank = file.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let Some(text) = file.get(blank..) else { return Vec::new() };
    if ENVELOPES.iter().any(|envelope| text.starts_with(envelope)) || !text.starts_with(HEADER) {
        return Vec::new();
    }
    let Some(prefix) = text.get(..=HEADER.len()) else { return Vec::new() };
    file.windows(prefix.len())
        .enumerate()
        .filter(|&(place, window)| {
            window == prefix
                && (place == blank || matches!(file.get(place - 1), Some(b'\r' | b'\n')))
        })
        .map(|(place, _)| place)
        .collect()
}

/// The message with one line end at its end at most.
fn without_blank_lines(message: &Bytes) -> Bytes {
    let text = message.trim_ascii_end().len();
    let end = match message.get(text..) {
        Some([b'\r', b'\n', ..]) => text + 2,
        Some([b'\r' | b'\n', ..]) => text + 1,
        _ => text,
    };
    message.slice(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(file: &'static [u8]) -> Vec<Bytes> {
        split(&Bytes::from_static(file))
    }

    #[test]
    fn one_message_is_the_file_byte_for_byte() {
        for file in [
            &b"MSH|^~\\&|A\rPID|1\r\r\n"[..],
            b"\nMSH|^~\\&|A",
            b"no HL7 at all",
            b"\xef\xbb\xbfMSH|a",
        ] {
            assert_eq!(parts(file), [file]);
        }
    }

    #[test]
    fn messages_are_told_apart_where_a_line_begins_with_the_same_header() {
        assert_eq!(
            parts(b"MSH|1\rPID|MSH|\r\n\r\nMSH|2\r"),
            [&b"MSH|1\rPID|MSH|\r\n"[..], b"MSH|2\r"]
        );
        assert_eq!(parts(b"MSH|1\nPID|x\nMSH|2\nPID|y"), [&b"MSH|1\nPID|x\n"[..], b"MSH|2\nPID|y"]);
    }

    #[test]
    fn frames_are_taken_out_of_their_framing() {
        assert_eq!(parts(b"\x0bMSH|1\r\x1c\r\x0bMSH|2\r\x1c\r\n"), [&b"MSH|1\r"[..], b"MSH|2\r"]);
        assert_eq!(parts(b"\x0bMSH|1\r\x1c"), [&b"MSH|1\r"[..]]);
    }

    #[test]
    fn a_batch_stays_whole() {
        let batch = b"BHS|^~\\&\rMSH|1\rMSH|2\rBTS|2\r";
        assert_eq!(parts(batch), [&batch[..]]);
    }
}
