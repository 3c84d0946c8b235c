//! The writer: the one thread that writes the journal, and the one place from where completions leave (ACK-1).
//!
//! ```text
//!   queue ── everything that waits ──▶ group ── writev ──▶ segment ── fdatasync ──▶ completions, once a port
//!                                                                              └──▶ fresh deliveries to outboxes
//!                                                                              └──▶ the durable position
//! ```
//!
//! It never waits for a group to fill: what came during the last sync is the next group. Bodies are written from where
//! they are. After a failed write or sync, or a panic, nothing is completed any more and the process ends: what the
//! disk holds is then unknown.

mod active;
mod after;
mod group;

use std::sync::Arc;

use crate::api::{Fault, NotStored};
use crate::core::Core;
use crate::filler::{Purpose, Supply};
use crate::format::block_aligned;
use crate::submission::{Fate, Submission};
pub(crate) use active::{Active, activate, begin};

/// Bytes of one group: about what a disk writes in the time of a sync, so that no completion waits long for others.
const MAX_GROUP: u64 = 8 * 1024 * 1024;

/// The state of the writer thread.
pub(crate) struct Writer {
    core: Arc<Core>,
    active: Active,
}

impl Writer {
    /// A writer that goes on in `active`.
    pub(crate) fn new(core: Arc<Core>, active: Active) -> Self {
        Self { core, active }
    }

    /// Writes until the queue is closed and empty, or a fault.
    pub(crate) fn run(&mut self) -> Result<(), Fault> {
        let mut batch = Vec::new();
        while self.core.queue.take(&mut batch) {
            self.write_all(&mut batch)?;
            batch.clear();
        }
        Ok(())
    }

    fn write_all(&mut self, batch: &mut [Submission]) -> Result<(), Fault> {
        let mut rest = batch;
        while !rest.is_empty() && !self.core.failure.has_failed() {
            let taken = self.gather(rest)?;
            let (now, later) = rest.split_at_mut(taken);
            if now.iter().any(|submission| matches!(submission.fate, Fate::Numbered(_))) {
                let bytes = group::write(&mut self.active, now)?;
                after::count(&self.core.counters, now, bytes);
            }
            after::settle(&self.core, &self.active, now);
            rest = later;
        }
        Ok(())
    }

    /// Decides how many of `waiting` are settled next, and numbers those that are written.
    fn gather(&mut self, waiting: &mut [Submission]) -> Result<usize, Fault> {
        let mut bytes = 0;
        let mut taken = 0;
        for submission in &mut *waiting {
            let length = submission.length();
            if bytes > 0 && bytes + length > MAX_GROUP {
                break;
            }
            if self.core.watch.was_touched(&submission.matter) {
                submission.fate = Fate::Touched;
            } else if self.active.room() >= block_aligned(bytes + length) {
                if self.may_write(submission) {
                    bytes += length;
                    submission.fate = Fate::Numbered(0);
                } else {
                    submission.fate = Fate::Refused(NotStored::NoSpace);
                }
            } else if bytes > 0 {
                break;
            } else if self.roll(submission)? {
                bytes += length;
                submission.fate = Fate::Numbered(0);
            } else {
                submission.fate = Fate::Refused(NotStored::NoSpace);
            }
            self.core.watch.note(&submission.matter);
            taken += 1;
        }
        Ok(taken)
    }

    /// What is left of the reserve is for outcomes until there is space again.
    fn may_write(&self, submission: &Submission) -> bool {
        submission.is_outcome() || !self.active.is_reserve || self.core.gate.has_space()
    }

    /// Goes on in another segment that has room for `submission`. `false` = there is no space for it.
    fn roll(&mut self, submission: &Submission) -> Result<bool, Fault> {
        let needed = Active::size_for(submission.length());
        loop {
            let supply = if needed > self.core.filler.segment_size() {
                self.core.filler.fill_now(needed, self.core.gate.min_free())?
            } else if submission.is_outcome() {
                self.core.filler.take(Purpose::Outcomes)
            } else {
                self.core.filler.take(Purpose::Messages)
            };
            let Supply::Segment { prepared, reserve } = supply else { return Ok(false) };
            self.active = activate(&self.core, &self.active.end(), prepared)?;
            self.active.is_reserve = reserve;
            if self.active.room() >= block_aligned(submission.length()) {
                return Ok(true);
            }
        }
    }
}

#[cfg(test)]
mod tests;
