//! Steps of a transform as lines of a script: `VERB FIELD FIELD …`, with a tab between two.
//!
//! `?` before the verb takes the step where the expression holds. Lines that are no step are left out.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::RegexBuilder;
use wardline_flow::Expression;
use wardline_flow::transform::{Change, Content, Pattern, Step};

/// More steps than these teach nothing.
const MOST_STEPS: usize = 8;
/// The largest pattern that is compiled: this is not the place to fuzz regular expressions.
const LARGEST_PATTERN: usize = 64 * 1024;

/// The author's text and the payload.
pub(super) fn parts(input: &[u8]) -> Option<(&str, &[u8])> {
    let end = input.windows(2).position(|pair| pair == b"\n\n")?;
    let (text, payload) = input.split_at_checked(end)?;
    Some((std::str::from_utf8(text).ok()?, payload.get(2..)?))
}

pub(super) fn steps(script: &str, expression: Option<&Arc<Expression>>) -> Vec<Step> {
    let lines = script.lines().take(MOST_STEPS);
    lines.filter_map(|line| read(line, expression)).collect()
}

fn read(line: &str, expression: Option<&Arc<Expression>>) -> Option<Step> {
    let (when, line) = match line.strip_prefix('?') {
        Some(line) => (Some(expression?), line),
        None => (None, line),
    };
    let words: Vec<&str> = line.split('\t').collect();
    let change = match *words.as_slice() {
        ["set", path, text] => Change::Set { path: place(path)?, value: Content::Text(text.into()) },
        ["set", path] => {
            let value = Content::Expression(Arc::clone(expression?));
            Change::Set { path: place(path)?, value }
        }
        ["copy", from, to] => {
            let from: wardline_hl7::Path = place(from)?;
            if from.is_plural() {
                return None;
            }
            Change::Copy { from, to: place(to)? }
        }
        ["clear", path] => Change::Clear { path: place(path)? },
        ["remove", segments] if !segments.contains('-') => {
            Change::RemoveSegments { segments: place(segments)? }
        }
        ["remove", path] => Change::RemoveRepetition { path: place(path)? },
        ["map", path, table] => Change::Map { path: place(path)?, table: table.into() },
        ["replace", path, pattern, with] => {
            let pattern = RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build().ok()?;
            Change::Replace { path: place(path)?, pattern: Pattern(pattern), with: with.into() }
        }
        ["date", path, format] => {
            Change::FormatDate { path: place(path)?, format: format.parse().ok()? }
        }
        ["name", path, format] => {
            let format = format.parse().ok()?;
            Change::FormatName { path: place(path)?, format, with_id: false }
        }
        ["split", path, at, ref into @ ..] if !at.is_empty() && !into.is_empty() => {
            let into = into.iter().map(|path| place(path)).collect::<Option<Vec<_>>>()?;
            Change::Split { path: place(path)?, at: at.into(), into }
        }
        ["join", to, with, ref paths @ ..] => {
            let paths = paths.iter().map(|path| place(path)).collect::<Option<Vec<_>>>()?;
            Change::Join { paths, with: with.into(), to: place(to)? }
        }
        ["each", segment, ..] => {
            let inner = read(line.splitn(3, '\t').nth(2)?, expression)?;
            let segment = place::<wardline_hl7::SegmentPath>(segment)?.name().to_owned();
            Change::ForEach { segment, steps: vec![inner] }
        }
        ["renumber", segment] => {
            let segment = place::<wardline_hl7::SegmentPath>(segment)?.name().to_owned();
            Change::Renumber { segment, from: 1 }
        }
        _ => return None,
    };
    Some(Step { when: when.cloned(), change })
}

fn place<P: std::str::FromStr>(text: &str) -> Option<P> {
    text.parse().ok()
}

/// The segments that these steps may change.
pub(super) fn segments(steps: &[Step]) -> BTreeSet<Vec<u8>> {
    let mut named = BTreeSet::new();
    for step in steps {
        let mut name = |name: &str| {
            named.insert(name.as_bytes().to_vec());
        };
        match &step.change {
            Change::Set { path, .. }
            | Change::Copy { to: path, .. }
            | Change::Clear { path }
            | Change::RemoveRepetition { path }
            | Change::Map { path, .. }
            | Change::Replace { path, .. }
            | Change::FormatDate { path, .. }
            | Change::FormatName { path, .. }
            | Change::Join { to: path, .. } => name(path.segment()),
            Change::RemoveSegments { segments } => name(segments.name()),
            Change::Split { into, .. } => into.iter().for_each(|path| name(path.segment())),
            Change::Renumber { segment, .. } => name(segment),
            Change::ForEach { steps, .. } => named.extend(segments(steps)),
            // It may change any; this target writes none.
            Change::Script(_) => {}
        }
    }
    named
}
