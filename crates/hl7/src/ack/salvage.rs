//! What can be read of a payload that is no message, so that its sender can tell which one the answer is for.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

use crate::message::past_prologue;

/// How much of the payload is looked at; no header in use is longer.
const MAX_HEAD: usize = 4 * 1024;
/// How far into the payload MSH may begin: past a little noise, never inside a message's data.
const MAX_NOISE: usize = 64;
/// MSH-10 in the segment, split at its separators; BHS-11 and FHS-11 in theirs.
const CONTROL_ID: usize = 9;
const BATCH_CONTROL_ID: usize = 10;

/// The beginning of a header, of which nothing is sure but its first separator.
pub(super) struct Salvage<'p> {
    head: Cow<'p, [u8]>,
}

impl<'p> Salvage<'p> {
    pub(super) fn of(payload: &'p [u8]) -> Self {
        Self { head: narrowed(payload.get(..MAX_HEAD).unwrap_or(payload)) }
    }

    /// MSH-10; of a batch BHS-11, or FHS-11 where no BHS follows. Empty where it cannot be found.
    pub(super) fn control_id(&self) -> &[u8] {
        let body = past_prologue(&self.head);
        if let [b'F' | b'B', b'H', b'S', ..] = body {
            return batch_control_id(body);
        }
        let near = body.get(..MAX_NOISE).unwrap_or(body);
        let header = memmem::find(near, b"MSH").and_then(|start| body.get(start..));
        header.map(|header| part(line(header), CONTROL_ID)).unwrap_or_default()
    }
}

fn batch_control_id(body: &[u8]) -> &[u8] {
    let file = line(body);
    let batch = body.get(file.len()..).map(past_prologue).unwrap_or_default();
    let batch = if file.starts_with(b"FHS") && batch.starts_with(b"BHS") {
        part(line(batch), BATCH_CONTROL_ID)
    } else {
        &[]
    };
    if batch.is_empty() { part(file, BATCH_CONTROL_ID) } else { batch }
}

fn line(from: &[u8]) -> &[u8] {
    let end = memchr2(b'\r', b'\n', from).unwrap_or(from.len());
    from.get(..end).unwrap_or_default()
}

/// What stands behind so many separators.
fn part(segment: &[u8], number: usize) -> &[u8] {
    let Some(separator) = segment.get(3).filter(|byte| !byte.is_ascii_alphanumeric()) else {
        return &[];
    };
    segment.split(|byte| byte == separator).nth(number).unwrap_or_default()
}

/// Whether a payload begins as a message or a batch does, whatever follows: what such a payload is answered with has an
/// MSA-2 or may have one.
pub fn begins_like_hl7(head: &[u8]) -> bool {
    let body = past_prologue(head);
    [b"MSH", b"FHS", b"BHS"].iter().any(|name| body.starts_with(*name))
}

/// UTF-16 with its zero bytes taken out: enough for ids, which are ASCII.
fn narrowed(head: &[u8]) -> Cow<'_, [u8]> {
    let is_wide = head.first_chunk::<4>().is_some_and(|first| first.contains(&0));
    if is_wide {
        Cow::Owned(head.iter().copied().filter(|byte| *byte != 0).collect())
    } else {
        Cow::Borrowed(head)
    }
}

/// MSH-10 of a payload that is no message, or BHS-11 (FHS-11) of a batch, as far as it can be read; empty where it cannot.
pub fn salvaged_control_id(payload: &[u8]) -> Vec<u8> {
    Salvage::of(payload).control_id().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_id_is_found_where_the_header_is_broken() {
        for payload in [
            &b"MSH|SENDER|A|B|C|D|2026||ADT^A01|M1|P|2.5\rPID|1"[..],
            b"\xef\xbb\xbf\r\nMSH|^~\\&#!|A|B|C|D|2026||ADT^A01|M1",
            b" MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P",
            b"\x0bMSH ^~\\& A B C D 2026  ADT M1 P",
        ] {
            assert_eq!(
                salvaged_control_id(payload),
                b"M1",
                "{:?}",
                String::from_utf8_lossy(payload)
            );
        }
    }

    #[test]
    fn the_control_id_is_found_in_utf_16() {
        let text = "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\r";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(salvaged_control_id(&little), b"M1");
        assert_eq!(salvaged_control_id(&big), b"M1");
    }

    #[test]
    fn a_batch_is_known_by_its_own_id() {
        for (payload, expected) in [
            (&b"BHS|^~\\&|A|B|C|D|2026||||B1\rMSH|^~\\&|A|B|C|D|2026||ADT^A01|M1"[..], &b"B1"[..]),
            (b"FHS|^~\\&|A|B|C|D|2026||||F1|\r\nBHS|^~\\&|A|B|C|D|2026||||B1\r\n", b"B1"),
            (b"FHS|^~\\&|A|B|C|D|2026||||F1\rBHS|^~\\&|A\r", b"F1"),
            (b"FHS|^~\\&|A|B|C|D|2026||||F1\rMSH|^~\\&|A|B|C|D|2026||ADT^A01|M1", b"F1"),
        ] {
            assert_eq!(salvaged_control_id(payload), expected);
            assert!(begins_like_hl7(payload));
        }
    }

    #[test]
    fn nothing_is_made_up_where_there_is_no_header() {
        for payload in [
            &b""[..],
            b"MSH",
            b"MSH|^~\\&|A",
            b"GET / HTTP/1.1\r\n",
            b"PID|1|2|3|4|5|6|7|8|9|10",
            b"BHS|^~\\&|A\rMSH|^~\\&|A|B|C|D|2026||ADT^A01|M1",
        ] {
            assert_eq!(salvaged_control_id(payload), b"", "{:?}", String::from_utf8_lossy(payload));
        }
    }
}
