//! What can be read of a payload that is no message, so that its sender can tell which one the answer is for.

use std::borrow::Cow;

use memchr::{memchr2, memmem};

use crate::message::past_prologue;

/// How much of the payload is looked at; no header in use is longer.
const MAX_HEAD: usize = 4 * 1024;
/// How far into the payload MSH may begin: past a little noise, never inside a message's data.
const MAX_NOISE: usize = 64;
/// MSH-10 in the segment, split at its separators.
const CONTROL_ID: usize = 9;

/// The beginning of an MSH segment, of which nothing is sure but its first separator.
pub(super) struct Salvage<'p> {
    head: Cow<'p, [u8]>,
}

impl<'p> Salvage<'p> {
    pub(super) fn of(payload: &'p [u8]) -> Self {
        let head = payload.get(..MAX_HEAD).unwrap_or(payload);
        let head = narrowed(head);
        let segment = |head: &[u8]| {
            let body = past_prologue(head);
            let is_batch = matches!(body, [b'F' | b'B', b'H', b'S', ..]);
            let near = body.get(..MAX_NOISE).unwrap_or(body);
            let start = memmem::find(near, b"MSH").filter(|_| !is_batch)?;
            let start = head.len() - body.len() + start;
            let rest = head.get(start..)?;
            let end = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            Some(start..start + end)
        };
        let range = segment(&head).unwrap_or(0..0);
        let head = match head {
            Cow::Borrowed(head) => Cow::Borrowed(head.get(range).unwrap_or_default()),
            Cow::Owned(head) => Cow::Owned(head.get(range).unwrap_or_default().to_vec()),
        };
        Self { head }
    }

    /// MSH-10; empty where it cannot be found.
    pub(super) fn control_id(&self) -> &[u8] {
        let Some(separator) = self.head.get(3).filter(|byte| !byte.is_ascii_alphanumeric()) else {
            return &[];
        };
        self.head.split(|byte| byte == separator).nth(CONTROL_ID).unwrap_or_default()
    }
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

/// MSH-10 of a payload that is no message, as far as it can be read; empty where it cannot.
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
