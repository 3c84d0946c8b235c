//! `wardline logs`: the newest lines of a running engine's log, wherever its stderr goes.

use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use owo_colors::Style;
use wardline_engine::control::protocol::{MAX_PAGE, Request, Response};
use wardline_engine::observe::{LogLevel, LogLine};

use super::Invocation;
use super::exit::Exit;
use super::failure::{Failed, Outcome, TerminalError};
use super::printable;
use super::reach::{Reach, ReachError};
use super::terminal::Terminal;

/// How often a follower asks for more.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// Show the newest lines of the running engine's log. Exits with 4 when none runs.
///
/// The engine keeps the last 512 KiB of what passes `[log] filter`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// How many lines.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 100,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    lines: u16,
    /// Only lines that matter at least so much.
    #[arg(long, value_enum, default_value_t = Least::Trace, value_name = "LEVEL")]
    level: Least,
    /// Go on with what is written from now on, until interrupted.
    #[arg(short, long)]
    follow: bool,
}

/// How much a line has to matter.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Least {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<Least> for LogLevel {
    fn from(least: Least) -> Self {
        match least {
            Least::Error => Self::Error,
            Least::Warn => Self::Warn,
            Least::Info => Self::Info,
            Least::Debug => Self::Debug,
            Least::Trace => Self::Trace,
        }
    }
}

impl Logs {
    /// Asks and prints.
    pub(crate) fn execute(self, invocation: &Invocation) -> Outcome {
        let mut engine = Reach::running(invocation)?;
        let terminal = invocation.terminal;
        let mut after = self.show(&mut engine, None, usize::from(self.lines), terminal)?;
        if !self.follow {
            return Ok(Exit::Ok);
        }
        loop {
            thread::sleep(FOLLOW_EVERY);
            after = self.show(&mut engine, Some(after), MAX_PAGE, terminal)?;
        }
    }

    /// Prints what is behind `after`, and tells where to go on.
    fn show(
        &self,
        engine: &mut Reach,
        after: Option<u64>,
        limit: usize,
        terminal: Terminal,
    ) -> Result<u64, Failed> {
        let request = Request::Logs { after, level: self.level.into(), limit };
        let Response::Logs { lines, newest } = engine.ask(&request)? else {
            return Err(ReachError::Unexpected.into());
        };
        lines.iter().try_for_each(|line| print(line, terminal))?;
        // A full page may have left some behind it; otherwise all was looked at.
        let last = lines.last().map_or(newest, |line| line.number);
        Ok(if lines.len() < limit { newest } else { last })
    }
}

fn print(line: &LogLine, terminal: Terminal) -> Result<(), TerminalError> {
    if terminal.json {
        return terminal.value(line);
    }
    let (word, style) = match line.level {
        LogLevel::Error => ("ERROR", Style::new().red()),
        LogLevel::Warn => ("WARN", Style::new().yellow()),
        LogLevel::Info => ("INFO", Style::new().green()),
        LogLevel::Debug => ("DEBUG", Style::new().dimmed()),
        LogLevel::Trace => ("TRACE", Style::new().dimmed()),
    };
    let text = printable::text(line.text.as_bytes());
    terminal.line(format!("{} {:>5} {text}", line.at, style.style(word)))
}
