//! Writes and syncs that fail, and disks that are full.

use bytes::Bytes;
use wardline_store::{Intake, NotStored, Outcome, Refusal, Store};

use crate::site::{Open, Site, change, delivered, drain, eventually, message};

/// Hands over messages until the store has failed; none of those that were not completed counts.
fn accept_until_failure(site: &Site, open: &Open) -> Vec<u64> {
    let mut tickets = Vec::new();
    eventually("the injected fault ends the store", || {
        tickets.extend(open.hand_over(message(b"m".to_vec(), &["lis"])).ok());
        !site.faults().is_empty()
    });
    tickets
}

fn nothing_is_completed_after_a_fault(inject: impl Fn(&Site), told: &str) {
    let site = Site::new();
    let open = site.open();
    let before: Vec<_> = (0..3).map(|n| open.message(&format!("before {n}"), &["lis"])).collect();
    inject(&site);
    let tickets = accept_until_failure(&site, &open);
    let faults = site.faults();
    assert_eq!(faults.len(), 1, "told once: {faults:?}");
    assert!(faults[0].contains(told), "{faults:?}");
    assert_eq!(open.store.intake(), Intake::Closed);
    assert!(open.hand_over(message(b"later".to_vec(), &["lis"])).is_err());
    let completed: Vec<_> = tickets.iter().filter_map(|ticket| open.done.get(*ticket)).collect();
    drop(open);

    let open = site.open();
    let all = drain(&open.outbox("lis"));
    let ids: Vec<_> = all.iter().map(|pending| pending.id).collect();
    assert_eq!(&ids[..3], &before[..], "what was acknowledged is there");
    for stored in completed {
        let id = stored.expect("there is space").first;
        assert!(ids.contains(&id), "{id} was completed and is not there");
    }
    open.message("after", &["lis"]);
}

#[test]
fn after_a_failed_write_nothing_is_completed_and_the_next_start_recovers() {
    nothing_is_completed_after_a_fault(|site| site.disk.fail_write(1), "cannot write");
    nothing_is_completed_after_a_fault(|site| site.disk.fail_write(5), "cannot write");
}

#[test]
fn after_a_failed_sync_nothing_is_completed_and_the_next_start_recovers() {
    nothing_is_completed_after_a_fault(|site| site.disk.fail_sync(1), "cannot sync");
    nothing_is_completed_after_a_fault(|site| site.disk.fail_sync(4), "cannot sync");
}

#[test]
fn the_record_under_a_failed_sync_is_not_completed() {
    let site = Site::new();
    let open = site.open();
    site.disk.fail_sync(1);
    let ticket = open.hand_over(message(b"m".to_vec(), &["lis"])).expect("taken");
    eventually("the fault is told", || !site.faults().is_empty());
    let port_is_done_with = open.done.count();
    open.store.close(crate::site::PATIENCE);
    assert_eq!((open.done.get(ticket), port_is_done_with), (None, 0));
}

#[test]
fn what_a_start_finds_of_a_failed_sync_is_on_the_disk_before_anything_follows_it() {
    let site = Site::new();
    let open = site.open();
    open.message("before", &["lis"]);
    site.disk.fail_sync(1);
    open.hand_over(message(b"under the failed sync".to_vec(), &["lis"])).expect("taken");
    eventually("the fault is told", || !site.faults().is_empty());
    drop(open);

    let open = site.open();
    let found = drain(&open.outbox("lis")).len();
    assert_eq!(found, 2, "it is read from memory");
    let after = open.message("after", &["lis"]);
    site.disk.power_off();
    drop(open);
    site.disk.cut_and_restore(1).expect("restored");

    let open = site.open();
    let all = drain(&open.outbox("lis"));
    assert_eq!(all.len(), 3);
    assert_eq!(all[2].id, after);
}

#[test]
fn a_full_disk_refuses_messages_lets_outcomes_through_and_opens_by_itself() {
    let site = Site::new();
    let open = site.open();
    let outbox = open.outbox("lis");
    drain(&outbox);
    // Room for what is filled ahead already and no more.
    eventually("the segments ahead are filled", || {
        let folder = site.folder.path().join("store");
        let names = std::fs::read_dir(folder).expect("a folder").flatten();
        names.filter(|e| e.file_name().to_string_lossy().starts_with("prepared-")).count() == 2
    });
    site.disk.limit_space(Some(0));
    let mut stored = Vec::new();
    let body = vec![b'x'; 20_000];
    eventually("intake is refused", || match open.hand_over(message(body.clone(), &["lis"])) {
        Ok(ticket) => {
            match open.done.wait(ticket) {
                Ok(done) => stored.push(done.first),
                Err(NotStored::NoSpace) => {}
            }
            false
        }
        Err(refused) => {
            matches!(refused.refusal, Refusal::Intake(Intake::NoSpace { .. }))
        }
    });
    assert!(!stored.is_empty());
    let segments = open.store.stats().segments;
    let (last, others) = stored.split_last().expect("some");
    eventually("outcomes fill what is left and go on in the reserve", || {
        let reply = Some(Bytes::from(vec![b'r'; 60_000]));
        let dead = Outcome::Dead { attempts: 1, cause: "rejected".into(), reply };
        open.conclude(*last, "lis", dead);
        open.store.stats().segments > segments
    });
    for id in others {
        open.store.record(change(*id, "lis", delivered()), None);
    }
    open.conclude(*last, "lis", delivered());
    assert_eq!(open.queue("lis").pending, 0);
    assert!(site.faults().is_empty(), "{:?}", site.faults());
    site.disk.limit_space(None);
    eventually("intake returns by itself", || open.store.intake() == Intake::Open);
    open.message("after", &["lis"]);
    let intakes = site.intakes.lock().expect("not poisoned").clone();
    assert!(matches!(intakes[..], [Intake::NoSpace { .. }, Intake::Open]), "{intakes:?}");
}

#[test]
fn less_than_min_free_refuses_messages_before_the_disk_is_full() {
    let site = Site::new();
    let mut options = site.options();
    options.min_free = u64::MAX / 2;
    let open = site.try_open(options).expect("opens without space");
    eventually("intake is refused", || open.store.intake() != Intake::Open);
    let refused = open.hand_over(message(b"m".to_vec(), &["lis"])).expect_err("refused");
    assert_eq!(refused.accept.messages[0].body, "m", "the record comes back");
}
