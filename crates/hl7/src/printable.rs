//! Message bytes made fit for people to read: segments on lines, control characters visible, nothing that a terminal
//! would obey.

use std::borrow::Cow;

/// The most characters of an id that are shown.
const MAX_ID: usize = 64;

/// One line for each segment, the line ends gone.
pub fn lines(payload: &[u8]) -> impl Iterator<Item = String> {
    let by_cr = payload.contains(&b'\r');
    payload
        .split(move |&byte| byte == if by_cr { b'\r' } else { b'\n' })
        .map(move |segment| segment.strip_prefix(b"\n").unwrap_or(segment))
        .filter(|segment| !segment.is_empty())
        .map(|segment| text(segment).into_owned())
}

/// Text with its control characters replaced by the pictures Unicode has for them; what is not UTF-8 is shown as
/// Latin-1.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    let text = match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => bytes.iter().copied().map(char::from).collect::<String>().into(),
    };
    if text.chars().any(char::is_control) {
        text.chars().map(picture).collect::<String>().into()
    } else {
        text
    }
}

/// An id as it may stand in a line: printable and of bounded length.
pub fn id(bytes: &[u8]) -> String {
    text(bytes).chars().take(MAX_ID).collect()
}

fn picture(character: char) -> char {
    match u32::from(character) {
        control @ 0..=0x1F => char::from_u32(0x2400 + control).unwrap_or('\u{2426}'),
        0x7F => '\u{2421}',
        0x80..=0x9F => '\u{2426}',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stand_on_lines_whatever_ends_them() {
        let shown = |payload: &[u8]| lines(payload).collect::<Vec<_>>();
        assert_eq!(shown(b"MSH|a\rPID|b\r"), ["MSH|a", "PID|b"]);
        assert_eq!(shown(b"MSH|a\r\nPID|b\r\n"), ["MSH|a", "PID|b"]);
        assert_eq!(shown(b"MSH|a\nPID|b"), ["MSH|a", "PID|b"]);
    }

    #[test]
    fn a_terminal_gets_no_control_character() {
        assert_eq!(text(b"a\x1b[2Jb"), "a\u{241b}[2Jb");
        assert_eq!(text(b"M\xfcller"), "Müller");
        assert_eq!(text("Müller".as_bytes()), "Müller");
    }
}
