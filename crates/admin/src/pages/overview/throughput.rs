//! Throughput: what came in and went out, over an hour, a day or a week, with what it was like before and what happened.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use crate::chart::{self, Chart, Points};
use crate::watch::series::Series;
use crate::watch::snapshot::{Snapshot, StateChange};
use crate::words;

/// How far back a chart looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Range {
    /// An hour, by minutes.
    Hour,
    /// A day, by ten minutes.
    #[default]
    Day,
    /// A week, by ten minutes.
    Week,
}

/// State changes that a chart names: more would stand on each other.
const MOST_MARKS: usize = 3;
/// Ten-minute buckets that make a line.
const LONG_ENOUGH: usize = 6;
/// Labels below a chart.
const LABELS: u64 = 8;

impl Range {
    const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// As it stands in an address; anything else is a day.
    pub(crate) fn from_code(code: Option<&str>) -> Self {
        let found = Self::ALL.into_iter().find(|range| Some(range.code()) == code);
        found.unwrap_or_default()
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Hour => "1 h",
            Self::Day => "24 h",
            Self::Week => "7 d",
        }
    }

    fn seconds(self) -> u64 {
        match self {
            Self::Hour => 3600,
            Self::Day => 24 * 3600,
            Self::Week => 7 * 24 * 3600,
        }
    }

    /// How much earlier the dashed line was, and its name.
    fn before(self) -> Option<(u64, &'static str)> {
        match self {
            Self::Hour => Some((24 * 3600, "Received yesterday")),
            Self::Day => Some((7 * 24 * 3600, "Received a week ago")),
            Self::Week => None,
        }
    }
}

/// The points of a series, as messages a minute. The bucket of now is not over and is left out.
fn points(series: &Series, range: Range, now: Timestamp) -> Points {
    let width = series.width();
    let most = usize::try_from(range.seconds() / width).unwrap_or(usize::MAX);
    let buckets: Vec<u32> = series.last(most + 1).collect();
    let (_now, over) =
        buckets.split_last().map_or((None, &[][..]), |(now, over)| (Some(now), over));
    placed(over, width, now)
}

fn before(series: &Series, range: Range, now: Timestamp) -> Points {
    let Some((ago, _)) = range.before() else { return Points::new() };
    let width = series.width();
    let buckets = usize::try_from(range.seconds() / width).unwrap_or(usize::MAX);
    let ago = usize::try_from(ago / width).unwrap_or(usize::MAX).saturating_add(1);
    placed(&series.before(buckets, ago), width, now)
}

/// The last of them ended when the bucket of now began.
#[expect(clippy::cast_precision_loss, reason = "a week of seconds is exact")]
fn placed(buckets: &[u32], width: u64, now: Timestamp) -> Points {
    let into = u64::try_from(now.as_second()).unwrap_or(0) % width;
    let count = buckets.len() as u64;
    let place = |(place, value): (usize, &u32)| {
        let end = (count - 1 - place as u64) * width + into;
        (end as f64, f64::from(*value) * 60.0 / width as f64)
    };
    buckets.iter().enumerate().map(place).collect()
}

/// The changes within the range that are worth a line: who went down or stuck, the newest first.
fn marked(changes: &[StateChange], range: Range, now: Timestamp) -> Vec<&StateChange> {
    let within = |change: &&StateChange| words::since(change.at, now) <= range.seconds();
    changes
        .iter()
        .filter(|change| change.to.blocks() && !change.to.is_on_purpose())
        .filter(within)
        .take(MOST_MARKS)
        .collect()
}

/// The chart of this range.
pub(crate) fn chart(snapshot: &Snapshot, range: Range) -> Chart {
    let (totals, now) = (&snapshot.totals, snapshot.at);
    // Within the first hour a line of ten minutes each would be a dot: minutes are drawn until then.
    let has_begun = totals.received_long.len() > LONG_ENOUGH;
    let (received, delivered) = match range {
        Range::Day | Range::Week if has_begun => (&totals.received_long, &totals.delivered_long),
        Range::Hour | Range::Day | Range::Week => (&totals.received, &totals.delivered),
    };
    let delivered = points(delivered, range, now);
    // Minutes are kept for a day: those of yesterday begin where they end.
    let earlier = before(&totals.received_long, range, now);
    let received = points(received, range, now);
    let highest = [&received, &delivered, &earlier]
        .into_iter()
        .flatten()
        .fold(0.0_f64, |highest, (_, value)| highest.max(*value));
    #[expect(clippy::cast_precision_loss, reason = "a week of seconds is exact")]
    let marks = marked(&snapshot.changes, range, now)
        .iter()
        .map(|change| words::since(change.at, now) as f64)
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a week of seconds is exact")]
    Chart {
        range: range.seconds() as f64,
        top: chart::axis_top(highest),
        finding: finding(&received, &delivered, range),
        received,
        delivered,
        before: earlier,
        marks,
    }
}

fn finding(received: &Points, delivered: &Points, range: Range) -> String {
    let peak = |points: &Points| {
        let highest = points.iter().fold(0.0_f64, |highest, (_, value)| highest.max(*value));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole messages"
        )]
        words::count(highest.round() as u64)
    };
    if received.is_empty() {
        return "Messages a minute: nothing was counted yet.".to_owned();
    }
    format!(
        "Messages a minute over {}. Received peaks at {}, delivered at {}.",
        range.word(),
        peak(received),
        peak(delivered)
    )
}

/// The card with the switch of ranges.
pub(crate) fn card(snapshot: &Snapshot, range: Range, zone: &TimeZone) -> Markup {
    let chart = chart(snapshot, range);
    html! {
        section.card aria-labelledby="thr" {
            header {
                h2 #thr { "Throughput" small { "messages a minute" } }
                div.seg role="group" aria-label="Range" {
                    @for one in Range::ALL {
                        a href={ "/?range=" (one.code()) } aria-current=[(one == range).then_some("true")] { (one.word()) }
                    }
                }
            }
            div.body {
                div.chart {
                    div.y { @for label in chart::axis_labels(chart.top) { span { (label) } } }
                    div.plot { (chart.svg()) (notes(snapshot, range, zone)) }
                    (times(snapshot.at, range, zone))
                }
                @if chart.received.len() < 2 {
                    p.dim.sm { "Nothing was counted before the start. The line grows from the right." }
                }
            }
            footer {
                div.leg {
                    span { i {} "Received" }
                    span { i.o {} "Delivered, all destinations" }
                    @if !chart.before.is_empty() && let Some((_, name)) = range.before() {
                        span { i.g {} (name) }
                    }
                }
            }
        }
    }
}

/// The words of what happened stand over the drawing, where they do not stretch.
fn notes(snapshot: &Snapshot, range: Range, zone: &TimeZone) -> Markup {
    let marked = marked(&snapshot.changes, range, snapshot.at);
    html! {
        @if !marked.is_empty() {
            svg.notes aria-hidden="true" {
                @for (line, change) in marked.iter().enumerate() {
                    @let hundredths = 10_000 - words::since(change.at, snapshot.at) * 10_000 / range.seconds();
                    @let is_left = hundredths < 2_500;
                    text x={ (hundredths / 100) "." (format!("{:02}", hundredths % 100)) "%" }
                        y=(11 + line * 14) dx=(if is_left { "6" } else { "-6" })
                        text-anchor=(if is_left { "start" } else { "end" }) {
                        (words::clock(change.at, snapshot.at, zone)) " " (change.interface) " " (change.to.code())
                    }
                }
            }
        }
    }
}

fn times(now: Timestamp, range: Range, zone: &TimeZone) -> Markup {
    let form = if range == Range::Week { "%a" } else { "%H:%M" };
    let label = |place: u64| {
        let ago = range.seconds() * (LABELS - place) / LABELS;
        let at = i64::try_from(ago)
            .ok()
            .and_then(|ago| Timestamp::from_second(now.as_second() - ago).ok());
        at.map_or_else(String::new, |at| at.to_zoned(zone.clone()).strftime(form).to_string())
    };
    html! {
        div.x {
            @for place in 0..LABELS { span.opt[place % 2 == 1] { (label(place)) } }
            span { "now" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::testing::{queue, seen};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn a_bucket_stands_where_its_time_was_and_the_one_of_now_is_left_out() {
        let mut series = Series::new(60, 100);
        for (minute, count) in [(0, 5), (1, 7), (2, 100)] {
            series.add(at(minute * 60), count);
        }
        assert_eq!(points(&series, Range::Hour, at(150)), [(90.0, 5.0), (30.0, 7.0)]);
    }

    #[test]
    fn ten_minutes_are_shown_as_messages_a_minute() {
        let mut series = Series::new(600, 100);
        series.add(at(0), 50);
        series.add(at(600), 1);
        assert_eq!(points(&series, Range::Day, at(600)), [(0.0, 5.0)]);
    }

    #[test]
    fn a_range_of_no_such_name_is_a_day() {
        assert_eq!(Range::from_code(Some("7d")), Range::Week);
        assert_eq!(Range::from_code(Some("<script>")), Range::Day);
        assert_eq!(Range::from_code(None), Range::Day);
    }

    #[test]
    fn who_went_down_is_named_in_the_chart() {
        let snapshot = seen("2026-11-21T03:12:08Z", vec![], vec![queue("pacs", "down")]);
        let card = card(&snapshot, Range::Day, &TimeZone::UTC).into_string();
        assert!(card.contains("03:12 pacs down"), "{card}");
        assert!(card.contains("class=\"ev\""), "{card}");
        assert!(!card.contains("style="), "{card}");
    }
}
