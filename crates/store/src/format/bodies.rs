//! Where the bodies of any record stand, to check them.

use super::accept::AcceptMeta;
use super::carried::CarriedMeta;
use super::change::{ChangeMeta, OutcomeMeta};
use super::fields::{BodySpan, Meta};
use super::record::Kind;
use super::refused::RefusedMeta;

/// Every body of a record, in order; `None` = the meta makes no sense.
pub(crate) fn spans(kind: Kind, meta: Meta<'_>) -> Option<Vec<BodySpan>> {
    match kind {
        Kind::Accept => {
            let accept = AcceptMeta::read(meta)?;
            let mut spans: Vec<_> = accept.concludes.and_then(|c| reply(&c)).into_iter().collect();
            for message in &accept.messages {
                spans.push(message.body);
                spans.extend(message.deliveries.iter().filter_map(|delivery| delivery.own_body));
            }
            Some(spans)
        }
        Kind::Change => {
            let mut reader = meta.fields();
            let change = ChangeMeta::read(&mut reader)?;
            reader.is_empty().then(|| reply(&change).into_iter().collect())
        }
        Kind::Carried => {
            let carried = CarriedMeta::read(meta)?;
            let mut spans = vec![carried.body];
            for delivery in &carried.deliveries {
                spans.extend(delivery.own_body);
                spans.extend(delivery.reply);
            }
            Some(spans)
        }
        Kind::Refused => Some(vec![RefusedMeta::read(meta)?.body]),
    }
}

/// How many messages a record brings.
pub(crate) fn messages(kind: Kind, meta: Meta<'_>) -> u64 {
    match kind {
        Kind::Accept => AcceptMeta::read(meta).map_or(0, |accept| accept.messages.len() as u64),
        Kind::Change | Kind::Carried | Kind::Refused => 0,
    }
}

fn reply(change: &ChangeMeta<'_>) -> Option<BodySpan> {
    match change {
        ChangeMeta::Delivery { outcome, .. } => match outcome {
            OutcomeMeta::Dead { reply, .. } | OutcomeMeta::Held { reply, .. } => *reply,
            OutcomeMeta::Delivered { .. }
            | OutcomeMeta::Returned
            | OutcomeMeta::Discarded { .. }
            | OutcomeMeta::Deferred { .. }
            | OutcomeMeta::Revived { .. } => None,
        },
        ChangeMeta::DestinationHeld { .. } | ChangeMeta::DestinationReleased { .. } => None,
    }
}
