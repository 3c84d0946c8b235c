//! How numbers, spans of time and moments are said on every page.
//!
//! A number is set with its thousands apart; a span in at most two units; an event has its clock time, and its day where
//! that is not today. Nothing here is a message's.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// `5,713`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// A number at the beginning of a sentence or inside of it: words up to twelve, digits beyond.
pub(crate) fn spelled(number: u64) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let word = usize::try_from(number).ok().and_then(|place| WORDS.get(place));
    word.map_or_else(|| count(number), |word| (*word).to_owned())
}

/// The same with a capital.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `1 message`, `2 messages`.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `43 min`, `9 h 12 min`, `2 d 3 h`, `22 s`.
pub(crate) fn span(seconds: u64) -> String {
    let two = |first: u64, unit: &str, second: u64, other: &str| match second {
        0 => format!("{first} {unit}"),
        second => format!("{first} {unit} {second} {other}"),
    };
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    }
}

/// The same of a setting: what is below a second stays.
pub(crate) fn setting(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (0, millis) => format!("{millis} ms"),
        (seconds, _) => span(seconds),
    }
}

/// The two halves of a figure: the number, and its unit, which is set small beside it.
pub(crate) fn parts(said: &str) -> (&str, &str) {
    said.rsplit_once(' ').unwrap_or((said, ""))
}

/// Seconds from `then` until `now`; none of them where `then` is yet to come.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.as_second() - then.as_second()).unwrap_or(0)
}

/// Seconds from `now` until `then`.
pub(crate) fn until(then: Timestamp, now: Timestamp) -> u64 {
    since(now, then)
}

/// How long ago, in its largest unit alone: `now`, `2 s`, `41 min`, `3 h`, `2 d`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    match since(then, now) {
        0 => "now".to_owned(),
        seconds @ 1..MINUTE => format!("{seconds} s"),
        seconds @ MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        seconds @ HOUR..DAY => format!("{} h", seconds / HOUR),
        seconds => format!("{} d", seconds / DAY),
    }
}

/// `02:29` today, `Fri 18:00` within a week, `14 Nov 18:00` before that.
pub(crate) fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let form = if then.date() == today.date() {
        "%H:%M"
    } else if since(at, now) < 6 * DAY {
        "%a %H:%M"
    } else {
        "%-d %b %H:%M"
    };
    then.strftime(form).to_string()
}

/// The clock in the bar: `Sat 21 Nov 03:12:08`.
pub(crate) fn whole_clock(now: Timestamp, zone: &TimeZone) -> String {
    now.to_zoned(zone.clone()).strftime("%a %-d %b %H:%M:%S").to_string()
}

/// `38 GiB`: one digit behind the point below ten.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    let mut rest = bytes;
    let mut tenths = 0;
    while rest >= 1024 && unit + 1 < UNITS.len() {
        tenths = rest % 1024 * 10 / 1024;
        rest /= 1024;
        unit += 1;
    }
    let unit_said = UNITS.get(unit).copied().unwrap_or_default();
    if rest < 10 && unit > 0 && tenths > 0 {
        format!("{rest}.{tenths} {unit_said}")
    } else {
        format!("{rest} {unit_said}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn thousands_stand_apart() {
        let said = [0, 7, 999, 1000, 5713, 1_234_567].map(count);
        assert_eq!(said, ["0", "7", "999", "1,000", "5,713", "1,234,567"]);
    }

    #[test]
    fn a_sentence_begins_with_a_word_for_a_small_number() {
        assert_eq!(capital(&spelled(3)), "Three");
        assert_eq!(spelled(13), "13");
    }

    #[test]
    fn a_span_has_at_most_two_units() {
        let said = [22, 43 * 60 + 5, 9 * 3600 + 12 * 60, 3600, 2 * 86400 + 3 * 3600].map(span);
        assert_eq!(said, ["22 s", "43 min", "9 h 12 min", "1 h", "2 d 3 h"]);
        assert_eq!(parts("9 h 12 min"), ("9 h 12", "min"));
    }

    #[test]
    fn an_event_has_its_clock_and_its_day_where_that_is_another() {
        let now = at(1_795_230_728); // 2026-11-21 03:12:08
        let said = |seconds: i64| clock(at(1_795_230_728 - seconds), now, &TimeZone::UTC);
        assert_eq!(said(43 * 60), "02:29");
        assert_eq!(said(9 * 3600 + 12 * 60), "Fri 18:00");
        assert_eq!(said(9 * 86400), "12 Nov 03:12");
        assert_eq!(whole_clock(now, &TimeZone::UTC), "Sat 21 Nov 03:12:08");
    }

    #[test]
    fn what_is_yet_to_come_is_now_and_no_huge_number() {
        assert_eq!((since(at(10), at(5)), until(at(10), at(5))), (0, 5));
        assert_eq!(ago(at(10), at(5)), "now");
    }

    #[test]
    fn a_size_has_one_digit_behind_the_point_where_it_is_small() {
        let said = [12, 1536, 38 * 1024 * 1024 * 1024, 10 * 1024 * 1024 + 600_000].map(size);
        assert_eq!(said, ["12 B", "1.5 KiB", "38 GiB", "10 MiB"]);
    }
}
