use wardline_config::{Destination, DestinationKind, MllpDestination};

use super::*;

fn config() -> Config {
    let kind = DestinationKind::Mllp(Box::new(MllpDestination::new("lis:2576")));
    Config { destinations: vec![Destination::new("new".into(), kind)], ..Config::default() }
}

fn queue(name: &str, pending: u64, held: u64) -> (String, DestinationState) {
    let destination = name.into();
    let state = DestinationState { destination, pending, held, dead: 0, oldest: None, hold: None };
    (name.to_owned(), state)
}

fn asked(moves: &[(&str, &str)], park: &[&str]) -> Asked {
    let moves = moves.iter();
    Asked {
        moves: moves
            .map(|(from, to)| QueueMove { from: (*from).to_owned(), to: (*to).to_owned() })
            .collect(),
        park: park.iter().map(|&id| id.to_owned()).collect(),
        ..Asked::default()
    }
}

#[test]
fn a_queue_is_left_behind_only_when_that_is_said() {
    let states = Queues::from([queue("old", 3, 0), queue("empty", 0, 0)]);
    let gone = ["old", "empty"];
    let told = left(&gone, &Asked::default(), &states);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("3 pending") && told[0].contains("--park old"), "{told:?}");
    assert_eq!(left(&gone, &asked(&[], &["old"]), &states), Vec::<String>::new());
    assert_eq!(left(&gone, &asked(&[("old", "new")], &[]), &states), Vec::<String>::new());
}

#[test]
fn what_waits_for_a_decision_is_not_moved() {
    let states = Queues::from([queue("old", 3, 2)]);
    let told = left(&["old"], &asked(&[("old", "new")], &[]), &states);
    assert!(told[0].contains("2 held"), "{told:?}");
}

#[test]
fn only_what_goes_can_be_moved_and_only_to_what_is_there() {
    let states = Queues::from([queue("old", 1, 0), queue("orphan", 1, 0), queue("new", 1, 0)]);
    let named = |asked: &Asked| misnamed(&["old"], &config(), asked, &states);
    assert_eq!(named(&asked(&[("old", "new"), ("orphan", "new")], &[])), Vec::<String>::new());
    assert_eq!(named(&asked(&[("old", "nowhere")], &[])).len(), 1);
    assert_eq!(named(&asked(&[], &["new"])).len(), 1, "it stays");
    assert_eq!(named(&asked(&[], &["typo"])).len(), 1);
    assert_eq!(named(&asked(&[("old", "new")], &["old"])).len(), 1, "one way only");
}
