//! Copying live messages to the end of the journal.

use std::sync::mpsc;

use jiff::Timestamp;

use super::oldest::Live;
use super::watch::Epoch;
use crate::api::{Change, Name, ReadError};
use crate::core::Core;
use crate::format::carried::{Carried, CarriedDelivery};
use crate::index::Found;
use crate::journal::stored::{Unread, Wanted, read_message, read_reply};
use crate::submission::{Carriage, Submission};

/// Bytes handed over at once: a group or two, so that messages coming in wait for no more than that.
const AT_ONCE: usize = 4 * 1024 * 1024;

/// Carries everything; what was touched meanwhile is left. `false` = there is no space.
pub(super) fn carry(
    core: &Core,
    epoch: Epoch,
    live: &Live,
    holds: &[Name],
) -> Result<bool, ReadError> {
    let mut convoy = Convoy::new(core);
    for (&message, deliveries) in live {
        let Some(carried) = read(core, message, deliveries)? else { continue };
        let done = convoy.done.clone();
        convoy.send(Submission::carried(carried, Timestamp::now(), epoch, done))?;
        if convoy.bytes >= AT_ONCE && !convoy.arrive()? {
            return Ok(false);
        }
    }
    for destination in holds {
        let hold = core.index.with(|view| Ok(view.hold(destination).cloned()))?;
        let Some(hold) = hold else { continue };
        let again = Change::DestinationHeld {
            at: hold.at,
            destination: destination.clone(),
            by: hold.by,
            reason: hold.reason,
        };
        let done = convoy.done.clone();
        convoy.send(Submission::carried_hold(again, epoch, done))?;
    }
    convoy.arrive()
}

/// Records on their way, and their arrival.
struct Convoy<'c> {
    core: &'c Core,
    done: mpsc::Sender<Carriage>,
    arrivals: mpsc::Receiver<Carriage>,
    sent: usize,
    bytes: usize,
}

impl<'c> Convoy<'c> {
    fn new(core: &'c Core) -> Self {
        let (done, arrivals) = mpsc::channel();
        Self { core, done, arrivals, sent: 0, bytes: 0 }
    }

    fn send(&mut self, submission: Submission) -> Result<(), ReadError> {
        self.bytes += usize::try_from(submission.length()).unwrap_or(usize::MAX);
        self.sent += 1;
        self.core.queue.push(submission).map_err(|_| ReadError::Closed)
    }

    /// Waits until all are settled. `false` = one found no space.
    fn arrive(&mut self) -> Result<bool, ReadError> {
        self.core.progress.wait_settled(self.core.queue.submitted())?;
        let mut space = true;
        for carriage in self.arrivals.try_iter().take(self.sent) {
            match carriage {
                Carriage::Written | Carriage::Touched => {}
                Carriage::NoSpace => space = false,
            }
        }
        self.sent = 0;
        self.bytes = 0;
        Ok(space)
    }
}

/// The whole truth about a message; `None` = it went away meanwhile.
fn read(
    core: &Core,
    message: u64,
    deliveries: &[(Name, Found)],
) -> Result<Option<Carried>, ReadError> {
    match read_all(core, message, deliveries) {
        Ok(carried) => Ok(carried),
        Err(Unread::Moved) => Ok(None),
        Err(Unread::Failed(error)) => Err(error),
    }
}

fn read_all(
    core: &Core,
    message: u64,
    deliveries: &[(Name, Found)],
) -> Result<Option<Carried>, Unread> {
    let mut carried: Option<Carried> = None;
    for (destination, found) in deliveries {
        let place = found.entry.place;
        let stored = read_message(&core.segments, place, message, destination, Wanted::Everything)?;
        let reply = match found.entry.reply {
            Some(place) => read_reply(&core.segments, place, destination)?,
            None => None,
        };
        let delivery = CarriedDelivery {
            destination: destination.clone(),
            lane: found.lane,
            also: stored.also,
            own_body: stored.own_body,
            state: found.entry.state.clone(),
            reply,
        };
        let whole = carried.get_or_insert_with(|| Carried {
            message,
            received_at: stored.received_at,
            listener: stored.listener,
            peer: stored.peer,
            answer: stored.answer,
            hops: stored.hops,
            marks: stored.marks,
            digest: stored.digest,
            origin: stored.origin,
            body: stored.body.unwrap_or_default(),
            deliveries: Vec::new(),
        });
        whole.deliveries.push(delivery);
    }
    Ok(carried)
}
