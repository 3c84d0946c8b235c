use super::*;
use crate::api::{Change, DeliveryRef, MessageId, Outcome};
use crate::format::change::write_change;
use crate::format::fields::{Fields, Meta};
use crate::format::record::RecordHeader;
use crate::format::version::Version;

const KEY: (u32, u64) = (0, 5);

fn entry(segment: u64) -> Entry {
    let place = Place { segment, offset: 4096 };
    Entry { place, body_bytes: 1, state: State::fresh(Timestamp::UNIX_EPOCH), reply: None }
}

/// Effects that hold `before`, and after them an outcome of the delivery.
fn then(before: Option<Effect>, outcome: Outcome) -> Option<Effect> {
    let mut interner = Interner::default();
    assert_eq!(interner.id("lis"), KEY.0);
    let mut effects = Effects::default();
    effects.deliveries.extend(before.map(|before| (KEY, before)));
    let message = MessageId::from_number(KEY.1).expect("not 0");
    let delivery = DeliveryRef { message, destination: "lis".into() };
    let change = Change::Delivery { at: Timestamp::UNIX_EPOCH, delivery, outcome };
    let mut meta = Vec::new();
    write_change(&mut Fields(&mut meta), &change);
    let header = RecordHeader {
        meta_length: 0,
        bodies_length: 0,
        kind: Kind::Change,
        last_of_group: true,
        numbers: 1,
        group: 1,
        number: 9,
        at_nanoseconds: 0,
    };
    let meta = Meta { bytes: &meta, version: Version::WRITTEN };
    let record = FoundRecord { header, place: Place { segment: 9, offset: 0 }, meta };
    effects.fold(&mut interner, &record).expect("folds");
    assert_eq!(effects.inserted, None, "nobody takes the keys, so they would only grow");
    effects.deliveries.remove(&KEY)
}

fn held() -> Outcome {
    Outcome::Held { attempts: 3, cause: "unclear".into(), reply: None }
}

fn held_state() -> State {
    State {
        stands: DeliveryState::Held,
        attempts: 3,
        cause: Some("unclear".into()),
        ..State::fresh(Timestamp::UNIX_EPOCH)
    }
}

#[test]
fn accepted_and_ended_leaves_nothing() {
    assert_eq!(then(Some(Effect::New(Lane::FIFO, entry(1))), Outcome::Returned), None);
}

#[test]
fn what_was_accepted_or_carried_before_is_gone_when_it_ends() {
    assert_eq!(then(None, Outcome::Returned), Some(Effect::Gone));
    let changed = Effect::Changed(held_state(), None);
    assert_eq!(then(Some(changed), Outcome::Returned), Some(Effect::Gone));
    let carried = Effect::Replaced(Lane::FIFO, entry(1));
    assert_eq!(then(Some(carried), Outcome::Returned), Some(Effect::Gone));
}

#[test]
fn what_is_gone_stays_gone_whatever_is_said_of_it_later() {
    assert_eq!(then(Some(Effect::Gone), held()), Some(Effect::Gone));
}

#[test]
fn a_change_goes_into_what_is_known() {
    let with_state = Entry { state: held_state(), ..entry(1) };
    assert_eq!(
        then(Some(Effect::New(Lane(2), entry(1))), held()),
        Some(Effect::New(Lane(2), with_state.clone()))
    );
    assert_eq!(
        then(Some(Effect::Replaced(Lane(2), entry(1))), held()),
        Some(Effect::Replaced(Lane(2), with_state))
    );
    assert_eq!(then(None, held()), Some(Effect::Changed(held_state(), None)));
}
