//! What is scraped, against what was counted.

mod deploy;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wardline_engine::control::protocol::{HandlerRow, ListenerRow, NotReady, QueueRow};
use wardline_engine::observe::{DestinationCounts, HandlerCounts, ListenerCounts};

use super::*;

fn listener(id: &str, counts: &ListenerCounts) -> ListenerRow {
    ListenerRow {
        id: id.to_owned(),
        address: "127.0.0.1:2575".to_owned(),
        role: None,
        connections: 2,
        max_connections: 256,
        last_received: Some("2026-04-03T12:00:00Z".to_owned()),
        paused: None,
        counts: *counts,
    }
}

fn destination(id: &str, counts: Option<&DestinationCounts>) -> QueueRow {
    let row = json!({
        "destination": id, "kind": "mllp", "endpoint": "lis:2575", "state": "down", "pending": 7,
        "held": 0, "dead": 3, "oldest": "1970-01-01T00:00:10.5Z", "head_attempts": 4, "warnings": [],
    });
    QueueRow { counts: counts.copied(), ..serde_json::from_value(row).expect("a row") }
}

fn handler(counts: HandlerCounts) -> HandlerRow {
    HandlerRow { name: "gate".to_owned(), state: "up".to_owned(), instances: 2, stuck: 0, counts }
}

fn figures(
    listeners: Vec<ListenerRow>,
    destinations: Vec<QueueRow>,
    handlers: Vec<HandlerRow>,
) -> Figures {
    let status = json!({
        "name": "st-elsewhere", "version": "0.1.0", "pid": 1, "started": "2026-04-03T12:00:00Z",
        "phase": "running", "intake": "open", "resident_bytes": 1, "listeners": [],
        "destinations": [], "handlers": [], "unrouted": 0,
    });
    let store = json!({
        "folder": "store", "segments": 1, "journal_bytes": 2, "index_bytes": 3, "index_blobs": 0,
        "index_lag": 0, "index_rebuilds": 0, "live_deliveries": 4, "free_bytes": 5, "syncs": 6,
        "records": 7, "written_bytes": 8, "oldest": null, "oldest_kept_because": null,
    });
    let status: Status = serde_json::from_value(status).expect("a status");
    Figures {
        status: Status { listeners, destinations, handlers, ..status },
        readiness: vec![NotReady::NoSpace].into(),
        store: serde_json::from_value(store).expect("figures"),
    }
}

/// Each sample of a text with its value.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut samples = BTreeMap::new();
    for line in lines {
        let (name, value) = line.rsplit_once(' ').expect("a sample has a value");
        let before = samples.insert(name, value.parse().expect("a number"));
        assert_eq!(before, None, "{name} stands twice");
    }
    samples
}

/// Counts in which every counter has a number of its own; with them, those numbers by the counter's name.
fn numbered<C>() -> (C, BTreeMap<String, u64>)
where
    C: Default + serde::Serialize + serde::de::DeserializeOwned,
{
    let mut value = serde_json::to_value(C::default()).expect("JSON");
    let mut numbers = BTreeMap::new();
    for (place, (name, field)) in value.as_object_mut().expect("an object").iter_mut().enumerate() {
        if field.is_u64() {
            let number = 1_000_003 + 7 * place as u64;
            *field = Value::from(number);
            numbers.insert(name.clone(), number);
        }
    }
    (serde_json::from_value(value).expect("counts"), numbers)
}

fn assert_all_told(numbers: &BTreeMap<String, u64>, text: &str, untold: &[&str]) {
    let told: Vec<f64> = samples(text).into_values().collect();
    for (name, number) in numbers {
        let times =
            told.iter().filter(|value| (**value - crate::family::float(*number)).abs() < 0.5);
        let times = times.count();
        let expected = usize::from(!untold.contains(&name.as_str()));
        assert_eq!(times, expected, "the counter {name} is told {times} times");
    }
}

#[test]
fn every_counter_is_told_once() {
    let (counts, numbers) = numbered::<ListenerCounts>();
    let text = exposition(figures(vec![listener("in", &counts)], vec![], vec![])).unwrap();
    assert_all_told(&numbers, &text, &["closed"]);
    let (counts, numbers) = numbered::<DestinationCounts>();
    let text =
        exposition(figures(vec![], vec![destination("lis", Some(&counts))], vec![])).unwrap();
    assert_all_told(&numbers, &text, &[]);
    let (counts, numbers) = numbered::<HandlerCounts>();
    let text = exposition(figures(vec![], vec![], vec![handler(counts)])).unwrap();
    assert_all_told(&numbers, &text, &[]);
}

#[test]
fn gauges_moments_and_states_are_what_the_desk_says() {
    let listeners = vec![listener("in", &ListenerCounts::default())];
    let destinations = vec![destination("lis", None)];
    let text = exposition(figures(listeners, destinations, vec![])).unwrap();
    let samples = samples(&text);
    for (name, value) in [
        ("wardline_listener_connections{listener=\"in\"}", 2.0),
        ("wardline_queue_pending{destination=\"lis\"}", 7.0),
        ("wardline_dead_letters{destination=\"lis\"}", 3.0),
        ("wardline_queue_oldest_timestamp_seconds{destination=\"lis\"}", 10.5),
        ("wardline_destination_state{destination=\"lis\",state=\"down\"}", 1.0),
        ("wardline_destination_state{destination=\"lis\",state=\"up\"}", 0.0),
        ("wardline_ready", 0.0),
        ("wardline_not_ready{reason=\"no-space\"}", 1.0),
        ("wardline_not_ready{reason=\"draining\"}", 0.0),
        ("wardline_store_free_bytes", 5.0),
        ("wardline_build_info{version=\"0.1.0\",engine=\"st-elsewhere\"}", 1.0),
    ] {
        assert_eq!(samples.get(name), Some(&value), "{name} in:\n{text}");
    }
    assert!(!text.contains("last_delivered_timestamp_seconds{"), "it was never: {text}");
}

#[test]
fn every_state_that_is_explained_is_one_of_a_state_set() {
    let rows = wardline_engine::explain::every_code().filter(|row| row.place == "States");
    let explained: BTreeSet<_> = rows.map(|row| row.code).collect();
    let ours: BTreeSet<_> = destinations::STATES.into_iter().chain(handlers::STATES).collect();
    assert_eq!(ours, explained);
}

#[test]
fn a_histogram_has_growing_buckets_that_end_with_its_count() {
    let mut counts = ListenerCounts::default();
    counts.answer_latency.steps[2] = 3;
    counts.answer_latency.steps[18] = 1;
    counts.answer_latency.micros = 2_500_000;
    let text = exposition(figures(vec![listener("in", &counts)], vec![], vec![])).unwrap();
    let samples = samples(&text);
    let of = |name: &str| samples.get(name).copied();
    let bucket = |le: &str| {
        of(&format!("wardline_answer_duration_seconds_bucket{{le=\"{le}\",listener=\"in\"}}"))
    };
    assert_eq!(
        [bucket("0.001"), bucket("0.0025"), bucket("1800.0")],
        [Some(0.0), Some(3.0), Some(3.0)]
    );
    assert_eq!(bucket("+Inf"), Some(4.0), "{text}");
    assert_eq!(of("wardline_answer_duration_seconds_count{listener=\"in\"}"), Some(4.0));
    assert_eq!(of("wardline_answer_duration_seconds_sum{listener=\"in\"}"), Some(2.5));
}

#[test]
fn ids_beyond_the_limit_are_one() {
    let one = ListenerCounts { frames: 1, ..ListenerCounts::default() };
    let rows = (0..MAX_IDS + 5).map(|number| listener(&format!("in-{number}"), &one)).collect();
    let text = exposition(figures(rows, vec![], vec![])).unwrap();
    let samples = samples(&text);
    let frames =
        samples.iter().filter(|(name, _)| name.starts_with("wardline_frames_received_total"));
    assert_eq!(frames.count(), MAX_IDS + 1);
    let others = samples.get("wardline_frames_received_total{listener=\"_others\"}");
    assert_eq!(others, Some(&5.0));
}

#[test]
fn every_name_has_the_prefix_a_type_and_a_help_and_stands_once() {
    let rows = vec![listener("in", &ListenerCounts::default())];
    let destinations = vec![destination("lis", Some(&DestinationCounts::default()))];
    let text = exposition(figures(rows, destinations, vec![handler(HandlerCounts::default())]));
    let text = text.unwrap();
    let of = |kind: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(kind));
        lines.filter_map(|line| line.split(' ').next().map(str::to_owned)).collect()
    };
    let types = of("# TYPE ");
    assert_eq!(types, of("# HELP "));
    assert_eq!(types.iter().collect::<BTreeSet<_>>().len(), types.len(), "a family stands once");
    assert!(types.len() > 60, "{types:?}");
    assert!(types.iter().all(|name| name.starts_with("wardline_")), "{types:?}");
    assert!(text.ends_with("# EOF\n"));
}
