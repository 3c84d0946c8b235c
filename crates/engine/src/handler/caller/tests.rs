//! Calls without a supervisor: instances are there or not, as the test says.

use bytes::Bytes;
use jiff::Timestamp;
use wardline_hl7::Message;

use super::*;

fn received() -> Received {
    Received {
        message: Message::parse(Bytes::from_static(b"MSH|^~\\&|A\r")).expect("a message"),
        listener: Arc::from("in"),
        peer: None,
        received_at: Timestamp::UNIX_EPOCH,
        id: None,
        hops: 0,
    }
}

#[actix::test]
async fn a_call_that_gets_no_instance_is_not_held_against_the_handler() {
    let (reports, _reported) = mpsc::unbounded_channel();
    let caller = HandlerCaller::new(Arc::new(Shared::new(reports)));
    let called = caller.call(received(), Duration::from_millis(1)).await;
    assert_eq!(called, Called::Fault(HandlerFault::Busy));
    let counts = caller.shared().counters.read();
    assert_eq!((counts.refused_busy, counts.timed_out), (1, 0));
}

#[actix::test]
async fn a_handler_that_goes_down_refuses_who_was_waiting() {
    let (reports, _reported) = mpsc::unbounded_channel();
    let caller = HandlerCaller::new(Arc::new(Shared::new(reports)));
    let waiting = caller.call(received(), Duration::from_secs(3600));
    let goes_down = async { caller.shared().set_down(true) };
    let (called, ()) = futures_util::future::join(waiting, goes_down).await;
    assert_eq!(called, Called::Fault(HandlerFault::Down));
}
