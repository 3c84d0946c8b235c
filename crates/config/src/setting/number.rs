//! Counts, and the releases of MLLP.

use std::num::{NonZeroU32, NonZeroUsize};

use wardline_mllp::Release;

use super::{Setting, Shape, Wrong};

/// The largest count any key takes: a million connections, threads or attempts are a slip of the finger.
const MAX_COUNT: u32 = 1_000_000;

impl Setting for u32 {
    const EXPECTED: &'static str = "a number from 0 to 1000000";
    const SHAPE: Shape = Shape::Whole { least: 0, most: MAX_COUNT as i64 };

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| Wrong::text::<Self>(text)).and_then(Self::from_integer)
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        let count = Self::try_from(value).ok().filter(|count| *count <= MAX_COUNT);
        count.ok_or_else(|| Wrong::text::<Self>(&value.to_string()))
    }
}

impl Setting for NonZeroU32 {
    const EXPECTED: &'static str = "a number from 1 to 1000000";
    const SHAPE: Shape = Shape::Whole { least: 1, most: MAX_COUNT as i64 };

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| Wrong::text::<Self>(text)).and_then(Self::from_integer)
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        let count = u32::from_integer(value).ok().and_then(Self::new);
        count.ok_or_else(|| Wrong::text::<Self>(&value.to_string()))
    }
}

impl Setting for NonZeroUsize {
    const EXPECTED: &'static str = NonZeroU32::EXPECTED;
    const SHAPE: Shape = NonZeroU32::SHAPE;

    fn from_text(text: &str) -> Result<Self, Wrong> {
        NonZeroU32::from_text(text).and_then(|count| Self::from_integer(i64::from(count.get())))
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        let count = NonZeroU32::from_integer(value)?;
        Self::try_from(count).map_err(|_| Wrong::text::<Self>(&value.to_string()))
    }
}

/// How many instructions a script may take. Those of an hour of Lua are more than any message is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instructions(pub(crate) u64);

impl Setting for Instructions {
    const EXPECTED: &'static str = "a number from 1000 to 1000000000000";
    const SHAPE: Shape = Shape::Whole { least: 1000, most: 1_000_000_000_000 };

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| Wrong::text::<Self>(text)).and_then(Self::from_integer)
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        match u64::try_from(value) {
            Ok(count @ 1000..=1_000_000_000_000) => Ok(Self(count)),
            Ok(_) | Err(_) => Err(Wrong::text::<Self>(&value.to_string())),
        }
    }
}

impl Setting for Release {
    const EXPECTED: &'static str = "1 or 2";
    const SHAPE: Shape = Shape::Whole { least: 1, most: 2 };

    fn from_text(text: &str) -> Result<Self, Wrong> {
        match text {
            "1" => Ok(Self::One),
            "2" => Ok(Self::Two),
            _ => Err(Wrong::text::<Self>(text)),
        }
    }

    fn from_integer(value: i64) -> Result<Self, Wrong> {
        Self::from_text(&value.to_string())
    }
}
