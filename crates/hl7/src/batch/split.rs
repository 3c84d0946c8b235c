//! Line by line from a payload to its messages.

use std::ops::Range;

use bytes::Bytes;
use memchr::memchr;

use super::{Batch, BatchError, Envelope, Group, MAX_MESSAGES};
use crate::SegmentEnds;
use crate::message::{is_blank, past_prologue};
use crate::segment_ends::{CR, Ends, LF};

pub(super) fn split(payload: &Bytes, ends: SegmentEnds) -> Result<Batch, BatchError> {
    let mut lines = Lines::of(payload, ends);
    let mut splitting = Splitting::new(payload);
    while let Some(line) = lines.next_line() {
        splitting.line(&line)?;
    }
    splitting.finish()
}

/// One line that is not blank.
struct Line {
    /// From 1.
    number: usize,
    /// Without its end.
    text: Range<usize>,
    /// Behind its end.
    end: usize,
}

/// The lines of a payload.
struct Lines<'p> {
    payload: &'p [u8],
    ends: Ends,
    at: usize,
    number: usize,
}

impl<'p> Lines<'p> {
    fn of(payload: &'p [u8], ends: SegmentEnds) -> Self {
        let body = past_prologue(payload);
        let (ends, _) = ends.decide(body);
        Self { payload, ends, at: payload.len() - body.len(), number: 0 }
    }

    fn next_line(&mut self) -> Option<Line> {
        loop {
            let rest = self.payload.get(self.at..).filter(|rest| !rest.is_empty())?;
            let start = self.at;
            self.number += 1;
            let length = memchr(self.ends.byte(), rest).unwrap_or(rest.len());
            let behind = rest.get(length..).unwrap_or_default();
            let ended = match (self.ends, behind) {
                // The other half of CR LF belongs to the line that it ends.
                (Ends::Cr, [CR, LF, ..]) => 2,
                (_, []) => 0,
                _ => 1,
            };
            self.at = start + length + ended;
            let line = rest.get(..length).unwrap_or_default();
            // Files that were put together from several keep the byte order mark of each.
            let text = past_prologue(self.ends.trim(line));
            if !is_blank(text) {
                let trimmed = line.len() - past_prologue(line).len();
                let text = start + trimmed..start + trimmed + text.len();
                return Some(Line { number: self.number, text, end: self.at });
            }
        }
    }
}

/// What a line begins.
enum Begins {
    FileHeader,
    BatchHeader,
    Message,
    BatchTrailer,
    FileTrailer,
    /// Nothing of an envelope: a segment of the message at hand.
    Nothing,
}

impl Begins {
    fn of(line: &[u8]) -> Self {
        let Some((name, behind)) = line.split_first_chunk::<3>() else { return Self::Nothing };
        let declares = behind.first().is_some_and(u8::is_ascii_punctuation);
        match name {
            b"FHS" if declares => Self::FileHeader,
            b"BHS" if declares => Self::BatchHeader,
            b"MSH" if declares => Self::Message,
            b"BTS" if declares || behind.is_empty() => Self::BatchTrailer,
            b"FTS" if declares || behind.is_empty() => Self::FileTrailer,
            _ => Self::Nothing,
        }
    }
}

/// A payload on its way to a batch.
struct Splitting<'p> {
    payload: &'p Bytes,
    file: Option<Envelope>,
    groups: Vec<Group>,
    /// The batch that is not ended yet.
    group: Option<Group>,
    /// The message that is not ended yet.
    message: Option<Range<usize>>,
    messages: usize,
    /// FTS was there: nothing may follow.
    ended: bool,
}

impl<'p> Splitting<'p> {
    fn new(payload: &'p Bytes) -> Self {
        Self {
            payload,
            file: None,
            groups: Vec::new(),
            group: None,
            message: None,
            messages: 0,
            ended: false,
        }
    }

    fn line(&mut self, line: &Line) -> Result<(), BatchError> {
        let text = self.payload.get(line.text.clone()).unwrap_or_default();
        let begins = Begins::of(text);
        let misplaced = BatchError::Misplaced { line: line.number };
        if self.ended {
            return Err(misplaced);
        }
        match begins {
            Begins::FileHeader if self.file.is_some() || self.has_begun() => Err(misplaced),
            Begins::FileHeader => {
                self.file = Some(self.envelope(line)?);
                Ok(())
            }
            Begins::BatchHeader => {
                self.end_group();
                let header = Some(self.envelope(line)?);
                self.group = Some(Group { header, messages: Vec::new() });
                Ok(())
            }
            Begins::Message => self.begin_message(line),
            Begins::BatchTrailer => {
                self.end_message();
                let group = self.group.get_or_insert_with(Group::bare);
                let found = group.messages.len();
                self.end_group();
                declares(text, &[found]).then_some(()).ok_or(BatchError::MessageCount { found })
            }
            Begins::FileTrailer => self.end_file(text),
            Begins::Nothing => {
                let has_begun = self.file.is_some() || self.has_begun();
                match &mut self.message {
                    Some(message) => message.end = line.end,
                    None if has_begun => return Err(misplaced),
                    None => return Err(BatchError::NoHeader),
                }
                Ok(())
            }
        }
    }

    fn begin_message(&mut self, line: &Line) -> Result<(), BatchError> {
        self.end_message();
        if self.messages == MAX_MESSAGES {
            return Err(BatchError::TooMany);
        }
        self.messages += 1;
        self.message = Some(line.text.start..line.end);
        Ok(())
    }

    fn end_file(&mut self, trailer: &[u8]) -> Result<(), BatchError> {
        self.end_group();
        self.ended = true;
        let found = self.groups.len();
        // Where no batch has a header, senders count messages.
        let is_bare = self.groups.iter().all(|group| group.header.is_none());
        let messages = if is_bare { self.messages } else { found };
        declares(trailer, &[found, messages]).then_some(()).ok_or(BatchError::BatchCount { found })
    }

    fn has_begun(&self) -> bool {
        self.message.is_some() || self.group.is_some() || !self.groups.is_empty()
    }

    fn envelope(&self, line: &Line) -> Result<Envelope, BatchError> {
        Envelope::read(self.payload.slice(line.text.clone()))
            .ok_or(BatchError::BadHeader { line: line.number })
    }

    fn end_message(&mut self) {
        if let Some(message) = self.message.take() {
            let message = self.payload.slice(message);
            self.group.get_or_insert_with(Group::bare).messages.push(message);
        }
    }

    fn end_group(&mut self) {
        self.end_message();
        self.groups.extend(self.group.take());
    }

    fn finish(mut self) -> Result<Batch, BatchError> {
        self.end_group();
        if self.groups.is_empty() && self.file.is_none() && !self.ended {
            return Err(BatchError::NoHeader);
        }
        Ok(Batch { file: self.file, groups: self.groups })
    }
}

impl Group {
    /// Messages without a BHS.
    fn bare() -> Self {
        Self { header: None, messages: Vec::new() }
    }
}

/// Whether field 1 of a trailer is one of these numbers; an empty one says nothing.
fn declares(trailer: &[u8], found: &[usize]) -> bool {
    let Some((&separator, fields)) = trailer.get(3..).and_then(<[u8]>::split_first) else {
        return true;
    };
    let declared = fields.split(|byte| *byte == separator).next().unwrap_or_default().trim_ascii();
    let number = std::str::from_utf8(declared).ok().and_then(|text| text.parse::<usize>().ok());
    declared.is_empty() || number.is_some_and(|number| found.contains(&number))
}

#[cfg(test)]
mod tests;
