//! The form of a date: `%d.%m.%Y`, as `strftime` has it, without zones: what is formatted is the date as it is written.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::fmt::strtime;

/// A form that can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat(String);

/// A form that cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no form of a date")]
pub struct DateFormatError;

impl DateFormat {
    /// A date and time in this form.
    pub fn written(&self, date: DateTime) -> String {
        // It was tried when it was read, and no form depends on which date it is.
        strtime::format(&self.0, date).unwrap_or_default()
    }
}

impl FromStr for DateFormat {
    type Err = DateFormatError;

    fn from_str(text: &str) -> Result<Self, DateFormatError> {
        match strtime::format(text, DateTime::constant(2000, 12, 31, 23, 59, 59, 0)) {
            Ok(written) if !written.is_empty() => Ok(Self(text.to_owned())),
            Ok(_) | Err(_) => Err(DateFormatError),
        }
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_writes_the_date_or_is_refused() {
        let form: DateFormat = "%d.%m.%Y %H:%M".parse().unwrap();
        assert_eq!(form.written(DateTime::constant(2024, 2, 29, 7, 5, 0, 0)), "29.02.2024 07:05");
        for text in ["", "%!", "%z", "%"] {
            assert_eq!(text.parse::<DateFormat>(), Err(DateFormatError), "{text}");
        }
    }
}
