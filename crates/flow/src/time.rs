//! HL7 dates and times (DT, DTM; HL7 v2.5 chapter 2.A.22): `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.
//!
//! What is left out is the first moment of what is there. Without an offset a time is local to the machine, as MSH-7 of
//! an answer is.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// Seconds since 1970; `None` for what is no date and time, or one that the zone's clock never showed.
pub fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, offset) = match text.find(['+', '-']) {
        Some(at) => (text.get(..at)?, Some(zone(text.get(at..)?)?)),
        None => (text, None),
    };
    let civil = civil(digits)?;
    let zone = offset.map_or_else(TimeZone::system, TimeZone::fixed);
    civil.to_zoned(zone).ok().map(|zoned| zoned.timestamp().as_second())
}

/// The date and time as it is written, whatever its offset.
pub fn civil_part(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let digits = match text.find(['+', '-']) {
        Some(at) => zone(text.get(at..)?).and(text.get(..at))?,
        None => text,
    };
    civil(digits)
}

/// The digits before the offset.
pub fn civil(digits: &str) -> Option<DateTime> {
    let whole = match digits.split_once('.') {
        Some((whole, fraction)) => {
            let is_fraction = (1..=4).contains(&fraction.len()) && is_digits(fraction);
            (is_fraction && whole.len() == SECONDS).then_some(whole)?
        }
        None => digits,
    };
    if !is_digits(whole) || whole.len() < YEAR || whole.len() > SECONDS || whole.len() % 2 != 0 {
        return None;
    }
    let part = |at: usize, otherwise: i8| match whole.get(at..at + 2) {
        Some(digits) => digits.parse().ok(),
        None => Some(otherwise),
    };
    let year = whole.get(..YEAR)?.parse().ok()?;
    DateTime::new(year, part(4, 1)?, part(6, 1)?, part(8, 0)?, part(10, 0)?, part(12, 0)?, 0).ok()
}

const YEAR: usize = 4;
/// `YYYYMMDDHHMMSS`
const SECONDS: usize = 14;

/// `+ZZZZ` or `-ZZZZ`: hours and minutes.
fn zone(text: &str) -> Option<Offset> {
    let (sign, digits) = text.split_at_checked(1)?;
    if digits.len() != 4 || !is_digits(digits) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok().filter(|_| minutes < 60)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_counts_and_what_is_left_out_is_the_first_moment() {
        for (text, expected) in [
            ("20240229", "20240229000000"),
            ("202402291530", "20240229153000"),
            ("2024", "20240101000000"),
        ] {
            assert_eq!(civil(text), civil(expected), "{text}");
            assert!(civil(text).is_some());
        }
        assert_eq!(seconds("19700101000000+0000"), Some(0));
        assert_eq!(seconds("19700101013000.25+0130"), Some(0));
        assert_eq!(seconds(" 19691231230000-0100 "), Some(0));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "20",
            "202",
            "20240230",
            "2024022925",
            "20240229T10",
            "2024022910300.5",
            "20240229+1",
            "x",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
