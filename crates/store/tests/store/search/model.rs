//! Whatever is stored and asked, the history answers what a plain list would.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use wardline_store::history::{
    HistoryRow, HistoryState, KeyKind, KeyMatch, Match, Search, StateFilter,
};
use wardline_store::{MessageId, Outcome, Store, StoreOptions};

use super::lasting::nothing_would_go;
use super::{all, caught_up, options};
use crate::site::{Open, SEGMENT, Site, dead, delivered, eventually, message};

const DESTINATIONS: [&str; 3] = ["lis", "ris", "archive"];

/// One step of a store's life.
#[derive(Debug, Clone)]
enum Step {
    /// A message with these key values, to these destinations, of about so many bytes.
    Message { patient: u8, visit: u8, to: Vec<usize>, padding: usize },
    /// An outcome of one of the messages so far.
    Outcome { of: prop::sample::Index, destination: usize, what: u8 },
    /// The store is closed and opened again.
    Restart,
    /// Retention lets the oldest segments go but for so many segments' bytes, and carries forward what is live in them.
    Forget { keep: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let to = prop::sample::subsequence(vec![0_usize, 1, 2], 0..=3);
    prop_oneof![
        6 => (0..4_u8, 0..30_u8, to, prop_oneof![Just(0_usize), 0..40_000_usize]).prop_map(
            |(patient, visit, to, padding)| Step::Message { patient, visit, to, padding }
        ),
        5 => (any::<prop::sample::Index>(), 0..3_usize, 0..4_u8)
            .prop_map(|(of, destination, what)| Step::Outcome { of, destination, what }),
        1 => Just(Step::Restart),
        1 => (1..4_u64).prop_map(|keep| Step::Forget { keep }),
    ]
}

/// A message as the plain list has it.
#[derive(Debug, Clone)]
struct Listed {
    id: MessageId,
    patient: String,
    visit: String,
    bytes: u64,
    states: BTreeMap<&'static str, HistoryState>,
}

#[derive(Debug, Clone)]
struct Question {
    patient: Option<(String, bool)>,
    visit: Option<(String, bool)>,
    destination: Option<usize>,
    state: Option<StateFilter>,
    min_bytes: Option<u64>,
    limit: usize,
}

fn question() -> impl Strategy<Value = Question> {
    let states = [
        StateFilter::Pending,
        StateFilter::Dead,
        StateFilter::Delivered,
        StateFilter::Returned,
        StateFilter::Unrouted,
    ];
    (
        prop::option::of((0..4_u8, any::<bool>())),
        prop::option::of((0..30_u8, any::<bool>())),
        prop::option::of(0..3_usize),
        prop::option::of(prop::sample::select(states.to_vec())),
        prop::option::of(0..20_000_u64),
        1..5_usize,
    )
        .prop_map(|(patient, visit, destination, state, min_bytes, limit)| Question {
            patient: patient.map(|(patient, exact)| (format!("p{patient}"), exact)),
            visit: visit.map(|(visit, exact)| (visit.to_string(), exact)),
            destination,
            state,
            min_bytes,
            limit,
        })
}

impl Question {
    fn search(&self) -> Search {
        let key = |kind, asked: &Option<(String, bool)>| {
            asked.as_ref().map(|(value, exact)| KeyMatch {
                kind,
                value: Bytes::from(value.clone()),
                how: if *exact { Match::Exact } else { Match::Prefix },
            })
        };
        let keys = [key(KeyKind::PatientId, &self.patient), key(KeyKind::Visit, &self.visit)];
        Search {
            keys: keys.into_iter().flatten().collect(),
            destination: self.destination.map(|nth| DESTINATIONS[nth].into()),
            state: self.state,
            min_bytes: self.min_bytes,
            limit: self.limit,
            ..Search::default()
        }
    }

    fn matches(&self, listed: &Listed) -> bool {
        let key = |asked: &Option<(String, bool)>, value: &str| match asked {
            Some((asked, true)) => value == asked,
            Some((asked, false)) => value.starts_with(asked.as_str()),
            None => true,
        };
        let to = self.destination.map(|nth| DESTINATIONS[nth]);
        let wanted = |state: HistoryState| {
            listed.states.iter().any(|(name, one)| *one == state && to.is_none_or(|to| to == *name))
        };
        key(&self.patient, &listed.patient)
            && key(&self.visit, &listed.visit)
            && to.is_none_or(|to| listed.states.contains_key(to))
            && self.min_bytes.is_none_or(|least| listed.bytes >= least)
            && match self.state {
                None => true,
                Some(StateFilter::Pending) => wanted(HistoryState::Pending),
                Some(StateFilter::Held) => wanted(HistoryState::Held),
                Some(StateFilter::Dead) => wanted(HistoryState::Dead),
                Some(StateFilter::Delivered) => wanted(HistoryState::Delivered),
                Some(StateFilter::Returned) => wanted(HistoryState::Returned),
                Some(StateFilter::Discarded) => wanted(HistoryState::Discarded),
                Some(StateFilter::Unrouted) => listed.states.is_empty(),
                Some(StateFilter::Rejected) => false,
            }
    }
}

fn store_message(open: &Open, patient: u8, visit: u8, to: &[usize], padding: usize) -> Listed {
    let names: Vec<&'static str> = to.iter().map(|nth| DESTINATIONS[*nth]).collect();
    let body = format!("patient=p{patient} visit={visit} {}", "x".repeat(padding));
    Listed {
        bytes: body.len() as u64,
        id: open.accept(message(body, &names)),
        patient: format!("p{patient}"),
        visit: visit.to_string(),
        states: names.into_iter().map(|name| (name, HistoryState::Pending)).collect(),
    }
}

/// As the engine does it: what has ended, or never was, is told nothing.
fn conclude(open: &Open, listed: &mut Listed, destination: &'static str, what: u8) {
    let Some(state) = listed.states.get_mut(destination).filter(|state| !state.is_end()) else {
        return;
    };
    let (outcome, next) = match what {
        0 => (delivered(), HistoryState::Delivered),
        1 => (dead(None), HistoryState::Dead),
        2 => (Outcome::Returned, HistoryState::Returned),
        _ => (Outcome::Revived { by: "ann".into() }, HistoryState::Pending),
    };
    open.conclude(listed.id, destination, outcome);
    *state = next;
}

/// Lets old segments go. Of a message that was carried, what had ended before is known as long as its records are there,
/// which its own row tells; whatever is live must still stand as it did.
fn forget(site: &Site, keep: u64, list: &mut Vec<Listed>) {
    let (retain_bytes, tick) = (keep * SEGMENT, Duration::from_millis(1));
    let forgetful = StoreOptions { retain_bytes, tick, ..options(site, 1) };
    let open = site.try_open(forgetful).expect("the store opens");
    eventually("the oldest segments have gone", || nothing_would_go(&open, retain_bytes));
    let history = caught_up(&open);
    list.retain_mut(|listed| {
        let Some(row) = history.row(listed.id).expect("readable") else {
            assert!(listed.states.values().all(|state| state.is_end()), "{listed:?} is lost");
            return false;
        };
        let (_, told) = as_listed(&row);
        listed.states.retain(|name, state| !state.is_end() || told.contains_key(name));
        assert_eq!(told, listed.states, "{row:?}");
        true
    });
}

fn as_listed(row: &HistoryRow) -> (MessageId, BTreeMap<&str, HistoryState>) {
    (row.message, row.destinations.iter().map(|one| (&*one.destination, one.state)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_search_finds_what_a_plain_list_would_page_by_page(
        steps in prop::collection::vec(step(), 1..80),
        questions in prop::collection::vec(question(), 12),
    ) {
        let site = Site::new();
        let begin = || site.try_open(options(&site, 1)).expect("the store opens");
        let mut open = begin();
        let mut list: Vec<Listed> = Vec::new();
        for step in steps {
            match step {
                Step::Message { patient, visit, to, padding } => {
                    list.push(store_message(&open, patient, visit, &to, padding));
                }
                Step::Outcome { of, destination, what } if !list.is_empty() => {
                    let nth = of.index(list.len());
                    conclude(&open, &mut list[nth], DESTINATIONS[destination], what);
                }
                Step::Outcome { .. } => {}
                Step::Restart => {
                    drop(open);
                    open = begin();
                }
                Step::Forget { keep } => {
                    drop(open);
                    forget(&site, keep, &mut list);
                    open = begin();
                }
            }
        }
        let history = caught_up(&open);
        for question in questions {
            let found = all(&history, &question.search());
            let found: Vec<_> = found.iter().map(as_listed).collect();
            let expected: Vec<_> = list
                .iter()
                .rev()
                .filter(|listed| question.matches(listed))
                .map(|listed| (listed.id, listed.states.clone()))
                .collect();
            prop_assert_eq!(found, expected, "{:?}", question);
        }
        prop_assert!(open.store.verify().expect("readable").is_sound());
    }
}
