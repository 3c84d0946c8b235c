//! Running an engine: downstream starts first, upstream ends first.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::build::Engine;
use super::running::Running;
use super::signals::{Signals, Told};
use crate::control::Desk;
use crate::control::reloading::{Asked, Call, Reloads};
use crate::drain::Phase;

/// How long what runs beside may take to end, once everything else has: its callers see the engine drain, and no more.
const BESIDE_CLOSE_TIME: Duration = Duration::from_secs(2);

/// What runs beside an engine on threads of its own, the page for operators: it is started with the desk and gives back
/// how it is ended, which blocks. Nothing waits for it but the end of the process, and that not for long.
pub type Beside = Box<dyn FnOnce(Arc<Desk>) -> Box<dyn FnOnce() + Send> + Send>;

/// How an engine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Everything in hand was finished.
    Drained,
    /// `drain_timeout` passed first. Nothing acknowledged is lost.
    DrainTimedOut,
    /// A second signal came. Nothing acknowledged is lost.
    Forced,
}

impl Engine {
    /// Runs until a signal ends it. Blocks the calling thread.
    ///
    /// The caller should end the process with `std::process::exit` afterwards: a handler that blocks its thread
    /// cannot be joined.
    pub fn run(self) -> Ended {
        actix::System::new().block_on(self.live())
    }

    async fn live(mut self) -> Ended {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => {
                tracing::error!(%error, "cannot listen to signals");
                return Ended::Forced;
            }
        };
        let beside = self.beside.take();
        let (mut running, mut calls, desk) = self.start().await;
        let end_beside = beside.map(|start| start(desk));
        loop {
            match next(&mut signals, &mut calls).await {
                Next::Stop => break,
                Next::Reload(call) => match reload(&mut running, call, &mut signals).await {
                    After::GoesOn => {}
                    After::Stops => break,
                    After::EndsAtOnce => return Ended::Forced,
                },
            }
        }
        // Whoever waits for a reload, or asks now, is told that there is none any more.
        drop(calls);
        tokio::select! {
            ended = running.leave() => {
                if let Some(end) = end_beside {
                    let ending = tokio::task::spawn_blocking(end);
                    if tokio::time::timeout(BESIDE_CLOSE_TIME, ending).await.is_err() {
                        tracing::warn!("the page did not end in time: it ends with the process");
                    }
                }
                ended
            }
            () = signals.stop() => {
                tracing::warn!("second signal: ending at once");
                Ended::Forced
            }
        }
    }

    async fn start(self) -> (Running, mpsc::Receiver<Call>, Arc<Desk>) {
        let (reloads, calls) = Reloads::new();
        let recent_log = Arc::clone(&self.recent_log);
        let (running, control) = Running::start(self);
        let (store, faces) = (running.store(), running.faces());
        let replays = running.replays().await;
        let desk = Desk::live(store, &running.config, faces, reloads, recent_log, replays);
        let desk = Arc::new(desk);
        control.serve(Arc::clone(&desk));
        (running, calls, desk)
    }
}

/// What a running engine is told next.
enum Next {
    Stop,
    /// By somebody who waits for an answer, or by a signal.
    Reload(Option<Call>),
}

async fn next(signals: &mut Signals, calls: &mut mpsc::Receiver<Call>) -> Next {
    tokio::select! {
        told = signals.next() => match told {
            Told::Stop => Next::Stop,
            Told::Reload => Next::Reload(None),
        },
        Some(call) = calls.recv() => Next::Reload(Some(call)),
    }
}

/// What becomes of the engine behind a reload.
enum After {
    GoesOn,
    Stops,
    EndsAtOnce,
}

/// Reloads to the end: a signal to stop that comes meanwhile cuts its waits short and is obeyed behind it, a second one at once.
async fn reload(running: &mut Running, call: Option<Call>, signals: &mut Signals) -> After {
    let (asked, answer) = match call {
        Some(Call { asked, answer }) => (asked, Some(answer)),
        None => (Asked { by: "SIGHUP".to_owned(), ..Asked::default() }, None),
    };
    let mut after = After::GoesOn;
    let phase = running.phase();
    let reloaded = {
        let mut reloading = pin!(running.reload(&asked));
        tokio::select! {
            reloaded = &mut reloading => reloaded,
            () = signals.stop() => {
                after = After::Stops;
                phase.send_replace(Phase::Draining);
                tokio::select! {
                    reloaded = &mut reloading => reloaded,
                    () = signals.stop() => return After::EndsAtOnce,
                }
            }
        }
    };
    if let Some(answer) = answer {
        let _caller_has_left = answer.send(reloaded);
    }
    after
}
