//! What is known of a message that comes again.

use std::collections::HashSet;
use std::time::Duration;

use wardline_store::Marks;

use super::*;
use crate::observe::ListenerCounters;

const WINDOW: Duration = Duration::from_secs(3600);

fn listener(dedup: Dedup) -> Listener {
    let mut listener = Listener::new("in".into(), ([127, 0, 0, 1], 0).into());
    (listener.dedup, listener.dedup_window) = (dedup, WINDOW);
    listener
}

fn duplicates(dedup: Dedup) -> Arc<Duplicates> {
    Duplicates::of(&listener(dedup), REMEMBERED_IDS).expect("it recognises")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn id(key: u64, bytes: u8) -> Digest {
    Digest { key, bytes: [bytes; 16] }
}

fn answer() -> StoredAnswer {
    StoredAnswer { code: *b"AA", control_id: "W1".into(), at: at(0) }
}

async fn keep(duplicates: &Arc<Duplicates>, digest: Digest, now: i64) {
    match duplicates.look(digest, at(now)).await {
        Seen::New(hand) | Seen::Again(hand) | Seen::OtherBytes(hand) => {
            hand.kept(at(now), Some(answer()));
        }
        Seen::Copy(_) => panic!("a copy is not processed"),
    }
}

fn message(text: &str) -> Message {
    Message::parse(text.to_owned().into()).expect("a message")
}

#[test]
fn a_message_is_known_by_its_sender_its_id_and_its_bytes() {
    let first =
        digest_of(&message("MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5\rPID|1\r")).expect("an id");
    let same = digest_of(&message("MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5\rPID|1\r"));
    assert_eq!(same, Some(first));
    let other_bytes =
        digest_of(&message("MSH|^~\\&|A|B|C|D|2026||ADT^A01|1|P|2.5\rPID|2\r")).expect("an id");
    assert!(other_bytes.key == first.key && other_bytes.bytes != first.bytes);
    for other in
        ["|AB||C|D|2026||ADT^A01|1|P", "|A|B|C|D|2026||ADT^A01|2|P", "|A^1|B|C|D|2026||ADT^A01|1|P"]
    {
        let other = digest_of(&message(&format!("MSH|^~\\&{other}|2.5\rPID|1\r"))).expect("an id");
        assert_ne!(other.key, first.key);
    }
    assert_eq!(digest_of(&message("MSH|^~\\&|A|B|C|D|2026||ADT^A01||P|2.5\rPID|1\r")), None);
}

#[actix::test]
async fn what_came_before_is_processed_again_and_told_from_what_is_new() {
    let duplicates = duplicates(Dedup::Flag);
    assert!(
        matches!(duplicates.look(id(1, 1), at(0)).await, Seen::New(_)),
        "and dropped: not taken"
    );
    keep(&duplicates, id(1, 1), 0).await;
    assert!(matches!(duplicates.look(id(1, 1), at(1)).await, Seen::Again(_)));
    assert!(matches!(duplicates.look(id(1, 2), at(1)).await, Seen::OtherBytes(_)));
    assert!(matches!(duplicates.look(id(2, 1), at(1)).await, Seen::New(_)));
}

#[actix::test]
async fn a_positive_answer_is_given_again_where_that_is_asked_for() {
    let duplicates = duplicates(Dedup::Replay);
    keep(&duplicates, id(1, 1), 0).await;
    for _ in 0..3 {
        let Seen::Copy(given) = duplicates.look(id(1, 1), at(1)).await else { panic!("a copy") };
        assert_eq!(given, Some(answer()));
    }
    assert!(matches!(duplicates.look(id(1, 2), at(1)).await, Seen::OtherBytes(_)));
}

#[actix::test]
async fn what_was_not_taken_is_processed_anew() {
    let duplicates = duplicates(Dedup::Replay);
    let Seen::New(hand) = duplicates.look(id(1, 1), at(0)).await else { panic!("new") };
    drop(hand);
    assert!(matches!(duplicates.look(id(1, 1), at(1)).await, Seen::New(_)));
    assert!(duplicates.lock().slots.is_empty());
}

#[actix::test]
async fn an_answer_that_stands_is_not_lost_by_another_message_that_is_refused() {
    let duplicates = duplicates(Dedup::Replay);
    keep(&duplicates, id(1, 1), 0).await;
    assert!(matches!(duplicates.look(id(1, 2), at(1)).await, Seen::OtherBytes(_)), "and dropped");
    assert!(matches!(duplicates.look(id(1, 1), at(1)).await, Seen::Copy(Some(_))));
}

#[actix::test]
async fn a_copy_waits_for_the_first_and_shares_its_fate() {
    let duplicates = duplicates(Dedup::Replay);
    let Seen::New(first) = duplicates.look(id(1, 1), at(0)).await else { panic!("new") };
    let copy = tokio::spawn({
        let duplicates = Arc::clone(&duplicates);
        async move { matches!(duplicates.look(id(1, 1), at(0)).await, Seen::Copy(Some(_))) }
    });
    tokio::task::yield_now().await;
    assert!(!copy.is_finished());
    first.kept(at(0), Some(answer()));
    assert!(copy.await.expect("no panic"));
}

#[actix::test]
async fn one_of_two_copies_takes_the_place_of_a_first_that_was_refused() {
    let duplicates = duplicates(Dedup::Replay);
    let Seen::New(first) = duplicates.look(id(1, 1), at(0)).await else { panic!("new") };
    let copies: Vec<_> = (0..2)
        .map(|_| {
            let duplicates = Arc::clone(&duplicates);
            tokio::spawn(async move {
                match duplicates.look(id(1, 1), at(0)).await {
                    Seen::New(hand) => {
                        tokio::task::yield_now().await;
                        hand.kept(at(0), Some(answer()));
                        true
                    }
                    Seen::Copy(_) => false,
                    Seen::Again(_) | Seen::OtherBytes(_) => panic!("neither"),
                }
            })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(first);
    let mut processed = 0;
    for copy in copies {
        processed += usize::from(copy.await.expect("no panic"));
    }
    assert_eq!(processed, 1);
}

#[actix::test]
async fn what_is_older_than_the_window_is_forgotten() {
    let duplicates = duplicates(Dedup::Flag);
    keep(&duplicates, id(1, 1), 0).await;
    keep(&duplicates, id(2, 1), 1).await;
    assert!(matches!(duplicates.look(id(1, 1), at(3600)).await, Seen::Again(_)));
    assert!(matches!(duplicates.look(id(1, 1), at(3601)).await, Seen::New(_)));
    assert!(matches!(duplicates.look(id(2, 1), at(3601)).await, Seen::Again(_)));
}

#[actix::test]
async fn messages_with_one_id_are_known_beside_each_other() {
    let duplicates = duplicates(Dedup::Replay);
    let Seen::New(first) = duplicates.look(id(1, 1), at(0)).await else { panic!("new") };
    let Seen::OtherBytes(second) = duplicates.look(id(1, 2), at(0)).await else { panic!("other") };
    first.kept(at(0), Some(answer()));
    assert!(matches!(duplicates.look(id(1, 1), at(1)).await, Seen::Copy(Some(_))));
    second.kept(at(1), Some(answer()));
    for bytes in [1, 2, 1, 2] {
        assert!(matches!(duplicates.look(id(1, bytes), at(2)).await, Seen::Copy(Some(_))));
    }
    assert!(matches!(duplicates.look(id(1, 3), at(2)).await, Seen::OtherBytes(_)));
}

#[actix::test]
async fn what_is_kept_ages_while_another_message_with_its_id_is_in_hand() {
    let duplicates = duplicates(Dedup::Replay);
    keep(&duplicates, id(1, 1), 0).await;
    let Seen::OtherBytes(other) = duplicates.look(id(1, 2), at(3600)).await else {
        panic!("other")
    };
    keep(&duplicates, id(2, 1), 3601).await;
    drop(other);
    assert!(matches!(duplicates.look(id(1, 1), at(3602)).await, Seen::New(_)));
    keep(&duplicates, id(2, 2), 9000).await;
    let table = duplicates.lock();
    assert_eq!((table.slots.len(), table.ids.len(), table.order.len()), (1, 1, 1));
}

#[actix::test]
async fn what_is_old_is_not_known_behind_something_newer_either() {
    let duplicates = duplicates(Dedup::Replay);
    keep(&duplicates, id(1, 1), 10).await;
    keep(&duplicates, id(2, 1), 5).await;
    assert!(matches!(duplicates.look(id(2, 1), at(3605)).await, Seen::Copy(_)));
    assert!(matches!(duplicates.look(id(2, 1), at(3606)).await, Seen::New(_)));
    assert!(matches!(duplicates.look(id(1, 1), at(3606)).await, Seen::Copy(_)));
}

#[actix::test]
async fn bound_1_the_oldest_are_forgotten_beyond_the_most() {
    let duplicates = Duplicates::of(&listener(Dedup::Flag), 10).expect("it recognises");
    for key in 0..1000 {
        keep(&duplicates, id(key, 1), 0).await;
        keep(&duplicates, id(7, 1), 0).await;
    }
    let table = duplicates.lock();
    assert!(table.order.len() <= 11 && table.slots.len() <= 11, "{}", table.order.len());
}

#[actix::test]
async fn what_the_journal_has_is_remembered_unless_something_newer_is() {
    let duplicates = duplicates(Dedup::Replay);
    keep(&duplicates, id(1, 1), 10).await;
    for (second, digest) in [(5, id(2, 1)), (4, id(1, 2)), (3, id(2, 2)), (2, id(3, 1))] {
        duplicates.remember(at(second), digest, Marks::default(), Some(answer()));
    }
    assert!(matches!(duplicates.look(id(1, 1), at(11)).await, Seen::Copy(Some(_))));
    assert!(matches!(duplicates.look(id(2, 1), at(11)).await, Seen::Copy(Some(_))));
    assert!(matches!(duplicates.look(id(3, 1), at(3603)).await, Seen::New(_)), "too old by then");
    assert!(matches!(duplicates.look(id(2, 1), at(3603)).await, Seen::Copy(Some(_))));
}

#[actix::test]
async fn of_what_waited_for_another_systems_answer_the_journal_gives_none_again() {
    for (dedup, is_known) in [(Dedup::Flag, true), (Dedup::Replay, false)] {
        let duplicates = duplicates(dedup);
        duplicates.remember(at(1), id(1, 1), Marks::RELAYED.with(Marks::IN_BATCH), None);
        let seen = duplicates.look(id(1, 1), at(2)).await;
        assert_eq!(matches!(seen, Seen::Again(_)), is_known, "{dedup:?}");
        assert_eq!(matches!(seen, Seen::New(_)), !is_known, "{dedup:?}");
    }
}

fn batch(ids: &[u8]) -> Vec<Message> {
    let text = |id| format!("MSH|^~\\&|A|B|C|D|2026||ADT^A01|{id}|P|2.5\rPID|1\r");
    ids.iter().map(|id| message(&text(id))).collect()
}

async fn look_each(
    duplicates: &Arc<Duplicates>,
    messages: &[Message],
    counters: &ListenerCounters,
) -> Several {
    duplicates.look_each(messages.iter().enumerate(), at(0), counters).await
}

#[actix::test]
async fn a_message_of_a_batch_that_nothing_is_kept_of_is_new_when_it_comes_again() {
    let new = Marks::default();
    for (dedup, again) in [(Dedup::Flag, Marks::DUPLICATE), (Dedup::Replay, Marks::SUPPRESSED)] {
        let (duplicates, counters) = (duplicates(dedup), ListenerCounters::default());
        let mut several = look_each(&duplicates, &batch(&[1, 2, 3]), &counters).await;
        let second = several.found.iter().find(|found| found.place == 1).expect("it has an id");
        let forgotten = HashSet::from([second.digest]);
        several.forget(&forgotten);
        several.kept(at(0));
        let several = look_each(&duplicates, &batch(&[1, 2, 3]), &counters).await;
        assert_eq!(marks(&several), [again, new, again], "{dedup:?}");
    }
}

/// The marks of each message, in the order of the batch.
fn marks(several: &Several) -> Vec<Marks> {
    let mut found: Vec<_> = several.found.iter().map(|found| (found.place, found.marks)).collect();
    found.sort_unstable_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, marks)| marks).collect()
}

#[actix::test]
async fn each_message_of_a_batch_is_known_for_itself() {
    let new = Marks::default();
    for (dedup, again) in [(Dedup::Flag, Marks::DUPLICATE), (Dedup::Replay, Marks::SUPPRESSED)] {
        let (duplicates, counters) = (duplicates(dedup), ListenerCounters::default());
        let first = look_each(&duplicates, &batch(&[1, 2, 1]), &counters).await;
        assert_eq!(marks(&first), [new, new, again]);
        drop(first);
        let taken = look_each(&duplicates, &batch(&[2, 1]), &counters).await;
        assert_eq!(marks(&taken), [new, new], "what was dropped was not taken");
        taken.kept(at(0));
        let then = look_each(&duplicates, &batch(&[1, 3, 2]), &counters).await;
        assert_eq!(marks(&then), [again, new, again]);
        assert_eq!(counters.duplicates.get() + counters.duplicates_suppressed.get(), 3);
    }
}

#[actix::test]
async fn two_batches_with_the_same_messages_never_wait_for_each_other() {
    let (duplicates, counters) = (duplicates(Dedup::Flag), ListenerCounters::default());
    let ids: Vec<u8> = (0..=255).collect();
    let sent = |ids: Vec<u8>| {
        let (duplicates, counters) = (&duplicates, &counters);
        async move {
            let several = look_each(duplicates, &batch(&ids), counters).await;
            tokio::task::yield_now().await;
            several.kept(at(0));
        }
    };
    let backwards = ids.iter().rev().copied().collect();
    tokio::join!(sent(ids.clone()), sent(backwards), sent(ids.clone()));
    assert_eq!(counters.duplicates.get(), 2 * 256, "all but the first");
}

#[actix::test]
async fn a_batch_that_is_refused_is_watched_as_one() {
    let (duplicates, counters) = (duplicates(Dedup::Flag), ListenerCounters::default());
    for time in 1..=20 {
        let refused =
            look_each(&duplicates, &batch(&(0..=255).collect::<Vec<u8>>()), &counters).await;
        let first = *refused.first().expect("a message");
        let weather = duplicates.storms.came(first.digest, Instant::now());
        assert_eq!(weather != crate::inbound::storm::Weather::Calm, time >= 10, "time {time}");
    }
}
