//! What is unusual but readable in a message: counted per listener, never fatal by itself.

use std::fmt;

use memchr::{memchr, memchr_iter};

use super::Message;
use super::segments::is_blank;
use crate::charset::Declared;
use crate::segment_ends::{CR, Ends, LF};

/// One kind of oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lint {
    /// Segments end in LF, or in CR LF, instead of CR.
    LfEnds,
    /// An LF stands inside a segment, as data: no segment ends there.
    LfAsData,
    /// A line is empty, or nothing but white space.
    EmptyLine,
    /// The last segment has no end.
    NoLastEnd,
    /// A byte order mark stands in front.
    Bom,
    /// A line is no segment: not three capital letters or digits and a field separator.
    OddSegment,
    /// A character stands twice in MSH-2.
    RepeatedDelimiter,
    /// MSH-18 names a charset that is not known here, or UNICODE, which no message can be in.
    UnknownCharset,
    /// The bytes are not of the charset that MSH-18 names.
    UndeclaredBytes,
}

/// The oddities of one message.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Lints(u16);

impl Lint {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::LfEnds,
        Self::LfAsData,
        Self::EmptyLine,
        Self::NoLastEnd,
        Self::Bom,
        Self::OddSegment,
        Self::RepeatedDelimiter,
        Self::UnknownCharset,
        Self::UndeclaredBytes,
    ];

    /// A stable name for counters and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LfEnds => "lf-ends",
            Self::LfAsData => "lf-as-data",
            Self::EmptyLine => "empty-line",
            Self::NoLastEnd => "no-last-end",
            Self::Bom => "bom",
            Self::OddSegment => "odd-segment",
            Self::RepeatedDelimiter => "repeated-delimiter",
            Self::UnknownCharset => "unknown-charset",
            Self::UndeclaredBytes => "undeclared-bytes",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl Lints {
    /// Whether the message has this one.
    pub fn contains(self, lint: Lint) -> bool {
        self.0 & lint.bit() != 0
    }

    /// Whether nothing is unusual.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those the message has.
    pub fn iter(self) -> impl Iterator<Item = Lint> {
        Lint::ALL.into_iter().filter(move |lint| self.contains(*lint))
    }

    fn set(&mut self, lint: Lint, found: bool) {
        if found {
            self.0 |= lint.bit();
        }
    }
}

impl fmt::Debug for Lints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Looks at every line once.
pub(super) fn of(message: &Message) -> Lints {
    let mut lints = Lints::default();
    let body = message.body();
    let prologue = message.bytes.get(..message.bytes.len() - body.len()).unwrap_or_default();
    lints.set(Lint::RepeatedDelimiter, message.delimiters_repeated);
    lints.charset(message);
    lints.set(Lint::Bom, memchr(0xef, prologue).is_some());
    lints.set(Lint::EmptyLine, prologue.iter().any(|byte| matches!(*byte, CR | LF)));

    let has_lf = memchr(LF, body).is_some();
    let mut start = 0;
    for end in memchr_iter(message.ends.byte(), body) {
        let kept = lints.line(message, body.get(start..end).unwrap_or_default(), has_lf);
        lints.set(Lint::EmptyLine, is_blank(kept));
        lints.set(Lint::LfEnds, message.ends == Ends::Lf);
        start = end + 1;
    }
    // What follows the last end: nothing, the LF of a CR LF, or a segment without an end.
    let last = lints.line(message, body.get(start..).unwrap_or_default(), has_lf);
    lints.set(Lint::EmptyLine, !last.is_empty() && is_blank(last));
    lints.set(Lint::NoLastEnd, !is_blank(last));
    lints
}

impl Lints {
    /// What MSH-18 adds; a listener that knows better asks for none of it.
    fn charset(&mut self, message: &Message) {
        if message.options.charset.fixed.is_some() {
            return;
        }
        let denied = match message.declared() {
            Declared::Nothing => false,
            Declared::Unknown => return self.set(Lint::UnknownCharset, true),
            Declared::Ascii => !message.bytes.is_ascii(),
            Declared::Charset(charset) => !charset.may_be_that_of(&message.bytes),
        };
        self.set(Lint::UndeclaredBytes, denied);
    }

    /// What one line adds, given whether the message has any LF; gives it back without the other half of its end.
    fn line<'l>(&mut self, message: &Message, line: &'l [u8], has_lf: bool) -> &'l [u8] {
        let kept = message.ends.trim(line);
        self.set(Lint::LfEnds, kept.len() < line.len());
        if !is_blank(kept) {
            self.set(
                Lint::LfAsData,
                has_lf && message.ends == Ends::Cr && memchr(LF, kept).is_some(),
            );
            self.set(Lint::OddSegment, !is_segment(kept, message.delimiters.field));
        }
        kept
    }
}

fn is_segment(line: &[u8], separator: u8) -> bool {
    let Some((name, behind)) = line.split_first_chunk::<3>() else { return false };
    name.first().is_some_and(u8::is_ascii_uppercase)
        && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && behind.first().is_none_or(|byte| *byte == separator)
}
