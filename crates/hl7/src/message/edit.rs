//! Editing by path: only what is named changes, every other byte is copied.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Message, ParseError};
use crate::charset::outline;
use crate::locate::Spot;
use crate::segment_ends::{CR, Ends, LF};
use crate::{Path, Value, escape};

/// An edit that cannot be made. Neither the message nor the value is in the error (PHI-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The message has no such segment; an edit makes fields, never segments.
    #[error("the message has no segment {path} could name")]
    NoSegment {
        /// What was to be edited.
        path: Path,
    },
    /// MSH-1 and MSH-2 say how everything else is read.
    #[error("{path} holds the delimiters and cannot be edited")]
    Delimiters {
        /// What was to be edited.
        path: Path,
    },
    /// MSH cannot be taken out: a message begins with it.
    #[error("MSH cannot be removed")]
    Header,
    /// The raw value has a separator or a segment end that would change more than the element named.
    #[error("the value for {path} would reach beyond it")]
    BreaksOut {
        /// What was to be edited.
        path: Path,
    },
    /// MSH-2 declares no separator for this level.
    #[error("the message declares no separator to reach {path}")]
    NoSeparator {
        /// What was to be edited.
        path: Path,
    },
    /// The charset of the message lacks a character of the text, or would not be recognised any more with it.
    #[error("the text for {path} cannot be written in the message's charset")]
    Charset {
        /// What was to be edited.
        path: Path,
    },
    /// What came out is no message any more.
    #[error("the edited message is not readable")]
    Unreadable(#[from] ParseError),
}

/// The new bytes of one element.
struct Splice {
    range: Range<usize>,
    padding: Vec<u8>,
    value: Bytes,
}

impl Message {
    /// This message with a text at the place named, escaped and encoded as the message is. Where the path names several
    /// places, each that is there; missing separators of a single place are written.
    pub fn set(&self, path: &Path, text: &str) -> Result<Self, EditError> {
        let escaped = escape::escape(text, &self.delimiters);
        let value = self.charset().encode(&escaped).ok_or(EditError::Charset { path: *path })?;
        let edited = self.replace(path, &value)?;
        // Bytes that were windows-1252 by the rest of the message may be UTF-8 by themselves, and read otherwise.
        if !value.is_ascii() && edited.charset() != self.charset() {
            return Err(EditError::Charset { path: *path });
        }
        Ok(edited)
    }

    /// This message with these bytes at the place named, as [`Message::set`], but neither escaped nor encoded. They may
    /// hold separators of the levels below the element, none of its own level or above.
    pub fn set_raw(&self, path: &Path, value: &[u8]) -> Result<Self, EditError> {
        let outline = outline(value, self.charset());
        if outline.as_deref().unwrap_or(value).iter().any(|byte| self.ends_element(path, *byte)) {
            return Err(EditError::BreaksOut { path: *path });
        }
        self.replace(path, value)
    }

    /// This message with nothing at the place named. What is absent stays absent.
    pub fn clear(&self, path: &Path) -> Result<Self, EditError> {
        self.replace(path, b"")
    }

    /// This message with a text of its own at each place that the path names, told what stands there; a place that is
    /// missing is asked for as well. `None` leaves a place as it is. One pass, however many places there are.
    pub fn set_each<E: From<EditError>>(
        &self,
        path: &Path,
        mut text: impl FnMut(Value<'_>) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        if path.is_delimiters() {
            return Err(EditError::Delimiters { path: *path }.into());
        }
        let mut splices = Vec::new();
        let mut is_ascii = true;
        for spot in self.spots(path) {
            let Some(text) = text(spot.value(&self.bytes))? else { continue };
            let escaped = escape::escape(&text, &self.delimiters);
            let value =
                self.charset().encode(&escaped).ok_or(EditError::Charset { path: *path })?;
            if spot.is_missing() && value.is_empty() {
                continue;
            }
            is_ascii &= value.is_ascii();
            let padding = padding(&spot).ok_or(EditError::NoSeparator { path: *path })?;
            let value = Bytes::copy_from_slice(&value);
            splices.push(Splice { range: spot.range, padding, value });
        }
        let edited = Self::parse_with(self.spliced(&splices), self.options);
        let edited = edited.map_err(EditError::from)?;
        if !is_ascii && edited.charset() != self.charset() {
            return Err(EditError::Charset { path: *path }.into());
        }
        Ok(edited)
    }

    fn replace(&self, path: &Path, value: &[u8]) -> Result<Self, EditError> {
        if path.is_delimiters() {
            return Err(EditError::Delimiters { path: *path });
        }
        let splices = self.splices(path, value)?;
        Ok(Self::parse_with(self.spliced(&splices), self.options)?)
    }

    fn splices(&self, path: &Path, value: &[u8]) -> Result<Vec<Splice>, EditError> {
        let clears = value.is_empty();
        let value = Bytes::copy_from_slice(value);
        let mut splices = Vec::new();
        let mut found = false;
        for spot in self.spots(path) {
            found = true;
            // An empty value changes nothing where there is none.
            if !(clears && spot.is_missing()) {
                let padding = padding(&spot).ok_or(EditError::NoSeparator { path: *path })?;
                splices.push(Splice { range: spot.range, padding, value: value.clone() });
            }
        }
        // Every repetition of a field that has none: no place, and no fault either.
        if found || path.is_plural() {
            Ok(splices)
        } else {
            Err(EditError::NoSegment { path: *path })
        }
    }

    /// The payload with each place replaced; everything between them is copied.
    fn spliced(&self, splices: &[Splice]) -> Bytes {
        let added: usize =
            splices.iter().map(|splice| splice.padding.len() + splice.value.len()).sum();
        let mut edited = BytesMut::with_capacity(self.bytes.len() + added);
        let mut copied = 0;
        for splice in splices {
            edited.put_slice(self.bytes.get(copied..splice.range.start).unwrap_or_default());
            edited.put_slice(&splice.padding);
            edited.put_slice(&splice.value);
            copied = splice.range.end;
        }
        edited.put_slice(self.bytes.get(copied..).unwrap_or_default());
        edited.freeze()
    }

    /// Whether this byte, inside the element that a path names, would end it.
    fn ends_element(&self, path: &Path, byte: u8) -> bool {
        let delimiters = &self.delimiters;
        let has_component = path.component.is_some();
        byte == CR
            || (byte == LF && self.ends == Ends::Lf)
            || byte == delimiters.field
            || ((path.repetition.is_some() || has_component) && Some(byte) == delimiters.repetition)
            || (has_component && byte == delimiters.component)
            || (path.subcomponent.is_some() && Some(byte) == delimiters.subcomponent)
    }
}

/// The separators missing before an element; `None` where one of them is not declared.
fn padding(spot: &Spot) -> Option<Vec<u8>> {
    let mut padding = Vec::new();
    for (separator, count) in spot.missing {
        if count > 0 {
            padding.resize(padding.len() + count, separator?);
        }
    }
    Some(padding)
}
