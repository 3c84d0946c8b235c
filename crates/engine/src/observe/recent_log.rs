//! The newest lines of the log, for whoever looks at the engine and not at the machine it runs on.
//!
//! Bounded by bytes; what it had to let go is told by a gap in the numbers. It holds what the log holds, and the log has no
//! content of messages (PHI-1).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most it keeps, in bytes: some thousand lines, which are days of an engine that is well.
const MAX_BYTES: usize = 512 * 1024;
/// The longest line, in bytes; the rest of a longer one is cut.
const MAX_LINE: usize = 4 * 1024;
/// What a line takes beside its words, about.
const LINE_OVERHEAD: usize = size_of::<LogLine>();
/// What stands where the rest of a line was.
const CUT: char = '…';

/// How much a line of the log matters, the most first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Something does not work, and somebody has to do something.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What changed.
    Info,
    /// Each connection and message.
    Debug,
    /// Everything.
    Trace,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number since the start, from 1.
    pub number: u64,
    /// When it was written, RFC 3339.
    pub at: String,
    /// How much it matters.
    pub level: LogLevel,
    /// The part of the program that wrote it.
    pub target: String,
    /// What it says, with its fields behind.
    pub text: String,
}

/// The newest lines of the log.
#[derive(Debug, Default)]
pub struct RecentLog(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// The number of the newest line there ever was.
    newest: u64,
}

impl RecentLog {
    /// Keeps a line, and lets the oldest ones go for which there is no room.
    pub fn keep(&self, at: Timestamp, level: LogLevel, target: &str, mut text: String) {
        if text.len() > MAX_LINE {
            let end = (0..=MAX_LINE).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
            text.push(CUT);
        }
        let mut kept = self.lock();
        kept.newest += 1;
        let line = LogLine {
            number: kept.newest,
            at: at.to_string(),
            level,
            target: target.to_owned(),
            text,
        };
        kept.bytes += size(&line);
        kept.lines.push_back(line);
        while kept.bytes > MAX_BYTES
            && let Some(oldest) = kept.lines.pop_front()
        {
            kept.bytes -= size(&oldest);
        }
    }

    /// Lines that matter at least so much, oldest first: at most `limit` behind line `after`, or without one the newest
    /// `limit`. With them, the number of the newest line of all.
    pub fn read(&self, after: Option<u64>, least: LogLevel, limit: usize) -> (Vec<LogLine>, u64) {
        let kept = self.lock();
        let matters = |line: &&LogLine| line.level <= least;
        let lines: Vec<LogLine> = if let Some(after) = after {
            let later = kept.lines.iter().filter(|line| line.number > after);
            later.filter(matters).take(limit).cloned().collect()
        } else {
            let newest = kept.lines.iter().rev().filter(matters).take(limit);
            newest.cloned().collect::<Vec<_>>().into_iter().rev().collect()
        };
        (lines, kept.newest)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(line: &LogLine) -> usize {
    LINE_OVERHEAD + line.at.len() + line.target.len() + line.text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: usize, length: usize) -> RecentLog {
        let log = RecentLog::default();
        for number in 1..=lines {
            let level = if number % 2 == 0 { LogLevel::Warn } else { LogLevel::Info };
            log.keep(Timestamp::UNIX_EPOCH, level, "wardline", "x".repeat(length));
        }
        log
    }

    fn numbers((lines, newest): (Vec<LogLine>, u64)) -> (Vec<u64>, u64) {
        (lines.iter().map(|line| line.number).collect(), newest)
    }

    #[test]
    fn the_newest_lines_come_in_their_order_and_one_can_go_on_behind_them() {
        let log = log(5, 10);
        assert_eq!(numbers(log.read(None, LogLevel::Trace, 2)), (vec![4, 5], 5));
        assert_eq!(numbers(log.read(Some(2), LogLevel::Trace, 2)), (vec![3, 4], 5));
        assert_eq!(numbers(log.read(Some(5), LogLevel::Trace, 2)), (vec![], 5));
        assert_eq!(numbers(log.read(None, LogLevel::Warn, 9)), (vec![2, 4], 5));
    }

    #[test]
    fn it_never_holds_more_than_its_bytes_and_no_line_is_longer_than_a_line_may_be() {
        let log = log(2000, 3 * MAX_LINE);
        let kept = log.lock();
        assert!(kept.bytes <= MAX_BYTES, "{}", kept.bytes);
        assert_eq!(kept.bytes, kept.lines.iter().map(size).sum::<usize>());
        assert_eq!(kept.lines.back().map(|line| line.number), Some(2000));
        assert!(kept.lines.iter().all(|line| line.text.len() == MAX_LINE + CUT.len_utf8()));
    }

    #[test]
    fn a_line_is_cut_between_two_characters() {
        let log = RecentLog::default();
        log.keep(Timestamp::UNIX_EPOCH, LogLevel::Info, "wardline", "ü".repeat(MAX_LINE));
        let (lines, _) = log.read(None, LogLevel::Info, 1);
        assert!(lines[0].text.ends_with("ü…"), "{} bytes", lines[0].text.len());
    }
}
