use jiff::Timestamp;
use wardline_engine::control::protocol::DeliveryFate;

use super::*;

fn fate(state: DeliveryFate, attempts: u32, cause: Option<&str>, code: Option<&str>) -> FateRow {
    FateRow {
        destination: "lis".to_owned(),
        state,
        attempts,
        at: Timestamp::UNIX_EPOCH,
        cause: cause.map(str::to_owned),
        reply_code: code.map(str::to_owned),
    }
}

#[test]
fn an_outcome_is_told_in_few_words() {
    for (fate, expected) in [
        (fate(DeliveryFate::Delivered, 1, None, Some("AA")), "lis delivered AA"),
        (
            fate(DeliveryFate::Delivered, 3, Some("connect"), Some("AA")),
            "lis delivered AA, 3 tried",
        ),
        (fate(DeliveryFate::Pending, 0, None, None), "lis pending"),
        (fate(DeliveryFate::Pending, 2, Some("connect"), None), "lis pending, 2 tried, connect"),
        (fate(DeliveryFate::Dead, 1, Some("rejected"), None), "lis dead, 1 tried, rejected"),
    ] {
        assert_eq!(outcome(&fate), expected);
    }
}

#[test]
fn the_same_page_is_never_asked_for_again() {
    let id = |number: u64| number.to_string().parse().ok();
    assert!(goes_on(None, id(7)).is_ok() && goes_on(id(7), id(6)).is_ok());
    assert!(goes_on(id(7), None).is_ok(), "the last page");
    assert!(matches!(goes_on(id(7), id(7)), Err(ReachError::NoFurther)));
}
