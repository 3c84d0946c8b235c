//! How an interface stands, as a word and a shape: what the engine says of it, and what that means to a person.
//!
//! ```text
//!   engine                                    shown
//!   listener paused                           Paused    a person decided
//!   listener silent far longer than it was    Quiet     wrong, nothing lost; until a message comes
//!   listener that received nothing yet        Idle
//!   up · idle                                 Up · Idle
//!   retrying, its only lane waits             Retrying, and Stuck once it has been for a while
//!   retrying, other lanes go on               Degraded
//!   down                                      Down
//!   held by a person                          Held      a person decided
//!   held by the engine, or an unclear answer  Stuck     it waits for a person
//!   orphaned                                  Orphaned
//!   starting                                  Starting, and Failed once it has been for long
//!   stopped while the engine ends             Stopped
//!   stopped while it runs, any unknown word   Failed    its pool is gone or does not answer
//! ```

use wardline_engine::control::protocol::QueueRow;

/// How often the head of a queue was tried when its destination is called stuck.
pub(crate) const STUCK_AFTER: u32 = 3;

/// Who holds a destination where it is the engine: its word in [`QueueRow::reason`].
const ENGINE: &str = "wardline: ";

/// A state: the order is how bad it is, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Condition {
    /// What delivers to it is gone or does not answer.
    Failed,
    /// Out of reach.
    Down,
    /// The head of the queue does not move, and everything waits behind it.
    Stuck,
    /// A queue whose destination the configuration does not name.
    Orphaned,
    /// Some lanes wait for a retry, others go on.
    Degraded,
    /// The head is tried again.
    Retrying,
    /// Nothing comes where something should.
    Quiet,
    /// A person lets nothing in.
    Paused,
    /// A person lets nothing out.
    Held,
    /// Its queue is being read.
    Starting,
    /// It does not run: the engine ends.
    Stopped,
    /// Nothing is wrong.
    Up,
    /// Nothing is wrong, and nothing was to do: nobody knows whether the peer is there.
    Idle,
}

impl Condition {
    /// All of them, in the order of the filter.
    pub(crate) const ALL: [Self; 13] = [
        Self::Up,
        Self::Idle,
        Self::Failed,
        Self::Down,
        Self::Stuck,
        Self::Degraded,
        Self::Retrying,
        Self::Quiet,
        Self::Held,
        Self::Paused,
        Self::Orphaned,
        Self::Starting,
        Self::Stopped,
    ];

    /// How a listener stands.
    pub(crate) fn of_listener(paused: bool, quiet: bool, has_received: bool) -> Self {
        match (paused, quiet, has_received) {
            (true, _, _) => Self::Paused,
            (false, true, _) => Self::Quiet,
            (false, false, true) => Self::Up,
            (false, false, false) => Self::Idle,
        }
    }

    /// How a destination stands. `one_lane`: everything goes in one line. `runs`: the engine does not end.
    pub(crate) fn of_destination(row: &QueueRow, one_lane: bool, runs: bool) -> Self {
        match row.state.as_str() {
            "up" => Self::Up,
            "idle" => Self::Idle,
            "retrying" if !one_lane => Self::Degraded,
            "retrying" if row.head_attempts >= STUCK_AFTER => Self::Stuck,
            "retrying" => Self::Retrying,
            "down" => Self::Down,
            "held" if is_held_by_a_person(row) => Self::Held,
            "held" => Self::Stuck,
            "orphaned" => Self::Orphaned,
            "starting" => Self::Starting,
            "stopped" if !runs => Self::Stopped,
            // A word that is not known is no reason to call it well.
            _ => Self::Failed,
        }
    }

    /// The word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Down => "Down",
            Self::Stuck => "Stuck",
            Self::Orphaned => "Orphaned",
            Self::Degraded => "Degraded",
            Self::Retrying => "Retrying",
            Self::Quiet => "Quiet",
            Self::Paused => "Paused",
            Self::Held => "Held",
            Self::Starting => "Starting",
            Self::Stopped => "Stopped",
            Self::Up => "Up",
            Self::Idle => "Idle",
        }
    }

    /// The same in lower case: within a sentence, in an address and in the API.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Down => "down",
            Self::Stuck => "stuck",
            Self::Orphaned => "orphaned",
            Self::Degraded => "degraded",
            Self::Retrying => "retrying",
            Self::Quiet => "quiet",
            Self::Paused => "paused",
            Self::Held => "held",
            Self::Starting => "starting",
            Self::Stopped => "stopped",
            Self::Up => "up",
            Self::Idle => "idle",
        }
    }

    /// The state of that code.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Its shape in the sprite.
    pub(crate) fn shape(self) -> &'static str {
        match self {
            Self::Failed | Self::Down => "down",
            Self::Stuck => "stuck",
            Self::Orphaned | Self::Starting | Self::Stopped => "off",
            Self::Degraded => "degraded",
            Self::Retrying => "retry",
            Self::Quiet => "quiet",
            Self::Paused | Self::Held => "held",
            Self::Up => "up",
            Self::Idle => "idle",
        }
    }

    /// The class that gives its colour.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Failed | Self::Down => "st st-down",
            Self::Stuck => "st st-stuck",
            Self::Orphaned | Self::Degraded => "st st-degraded",
            Self::Retrying => "st st-retry",
            Self::Quiet => "st st-quiet",
            Self::Paused | Self::Held => "st st-held",
            Self::Starting | Self::Stopped | Self::Idle => "st st-off",
            Self::Up => "st st-up",
        }
    }

    /// Whether somebody has to look at it. What a person decided is listed and not counted.
    pub(crate) fn needs_somebody(self) -> bool {
        match self {
            Self::Failed
            | Self::Down
            | Self::Stuck
            | Self::Orphaned
            | Self::Degraded
            | Self::Retrying
            | Self::Quiet => true,
            Self::Paused | Self::Held | Self::Starting | Self::Stopped | Self::Up | Self::Idle => {
                false
            }
        }
    }

    /// Whether a person decided that it stands.
    pub(crate) fn is_on_purpose(self) -> bool {
        matches!(self, Self::Held | Self::Paused)
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_well(self) -> bool {
        matches!(self, Self::Up | Self::Idle)
    }

    /// Whether nothing flows, so that its lines are drawn broken.
    pub(crate) fn blocks(self) -> bool {
        matches!(
            self,
            Self::Failed
                | Self::Down
                | Self::Stuck
                | Self::Held
                | Self::Orphaned
                | Self::Starting
                | Self::Stopped
        )
    }
}

/// Who holds a destination stands before the colon; a lane that is stopped has no such word at all.
fn is_held_by_a_person(row: &QueueRow) -> bool {
    row.reason.as_deref().is_some_and(|reason| reason.contains(": ") && !reason.starts_with(ENGINE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::queue;

    fn stands(state: &str, reason: Option<&str>, attempts: u32, one_lane: bool) -> Condition {
        let mut row = queue("lis", state);
        row.reason = reason.map(str::to_owned);
        row.head_attempts = attempts;
        Condition::of_destination(&row, one_lane, true)
    }

    #[test]
    fn what_does_not_run_or_does_not_answer_needs_somebody_unless_the_engine_ends() {
        for state in ["stopped", "", "a word of a later version"] {
            assert_eq!(stands(state, None, 0, true), Condition::Failed, "{state}");
        }
        assert!(Condition::Failed.needs_somebody());
        let ending = Condition::of_destination(&queue("lis", "stopped"), true, false);
        assert!(ending == Condition::Stopped && !ending.needs_somebody());
        let starting = stands("starting", None, 0, true);
        assert!(starting == Condition::Starting && !starting.is_well());
    }

    #[test]
    fn a_hold_by_a_person_is_on_purpose_and_one_by_the_engine_waits_for_a_person() {
        let person = stands("held", Some("d.okafor: month-end close"), 0, true);
        let engine = stands("held", Some("wardline: 5 dead letters in a row"), 0, true);
        let unclear = stands("held", Some("unclear-no-msa"), 10, true);
        assert_eq!(
            (person, engine, unclear),
            (Condition::Held, Condition::Stuck, Condition::Stuck)
        );
        assert!(!person.needs_somebody() && engine.needs_somebody());
    }

    #[test]
    fn one_lane_that_retries_becomes_stuck_and_one_of_many_only_degrades() {
        assert_eq!(stands("retrying", Some("error"), 1, true), Condition::Retrying);
        assert_eq!(stands("retrying", Some("error"), STUCK_AFTER, true), Condition::Stuck);
        assert_eq!(stands("retrying", Some("error"), 40, false), Condition::Degraded);
    }

    #[test]
    fn every_state_has_a_code_that_leads_back_to_it() {
        for state in Condition::ALL {
            assert_eq!(Condition::from_code(state.code()), Some(state));
            assert_eq!(state.word().to_lowercase(), state.code());
        }
    }
}
