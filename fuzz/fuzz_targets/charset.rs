//! Whatever charset a message is in, or is said to be in, it is split where its characters end, and written in another it
//! says the same.
//!
//! The input: a byte for the charset that it is read in, one for the charset that it is written in, one for what becomes
//! of characters that this lacks, the payload.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::{Corpus, fuzz_target};
use wardline_hl7::{Charset, CharsetRule, Message, ParseOptions, Unmappable};

/// How many fields of a segment are read by their text in one run; more of them would teach nothing.
const MOST_FIELDS: usize = 32;
/// What stands for bytes that mean nothing, in UTF-8.
const REPLACEMENT: &str = "\u{fffd}";

fuzz_target!(|input: &[u8]| -> Corpus {
    let [from, to, unmappable, payload @ ..] = input else { return Corpus::Reject };
    let unmappable = match unmappable % 3 {
        0 => Unmappable::Fail,
        1 => Unmappable::Replace,
        _ => Unmappable::Escape,
    };
    let payload = Bytes::copy_from_slice(payload);
    let Ok(message) = read(payload.clone(), Some(charset(*from))) else { return Corpus::Reject };
    assert_eq!(message.bytes(), &payload, "RAW-1");
    look_at(&message);
    written(&message, charset(*to), unmappable);
    // As it comes to a listener that is told nothing: MSH-18 and the bytes decide.
    if let Ok(message) = read(payload, None) {
        look_at(&message);
        written(&message, charset(*to), unmappable);
    }
    Corpus::Keep
});

fn charset(byte: u8) -> Charset {
    let all: Vec<Charset> = Charset::all().collect();
    all[usize::from(byte) % all.len()]
}

fn read(payload: Bytes, fixed: Option<Charset>) -> Result<Message, wardline_hl7::ParseError> {
    let rule = CharsetRule { fixed, ..CharsetRule::default() };
    Message::parse_with(payload, ParseOptions { charset: rule, ..ParseOptions::default() })
}

/// Its text can be read, and in UTF-8 it has the same segments and fields.
fn look_at(message: &Message) {
    for segment in message.segments() {
        assert_eq!(segment.bytes(), &message.bytes()[segment.range()]);
        for value in segment.fields().take(MOST_FIELDS) {
            let _ = message.text_of(value);
        }
    }
    let shown = message.in_utf8();
    if is_sound(&shown) {
        assert_eq!(shape(message), shape(&shown), "split where its characters end");
    }
}

/// In another charset it is read in that, says the same, and is written no further.
fn written(message: &Message, to: Charset, unmappable: Unmappable) {
    let Ok(bytes) = message.reencode(to, unmappable) else { return };
    let again = read(bytes.clone(), Some(to)).expect("what is written can be read");
    let (before, after) = (message.in_utf8(), again.in_utf8());
    if !is_sound(&before) {
        return;
    }
    let twice = again.reencode(to, unmappable).expect("it is in that charset");
    assert_eq!(twice, bytes, "written again it stays as it is");
    assert_eq!(shape(message), shape(&again), "only MSH-18 is written anew");
    if unmappable == Unmappable::Fail {
        let texts = |message: &Message| -> Vec<Vec<u8>> {
            message.segments().skip(1).map(|segment| segment.bytes().to_vec()).collect()
        };
        assert_eq!(texts(&before), texts(&after), "the same text");
    }
}

/// Whether every byte of it meant something. Where one does not, what follows may be read in more than one way: half a
/// character takes the separator behind it for its other half.
fn is_sound(shown: &Message) -> bool {
    let replacement = REPLACEMENT.as_bytes();
    !shown.bytes().windows(replacement.len()).any(|window| window == replacement)
        && std::str::from_utf8(shown.bytes()).is_ok()
}

/// How many fields each segment has. MSH may get a field for MSH-18.
fn shape(message: &Message) -> Vec<usize> {
    message.segments().skip(1).map(|segment| segment.fields().count()).collect()
}
