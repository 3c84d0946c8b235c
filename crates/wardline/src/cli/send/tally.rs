//! The sum of a `send`: how many of what, how fast, and how the process ends.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use wardline_hl7::AckCode;

use super::super::amounts;
use super::super::exit::Exit;
use super::super::failure::TerminalError;
use super::super::printable;
use super::super::terminal::Terminal;
use super::fate::Fate;
use super::message::Outgoing;
use super::worker::Sent;

/// So many single answers are listed in the JSON; of more, only the sums.
const ANSWERS_LISTED: usize = 1000;
/// Latencies are kept with three digits…
const PRECISION: u8 = 3;
/// … and up to an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// Counts and latencies, the form that `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Tally {
    sent: u64,
    not_sent: u64,
    bytes: u64,
    aa: u64,
    ae: u64,
    ar: u64,
    ca: u64,
    ce: u64,
    cr: u64,
    wrong_id: u64,
    unreadable: u64,
    no_answer: u64,
    broken: u64,
    unreachable: u64,
    seconds: f64,
    messages_per_second: f64,
    latency_microseconds: Latency,
    answers: Vec<Answer>,
    #[serde(skip)]
    latencies: Option<Histogram<u64>>,
}

/// Of the messages that were answered, from the first byte out to the last byte in.
#[derive(Debug, Default, Serialize)]
struct Latency {
    p50: u64,
    p95: u64,
    p99: u64,
    max: u64,
}

/// One message and what became of it.
#[derive(Debug, Serialize)]
struct Answer {
    number: u64,
    file: String,
    control_id: String,
    #[serde(rename = "answer")]
    word: &'static str,
    microseconds: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            sent: 0,
            not_sent: 0,
            bytes: 0,
            aa: 0,
            ae: 0,
            ar: 0,
            ca: 0,
            ce: 0,
            cr: 0,
            wrong_id: 0,
            unreadable: 0,
            no_answer: 0,
            broken: 0,
            unreachable: 0,
            seconds: 0.0,
            messages_per_second: 0.0,
            latency_microseconds: Latency::default(),
            answers: Vec::new(),
            latencies: Histogram::new_with_bounds(1, LONGEST, PRECISION).ok(),
        }
    }

    /// Adds one message.
    pub(super) fn add(&mut self, outgoing: &Outgoing, sent: &Sent) {
        *self.count(sent.fate) += 1;
        if sent.fate != Fate::Unreachable {
            self.sent += 1;
            self.bytes += u64::try_from(outgoing.payload.len()).unwrap_or(u64::MAX);
        }
        let microseconds = u64::try_from(sent.latency.as_micros()).unwrap_or(u64::MAX);
        if let (Some(latencies), Fate::Answered(_)) = (&mut self.latencies, sent.fate) {
            latencies.saturating_record(microseconds);
        }
        if self.answers.len() < ANSWERS_LISTED {
            self.answers.push(Answer {
                number: outgoing.number,
                file: outgoing.origin.to_string(),
                control_id: printable::id(&outgoing.control_id),
                word: sent.fate.word(),
                microseconds,
            });
        }
    }

    fn count(&mut self, fate: Fate) -> &mut u64 {
        match fate {
            Fate::Answered(AckCode::AA) => &mut self.aa,
            Fate::Answered(AckCode::AE) => &mut self.ae,
            Fate::Answered(AckCode::AR) => &mut self.ar,
            Fate::Answered(AckCode::CA) => &mut self.ca,
            Fate::Answered(AckCode::CE) => &mut self.ce,
            Fate::Answered(AckCode::CR) => &mut self.cr,
            Fate::Another => &mut self.wrong_id,
            Fate::Unreadable => &mut self.unreadable,
            Fate::NoAnswer => &mut self.no_answer,
            Fate::Broken => &mut self.broken,
            Fate::Unreachable => &mut self.unreachable,
        }
    }

    /// Closes the sum: how long it took and how many messages there were to send.
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    pub(super) fn end(&mut self, elapsed: Duration, expected: u64) {
        self.not_sent = expected.saturating_sub(self.sent);
        self.seconds = elapsed.as_secs_f64();
        if self.seconds > 0.0 {
            self.messages_per_second = self.sent as f64 / self.seconds;
        }
        if let Some(latencies) = &self.latencies {
            self.latency_microseconds = Latency {
                p50: latencies.value_at_quantile(0.50),
                p95: latencies.value_at_quantile(0.95),
                p99: latencies.value_at_quantile(0.99),
                max: latencies.max(),
            };
        }
    }

    /// How the process ends: the gravest thing that happened at all.
    pub(super) fn exit(&self) -> Exit {
        if self.unreachable > 0 {
            Exit::NotReachable
        } else if self.no_answer > 0 {
            Exit::AckTimeout
        } else if self.wrong_id > 0 {
            Exit::AckOfAnother
        } else if self.ae + self.ar + self.ce + self.cr > 0 {
            Exit::PeerNak
        } else if self.broken + self.unreadable + self.not_sent > 0 {
            Exit::Failed
        } else {
            Exit::Ok
        }
    }

    /// Prints the sum on stdout.
    pub(super) fn print(&self, terminal: Terminal) -> Result<(), TerminalError> {
        if terminal.json {
            return terminal.value(self);
        }
        let counts = [
            ("AA", self.aa),
            ("AE", self.ae),
            ("AR", self.ar),
            ("CA", self.ca),
            ("CE", self.ce),
            ("CR", self.cr),
            ("wrong id", self.wrong_id),
            ("unreadable", self.unreadable),
            ("no answer", self.no_answer),
            ("broken off", self.broken),
            ("unreachable", self.unreachable),
            ("not sent", self.not_sent),
        ];
        let counts: Vec<String> = counts
            .iter()
            .filter(|&&(name, count)| count > 0 || name == "AA")
            .map(|(name, count)| format!("{name} {}", amounts::count(*count)))
            .collect();
        terminal.line(format!(
            "sent {} ({}): {}",
            amounts::count(self.sent),
            amounts::size(self.bytes),
            counts.join(", ")
        ))?;
        // Of a single message its own line has said all there is.
        if self.sent < 2 || self.latency_microseconds.max == 0 {
            return Ok(());
        }
        let shown = |microseconds| amounts::duration(Duration::from_micros(microseconds));
        let latency = &self.latency_microseconds;
        terminal.line(format!(
            "in {}, {:.1} messages/s, answered within p50 {}, p95 {}, p99 {}, at most {}",
            amounts::duration(Duration::from_secs_f64(self.seconds)),
            self.messages_per_second,
            shown(latency.p50),
            shown(latency.p95),
            shown(latency.p99),
            shown(latency.max)
        ))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn ended_with(fates: &[Fate]) -> Exit {
        let mut tally = Tally::new();
        for &fate in fates {
            let outgoing = Outgoing {
                number: 1,
                origin: "a.hl7".into(),
                control_id: Bytes::new(),
                payload: Bytes::new(),
            };
            let sent = Sent { fate, latency: Duration::from_millis(2), answer: Ok(Bytes::new()) };
            tally.add(&outgoing, &sent);
        }
        tally.end(Duration::from_secs(1), u64::try_from(fates.len()).unwrap());
        tally.exit()
    }

    #[test]
    fn the_exit_code_tells_the_gravest_thing_that_happened() {
        let good = Fate::Answered(AckCode::AA);
        let bad = Fate::Answered(AckCode::AE);
        assert_eq!(ended_with(&[good, Fate::Answered(AckCode::CA)]), Exit::Ok);
        assert_eq!(ended_with(&[good, bad]), Exit::PeerNak);
        assert_eq!(ended_with(&[bad, Fate::Another]), Exit::AckOfAnother);
        assert_eq!(ended_with(&[Fate::Another, Fate::NoAnswer]), Exit::AckTimeout);
        assert_eq!(ended_with(&[Fate::NoAnswer, Fate::Unreachable]), Exit::NotReachable);
        assert_eq!(ended_with(&[good, Fate::Broken]), Exit::Failed);
    }

    #[test]
    fn a_latency_is_told_as_it_was() {
        let mut tally = Tally::new();
        let outgoing = Outgoing {
            number: 1,
            origin: "a.hl7".into(),
            control_id: Bytes::new(),
            payload: Bytes::new(),
        };
        let fate = Fate::Answered(AckCode::AA);
        let sent = Sent { fate, latency: Duration::from_secs(5), answer: Ok(Bytes::new()) };
        tally.add(&outgoing, &sent);
        tally.end(Duration::from_secs(5), 1);
        assert!(tally.latency_microseconds.p50.abs_diff(5_000_000) < 5_000);
    }

    #[test]
    fn the_sum_has_stable_keys() {
        let json = serde_json::to_value(Tally::new()).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        for key in [
            "sent",
            "not_sent",
            "aa",
            "ae",
            "ar",
            "no_answer",
            "messages_per_second",
            "latency_microseconds",
            "answers",
        ] {
            assert!(keys.contains(&key), "{key} is missing in {keys:?}");
        }
    }
}
