//! Colours for a segment: its name stands out, its separators step back.

use owo_colors::OwoColorize;
use wardline_hl7::Delimiters;

use super::super::printable;

/// A segment with colours.
pub(super) fn segment(bytes: &[u8], delimiters: &Delimiters) -> String {
    let name_end = bytes.iter().position(|&byte| byte == delimiters.field).unwrap_or(bytes.len());
    let (name, rest) = bytes.split_at(name_end);
    let mut painted = printable::text(name).bold().cyan().to_string();
    let separators = [
        Some(delimiters.field),
        Some(delimiters.component),
        delimiters.repetition,
        delimiters.subcomponent,
    ];
    let is_separator = |byte: &u8| separators.contains(&Some(*byte));
    for piece in rest.chunk_by(|a, b| is_separator(a) == is_separator(b)) {
        let text = printable::text(piece);
        if piece.first().is_some_and(is_separator) {
            painted.push_str(&text.dimmed().to_string());
        } else {
            painted.push_str(&text);
        }
    }
    painted
}

/// A path in front of its value.
pub(super) fn path(path: &str) -> String {
    path.cyan().to_string()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wardline_hl7::Message;

    use super::*;

    #[test]
    fn colours_change_no_character() {
        let message = Message::parse(Bytes::from_static(b"MSH|^~\\&|A\rPID|1||7^^^H~8\r")).unwrap();
        for line in message.segments() {
            let painted = segment(line.bytes(), message.delimiters());
            let plain = anstream::adapter::strip_str(&painted).to_string();
            assert_eq!(plain.as_bytes(), line.bytes());
        }
    }
}
