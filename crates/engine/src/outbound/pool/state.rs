//! How a destination stands, for whoever looks at it.

use std::sync::Arc;

use jiff::Timestamp;
use wardline_flow::Cause;

use super::OutboundPool;
use crate::outbound::report::CloseReason;

/// How one destination stands at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PoolState {
    /// `up`, `retrying`, `down`, `held`, `idle` or `stopped`; `starting` before it has read what it has to do.
    pub(crate) state: &'static str,
    /// The stable code of the cause, or an operator's reason for a hold.
    pub(crate) reason: Option<String>,
    /// Why the last connection ended, by its stable code.
    pub(crate) last_close: Option<&'static str>,
    /// How often the first in line was tried.
    pub(crate) head_attempts: u32,
    /// When it is tried next.
    pub(crate) next_retry: Option<Timestamp>,
    /// Deliveries being sent.
    pub(crate) in_flight: usize,
}

/// Why a destination is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HoldReason {
    /// The operator, or the engine.
    pub(super) by: Arc<str>,
    /// In words, without content.
    pub(super) reason: Arc<str>,
}

impl PoolState {
    /// A pool that is not running.
    pub(crate) fn stopped() -> Self {
        Self { state: "stopped", ..Self::default() }
    }

    /// Whether it knows less than the store.
    pub(crate) fn is_starting(&self) -> bool {
        self.state == "starting"
    }
}

impl OutboundPool {
    /// How the destination stands.
    pub(super) fn describe(&self) -> PoolState {
        let now = super::now();
        let head = self.dispatch.lanes.head();
        let due =
            head.and_then(|head| head.due).or_else(|| self.dispatch.slots.next_end(now.instant));
        PoolState {
            state: self.state(),
            reason: self.reason(),
            last_close: self.last_close.map(CloseReason::code),
            head_attempts: head.map_or(0, |head| head.attempts),
            next_retry: due.map(|due| now.at(due)),
            in_flight: self.dispatch.lanes.in_flight_len(),
        }
    }

    fn state(&self) -> &'static str {
        let lanes = &self.dispatch.lanes;
        if self.drain.is_draining() {
            "stopped"
        } else if !self.feed_is_open() {
            "starting"
        } else if self.hold.is_some() || lanes.stopped().is_some() {
            "held"
        } else {
            match self.dispatch.trouble {
                Some(cause) if is_out_of_reach(cause) => "down",
                Some(_) => "retrying",
                None if lanes.len() > 0 || self.dispatch.slots.any_standing() => "up",
                None => "idle",
            }
        }
    }

    fn reason(&self) -> Option<String> {
        match &self.hold {
            Some(hold) => Some(format!("{}: {}", hold.by, hold.reason)),
            None => self.dispatch.trouble.map(|cause| cause.code().to_owned()),
        }
    }
}

/// Whether the destination as a whole is away, not just unhappy.
fn is_out_of_reach(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::Unresolved
            | Cause::Refused
            | Cause::Unreachable
            | Cause::ConnectTimeout
            | Cause::NoPeer
            | Cause::Tls
            | Cause::TlsCertificate
            | Cause::Denied
            | Cause::DatabaseUnavailable
            | Cause::HandlerDown
            | Cause::FileNoSpace
            | Cause::FileDenied
    )
}
