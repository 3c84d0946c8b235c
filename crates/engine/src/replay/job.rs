//! A job as it is kept: what it is to do, how far it is, and who had a say in it. No content of any message.
//!
//! ```text
//!   list     │ 0 ───────── done ─────────────────────────── count
//!            │ settled: sent, or left out with a cause       to do; what of it is sent in already, the journal tells:
//!                                                            it has a number greater than `after`
//!
//!   running ──pause, a fault──▶ paused ──resume──▶ running ──▶ done
//!      └────────cancel────────────┴──▶ cancelled
//! ```

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use wardline_store::MessageId;

use super::sending::LeftOut;
use crate::control::protocol::{ReplayMode, ReplayOrder, ReplayRow, ReplayState};

/// Messages that were left out and are named; of the others only the count is kept.
const MOST_NAMED: usize = 100;

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    pub(super) number: u64,
    pub(super) state: ReplayState,
    pub(super) mode: ReplayMode,
    pub(super) destinations: Vec<String>,
    pub(super) edited: bool,
    pub(super) rate: NonZeroU32,
    pub(super) count: u64,
    pub(super) started: Timestamp,
    pub(super) by: String,
    pub(super) reason: String,
    ended: Option<Timestamp>,
    stopped: Option<Stopped>,
    pub(super) progress: Progress,
}

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// Messages of its list, from the first on, that are settled.
    pub(super) done: u64,
    /// Those of them that were sent in.
    sent: u64,
    /// The others, by cause.
    left_out: BTreeMap<String, u64>,
    first_left_out: Vec<(MessageId, String)>,
    /// Whatever was sent in of what is not settled has a greater number.
    pub(super) after: Option<MessageId>,
}

/// Why a job does not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stopped {
    pub(super) by: String,
    pub(super) because: String,
}

impl Job {
    /// A job that has not begun. `newest` is the last number that was durable before it could.
    pub(super) fn new(
        number: u64,
        order: &ReplayOrder,
        (by, reason): (String, String),
        newest: Option<MessageId>,
        now: Timestamp,
    ) -> Self {
        Self {
            number,
            state: ReplayState::Running,
            mode: order.mode,
            destinations: order.destinations.clone(),
            edited: order.edited.is_some(),
            rate: order.rate,
            count: order.messages.len() as u64,
            started: now,
            by,
            reason,
            ended: None,
            stopped: None,
            progress: Progress { after: newest, ..Progress::default() },
        }
    }

    /// It does not go on, for now or for good.
    pub(super) fn stop(&mut self, state: ReplayState, stopped: Stopped, now: Timestamp) {
        self.state = state;
        self.stopped = Some(stopped);
        if state.has_ended() {
            self.ended = Some(now);
        }
    }

    /// It goes on.
    pub(super) fn resume(&mut self) {
        self.state = ReplayState::Running;
        self.stopped = None;
    }

    /// It is through.
    pub(super) fn finish(&mut self, now: Timestamp) {
        self.state = ReplayState::Done;
        self.ended = Some(now);
    }

    /// As it is shown.
    pub(super) fn row(&self) -> ReplayRow {
        let Progress { sent, left_out, first_left_out, .. } = &self.progress;
        let stopped = self.stopped.as_ref();
        ReplayRow {
            job: self.number,
            state: self.state,
            mode: self.mode,
            destinations: self.destinations.clone(),
            edited: self.edited,
            rate: self.rate,
            count: self.count,
            sent: *sent,
            left_out: left_out.clone(),
            first_left_out: first_left_out.clone(),
            started: self.started.to_string(),
            by: self.by.clone(),
            reason: self.reason.clone(),
            ended: self.ended.map(|at| at.to_string()),
            stopped_by: stopped.map(|stopped| stopped.by.clone()),
            stopped_because: stopped.map(|stopped| stopped.because.clone()),
        }
    }
}

impl Progress {
    /// The next message of the list was sent in.
    pub(super) fn sent(&mut self) {
        self.done += 1;
        self.sent += 1;
    }

    /// The next message of the list was not.
    pub(super) fn left_out(&mut self, message: MessageId, why: LeftOut) {
        self.done += 1;
        *self.left_out.entry(why.code().to_owned()).or_default() += 1;
        if self.first_left_out.len() < MOST_NAMED {
            self.first_left_out.push((message, why.code().to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::protocol::DEFAULT_RATE;

    fn id(number: u64) -> MessageId {
        MessageId::from_number(number).expect("not 0")
    }

    fn job() -> Job {
        let order = ReplayOrder {
            messages: (1..=500).map(id).collect(),
            ranges: Vec::new(),
            search: None,
            list: None,
            mode: ReplayMode::Resend,
            destinations: vec!["lis".to_owned()],
            edited: None,
            rate: DEFAULT_RATE,
        };
        let who = ("ann".to_owned(), "the lab lost a day".to_owned());
        Job::new(7, &order, who, Some(id(900)), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_job_reads_back_as_it_was_kept() {
        let mut job = job();
        job.progress.sent();
        job.progress.left_out(id(2), LeftOut::Gone);
        let stopped = Stopped { by: "bob".to_owned(), because: "too fast".to_owned() };
        job.stop(ReplayState::Paused, stopped, Timestamp::UNIX_EPOCH);
        let kept = serde_json::to_string(&job).expect("written");
        assert_eq!(serde_json::from_str::<Job>(&kept).expect("read"), job);
        let row = job.row();
        assert_eq!((row.sent, row.left_out["gone"], row.ended), (1, 1, None));
        assert_eq!(row.stopped_because.as_deref(), Some("too fast"));
    }

    #[test]
    fn of_many_that_were_left_out_the_first_are_named_and_all_counted() {
        let mut job = job();
        (1..=500).for_each(|number| job.progress.left_out(id(number), LeftOut::NeverSent));
        let row = job.row();
        assert_eq!((row.first_left_out.len(), row.left_out["never-sent"]), (MOST_NAMED, 500));
        assert_eq!(job.progress.done, job.count);
    }
}
