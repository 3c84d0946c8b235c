//! What is told while messages go out: a line for each of a few, a bar for many.

use std::error::Error;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::OwoColorize;
use wardline_hl7::ack::Reply;

use super::super::amounts;
use super::super::printable;
use super::super::terminal::Terminal;
use super::fate::Fate;
use super::message::Outgoing;
use super::worker::Sent;

/// So many messages get a line each; of more, only those that went wrong, and of these as many again.
const LINES: u64 = 20;
/// How the bar looks.
const BAR: &str = "{bar:30} {pos}/{len} messages, {per_sec}, {eta} left";

/// How much is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detail {
    /// The content of each answer.
    pub(super) show: bool,
    /// Nothing but the sum.
    pub(super) quiet: bool,
}

/// The lines and the bar.
pub(super) struct Report {
    terminal: Terminal,
    detail: Detail,
    bar: ProgressBar,
    lines: u64,
}

impl Report {
    pub(super) fn new(terminal: Terminal, detail: Detail, expected: u64) -> Self {
        // Drawn on stderr, and only where that is a terminal.
        let target =
            if detail.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(expected), target);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self { terminal, detail, bar, lines: 0 }
    }

    /// Tells how one message went.
    pub(super) fn tell(&mut self, outgoing: &Outgoing, sent: &Sent, expected: u64) {
        self.bar.set_length(expected);
        self.bar.inc(1);
        if self.terminal.json || self.detail.quiet {
            return;
        }
        if self.detail.show
            || (self.lines < LINES && (expected <= LINES || !sent.fate.is_positive()))
        {
            self.lines += 1;
            // A reader that went away does not end the sending; the sum will meet it again.
            let _nobody_reads = self.bar.suspend(|| self.terminal.line(line(outgoing, sent)));
            if let (true, Ok(answer)) = (self.detail.show, &sent.answer) {
                for segment in printable::lines(answer) {
                    let _nobody_reads =
                        self.bar.suspend(|| self.terminal.line(format!("      {segment}")));
                }
            }
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `AA  M1  in 1.20ms  admission.hl7`, and what the peer says where it does not accept.
fn line(outgoing: &Outgoing, sent: &Sent) -> String {
    let word = sent.fate.word();
    let word =
        if sent.fate.is_positive() { word.green().to_string() } else { word.red().to_string() };
    let mut line = format!(
        "{word}  {}  in {}  {}",
        acknowledged(sent).unwrap_or_else(|| printable::id(&outgoing.control_id)),
        amounts::duration(sent.latency),
        outgoing.origin
    );
    if let Some(reason) = reason(sent) {
        line.push_str("  ");
        line.push_str(&reason);
    }
    line
}

/// MSA-2.
fn acknowledged(sent: &Sent) -> Option<String> {
    let reply = Reply::read(sent.answer.as_ref().ok()?).ok()?;
    Some(printable::id(reply.acknowledged()))
}

/// Why it went wrong: in the peer's words, or in ours where it had none.
fn reason(sent: &Sent) -> Option<String> {
    if sent.fate.is_positive() {
        return None;
    }
    match (&sent.answer, sent.fate) {
        (Err(error), _) => Some(match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }),
        (Ok(_), Fate::Another) => Some("is an answer to another message".to_owned()),
        (Ok(answer), _) => {
            Some(printable::text(Reply::read(answer).ok()?.text()?.as_bytes()).into_owned())
        }
    }
}
