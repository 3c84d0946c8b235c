//! Rates: `"200/s"`, `"10/min"`, `"1000/h"`.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Setting, Shape, Wrong};
use crate::model::Rate;

/// What stands behind the `/`, each with its seconds.
const UNITS: &[(&str, u64)] = &[("s", 1), ("min", 60), ("h", 3600)];

impl Setting for Rate {
    const EXPECTED: &'static str = "a rate such as \"200/s\"";
    const SHAPE: Shape = Shape::Form("[0-9]+ */ *(s|min|h)");

    fn from_text(text: &str) -> Result<Self, Wrong> {
        let wrong =
            || Wrong::text::<Self>(text).hint("write a number from 1 on, then /s, /min or /h");
        let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
        let messages = NonZeroU32::from_text(number.trim()).map_err(|_| wrong())?;
        let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or_else(wrong)?;
        Ok(Self { messages, per: Duration::from_secs(*seconds) })
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        Err(Wrong::type_of::<Self>().hint(format!("write \"{value}/s\" for {value} a second")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_means_what_it_says() {
        for (text, milliseconds) in
            [("200/s", 5), ("1/s", 1000), ("10/min", 6000), ("60 / h", 60_000)]
        {
            let rate = Rate::from_text(text).unwrap();
            assert_eq!(rate.interval(), Duration::from_millis(milliseconds), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_a_rate() {
        for text in ["", "200", "0/s", "200/", "/s", "200/d", "1.5/s", "-1/s", "2000000/s"] {
            assert!(Rate::from_text(text).is_err(), "{text}");
        }
    }
}
