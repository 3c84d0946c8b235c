//! `wardline hl7 fmt`: a message so that a person can read it.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wardline_hl7::{Message, Segment, Value};

use super::super::failure::{Outcome, TerminalError};
use super::super::printable;
use super::super::terminal::Terminal;
use super::{Reading, each_message, paint};

/// Show messages with a segment on each line.
#[derive(Debug, Args)]
pub(crate) struct Fmt {
    /// Files, or - for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    files: Vec<PathBuf>,
    /// The bytes as they are, only with a line feed behind each segment.
    #[arg(long, conflicts_with = "fields")]
    raw: bool,
    /// Each field that holds something on a line of its own, behind its path, escapes resolved.
    #[arg(long)]
    fields: bool,
    #[command(flatten)]
    reading: Reading,
}

/// A segment as `--json` shows it.
#[derive(Serialize)]
struct SegmentJson {
    segment: String,
    fields: Vec<Option<String>>,
}

impl Fmt {
    pub(super) fn execute(self, terminal: Terminal) -> Outcome {
        let mut first = true;
        each_message(&self.files, self.reading, terminal, |_, message| {
            if !first && !terminal.json && !self.raw {
                terminal.line("")?;
            }
            first = false;
            self.show(message, terminal)
        })
    }

    fn show(&self, message: &Message, terminal: Terminal) -> Result<(), TerminalError> {
        if terminal.json {
            let segments: Vec<_> =
                message.segments().map(|segment| json(message, &segment)).collect();
            return terminal.value(&segments);
        }
        if !self.raw && !self.fields {
            let shown = message.in_utf8();
            return shown.segments().try_for_each(|segment| {
                terminal.line(paint::segment(segment.bytes(), shown.delimiters()))
            });
        }
        let mut seen: Vec<(String, usize)> = Vec::new();
        for segment in message.segments() {
            if self.raw {
                terminal.bytes(&[segment.bytes(), b"\n"].concat())?;
            } else {
                let occurrence = occurrence(&mut seen, printable::id(segment.name()));
                show_fields(message, &segment, occurrence, terminal)?;
            }
        }
        Ok(())
    }
}

/// Which segment of this name it is, from 1.
fn occurrence(seen: &mut Vec<(String, usize)>, name: String) -> usize {
    if let Some((_, count)) = seen.iter_mut().find(|(other, _)| *other == name) {
        *count += 1;
        return *count;
    }
    seen.push((name, 1));
    1
}

fn show_fields(
    message: &Message,
    segment: &Segment<'_>,
    occurrence: usize,
    terminal: Terminal,
) -> Result<(), TerminalError> {
    let name = printable::id(segment.name());
    for (place, value) in segment.fields().enumerate() {
        let text = match value {
            Value::Absent | Value::Empty => continue,
            Value::Null | Value::Present(_) => message.text_of(value).unwrap_or_default(),
        };
        let path = if occurrence == 1 {
            format!("{name}-{}", place + 1)
        } else {
            format!("{name}[{occurrence}]-{}", place + 1)
        };
        let shown = printable::text(text.as_bytes());
        terminal.line(format!("{}  {shown}", paint::path(&format!("{path:<12}"))))?;
    }
    Ok(())
}

/// Absent and empty fields are null, HL7's null is `"\"\""`, the rest is text with its escapes resolved.
fn json(message: &Message, segment: &Segment<'_>) -> SegmentJson {
    SegmentJson {
        segment: printable::id(segment.name()),
        fields: segment
            .fields()
            .map(|value| match value {
                Value::Absent | Value::Empty => None,
                Value::Null | Value::Present(_) => message.text_of(value).map(String::from),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn json_tells_empty_null_and_text_apart() {
        let message =
            Message::parse(Bytes::from_static(b"MSH|^~\\&|A\rPID|1||a\\T\\b|\"\"\r")).unwrap();
        let segments: Vec<_> = message.segments().map(|segment| json(&message, &segment)).collect();
        assert_eq!(
            serde_json::to_string(&segments[1]).unwrap(),
            r#"{"segment":"PID","fields":["1",null,"a&b","\"\""]}"#
        );
    }

    #[test]
    fn segments_of_one_name_are_counted() {
        let mut seen = Vec::new();
        let counted: Vec<_> =
            ["OBX", "NTE", "OBX"].map(|name| occurrence(&mut seen, name.to_owned())).into();
        assert_eq!(counted, [1, 1, 2]);
    }
}
