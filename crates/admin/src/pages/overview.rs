//! Overview: the page speaks first. The verdict, whether anything is lost, who needs somebody; charts come after.

pub(crate) mod attention;
pub(crate) mod changes;
mod figures;
mod setup;
pub(crate) mod throughput;
pub(crate) mod verdict;

use jiff::tz::TimeZone;
use maud::{Markup, html};

use self::throughput::Range;
use super::fragment;
use crate::watch::snapshot::Snapshot;

/// What the page is made of, beside what the watch saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overview {
    /// How far back the chart looks.
    pub(crate) range: Range,
    /// Whether more than one person administers.
    pub(crate) has_second_admin: bool,
}

impl Overview {
    /// The parts that are replaced as they change, in their order.
    pub(crate) fn fragments(
        self,
        snapshot: &Snapshot,
        zone: &TimeZone,
    ) -> Vec<(&'static str, Markup)> {
        let rows = attention::rows(snapshot);
        vec![
            ("verdict", verdict::head(snapshot, &rows)),
            ("attention", attention::card(&rows, snapshot.at, zone)),
            ("figures", figures::strip(snapshot)),
            ("throughput", throughput::card(snapshot, self.range, zone)),
            ("changes", changes::card(&snapshot.changes, snapshot.at, zone)),
            ("setup", setup::card(snapshot, self.has_second_admin)),
        ]
    }

    /// The body of the page.
    pub(crate) fn body(self, snapshot: &Snapshot, zone: &TimeZone) -> Markup {
        let mut parts = self.fragments(snapshot, zone).into_iter();
        let mut next = || parts.next().map(|(name, part)| fragment(name, &part));
        html! {
            @for _ in 0..3 { @if let Some(part) = next() { (part) } }
            div.cols { @for _ in 0..2 { @if let Some(part) = next() { (part) } } }
            @if let Some(part) = next() { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{listener, queue, seen};

    #[test]
    fn the_page_speaks_before_it_draws() {
        let snapshot =
            seen("2026-11-21T03:12:08Z", vec![listener("adt-in")], vec![queue("lis", "down")]);
        let page = Overview { range: Range::Day, has_second_admin: false };
        let body = page.body(&snapshot, &TimeZone::UTC).into_string();
        let place = |text: &str| body.find(text).unwrap_or_else(|| panic!("{text}: {body}"));
        let order =
            ["One interface needs you.", "Needs attention", "Figures now", "Throughput", "Set-up"];
        assert!(order.windows(2).all(|two| place(two[0]) < place(two[1])), "{body}");
        for (name, _) in page.fragments(&snapshot, &TimeZone::UTC) {
            assert!(body.contains(&format!("id=\"live-{name}\"")), "{name}");
        }
    }
}
