//! The matcher: an item of the pattern after the other, going back where one does not fit.

use super::single::{self, Single};
use super::{Meter, PatternFault};

/// Captures of a pattern, as in Lua.
const MAX_CAPTURES: usize = 32;

/// How deep the matcher may go, as in Lua: each capture, `-` and `?` is a level.
const MAX_DEPTH: usize = 200;

/// Steps that are paid for together.
const STEPS: u64 = 256;

/// A piece that was found, by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture {
    /// From, to.
    Text(usize, usize),
    /// `()`: a position, from 0.
    Position(usize),
}

/// Where a pattern fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Without the whole.
    pub(crate) captures: Vec<Capture>,
}

impl Match {
    /// The whole.
    pub(crate) fn whole(&self) -> Capture {
        Capture::Text(self.start, self.end)
    }

    /// The captures, or the whole where the pattern has none.
    pub(crate) fn pieces(&self) -> Vec<Capture> {
        if self.captures.is_empty() { vec![self.whole()] } else { self.captures.clone() }
    }
}

/// The first place from `init` on where `pattern` fits.
pub(crate) fn find(
    subject: &[u8],
    pattern: &[u8],
    init: usize,
    anchors: bool,
    meter: &mut dyn Meter,
) -> Result<Option<Match>, PatternFault> {
    let (is_anchored, items) = match pattern.strip_prefix(b"^") {
        Some(rest) if anchors => (true, rest),
        _ => (false, pattern),
    };
    let last = if is_anchored { init } else { subject.len() };
    let mut matcher =
        Matcher { subject, pattern: items, captures: Vec::new(), depth: 0, steps: 0, meter };
    for start in init..=last {
        matcher.captures.clear();
        if let Some(end) = matcher.fits(start, 0)? {
            let captures = matcher.closed_captures()?;
            return Ok(Some(Match { start, end, captures }));
        }
    }
    Ok(None)
}

/// How far a capture has come.
#[derive(Debug, Clone, Copy)]
enum Open {
    Yes,
    Position,
    Until(usize),
}

struct Matcher<'m> {
    subject: &'m [u8],
    pattern: &'m [u8],
    captures: Vec<(usize, Open)>,
    depth: usize,
    steps: u64,
    meter: &'m mut dyn Meter,
}

impl Matcher<'_> {
    fn step(&mut self, steps: usize) -> Result<(), PatternFault> {
        self.steps += steps as u64;
        if self.steps >= STEPS {
            self.meter.pay(std::mem::take(&mut self.steps))?;
        }
        Ok(())
    }

    /// The end of what the pattern from `item` on matches at `at`, if it does. One level deeper.
    fn fits(&mut self, at: usize, item: usize) -> Result<Option<usize>, PatternFault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(PatternFault::TooComplex);
        }
        let fits = self.fits_here(at, item);
        self.depth -= 1;
        fits
    }

    fn fits_here(&mut self, mut at: usize, mut item: usize) -> Result<Option<usize>, PatternFault> {
        loop {
            self.step(1)?;
            let rest = self.pattern.get(item..).unwrap_or_default();
            match rest {
                [] => return Ok(Some(at)),
                [b'(', b')', ..] => return self.capture(at, item + 2, Open::Position),
                [b'(', ..] => return self.capture(at, item + 1, Open::Yes),
                [b')', ..] => return self.close(at, item + 1),
                [b'$'] => return Ok((at == self.subject.len()).then_some(at)),
                [b'%', b'b', pair @ ..] => {
                    let &[open, close, ..] = pair else { return Err(PatternFault::NoBalance) };
                    let Some(end) = self.balanced(at, open, close)? else { return Ok(None) };
                    (at, item) = (end, item + 4);
                    continue;
                }
                [b'%', b'f', set @ ..] => {
                    if set.first() != Some(&b'[') {
                        return Err(PatternFault::NoFrontier);
                    }
                    let (set, length) = Single::read(set)?;
                    self.step(length)?;
                    let before = at.checked_sub(1).and_then(|at| self.subject.get(at));
                    let here = self.subject.get(at).copied().unwrap_or(0);
                    if set.fits(before.copied().unwrap_or(0)) || !set.fits(here) {
                        return Ok(None);
                    }
                    item += 2 + length;
                    continue;
                }
                [b'%', digit @ b'0'..=b'9', ..] => {
                    let Some(end) = self.again(at, usize::from(digit - b'0'))? else {
                        return Ok(None);
                    };
                    (at, item) = (end, item + 2);
                    continue;
                }
                _ => {}
            }
            let (single, length) = Single::read(rest)?;
            let next = item + length;
            match rest.get(length) {
                Some(b'?') => {
                    if self.is_one(at, single)?
                        && let Some(end) = self.fits(at + 1, next + 1)?
                    {
                        return Ok(Some(end));
                    }
                    item = next + 1;
                }
                Some(b'+') => {
                    if !self.is_one(at, single)? {
                        return Ok(None);
                    }
                    return self.as_many(at + 1, single, next + 1);
                }
                Some(b'*') => return self.as_many(at, single, next + 1),
                Some(b'-') => return self.as_few(at, single, next + 1),
                _ => {
                    if !self.is_one(at, single)? {
                        return Ok(None);
                    }
                    (at, item) = (at + 1, next);
                }
            }
        }
    }

    /// Whether one character fits, if there is one.
    fn is_one(&mut self, at: usize, single: Single<'_>) -> Result<bool, PatternFault> {
        self.step(single.cost())?;
        Ok(self.subject.get(at).is_some_and(|&byte| single.fits(byte)))
    }

    fn as_many(
        &mut self,
        at: usize,
        single: Single<'_>,
        item: usize,
    ) -> Result<Option<usize>, PatternFault> {
        let mut end = at;
        while self.is_one(end, single)? {
            end += 1;
        }
        for end in (at..=end).rev() {
            if let Some(found) = self.fits(end, item)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn as_few(
        &mut self,
        mut at: usize,
        single: Single<'_>,
        item: usize,
    ) -> Result<Option<usize>, PatternFault> {
        loop {
            if let Some(found) = self.fits(at, item)? {
                return Ok(Some(found));
            }
            if !self.is_one(at, single)? {
                return Ok(None);
            }
            at += 1;
        }
    }

    fn capture(
        &mut self,
        at: usize,
        item: usize,
        open: Open,
    ) -> Result<Option<usize>, PatternFault> {
        if self.captures.len() >= MAX_CAPTURES {
            return Err(PatternFault::TooManyCaptures);
        }
        self.captures.push((at, open));
        let level = self.captures.len();
        let fits = self.fits(at, item)?;
        if fits.is_none() {
            self.captures.truncate(level - 1);
        }
        Ok(fits)
    }

    fn close(&mut self, at: usize, item: usize) -> Result<Option<usize>, PatternFault> {
        let open = self.captures.iter().rposition(|(_, open)| matches!(open, Open::Yes));
        let open = open.ok_or(PatternFault::ClosedCapture)?;
        self.set_open(open, Open::Until(at));
        let fits = self.fits(at, item)?;
        if fits.is_none() {
            self.set_open(open, Open::Yes);
        }
        Ok(fits)
    }

    fn set_open(&mut self, capture: usize, open: Open) {
        if let Some(capture) = self.captures.get_mut(capture) {
            capture.1 = open;
        }
    }

    /// `%b()`: from an opening character to the one that closes it.
    fn balanced(&mut self, at: usize, open: u8, close: u8) -> Result<Option<usize>, PatternFault> {
        if self.subject.get(at) != Some(&open) {
            return Ok(None);
        }
        let mut depth = 1usize;
        let mut end = at + 1;
        while let Some(&byte) = self.subject.get(end) {
            self.step(1)?;
            if byte == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(Some(end + 1));
                }
            } else if byte == open {
                depth += 1;
            }
            end += 1;
        }
        Ok(None)
    }

    /// `%1`: what a capture found, once more.
    fn again(&mut self, at: usize, number: usize) -> Result<Option<usize>, PatternFault> {
        let capture = number.checked_sub(1).and_then(|index| self.captures.get(index));
        let Some(&(start, Open::Until(end))) = capture else {
            return Err(PatternFault::NoCapture(number));
        };
        self.step(1 + end - start)?;
        let found = self.subject.get(start..end).unwrap_or_default();
        let here = self.subject.get(at..).unwrap_or_default();
        Ok(here.starts_with(found).then_some(at + found.len()))
    }

    fn closed_captures(&self) -> Result<Vec<Capture>, PatternFault> {
        let closed = self.captures.iter().map(|&(start, open)| match open {
            Open::Until(end) => Ok(Capture::Text(start, end)),
            Open::Position => Ok(Capture::Position(start)),
            Open::Yes => Err(PatternFault::OpenCapture),
        });
        closed.collect()
    }
}

/// Whether a pattern is a plain text.
pub(crate) fn is_plain(pattern: &[u8]) -> bool {
    !pattern.iter().any(|byte| single::SPECIALS.contains(byte))
}
