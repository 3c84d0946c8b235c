//! Names of charsets.

use wardline_hl7::Charset;

use super::{Setting, Wrong};
use crate::suggest::did_you_mean;

impl Setting for Charset {
    const EXPECTED: &'static str =
        "a charset such as \"utf-8\", \"windows-1252\", \"8859/15\" or \"shift_jis\"";

    fn from_text(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_unknown| {
            let names: Vec<&str> = Self::all().map(Self::as_str).collect();
            let hint = did_you_mean(text, names.iter().copied());
            Wrong {
                hint: hint.or_else(|| Some(format!("known are {}", names.join(", ")))),
                ..Wrong::text::<Self>(text)
            }
        })
    }
}
