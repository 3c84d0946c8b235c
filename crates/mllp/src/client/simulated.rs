//! The client without a socket: what is sent is answered AA, by the rules of an acknowledgement and nothing else.
//!
//! For trying out code that sends. It cannot be had by a setting: whoever wants it names its type.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::Exchange;
use super::error::{ClientError, Operation};
use super::fields::Fields;
use super::options::Timeouts;
use super::stream::Answer;

/// Answers each message with AA: MSH-9 `ACK`, the first components of MSH-3..6 swapped, MSH-10 and MSH-12 the
/// message's, MSH-11 `P`, no MSH-7, so that the same message always gets the same bytes.
///
/// ```
/// use wardline_mllp::{Exchange, SimulatedClient};
///
/// # async fn example() -> Result<(), wardline_mllp::ClientError> {
/// let mut client = SimulatedClient::new();
/// let answer = client.exchange(b"MSH|^~\\&|A^1|B|C|D^2|20260403120000||ADT^A01|M1|T|2.5\r").await?;
/// assert_eq!(&answer.payload[..], b"MSH|^~\\&|C|D|A|B|||ACK|M1|P|2.5\rMSA|AA|M1\r");
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Debug)]
pub struct SimulatedClient {
    connected: bool,
    answer: Option<Answer>,
}

impl SimulatedClient {
    /// A client whose peer is simulated.
    pub fn new() -> Self {
        Self { connected: true, answer: None }
    }
}

impl Default for SimulatedClient {
    fn default() -> Self {
        Self::new()
    }
}

impl Exchange for SimulatedClient {
    fn timeouts(&self) -> Timeouts {
        Timeouts::default()
    }

    async fn send_within(&mut self, payload: &[u8], _: Duration) -> Result<(), ClientError> {
        if !self.connected {
            return Err(ClientError::NotConnected);
        }
        if self.answer.is_some() {
            return Err(ClientError::InFlight);
        }
        let message = Fields::of(payload).ok_or(ClientError::NotAMessage)?;
        self.answer = Some(Answer { payload: accept(message), lost: Bytes::new() });
        Ok(())
    }

    /// Nobody will ever send what is not there: without a message in flight it is a timeout at once.
    async fn receive_within(&mut self, _: Duration) -> Result<Answer, ClientError> {
        if !self.connected {
            return Err(ClientError::NotConnected);
        }
        self.answer.take().ok_or(ClientError::Timeout { operation: Operation::Receive })
    }

    async fn close(&mut self) {
        *self = Self { connected: false, answer: None };
    }
}

/// The acknowledgement of a message, in its own separators.
fn accept(message: Fields<'_>) -> Bytes {
    let control_id = message.header(10);
    let header: [&[u8]; 12] = [
        b"MSH",
        message.header(2),
        message.first_component(5),
        message.first_component(6),
        message.first_component(3),
        message.first_component(4),
        b"",
        b"",
        b"ACK",
        control_id,
        b"P",
        message.header(12),
    ];
    let mut answer = BytesMut::new();
    for segment in [&header[..], &[b"MSA", b"AA", control_id]] {
        for (place, field) in segment.iter().enumerate() {
            if place > 0 {
                answer.put_u8(message.separator());
            }
            answer.put_slice(field);
        }
        answer.put_u8(b'\r');
    }
    answer.freeze()
}
