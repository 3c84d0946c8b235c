//! The answers of a listener: what an acknowledgement of this engine looks like.
//!
//! The bytes are built by `hl7::ack`; here stand the two things it is given: a control id that is new, and the time.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use wardline_flow::{Refusal, RefusalCause};
use wardline_hl7::ack::{AckError, AckRequest, Original};
use wardline_hl7::{AckCode, ErrorCode};

/// New values for MSH-10 of our own messages: at most 13 characters, unique across restarts.
///
/// They count up from the microsecond of the start, so that a later start begins behind an earlier one as long as
/// fewer than a million a second are made on average.
#[derive(Debug)]
pub(crate) struct ControlIds(AtomicU64);

/// Base 36, most significant first.
const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl ControlIds {
    pub(crate) fn starting_at(now: Timestamp) -> Self {
        Self(AtomicU64::new(u64::try_from(now.as_microsecond()).unwrap_or(0)))
    }

    pub(crate) fn next(&self) -> String {
        let mut number = self.0.fetch_add(1, Ordering::Relaxed);
        let mut digits = Vec::with_capacity(13);
        while number > 0 {
            let digit = usize::try_from(number % 36).unwrap_or(0);
            digits.extend(DIGITS.get(digit));
            number /= 36;
        }
        digits.reverse();
        String::from_utf8(digits).unwrap_or_default()
    }
}

/// MSH-7, `YYYYMMDDHHMMSS` in local time, made once a second.
#[derive(Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    second: i64,
    text: String,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { zone: TimeZone::system(), second: i64::MIN, text: String::new() }
    }

    pub(crate) fn text(&mut self, now: Timestamp) -> &str {
        if self.second != now.as_second() {
            self.second = now.as_second();
            self.text = now.to_zoned(self.zone.clone()).strftime("%Y%m%d%H%M%S").to_string();
        }
        &self.text
    }
}

/// How one listener answers.
#[derive(Debug, Clone)]
pub(crate) struct AnswerStyle {
    /// MSH-9 of answers where the listener overrides it.
    pub(crate) ack_type: Option<String>,
    /// Also write ERR below version 2.5.
    pub(crate) err_before_2_5: bool,
}

impl AnswerStyle {
    /// The answer of a refusal, or the positive one. Whoever sends that vouches for ACK-1.
    pub(crate) fn answer(
        &self,
        original: Original<'_>,
        code: AckCode,
        refusal: Option<&Refusal>,
        control_id: &str,
        time: &str,
    ) -> Bytes {
        match refusal {
            None => self.positive(original, code, control_id, time),
            Some(refusal) => self.negative(original, code, refusal, control_id, time),
        }
    }

    /// The positive answer. Whoever sends it vouches for ACK-1.
    pub(crate) fn positive(
        &self,
        original: Original<'_>,
        code: AckCode,
        control_id: &str,
        time: &str,
    ) -> Bytes {
        wardline_hl7::ack::build(&self.request(original, code, control_id, time))
    }

    /// The negative answer of a refusal, with `code` for MSA-1.
    pub(crate) fn negative(
        &self,
        original: Original<'_>,
        code: AckCode,
        refusal: &Refusal,
        control_id: &str,
        time: &str,
    ) -> Bytes {
        let mut request = self.request(original, code, control_id, time);
        request.text = Some(&refusal.text);
        request.error = Some(AckError {
            location: refusal.location.as_deref(),
            code: refusal.error,
            user_text: Some(&refusal.text),
        });
        wardline_hl7::ack::build(&request)
    }

    fn request<'a>(
        &'a self,
        original: Original<'a>,
        code: AckCode,
        control_id: &'a str,
        time: &'a str,
    ) -> AckRequest<'a> {
        AckRequest {
            original,
            code,
            control_id,
            time,
            text: None,
            error: None,
            acknowledgement_type: self.ack_type.as_deref(),
            err_before_2_5: self.err_before_2_5,
        }
    }
}

/// An answer as it goes out.
pub(crate) fn framed(answer: &Bytes) -> Bytes {
    let mut frame = BytesMut::with_capacity(wardline_mllp::encoded_len(answer.len()));
    wardline_mllp::encode(answer, &mut frame);
    frame.freeze()
}

/// AE: it could not be decided or kept now; the sender is to try again.
pub(crate) fn failure(cause: RefusalCause, text: impl Into<Cow<'static, str>>) -> Refusal {
    Refusal {
        code: AckCode::AE,
        cause,
        error: ErrorCode::ApplicationInternalError,
        location: None,
        text: text.into(),
    }
}

/// AR: the message will not be accepted however often it is sent.
pub(crate) fn rejection(
    cause: RefusalCause,
    error: ErrorCode,
    text: impl Into<Cow<'static, str>>,
) -> Refusal {
    Refusal { code: AckCode::AR, cause, error, location: None, text: text.into() }
}

/// AR for a payload over `limit` bytes.
pub(crate) fn too_large(limit: usize) -> Refusal {
    let text = format!("The message is larger than the {limit} bytes accepted here");
    rejection(RefusalCause::TooLarge, ErrorCode::ApplicationInternalError, text)
}

/// AR for what no record of the store can hold, with all that was emitted in its place.
pub(crate) fn too_large_to_store() -> Refusal {
    let text = "The message is too large to be stored";
    rejection(RefusalCause::TooLarge, ErrorCode::ApplicationInternalError, text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn control_ids_are_short_and_never_repeat_across_a_restart() {
        let start = Timestamp::from_second(1_800_000_000).unwrap();
        let first = ControlIds::starting_at(start);
        let second = ControlIds::starting_at(start + jiff::SignedDuration::from_millis(1));
        let ids: HashSet<_> = (0..900).flat_map(|_| [first.next(), second.next()]).collect();
        assert_eq!(ids.len(), 1800);
        assert!(ids.iter().all(|id| (1..=13).contains(&id.len())));
    }

    #[test]
    fn the_clock_writes_fourteen_digits_and_moves_on() {
        let mut clock = Clock { zone: TimeZone::UTC, ..Clock::new() };
        assert_eq!(clock.text(Timestamp::from_second(0).unwrap()), "19700101000000");
        assert_eq!(clock.text(Timestamp::from_second(61).unwrap()), "19700101000101");
    }
}
