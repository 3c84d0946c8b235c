//! The body of a request on its way out. A server that says yes before it can have read the message says nothing about it
//! (END-1): a proxy or a page in between does so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Buf, Bytes};

/// A body that tells when its last byte has gone to the socket.
pub(super) struct Outgoing {
    rest: Bytes,
    written: Arc<AtomicBool>,
}

/// Whether a body has gone.
pub(super) struct Written(Arc<AtomicBool>);

impl Outgoing {
    pub(super) fn of(body: Bytes) -> (Self, Written) {
        let written = Arc::new(AtomicBool::new(body.is_empty()));
        (Self { rest: body, written: Arc::clone(&written) }, Written(written))
    }
}

impl Written {
    /// Whether all of it has.
    pub(super) fn is_whole(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Buf for Outgoing {
    fn remaining(&self) -> usize {
        self.rest.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.rest.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.rest.advance(count);
        if self.rest.is_empty() {
            self.written.store(true, Ordering::Relaxed);
        }
    }
}
