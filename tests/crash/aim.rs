//! The moments at which kills fall, and how often each was hit.

use std::collections::BTreeMap;
use std::fmt;

/// A moment in the life of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Aim {
    /// Whenever chance says.
    AnyMoment,
    /// A sender has written a frame and has no answer. Hit if it never gets one.
    Intake,
    /// A sink has read a message and has not answered. Always hit: it kills before it answers.
    Delivery,
    /// The header of the next segment is written, or the segment has its name. Hit if it has no group yet but perhaps
    /// its first.
    SegmentChange,
    /// What is live in the oldest segment stands at the end of the journal again. Hit if the oldest is still there.
    CopyForward,
    /// A segment has been deleted. Hit if it was seen to go.
    Deletion,
}

impl Aim {
    /// All of them, in the order in which they take turns.
    pub(crate) const ALL: [Self; 6] = [
        Self::AnyMoment,
        Self::Intake,
        Self::Delivery,
        Self::SegmentChange,
        Self::CopyForward,
        Self::Deletion,
    ];
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnyMoment => "at any moment",
            Self::Intake => "at intake",
            Self::Delivery => "in delivery",
            Self::SegmentChange => "at a segment change",
            Self::CopyForward => "during copy-forward",
            Self::Deletion => "at a deletion",
        })
    }
}

/// How often each aim was tried, and hit.
#[derive(Debug, Default)]
pub(crate) struct Score(BTreeMap<Aim, Tries>);

#[derive(Debug, Default, Clone, Copy)]
struct Tries {
    tried: u64,
    hit: u64,
}

impl Score {
    /// One more kill.
    pub(crate) fn add(&mut self, aim: Aim, was_hit: bool) {
        let tries = self.0.entry(aim).or_default();
        tries.tried += 1;
        tries.hit += u64::from(was_hit);
    }

    /// What was tried and never hit.
    pub(crate) fn missed(&self) -> Vec<Aim> {
        self.0.iter().filter(|(_, tries)| tries.hit == 0).map(|(&aim, _)| aim).collect()
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, (aim, Tries { tried, hit })) in self.0.iter().enumerate() {
            let between = if nth == 0 { "" } else { ", " };
            write!(f, "{between}{aim} {hit} of {tried}")?;
        }
        Ok(())
    }
}
