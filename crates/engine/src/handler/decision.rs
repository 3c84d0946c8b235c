//! What a handler says of a message, now or from a future.
//!
//! [`Decision`] is an actix `MessageResponse` of our own. A future in it runs under `catch_unwind`, so that a panic
//! there costs one call, and it is dropped when its caller stops waiting: a timeout really ends it.

use std::panic::AssertUnwindSafe;

use actix::dev::{MessageResponse, OneshotSender};
use actix::{Actor, AsyncContext, Context, Handler};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use wardline_hl7::ErrorCode;

use super::Received;

/// What a handler returns.
pub enum Decision {
    /// Let it pass, unchanged.
    Accept,
    /// The message is wrong and will stay wrong: AR before the ACK, a dead letter behind the queue.
    Reject {
        /// ERR-3, table 0357.
        code: ErrorCode,
        /// MSA-3 and ERR-8: for the sender's eyes, so without patient data.
        text: String,
    },
    /// It could not be handled now: AE before the ACK, a retry behind the queue.
    Fail {
        /// MSA-3 and ERR-8: for the sender's eyes, so without patient data.
        text: String,
    },
    /// Go on with these instead of the message (list it to keep it). All of them become durable as one record.
    Emit(Vec<Bytes>),
    /// The decision comes later; the actor handles nothing else of ours meanwhile.
    Later(LocalBoxFuture<'static, Decision>),
}

/// A decision that has been made, as the engine reads it.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict {
    /// [`Decision::Accept`].
    Accept,
    /// [`Decision::Reject`].
    Reject {
        /// ERR-3, table 0357.
        code: ErrorCode,
        /// For the sender.
        text: String,
    },
    /// [`Decision::Fail`].
    Fail {
        /// For the sender.
        text: String,
    },
    /// [`Decision::Emit`].
    Emit(Vec<Bytes>),
    /// The handler's future panicked.
    Panicked,
}

impl Decision {
    /// [`Decision::Reject`] with ERR-3 207, "application internal error", the code that says nothing more precise.
    pub fn reject(text: impl Into<String>) -> Self {
        Self::Reject { code: ErrorCode::ApplicationInternalError, text: text.into() }
    }

    /// [`Decision::Fail`].
    pub fn fail(text: impl Into<String>) -> Self {
        Self::Fail { text: text.into() }
    }

    /// A decision that a future makes, on the handler's own arbiter. It is dropped at the timeout.
    pub fn later(decision: impl Future<Output = Decision> + 'static) -> Self {
        Self::Later(decision.boxed_local())
    }
}

impl<A> MessageResponse<A, Received> for Decision
where
    A: Actor<Context = Context<A>> + Handler<Received>,
{
    fn handle(self, ctx: &mut A::Context, reply: Option<OneshotSender<Verdict>>) {
        match self {
            Self::Later(decision) => {
                ctx.spawn(actix::fut::wrap_future(decide_later(decision, reply)));
            }
            decided => send(reply, settle(decided)),
        }
    }
}

/// Waits for a later decision as long as somebody waits for it.
async fn decide_later(
    decision: LocalBoxFuture<'static, Decision>,
    reply: Option<OneshotSender<Verdict>>,
) {
    let mut decision = AssertUnwindSafe(decision).catch_unwind();
    let Some(mut reply) = reply else {
        // Nobody waits, as with an actor's own tests: run it all the same.
        drop(decision.await);
        return;
    };
    let made = tokio::select! {
        made = &mut decision => made,
        () = reply.closed() => return,
    };
    let verdict = match made {
        Ok(Decision::Later(next)) => return Box::pin(decide_later(next, Some(reply))).await,
        Ok(decided) => settle(decided),
        Err(_panic) => Verdict::Panicked,
    };
    send(Some(reply), verdict);
}

/// The verdict of a decision that needs no more time.
fn settle(decision: Decision) -> Verdict {
    match decision {
        Decision::Accept => Verdict::Accept,
        Decision::Reject { code, text } => Verdict::Reject { code, text },
        Decision::Fail { text } => Verdict::Fail { text },
        Decision::Emit(messages) => Verdict::Emit(messages),
        Decision::Later(_) => Verdict::Fail { text: "the handler put its decision off".to_owned() },
    }
}

/// Gives the verdict to whoever waits. Nobody may: the caller's clock ran out, and it has answered AE.
fn send(reply: Option<OneshotSender<Verdict>>, verdict: Verdict) {
    if let Some(reply) = reply {
        let _nobody_waits = reply.send(verdict);
    }
}

impl std::fmt::Debug for Verdict {
    /// Texts may quote the message they are about, so they are not shown: PHI-1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Accept => "Accept",
            Self::Reject { .. } => "Reject",
            Self::Fail { .. } => "Fail",
            Self::Emit(_) => "Emit",
            Self::Panicked => "Panicked",
        })
    }
}
