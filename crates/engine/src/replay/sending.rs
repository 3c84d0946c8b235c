//! One message of the past, sent in once more: what is made of it, and handing that to the store.
//!
//! It becomes a record like any other (ACK-1, ROUTE-1), with its origin. From there on it waits, is retried and ends as
//! what came from outside does.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;
use wardline_flow::{DestinationId, RefusalCause};
use wardline_hl7::Message;
use wardline_store::{
    Accept, Intake, KeptMessage, Marks, MessageId, NewDelivery, NewMessage, Origin, Store,
};

use crate::control::face::Face;
use crate::control::protocol::ReplayMode;
use crate::inbound::again::NotDecided;
use crate::inbound::completions::{Awaited, Completions};
use crate::inbound::handover::{NotHandedOver, hand_over};
use crate::inbound::intake::Settled;
use crate::inbound::surroundings::Surroundings;
use crate::ways::{CurrentWays, Deciding, Ways};

/// How long a record waits for a store that takes nothing, before it is looked whether the job is to go on.
const OFFER: Duration = Duration::from_secs(1);

/// What messages are sent in with.
#[derive(Clone)]
pub(crate) struct Means {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) completions: Completions,
    pub(crate) intake: watch::Receiver<Intake>,
    pub(crate) ways: CurrentWays,
    pub(crate) faces: watch::Receiver<Arc<Face>>,
}

/// Why a message is not sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// There is none of this number, or retention has let it go.
    Gone,
    /// What the disk gives back of it is not what was written.
    Damaged,
    /// It was refused when it came, and only its beginning is kept.
    NotWhole,
    /// Of a resend: it went nowhere when it came.
    NeverSent,
    /// Of a resend: retention has carried it forward, and where it went before that is no longer known.
    Carried,
    /// Of a resend: a destination that it is for is gone from the configuration.
    NoDestination,
    /// Of a resend: it is a test, and a destination that it is for is for production.
    Withheld,
    /// The listener that it came through is gone from the configuration.
    NoListener,
    /// Its listener would not take it now.
    Refused(RefusalCause),
    /// It is more than one record of the store holds.
    TooLarge,
}

/// How one job sends.
pub(super) struct Sending {
    pub(super) job: u64,
    pub(super) mode: ReplayMode,
    /// Of a resend; none = where each message went.
    pub(super) destinations: Vec<DestinationId>,
    pub(super) edited: Option<Bytes>,
}

/// A message is in hand, by one version of the configuration: where that is replaced, those who leave with it wait for this
/// to be dropped. So it is kept until what was made of the message is stored, and while nothing else is waited for.
pub(super) struct InHand {
    face: Arc<Face>,
    deciding: Deciding,
}

/// Why nothing was made of a message.
pub(super) enum NotMade {
    /// Nothing is to be made of it.
    LeftOut(LeftOut),
    /// A handler did not decide.
    Undecided(RefusalCause),
    /// The configuration is being replaced.
    Reloading,
}

/// What was made of a message.
pub(super) struct Made {
    in_hand: InHand,
    accept: Accept,
    /// Of one that was decided about: to be counted when it is stored.
    decided: Option<(Arc<Surroundings>, Settled)>,
}

/// A record that is with the store.
pub(super) struct Handed {
    in_hand: InHand,
    awaited: Awaited,
    decided: Option<(Arc<Surroundings>, Settled)>,
}

impl LeftOut {
    /// The stable code.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Damaged => "damaged",
            Self::NotWhole => "not-whole",
            Self::NeverSent => "never-sent",
            Self::Carried => "carried",
            Self::NoDestination => "no-destination",
            Self::Withheld => "withheld",
            Self::NoListener => "no-listener",
            Self::Refused(cause) => cause.code(),
            Self::TooLarge => "too-large",
        }
    }
}

impl Sending {
    /// What speaks against a message by itself, before it is tried.
    pub(super) fn against(&self, kept: Option<&KeptMessage>, face: &Face) -> Option<LeftOut> {
        let Some(kept) = kept else { return Some(LeftOut::Gone) };
        let is_cut = kept.refusal.as_ref().is_some_and(|no| no.size > kept.body.len() as u64);
        if is_cut && self.edited.is_none() {
            return Some(LeftOut::NotWhole);
        }
        match self.mode {
            ReplayMode::Resend if self.destinations.is_empty() && kept.was_carried => {
                Some(LeftOut::Carried)
            }
            ReplayMode::Resend if self.destinations.is_empty() && kept.sent.is_empty() => {
                Some(LeftOut::NeverSent)
            }
            ReplayMode::Resend => None,
            ReplayMode::Reprocess => {
                let is_there = face.listeners.iter().any(|one| one.id.as_str() == &*kept.listener);
                (!is_there).then_some(LeftOut::NoListener)
            }
        }
    }

    /// Makes what is sent in of it.
    pub(super) async fn make(
        &self,
        in_hand: InHand,
        id: MessageId,
        kept: Option<&KeptMessage>,
    ) -> Result<Made, NotMade> {
        let face = &in_hand.face;
        if let Some(why) = self.against(kept, face) {
            return Err(why.into());
        }
        let kept = kept.ok_or(LeftOut::Gone)?;
        let origin = Origin { job: self.job, message: id };
        let now = Timestamp::now();
        let (messages, decided) = match self.mode {
            ReplayMode::Resend => (vec![self.resent(&face.ways, face, kept)?], None),
            ReplayMode::Reprocess => {
                let is_it = |id: &str| id == &*kept.listener;
                let listener = face.listeners.iter().find(|one| is_it(one.id.as_str()));
                let around = listener.and_then(|one| one.around.as_ref());
                let around = around.ok_or(LeftOut::NoListener)?.now();
                if !around.intake.goes_by(&face.ways) {
                    return Err(NotMade::Reloading);
                }
                let payload = self.edited.as_ref().unwrap_or(&kept.body);
                let decided = around.decide_again(payload, now).await;
                let mut settled = decided?;
                (std::mem::take(&mut settled.messages), Some((around, settled)))
            }
        };
        let messages = messages
            .into_iter()
            .map(|message| NewMessage { origin: Some(origin), ..message })
            .collect();
        let (listener, peer) = (kept.listener.clone(), kept.peer.clone());
        let accept =
            Accept { received_at: now, listener, peer, answer: None, messages, concludes: None };
        Ok(Made { in_hand, accept, decided })
    }

    /// The same bytes to all of the same destinations, or of the chosen ones: what went there then, or the message as it came.
    fn resent(&self, ways: &Ways, face: &Face, kept: &KeptMessage) -> Result<NewMessage, LeftOut> {
        let body = self.edited.as_ref().unwrap_or(&kept.body);
        let then: Vec<_> =
            kept.sent.iter().map(|one| DestinationId::from(&*one.destination)).collect();
        let goals = if self.destinations.is_empty() { &then } else { &self.destinations };
        let is_there =
            |goal: &DestinationId| face.destinations.iter().any(|one| one.destination.id == *goal);
        let message = ways.charsets.read(&kept.listener, body).ok();
        let is_withheld = |goal: &DestinationId| {
            message.as_ref().is_some_and(|message| ways.routing.withholds(goal, message))
        };
        let mut deliveries = Vec::with_capacity(goals.len());
        for goal in goals {
            // All or none: what counts as sent went everywhere it was to go.
            if !is_there(goal) {
                return Err(LeftOut::NoDestination);
            }
            if is_withheld(goal) {
                return Err(LeftOut::Withheld);
            }
            let mut sent = kept.sent.iter().filter(|_| self.edited.is_none());
            deliveries.push(match sent.find(|one| *one.destination == *goal.as_str()) {
                Some(own) => {
                    let delivery = ways.charsets.moved(goal, &kept.listener, body);
                    NewDelivery { body: own.body.clone(), ..delivery }
                }
                None => first_time(ways, goal, &kept.listener, body, message.as_ref())?,
            });
        }
        let marks = Marks::default();
        Ok(NewMessage { hops: kept.hops, marks, ..NewMessage::new(body.clone(), deliveries) })
    }
}

/// A delivery of these bytes to a destination that was never sent them: in the charset that it is written.
fn first_time(
    ways: &Ways,
    goal: &DestinationId,
    listener: &str,
    body: &Bytes,
    message: Option<&Message>,
) -> Result<NewDelivery, LeftOut> {
    match message {
        Some(message) => {
            let written = ways.charsets.delivery(goal, message, message);
            written.map_err(|_no_such_character| LeftOut::Refused(RefusalCause::Charset))
        }
        None => Ok(ways.charsets.moved(goal, listener, body)),
    }
}

impl From<LeftOut> for NotMade {
    fn from(why: LeftOut) -> Self {
        Self::LeftOut(why)
    }
}

impl From<NotDecided> for NotMade {
    fn from(why: NotDecided) -> Self {
        match why {
            NotDecided::Refused(cause) => Self::LeftOut(LeftOut::Refused(cause)),
            NotDecided::Undecided(cause) => Self::Undecided(cause),
        }
    }
}

impl Means {
    /// Begins with a message by the configuration of the moment. None while that is being replaced.
    pub(super) fn begin(&self) -> Option<InHand> {
        let face = Arc::clone(&self.faces.borrow());
        let deciding = face.ways.begin()?;
        let in_hand = InHand { face, deciding };
        // Its parts are shown behind the gate of a version, and only then.
        self.is_current(&in_hand).then_some(in_hand)
    }

    /// Whether the configuration is still the one by which it was made.
    pub(super) fn is_of_the_moment(&self, made: &Made) -> bool {
        self.is_current(&made.in_hand)
    }

    fn is_current(&self, in_hand: &InHand) -> bool {
        Arc::ptr_eq(&in_hand.face.ways, &self.ways.borrow())
    }

    /// Gives the record to the store. `None` = it takes nothing at the moment.
    pub(super) async fn hand(&self, made: &Made) -> Result<Option<Awaited>, LeftOut> {
        let deadline = tokio::time::Instant::now() + OFFER;
        let (intake, accept) = (self.intake.clone(), made.accept.clone());
        match hand_over(&*self.store, &self.completions, intake, accept, deadline).await {
            Ok(awaited) => Ok(Some(awaited)),
            Err(NotHandedOver::InTime) => Ok(None),
            Err(NotHandedOver::Ever) => Err(LeftOut::TooLarge),
        }
    }
}

impl Made {
    /// It is with the store.
    pub(super) fn handed(self, awaited: Awaited) -> Handed {
        Handed { in_hand: self.in_hand, awaited, decided: self.decided }
    }
}

impl Handed {
    /// Whether it is durable; where not, nothing of it is there.
    pub(super) async fn stored(self) -> bool {
        let stored = self.awaited.stored().await.is_some();
        if let Some((around, settled)) = self.decided.filter(|_| stored) {
            around.intake.stored(&settled, &around.replies, &around.counters);
        }
        drop(self.in_hand.deciding);
        stored
    }
}
