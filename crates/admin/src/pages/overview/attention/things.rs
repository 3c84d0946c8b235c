//! What needs somebody and is no interface: dead letters, the intake, the store.

use super::Row;
use crate::pages::links;
use crate::watch::condition::Condition;
use crate::watch::snapshot::Snapshot;
use crate::words;

/// Days of room from which on somebody should see to the disk: a week, so that it is not a weekend.
pub(in crate::pages::overview) const DAYS_OF_ROOM: u64 = 7;

const STORE: &str = "/storage";

pub(super) fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows = dead_letters(snapshot);
    let is_stopping = snapshot.status.phase == "draining";
    if !snapshot.takes_messages() && !is_stopping {
        rows.push(Row {
            condition: Condition::Down,
            mark: Some(("st st-down", "down", "Closed")),
            who: "intake".to_owned(),
            why: closed(snapshot),
            since: None,
            action: "See the store",
            href: STORE.to_owned(),
        });
    }
    let Some(store) = &snapshot.store else { return rows };
    let days = store.outlook.no_space_in_seconds.map(|seconds| seconds / 86_400);
    if let Some(days) = days.filter(|days| *days < DAYS_OF_ROOM && snapshot.takes_messages()) {
        let left = match days {
            0 => "less than a day".to_owned(),
            days => words::counted(days, "day", "days"),
        };
        let why = format!("There is room for {left}. When it is used up, no message is taken in.");
        rows.push(of_store("disk", why, "See the room"));
    }
    if store.index_blobs > 0 {
        let why = "The index has a fault: rebuild it while the engine is stopped (wardline store rebuild).";
        rows.push(of_store("index", why.to_owned(), "See the index"));
    }
    rows
}

fn of_store(who: &str, why: String, action: &'static str) -> Row {
    let condition = Condition::Degraded;
    Row {
        condition,
        mark: None,
        who: who.to_owned(),
        why,
        since: None,
        action,
        href: STORE.to_owned(),
    }
}

/// One row a destination; of one that is orphaned the row says so already.
fn dead_letters(snapshot: &Snapshot) -> Vec<Row> {
    let having = snapshot
        .destinations()
        .filter(|(interface, row)| row.dead > 0 && interface.condition != Condition::Orphaned);
    having
        .map(|(_, row)| Row {
            condition: Condition::Degraded,
            mark: Some(("st st-dead", "dead", "Dead")),
            who: row.destination.clone(),
            why: format!(
                "{} undelivered until somebody sends them again or discards them.",
                words::counted(row.dead, "dead letter stays", "dead letters stay")
            ),
            since: None,
            action: "See dead letters",
            href: links::dead(&row.destination),
        })
        .collect()
}

/// Why no message is taken in, and what is left to do.
pub(crate) fn closed(snapshot: &Snapshot) -> String {
    let intake = snapshot.status.intake.as_str();
    let left = if intake.starts_with("no space") {
        "It goes on by itself once there is space: make some."
    } else if intake.starts_with("the index") {
        "It goes on by itself once the index has caught up; if it does not, the disk is too slow or too busy."
    } else {
        "It does not go on by itself: the log says why."
    };
    format!("The store takes nothing: {intake}. {left}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{queue, seen};

    const NOW: &str = "2026-11-21T03:12:08Z";

    #[test]
    fn dead_letters_of_a_destination_that_is_up_are_a_row_that_leads_to_them() {
        let mut ehr = queue("ehr", "up");
        ehr.dead = 5000;
        let mut gone = queue("old-lis", "orphaned");
        gone.dead = 3;
        let rows = rows(&seen(NOW, vec![], vec![ehr, gone]));
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0].who.as_str(), rows[0].href.as_str()), ("ehr", "/dead/ehr"));
        assert!(rows[0].why.starts_with("5,000 dead letters stay"), "{rows:?}");
    }

    #[test]
    fn each_reason_of_a_closed_intake_says_what_is_left_to_do() {
        let mut snapshot = seen(NOW, vec![], vec![]);
        for (intake, left) in [
            ("no space: 5 bytes free, 10 must stay free", "make some"),
            ("the index is 9 bytes behind", "caught up"),
            ("closed", "does not go on by itself"),
        ] {
            let mut status = (*snapshot.status).clone();
            status.intake = intake.to_owned();
            snapshot.status = status.into();
            let rows = rows(&snapshot);
            assert!(matches!(&rows[..], [row] if row.why.contains(left)), "{rows:?}");
        }
    }
}
