//! One file against its row.

use std::borrow::Cow;
use std::path::Path as FilePath;

use bytes::Bytes;
use wardline_hl7::{Lint, Message, ParseError, ParseOptions, Path, Segment, Value};

use crate::deviations;
use crate::row::{Expected, Row};

/// Compares everything that the row says.
pub(crate) fn check(folder: &FilePath, row: &Row) -> Result<(), String> {
    let bytes = std::fs::read(folder.join(&row.file)).map_err(|error| error.to_string())?;
    let payload = without_framing(&bytes);
    whole(&payload, row)?;
    if row.expected.is_empty() {
        return Ok(());
    }
    let ends_made_one =
        if deviations::lf_is_data(row) { with_cr_ends(&payload).into() } else { payload.clone() };
    let first = first_message(&ends_made_one).ok_or("no line begins with MSH")?;
    let options = ParseOptions { charset: deviations::charset(row), ..ParseOptions::default() };
    let message = Message::parse_with(first, options).map_err(|error| error.to_string())?;
    values(&message, row)
}

/// The file as one payload: refused as a batch, or read with as many headers as the row has messages.
fn whole(payload: &Bytes, row: &Row) -> Result<(), String> {
    let message = match Message::parse(payload.clone()) {
        Ok(message) => message,
        Err(ParseError::Envelope) if begins_batch(payload) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    same("the bytes kept", &message.bytes()[..], &payload[..])?;
    let lf_is_data = message.lints().contains(Lint::LfAsData);
    same("LF as data", &lf_is_data, &(row.lf_is_data || deviations::lf_is_data(row)))?;
    match row.messages {
        Some(messages) if !lf_is_data => same("headers", &message.message_headers(), &messages),
        _ => Ok(()),
    }
}

fn values(message: &Message, row: &Row) -> Result<(), String> {
    for (name, expected) in &row.expected {
        match expected {
            Expected::Count(count) => same(name, &message.segments().count(), count)?,
            Expected::Text(text) => {
                let value = value(message, name)?;
                same(name, normal(&decoded(value.raw(), row)?, name), normal(text, name))?;
                resolved(message, name, value, text)?;
            }
        }
    }
    for (name, expected) in &row.unescaped {
        let value = value(message, name)?;
        same(name, &*message.text_of(value).unwrap_or_default(), expected)?;
    }
    Ok(())
}

/// Where nothing is escaped, our own decoding gives the row's text too.
fn resolved(message: &Message, name: &str, value: Value<'_>, expected: &str) -> Result<(), String> {
    let escape = message.delimiters().escape.map(char::from);
    if escape.is_some_and(|escape| expected.contains(escape)) {
        return Ok(());
    }
    let text = message.text_of(value).unwrap_or_default();
    same(name, normal(&text, name), normal(expected, name))
}

/// Some of the parsers drop empty components at the end of a whole field: `P^` is `P`.
fn normal<'t>(text: &'t str, name: &str) -> &'t str {
    if name.contains('.') { text } else { text.trim_end_matches('^') }
}

/// The value that a key of the row names.
fn value<'m>(message: &'m Message, name: &str) -> Result<Value<'m>, String> {
    let path = |text: &str| text.parse::<Path>().map_err(|error| format!("{name}: {error}"));
    let occurrence = |nth: usize, rest: &str| path(&format!("OBX[{nth}]-{rest}"));
    let path = match (name.strip_prefix("OBX-first-"), name.strip_prefix("OBX-last-")) {
        (Some(rest), _) => occurrence(1, rest)?,
        (_, Some(rest)) => {
            let is_obx = |segment: &Segment<'_>| segment.name() == b"OBX";
            occurrence(message.segments().filter(is_obx).count(), rest)?
        }
        _ => path(name)?,
    };
    Ok(message.get(&path))
}

fn decoded<'v>(raw: &'v [u8], row: &Row) -> Result<Cow<'v, str>, String> {
    let charset = match row.decode.as_str() {
        "latin-1" => encoding_rs::WINDOWS_1252,
        label => {
            let label = match label {
                "iso2022_jp" => "iso-2022-jp",
                "cp932" => "shift_jis",
                label => label,
            };
            encoding_rs::Encoding::for_label(label.as_bytes())
                .ok_or_else(|| format!("no charset {label}"))?
        }
    };
    Ok(charset.decode_without_bom_handling(raw).0)
}

/// Some files keep the bytes of their MLLP frame, or one end of it.
fn without_framing(bytes: &[u8]) -> Bytes {
    let bytes = bytes.strip_prefix(b"\x0b").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\x1c\r").or(bytes.strip_suffix(b"\x1c")).unwrap_or(bytes);
    Bytes::copy_from_slice(bytes)
}

fn with_cr_ends(payload: &[u8]) -> Vec<u8> {
    let lf = payload.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte });
    lf.collect()
}

fn begins_batch(payload: &[u8]) -> bool {
    payload.starts_with(b"FHS") || payload.starts_with(b"BHS")
}

/// From the first MSH to the next header or trailer.
fn first_message(payload: &Bytes) -> Option<Bytes> {
    let starts = (0..payload.len()).filter(|at| {
        let line_begins = *at == 0
            || matches!(payload[at - 1], b'\r' | b'\n')
            || payload[..*at] == *b"\xef\xbb\xbf";
        line_begins && payload.get(at + 3).is_some_and(u8::is_ascii_punctuation)
    });
    let mut starts = starts
        .filter(|at| matches!(&payload[*at..at + 3], b"MSH" | b"BHS" | b"FHS" | b"BTS" | b"FTS"));
    let first = starts.find(|at| payload[*at..].starts_with(b"MSH"))?;
    let end = starts.next().unwrap_or(payload.len());
    Some(payload.slice(first..end))
}

fn same<T: PartialEq + std::fmt::Debug + ?Sized>(
    what: &str,
    found: &T,
    expected: &T,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what} is {found:?}, expected {expected:?}"))
    }
}
