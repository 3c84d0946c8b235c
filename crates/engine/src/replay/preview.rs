//! What a replay would be about, before anything happens: the count, what could not be replayed, and the first messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wardline_flow::DestinationId;
use wardline_hl7::{Identity, Message};
use wardline_store::{KeptMessage, MessageId, ReadError};

use super::sending::Sending;
use super::{NotReplayed, Replays};
use crate::control::protocol::{ReplayOrder, ReplayPreview, ReplaySample};

/// How long messages are looked at: an operator waits.
const LOOK: Duration = Duration::from_secs(2);
/// Messages that are shown.
const SAMPLE: usize = 20;

impl Replays {
    /// Looks, and sends nothing. Beside what is to be shown, exactly the messages that are meant.
    pub(crate) async fn preview(
        &self,
        order: ReplayOrder,
    ) -> Result<(ReplayPreview, Vec<MessageId>), NotReplayed> {
        let ReplayOrder { messages, mode, destinations, edited, .. } = self.checked(order).await?;
        let destinations = destinations.iter().map(|id| DestinationId::from(id.as_str()));
        let edited = edited.map(|edited| edited.0);
        let sending = Sending { job: 0, mode, destinations: destinations.collect(), edited };
        let (store, face) = (Arc::clone(&self.means.store), Arc::clone(&self.means.faces.borrow()));
        let looked = tokio::task::spawn_blocking(move || {
            let until = Instant::now() + LOOK;
            let mut preview = ReplayPreview {
                count: messages.len() as u64,
                looked_at: 0,
                left_out: BTreeMap::new(),
                sample: Vec::new(),
                list: 0,
                replays: 0,
                behind: 0,
            };
            store.messages(&messages, &mut |id, kept| {
                preview.looked_at += 1;
                if let Some(why) = sending.against(kept.as_ref(), &face) {
                    *preview.left_out.entry(why.code().to_owned()).or_default() += 1;
                }
                if let Some(kept) = kept.filter(|_| preview.sample.len() < SAMPLE) {
                    preview.sample.push(sample(id, &kept));
                }
                Instant::now() < until
            })?;
            Ok::<_, ReadError>((preview, messages))
        });
        looked.await?.map_err(NotReplayed::Store)
    }
}

fn sample(message: MessageId, kept: &KeptMessage) -> ReplaySample {
    let read = Message::parse(kept.body.clone()).ok();
    let code = read.as_ref().map(|message| message.header().message_code());
    let identity: Identity = read.map(|message| message.header().identity()).unwrap_or_default();
    ReplaySample {
        message,
        received: kept.received_at.to_string(),
        listener: kept.listener.to_string(),
        message_type: code.unwrap_or_default(),
        control_id: identity.control_id,
        size: kept.refusal.as_ref().map_or(kept.body.len() as u64, |refusal| refusal.size),
        destinations: kept.sent.iter().map(|one| one.destination.to_string()).collect(),
        refused: kept.refusal.as_ref().map(|refusal| refusal.cause.to_string()),
    }
}
