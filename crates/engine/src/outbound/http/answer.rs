//! What a web server answered, as far as it is read.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::RETRY_AFTER;
use hyper::{Response, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tokio::time::{Instant, timeout_at};

/// An answer.
pub(super) struct Answer {
    /// Its status.
    pub(super) status: u16,
    /// Retry-After, as it was written.
    retry_after: Option<String>,
    body: Bytes,
}

impl Answer {
    /// Reads the body, until it is whole, has so many bytes, breaks off or takes too long: the status counts whatever
    /// becomes of it. Whether it was whole.
    pub(super) async fn read(
        response: Response<Incoming>,
        most: usize,
        deadline: Instant,
    ) -> (Self, bool) {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.map(str::to_owned);
        let mut incoming = response.into_body();
        let mut body = BytesMut::new();
        let is_whole = loop {
            let Ok(next) = timeout_at(deadline, incoming.frame()).await else { break false };
            match next {
                None => break true,
                Some(Err(_broken_off)) => break false,
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default(); // Trailers say nothing to us.
                    let room = most - body.len();
                    body.put_slice(data.get(..room).unwrap_or(&data));
                    if data.len() > room {
                        break false;
                    }
                }
            }
        };
        (Self { status, retry_after, body: body.freeze() }, is_whole)
    }

    /// How long the server asks to wait (RFC 9110, section 10.2.3).
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let text = self.retry_after.as_deref()?.trim();
        if let Ok(seconds) = text.parse::<u32>() {
            return Some(Duration::from_secs(seconds.into()));
        }
        let until = rfc2822::parse(text).ok()?.timestamp();
        Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
    }

    /// What is kept with a message that is not delivered: the status in words, and the body behind it.
    pub(super) fn kept(&self) -> Bytes {
        let reason =
            StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let mut kept =
            BytesMut::from(format!("{} {}", self.status, reason.unwrap_or_default()).trim_end());
        if !self.body.is_empty() {
            kept.put_u8(b'\r');
            kept.put_slice(&self.body);
        }
        kept.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>, body: &'static str) -> Answer {
        Answer { status, retry_after: retry_after.map(str::to_owned), body: body.into() }
    }

    #[test]
    fn a_server_asks_for_a_wait_in_seconds_or_until_a_date() {
        let now = "2015-10-21T07:27:00Z".parse().expect("a time");
        for (text, seconds) in [
            (Some("120"), Some(120)),
            (Some(" 0 "), Some(0)),
            (Some("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60)),
            (Some("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0)),
            (Some("soon"), None),
            (Some("-1"), None),
            (None, None),
        ] {
            let wait = answer(503, text, "").wait(now);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn what_is_kept_is_the_status_in_words_and_the_body() {
        assert_eq!(answer(204, None, "").kept(), "204 No Content");
        assert_eq!(
            answer(422, None, "no such ward").kept(),
            "422 Unprocessable Entity\rno such ward"
        );
        assert_eq!(answer(499, None, "").kept(), "499");
    }
}
