//! Runs with more than one level of index, and several runs in one.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;

use super::{Run, Written, merge, write};
use crate::api::{Marks, Name};
use crate::history::answer::HistoryState;
use crate::history::block::Block;
use crate::history::entry::{EVENT, Event, KEY, ROW, Row, RowOrigin, What};
use crate::history::keys::{KeyKind, SearchKey};
use crate::history::memtable::Memtable;
use crate::history::source::{Cursor, Source};
use crate::journal::position::Position;

/// Messages of one part of a segment. Their names come in an order of its own, so that no two parts number them alike.
fn part(numbers: std::ops::Range<u64>) -> Memtable {
    let at = |number| Position { segment: 7, offset: 4096 + number, number, group: number };
    let memtable = Memtable::beginning(at(numbers.start));
    memtable.change(|entries| {
        for number in numbers.clone().rev() {
            let destination = Name::from(format!("to-{}", number % 7));
            let row = Row {
                offset: number,
                origin: RowOrigin::Came,
                received_at: Timestamp::UNIX_EPOCH,
                listener: format!("from-{}", number % 5).into(),
                bytes: number,
                marks: Marks::default(),
                destinations: vec![destination.clone()],
            };
            // Long, and not alike at their beginning: an index block holds few of them.
            let value = format!("{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15)).repeat(7);
            entries.message(number, &row, &[SearchKey::new(KeyKind::Visit, value.as_bytes())]);
            let event = Event {
                offset: number,
                at: Timestamp::UNIX_EPOCH,
                destination,
                what: What { state: HistoryState::Dead, carried: false },
                attempts: 2,
                cause: Some("refused".into()),
                reply_code: None,
            };
            entries.event(number, number + 1, 0, &event);
        }
        entries.extent.to = at(numbers.end);
    });
    memtable
}

fn written(folder: &TempDir, memtable: &Memtable) -> Arc<Run> {
    let entries = memtable.read();
    let path = folder.path().join(format!("{}.run", entries.extent.from.number));
    let written = Written { fingerprint: 1, salt: 2, extent: &entries.extent };
    let run = write(&path, &written, |writer, names| {
        *names = entries.names.clone();
        entries.iter().try_for_each(|(key, value)| writer.add(key, value))
    });
    Arc::new(run.expect("written"))
}

/// Keys with what they mean, whatever numbers the names have.
fn meant<'e>(
    entries: impl Iterator<Item = (Vec<u8>, Vec<u8>)> + 'e,
    run: &Run,
) -> BTreeMap<Vec<u8>, String> {
    let names = run.names();
    let meant = entries.map(|(key, value)| {
        let meaning = match key[0] {
            ROW => format!("{:?}", Row::read(&value, names).expect("a row")),
            EVENT => format!("{:?}", Event::read(&value, names).expect("an event")),
            KEY => String::new(),
            tag => panic!("an entry of kind {tag}"),
        };
        (key, meaning)
    });
    meant.collect()
}

fn entries(run: &Run) -> Vec<(Vec<u8>, Vec<u8>)> {
    let of_block = |block: Block| -> Vec<_> {
        let entry = |nth| {
            (block.key(nth).expect("a key").to_vec(), block.value(nth).expect("a value").to_vec())
        };
        (0..block.len()).map(entry).collect()
    };
    run.blocks().flat_map(|block| of_block(block.expect("whole"))).collect()
}

#[test]
fn a_run_of_several_levels_gives_the_last_entry_below_any_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = written(&folder, &part(1..6000));
    assert!(run.footer.levels >= 1, "one level only: the test is too small");
    let all = entries(&run);
    assert_eq!(all.len(), 3 * 5999);
    assert!(all.is_sorted());
    let source = Source::run(Arc::clone(&run));
    let mut cursor = Cursor::new(&source);
    assert_eq!(cursor.last_below(&all[0].0).expect("readable"), None);
    for (nth, (key, value)) in all.iter().enumerate().rev().step_by(13) {
        let mut bound = key.clone();
        bound.push(0);
        let expected = Some((key.as_slice(), value.as_slice()));
        assert_eq!(cursor.last_below(&bound).expect("readable"), expected, "entry {nth}");
    }
    assert_eq!(cursor.row(3000).expect("readable").expect("there").bytes, 3000);
    assert_eq!(cursor.row(6000).expect("readable"), None);
}

#[test]
fn several_runs_become_one_that_means_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let parts: Vec<_> = [1..1500, 1500..1501, 1501..4000].into_iter().map(part).collect();
    let runs: Vec<_> = parts.iter().map(|part| written(&folder, part)).collect();
    let merged = merge(&folder.path().join("merged.run"), &runs).expect("merged");
    let mut expected = BTreeMap::new();
    for run in &runs {
        expected.extend(meant(entries(run).into_iter(), run));
    }
    let found = entries(&merged);
    assert!(found.is_sorted());
    assert_eq!(meant(found.into_iter(), &merged), expected);
    let (extent, first, last) = (merged.extent(), runs[0].extent(), runs[2].extent());
    assert_eq!((extent.from, extent.to, extent.rows), (first.from, last.to, 3999));
    assert!(extent.may_have_row(1) && extent.may_have_row(3999) && !extent.may_have_row(4000));
}
