//! Reading everything: every checksum of the journal, and the index against what the journal says.

use std::collections::BTreeMap;

use crate::api::{Name, ReadError, Verified};
use crate::core::Core;
use crate::format::bodies::messages;
use crate::format::state::State;
use crate::index::{Effect, Effects, Found, Interner};
use crate::journal::position::Position;
use crate::journal::reader::FoundRecord;
use crate::journal::segments::Segment;
use crate::recovery::scan::{ScanError, scan_finished_with, scan_until};

/// What the journal says is live: destination, number, and where it stands.
type Live = BTreeMap<(Name, u64), State>;

/// Reads all segments as long as it may. The caller sees to it that none goes meanwhile.
pub(crate) fn verify(core: &Core, goes_on: &dyn Fn() -> bool) -> Result<Verified, ReadError> {
    core.progress.wait_settled(core.queue.submitted())?;
    let mut indexed = Live::new();
    let end = core.index.with(|view| {
        view.catch_up(&core.segments, core.progress.durable())?;
        for destination in view.destinations() {
            view.each(&destination, 0, |Found { number, entry, .. }| {
                indexed.insert((destination.clone(), number), entry.state);
                true
            })?;
        }
        Ok(view.position())
    })?;
    let mut verified = Verified::default();
    let mut replay = Replay::default();
    for segment in core.segments.all() {
        if segment.id() > end.segment {
            break;
        }
        if !goes_on() {
            return Ok(verified);
        }
        verified.segments += 1;
        match read(core, &segment, end, &mut verified, &mut replay) {
            Ok(()) => {}
            Err(ScanError::Corrupt(corruption)) => verified.corruptions.push(corruption),
            Err(error) => return Err(error.into()),
        }
    }
    let live = replay.live();
    verified.live = live.len() as u64;
    let differences = live.iter().filter(|(key, state)| indexed.get(key) != Some(state)).count();
    let surplus = indexed.keys().filter(|key| !live.contains_key(key)).count();
    verified.index_differences = (differences + surplus) as u64;
    if let Some(history) = &core.history {
        (verified.history_runs, verified.history_damaged) = history.verify();
    }
    verified.whole = true;
    Ok(verified)
}

fn read(
    core: &Core,
    segment: &Segment,
    end: Position,
    verified: &mut Verified,
    replay: &mut Replay,
) -> Result<(), ScanError> {
    let next = core.segments.get(segment.id() + 1);
    let mut each = |record: &FoundRecord<'_>| {
        verified.records += 1;
        verified.messages += replay.fold(record);
    };
    match next.filter(|next| next.id() <= end.segment) {
        Some(next) => scan_finished_with(segment, next.header.first_number, &mut each),
        None => scan_until(segment, end, &mut each),
    }
}

/// The journal told again from its oldest record.
#[derive(Default)]
struct Replay {
    interner: Interner,
    effects: Effects,
}

impl Replay {
    /// Gives how many messages it holds.
    fn fold(&mut self, record: &FoundRecord<'_>) -> u64 {
        let messages = messages(record.header.kind, record.meta);
        // A record without sense is damage, which the scan tells by its bodies.
        let _told_by_the_scan = self.effects.fold(&mut self.interner, record);
        messages
    }

    /// Effects on what is no longer in the journal have no object.
    fn live(self) -> Live {
        let mut live = Live::new();
        for ((destination, number), effect) in self.effects.deliveries {
            let Some(name) = self.interner.name(destination) else { continue };
            match effect {
                Effect::New(_, entry) | Effect::Replaced(_, entry) => {
                    live.insert((name.clone(), number), entry.state);
                }
                Effect::Changed(..) | Effect::Gone => {}
            }
        }
        live
    }
}
