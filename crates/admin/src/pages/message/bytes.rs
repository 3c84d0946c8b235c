//! The bytes of a message, once they were asked for: as text, as hex; and what peers answered.

use std::fmt::Write;

use maud::{Markup, html};
use wardline_engine::control::protocol::{MessageContent, MessageEvent, MessageHistory};

use super::super::outcome::{clock, size};

/// Bytes that are shown as text: a page of a browser, not an embedded document.
pub(super) const MOST_TEXT: usize = 256 * 1024;
/// Bytes that are shown as hex, which takes four times the room.
const MOST_HEX: usize = 16 * 1024;
/// Bytes in one line of hex.
const LINE: usize = 16;

/// As received, and as sent where that differs.
pub(super) fn raw(content: &MessageContent) -> Markup {
    html! {
        div #raw {
            (block("As received", &content.body))
            @for sent in &content.sent { (block(&format!("As sent to {}", sent.destination), &sent.body)) }
        }
    }
}

fn block(title: &str, bytes: &[u8]) -> Markup {
    let shown = bytes.get(..MOST_TEXT).unwrap_or(bytes);
    html! {
        details.sgt open {
            summary { b { (title) } span.mid.nm2 {} span.c { (length(bytes)) } }
            pre.m { (text(shown)) }
            @if shown.len() < bytes.len() { p.dim.sm { "Its first " (size(shown.len() as u64)) "." } }
        }
    }
}

/// How long it is, as far as it is here.
fn length(bytes: &[u8]) -> String {
    let shown = size(bytes.len().min(MOST_TEXT) as u64);
    if bytes.len() > MOST_TEXT { format!("more than {shown}") } else { shown }
}

/// Segments on lines; control characters by the pictures that Unicode has for them.
fn text(bytes: &[u8]) -> String {
    let decoded = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    let unified = decoded.replace("\r\n", "\r").replace('\r', "\n");
    unified.chars().map(picture).collect()
}

fn picture(character: char) -> char {
    match u32::from(character) {
        0x0A => character,
        control @ 0..=0x1F => char::from_u32(0x2400 + control).unwrap_or('\u{2426}'),
        0x7F..=0x9F => '\u{2426}',
        _ => character,
    }
}

/// As received, byte by byte.
pub(super) fn hex(content: &MessageContent) -> Markup {
    let shown = content.body.get(..MOST_HEX).unwrap_or(&content.body);
    html! {
        div #hex { details.sgt {
            summary { b { "Hex" } span.mid.nm2 { "as received" } span.c { (length(&content.body)) } }
            pre.m { (dump(shown)) }
            @if shown.len() < content.body.len() { p.dim.sm { "Its first " (size(shown.len() as u64)) "." } }
        } }
    }
}

/// Offset, bytes, and what of them is ASCII.
fn dump(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for (number, line) in bytes.chunks(LINE).enumerate() {
        let hex: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let ascii: String = line
            .iter()
            .map(
                |byte| {
                    if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' }
                },
            )
            .collect();
        // Writing to a text does not fail.
        let _whole = writeln!(text, "{:08x}  {:<47}  {ascii}", number * LINE, hex.join(" "));
    }
    text
}

/// What the sender was answered, and what peers answered; their words only where content is.
pub(super) fn answers(history: &MessageHistory, content: Option<&MessageContent>) -> Markup {
    let replied = history.events.iter().filter_map(|event| match &event.what {
        MessageEvent::Delivered { reply_code: Some(code), .. } => Some((event, code.clone())),
        MessageEvent::Dead { reply_size, .. } | MessageEvent::Held { reply_size, .. }
            if *reply_size > 0 =>
        {
            Some((event, size(*reply_size)))
        }
        _ => None,
    });
    html! {
        div #acks {
            details.sgt open {
                summary { b { "ACKs" } span.mid.nm2 { "to the sender, and from peers" } span.c {} }
                dl.flds {
                    @match &history.row.answer {
                        Some(answer) => div {
                            dt { "to the sender" } dd.nm { (clock(answer.at)) }
                            dd.val { (answer.code) " " (answer.control_id) }
                        },
                        None => div { dt { "to the sender" } dd.nm {} dd.val { "none is kept" } },
                    }
                    @for (event, what) in replied {
                        div {
                            dt { (event.destination.as_deref().unwrap_or_default()) }
                            dd.nm { (clock(event.at)) } dd.val { (what) }
                        }
                    }
                }
            }
            @for reply in content.into_iter().flat_map(|content| &content.replies) {
                (block(&format!("Answer of {}", reply.destination), &reply.body))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_without_a_character_that_a_browser_obeys() {
        assert_eq!(text(b"MSH|\x1b\rPID|\x00\r\nX"), "MSH|\u{241b}\nPID|\u{2400}\nX");
        assert_eq!(text(b"M\xfcller"), "Müller");
        assert_eq!(dump(b"MSH|\r"), format!("00000000  {:<47}  MSH|.\n", "4d 53 48 7c 0d"));
    }
}
