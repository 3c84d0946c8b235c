//! Documents that travel inside a message: an OBX of type ED whose value is Base64 (HL7 v2.5 chapter 2.A.24).
//!
//! ```text
//!   OBX|3|ED|PDF^Report||LAB^AP^PDF^Base64^JVBERi0xLjQK…||||||F
//!             2           5.1 5.2 5.3 5.4    5.5
//! ```

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use wardline_hl7::{Message, ParseOptions, Segment};

use super::each_segment;
use crate::control::protocol::{DocumentPart, MessageDocument};

/// Subtypes (table 0291) with what browsers call them.
const MEDIA: [(&str, &str); 10] = [
    ("PDF", "application/pdf"),
    ("JPEG", "image/jpeg"),
    ("JPG", "image/jpeg"),
    ("PNG", "image/png"),
    ("GIF", "image/gif"),
    ("TIFF", "image/tiff"),
    ("TIF", "image/tiff"),
    ("RTF", "application/rtf"),
    ("XML", "application/xml"),
    ("TXT", "text/plain"),
];

/// What nobody has a name for.
const UNNAMED: &str = "application/octet-stream";

/// Senders leave the padding out, or leave bits in it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What of a document is no content: what kind it is, and how large.
pub(super) fn part(segment: &Segment<'_>) -> Option<DocumentPart> {
    let encoded = encoded(segment)?;
    // Four characters are three bytes.
    let size = encoded.len() as u64 / 4 * 3;
    Some(DocumentPart { media: media(segment).to_owned(), size })
}

/// The document in the segment that stands at this place, as [`each_segment`] names them.
pub(crate) fn at(body: &Bytes, options: ParseOptions, place: &str) -> Option<MessageDocument> {
    let message = Message::parse_with(body.clone(), options).ok()?;
    let mut found = None;
    each_segment(&message, true, |segment, _, stands| {
        if stands == place {
            found = document(segment);
        }
    });
    found
}

fn document(segment: &Segment<'_>) -> Option<MessageDocument> {
    let characters: Vec<u8> =
        encoded(segment)?.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let body = LENIENT.decode(characters).ok()?;
    Some(MessageDocument { media: media(segment).to_owned(), body })
}

fn encoded<'m>(segment: &Segment<'m>) -> Option<&'m [u8]> {
    let is_document = segment.name() == b"OBX" && segment.first(2, None).raw() == b"ED";
    let is_base64 = segment.first(5, Some(4)).raw().eq_ignore_ascii_case(b"base64");
    let data = segment.first(5, Some(5)).raw();
    (is_document && is_base64 && !data.is_empty()).then_some(data)
}

fn media(segment: &Segment<'_>) -> &'static str {
    let subtype = segment.first(5, Some(3)).raw();
    let known = MEDIA.iter().find(|(name, _)| subtype.eq_ignore_ascii_case(name.as_bytes()));
    known.map_or(UNNAMED, |(_, media)| media)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "MSH|^~\\&|A|B|C|D|||ORU^R01|1|P|2.5\rOBX|1|NM|GLU||5\r\
        OBX|2|ED|RPT||LAB^AP^PDF^Base64^JVBERi0x\rOBX|3|ED|IMG||LAB^IM^XYZ^base64^aGVsbG8\r\
        OBX|4|ED|BAD||LAB^AP^PDF^Base64^@@@@\r";

    fn at_place(place: &str) -> Option<MessageDocument> {
        at(&Bytes::from(REPORT), ParseOptions::default(), place)
    }

    #[test]
    fn a_document_is_what_stands_behind_its_base64() {
        let pdf = at_place("OBX[2]").expect("a document");
        assert_eq!((pdf.media.as_str(), pdf.body.as_slice()), ("application/pdf", &b"%PDF-1"[..]));
        let other = at_place("OBX[3]").expect("a document without padding");
        assert_eq!((other.media.as_str(), other.body.as_slice()), (UNNAMED, &b"hello"[..]));
    }

    #[test]
    fn what_is_no_document_is_none() {
        for place in ["OBX", "OBX[4]", "OBX[9]", "MSH", ""] {
            assert_eq!(at_place(place), None, "{place}");
        }
    }
}
