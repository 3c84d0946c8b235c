//! Work that takes the longer the larger a payload is, so that it keeps no other connection of its arbiter waiting: on a
//! thread of its own for what is large, and with a pause after every few of many messages.

/// Payloads above this are worked on apart, bytes: reading and hashing as much takes a few milliseconds.
pub(super) const LARGE: usize = 1024 * 1024;

/// So many messages of a batch are worked on in a row.
const TURN: usize = 64;

/// After every few messages of a batch the others on this arbiter get their turn.
pub(super) async fn take_turns(done: usize) {
    if done.is_multiple_of(TURN) {
        tokio::task::yield_now().await;
    }
}

/// Does the work on a thread that may block.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(fault) => match fault.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and whoever waits here with it.
            Err(_cancelled) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn what_is_done_apart_comes_back_and_others_go_on_meanwhile() {
        let (say, hear) = std::sync::mpsc::channel();
        let waits_for_the_other = apart(move || hear.recv().is_ok());
        let other = async { say.send(()).is_ok() };
        assert_eq!(tokio::join!(biased; waits_for_the_other, other), (true, true));
    }
}
