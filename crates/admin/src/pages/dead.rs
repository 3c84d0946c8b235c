//! Dead letters, grouped by what killed them: one decision for each group.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use wardline_engine::control::protocol::{DeliveryRow, MessageId};
use wardline_engine::explain;

use super::deliveries::{self, Shown};
use super::hand::{Asked, Hand};
use super::interface::head::with_codes;
use super::links;
use super::overview::attention::words_of;
use crate::sprite;
use crate::watch::snapshot::moment;
use crate::words;

/// Letters of one group that are shown.
const SAMPLES: usize = 5;

/// All of one destination with one cause.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) destination: String,
    pub(crate) cause: String,
    pub(crate) count: u64,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// The last message of it.
    until: Option<MessageId>,
    samples: Vec<DeliveryRow>,
    /// Types, and how many there are of each.
    types: BTreeMap<String, u64>,
}

/// The groups of these letters, the largest first.
pub(crate) fn groups(rows: Vec<DeliveryRow>) -> Vec<Group> {
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    for row in rows {
        let cause = row.cause.clone().unwrap_or_default();
        let key = (row.destination.clone(), cause.clone());
        let group = groups.entry(key).or_insert_with(|| Group {
            destination: row.destination.clone(),
            cause,
            count: 0,
            oldest: None,
            newest: None,
            until: None,
            samples: Vec::new(),
            types: BTreeMap::new(),
        });
        let received = moment(Some(&row.received));
        group.count += 1;
        group.oldest = [group.oldest, received].into_iter().flatten().min();
        group.newest = group.newest.max(received);
        group.until = group.until.max(Some(row.message));
        *group.types.entry(row.message_type.clone()).or_default() += 1;
        if group.samples.len() < SAMPLES {
            group.samples.push(row);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

/// The page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dead<'a> {
    /// Of one destination alone.
    pub(crate) destination: Option<&'a str>,
    pub(crate) groups: &'a [Group],
    /// How many there are in all.
    pub(crate) count: u64,
    /// Only the oldest were looked at.
    pub(crate) is_cut: bool,
    pub(crate) hand: &'a Hand,
}

impl Dead<'_> {
    /// The body of the page.
    pub(crate) fn body(&self, now: Timestamp, zone: &TimeZone) -> Markup {
        html! {
            div.head {
                div {
                    @if let Some(id) = self.destination {
                        p.crumb { a href=(links::DEAD) { "Dead letters" } " / " a href=(links::interface(id)) { (id) } }
                    }
                    h1 { "Dead letters" }
                    p.sub {
                        @match (self.count, self.groups.len()) {
                            (0, _) => "None. Whatever could not be delivered for good would be listed here, by its cause.",
                            (count, causes) => {
                                (words::counted(count, "message", "messages")) " for " (words::counted(causes as u64, "cause", "causes"))
                                ". They stay until somebody sends them again or discards them."
                            },
                        }
                        @if self.is_cut { " Grouped are the oldest " (words::count(self.groups.iter().map(|one| one.count).sum())) "." }
                    }
                }
                @if let Some(id) = self.destination && self.hand.may_read && self.count > 0 {
                    div.acts { a.btn href={ "/api/v1/dead/" (links::part(id)) "/export" } download { "Export" } }
                }
            }
            @if self.groups.is_empty() {
                section.card { div.empty { b { "No dead letters" } p { "Every message that was taken in was delivered, or still waits in its queue." } a.btn href=(links::QUEUES) { "See the queues" } } }
            }
            @for (place, group) in self.groups.iter().enumerate() { (self.card(place, group, now, zone)) }
        }
    }

    fn card(&self, place: usize, group: &Group, now: Timestamp, zone: &TimeZone) -> Markup {
        let title = format!("group-{place}");
        let explained = explain::explain(&group.cause).next();
        html! {
            section.card aria-labelledby=(title) {
                header.tall {
                    h2 id=(title) {
                        span class="st st-dead" { (sprite::shape("dead")) (words::count(group.count)) }
                        " " a href=(links::interface(&group.destination)) { (group.destination) } ": "
                        (words_of(&group.cause))
                        small.m { (group.cause) }
                    }
                }
                div.body {
                    p.mid {
                        @if let (Some(oldest), Some(newest)) = (group.oldest, group.newest) {
                            "Received " (words::clock(oldest, now, zone))
                            @if oldest != newest { " to " (words::clock(newest, now, zone)) } ". "
                        }
                        (types(group)) ". "
                        @if let Some(explained) = explained { (with_codes(explained.remedy)) }
                    }
                    @if self.hand.may_operate { (self.actions(place, group)) }
                }
                (deliveries::table(&group.samples, now, zone, &Shown { choose: None, cause: false }))
                @if group.count > group.samples.len() as u64 {
                    footer { (words::count(group.count - group.samples.len() as u64)) " more with this cause" }
                }
            }
        }
    }

    fn actions(&self, place: usize, group: &Group) -> Markup {
        let (id, hand) = (&group.destination, self.hand);
        let letters = words::counted(group.count, "message", "messages");
        // What comes later is not meant by a button that names a count.
        let until = group.until.map_or_else(String::new, |until| until.to_string());
        let fixed = [("cause", group.cause.clone()), ("until", until)];
        html! {
            div class="acts btn-row" {
                form.at-once method="post" action={ (links::dead(id)) "/retry" } {
                    (hand.hidden())
                    @for (name, value) in &fixed { input type="hidden" name=(name) value=(value); }
                    button class="btn" type="submit" { "Send " (letters) " again" }
                }
                (hand.typed(&Asked {
                    name: &format!("discard-{place}"),
                    label: "Discard",
                    action: &format!("{}/discard", links::dead(id)),
                    question: format!("Discard {letters} for {id}?"),
                    consequence: format!("They will never reach {id}. Other destinations are not touched."),
                    does: format!("Discard {letters}"),
                    fixed: &fixed,
                }, id))
            }
        }
    }
}

fn types(group: &Group) -> String {
    let name = |name: &str| if name.is_empty() { "no type".to_owned() } else { name.to_owned() };
    let types = group.types.iter().map(|(type_, count)| match count {
        1 => name(type_),
        count => format!("{} × {}", words::count(*count), name(type_)),
    });
    types.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::delivery;

    fn letters() -> Vec<DeliveryRow> {
        let with = |number, destination: &str, cause: &str| {
            let mut row = delivery(number, destination, "RIS1");
            row.cause = Some(cause.to_owned());
            row
        };
        vec![
            with(1, "lis", "rejected"),
            with(2, "ehr", "error"),
            with(3, "lis", "rejected"),
            with(4, "lis", "error"),
        ]
    }

    #[test]
    fn letters_with_one_cause_are_one_decision() {
        let groups = groups(letters());
        let told: Vec<(&str, &str, u64)> = groups
            .iter()
            .map(|one| (one.destination.as_str(), one.cause.as_str(), one.count))
            .collect();
        assert_eq!(told, [("lis", "rejected", 2), ("ehr", "error", 1), ("lis", "error", 1)]);
    }

    #[test]
    fn a_group_says_what_it_is_and_its_buttons_name_the_count() {
        let groups = groups(letters());
        let hand = Hand { csrf: "token".to_owned(), may_operate: true, may_read: false };
        let page =
            Dead { destination: None, groups: &groups, count: 4, is_cut: false, hand: &hand };
        let body =
            page.body("2026-11-21T03:12:08Z".parse().expect("now"), &TimeZone::UTC).into_string();
        for part in [
            "4 messages for 3 causes",
            "2 × ORM^O01",
            "Send 2 messages again",
            "Discard 2 messages",
            "name=\"cause\" value=\"rejected\"",
            "name=\"until\" value=\"3\"",
            "data-typed=\"lis\"",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
        let reader = Hand { may_read: true, ..Hand::default() };
        let of_one = |hand| Dead { destination: Some("lis"), hand, ..page };
        let exports = |hand| {
            let body =
                of_one(hand).body("2026-11-21T03:12:08Z".parse().expect("now"), &TimeZone::UTC);
            body.into_string().contains("href=\"/api/v1/dead/lis/export\"")
        };
        assert!(exports(&reader) && !exports(&hand), "for who may read it");
        let viewer = Dead { hand: &Hand::default(), ..page };
        let body = viewer.body("2026-11-21T03:12:08Z".parse().expect("now"), &TimeZone::UTC);
        assert!(!body.into_string().contains("<form"));
    }
}
