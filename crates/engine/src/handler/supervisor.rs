//! `HandlerSupervisor`: keeps the instances of one handler alive, and gives up in public when it cannot.
//!
//! ```text
//!            start ok                 leased, released by callers
//! (absent) ───────────▶ free ◀────────────────────────────────▶ leased
//!    ▲                                                           │   │
//!    │ pause, inside the budget            mailbox closed: Broken│   │call dropped: Unanswered
//!    ├───────────────────────────────────────────────────────────┘   ▼
//!    │                              responds within PROBE_WAIT    probed ───▶ free
//!    │                                                               │ does not
//!    │        replaced while stuck threads ≤ max_stuck               ▼
//!    └────────────────────────────────────────────────────────────  stuck ──responds one day──▶ stopped
//! ```
//!
//! Who sends to it: callers (reports of instances they could not give back, and that the last of them is gone: then it
//! ends with its instances) and its own timers. Its death costs the replacement of instances, not the instances: it has no
//! code of the user's in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use actix::prelude::*;
use futures_util::stream::poll_fn;
use tokio::sync::{mpsc, oneshot};
use wardline_config::HandlerLimits;

use super::budget::{Restart, RestartBudget};
use super::caller::{Report, Shared};
use super::instance::{Instance, StartFault};
use super::{Factory, HandlerCaller};

/// How long a thread may take to show that it is not blocked, after a call on it was given up.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// How long a handler may take to be made. Its constructor may open files or a database.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The supervisor of one handler.
pub(crate) struct HandlerSupervisor {
    limits: HandlerLimits,
    factory: Factory,
    shared: Arc<Shared>,
    reports: Option<mpsc::UnboundedReceiver<Report>>,
    budget: RestartBudget,
    next_number: u64,
    /// Replacements under way or waiting for their pause.
    coming: u64,
    /// Instances that have to show that they are not blocked.
    probed: u64,
    /// Threads left behind, blocked, by the number of their instance.
    stuck: HashMap<u64, ArbiterHandle>,
    start_timeout: Duration,
    /// Nobody calls any more.
    is_ending: bool,
}

impl HandlerSupervisor {
    /// A supervisor to start, and the door through which its handler is called.
    pub(crate) fn new(limits: HandlerLimits, factory: Factory) -> (Self, HandlerCaller) {
        let (sender, reports) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::new(sender));
        let caller = HandlerCaller::new(Arc::clone(&shared));
        let supervisor = Self {
            budget: RestartBudget::new(limits.max_restarts, limits.restart_window),
            limits,
            factory,
            shared,
            reports: Some(reports),
            next_number: 1,
            coming: 0,
            probed: 0,
            stuck: HashMap::new(),
            start_timeout: START_TIMEOUT,
            is_ending: false,
        };
        (supervisor, caller)
    }

    /// Makes an instance after `pause`.
    fn replace_after(&mut self, pause: Duration, ctx: &mut Context<Self>) {
        if self.is_ending {
            return;
        }
        let number = self.next_number;
        self.next_number += 1;
        self.coming += 1;
        let (factory, timeout) = (Arc::clone(&self.factory), self.start_timeout);
        let started = async move {
            tokio::time::sleep(pause).await;
            Instance::start(number, factory, timeout).await
        };
        ctx.spawn(started.into_actor(self).map(|result, supervisor, ctx| {
            supervisor.coming -= 1;
            supervisor.on_started(result, ctx);
            supervisor.end_if_alone(ctx);
        }));
    }

    /// Lets callers have an instance; ends it where there are none.
    fn put(&self, instance: Instance) {
        if self.is_ending {
            instance.stop();
        } else {
            self.shared.put(instance);
        }
    }

    /// No instance is in anybody's hands, and none will be.
    fn end(&mut self, ctx: &mut Context<Self>) {
        self.is_ending = true;
        while let Some(instance) = self.shared.take() {
            instance.stop();
        }
        tracing::debug!(handler = %self.limits.name, "nobody calls this handler any more: its instances end");
        self.end_if_alone(ctx);
    }

    /// Threads that are still to come, or to come back, are waited for: somebody has to end them.
    fn end_if_alone(&self, ctx: &mut Context<Self>) {
        if self.is_ending && self.coming == 0 && self.probed == 0 && self.stuck.is_empty() {
            ctx.stop();
        }
    }

    fn on_started(&mut self, result: Result<Instance, StartFault>, ctx: &mut Context<Self>) {
        match result {
            Ok(instance) => {
                tracing::debug!(handler = %self.limits.name, instance = instance.number, "handler instance up");
                self.shared.instances.fetch_add(1, Ordering::AcqRel);
                self.shared.set_down(false);
                self.put(instance);
            }
            Err(StartFault::Panicked) => {
                tracing::error!(handler = %self.limits.name, "handler instance did not start: its constructor panicked");
                self.replace_within_budget(ctx);
            }
            Err(StartFault::Blocks { number, arbiter, returned }) => {
                self.leave_behind(number, arbiter, returned, ctx);
            }
        }
    }

    fn replace_within_budget(&mut self, ctx: &mut Context<Self>) {
        self.shared.counters.restarts.one();
        match self.budget.ask(Instant::now()) {
            Restart::After(pause) => self.replace_after(pause, ctx),
            Restart::Exhausted(wait) => {
                tracing::error!(
                    handler = %self.limits.name,
                    max_restarts = self.limits.max_restarts,
                    wait_s = wait.as_secs(),
                    "handler restarted too often: no new instance for a while"
                );
                self.replace_after(wait, ctx);
                self.down_if_alone(Some(wait));
            }
        }
    }

    /// With no instance left and none soon, callers are refused at once instead of running into their timeout.
    ///
    /// The next attempt comes after `wait`; without one, when a blocked thread comes back.
    fn down_if_alone(&self, wait: Option<Duration>) {
        if self.shared.instances.load(Ordering::Acquire) == 0 {
            let wait_s = wait.map(|wait| wait.as_secs());
            tracing::error!(handler = %self.limits.name, wait_s, "handler down: its messages are answered AE");
            self.shared.set_down(true);
        }
    }

    fn on_broken(&mut self, instance: &Instance, ctx: &mut Context<Self>) {
        tracing::error!(handler = %self.limits.name, instance = instance.number, "handler panicked: replacing its instance");
        instance.stop();
        self.shared.instances.fetch_sub(1, Ordering::AcqRel);
        self.replace_within_budget(ctx);
    }

    /// A call was given up. Slow is not stuck: the thread gets `PROBE_WAIT` to show itself.
    fn on_unanswered(&mut self, instance: Instance, ctx: &mut Context<Self>) {
        let responds = instance.responds();
        let probe = tokio::time::timeout(PROBE_WAIT, responds);
        self.probed += 1;
        ctx.spawn(probe.into_actor(self).map(move |probed, supervisor, ctx| {
            supervisor.probed -= 1;
            match probed {
                Ok(Ok(())) => supervisor.put(instance),
                Ok(Err(_thread_gone)) => supervisor.on_broken(&instance, ctx),
                Err(_elapsed) => supervisor.on_stuck(instance, ctx),
            }
            supervisor.end_if_alone(ctx);
        }));
    }

    fn on_stuck(&mut self, instance: Instance, ctx: &mut Context<Self>) {
        let (number, returned) = (instance.number, instance.responds());
        self.shared.instances.fetch_sub(1, Ordering::AcqRel);
        self.leave_behind(number, instance.into_arbiter(), returned, ctx);
    }

    /// A blocked thread cannot be ended: it is left behind, counted, and replaced while that is bearable.
    fn leave_behind<T: 'static>(
        &mut self,
        number: u64,
        thread: ArbiterHandle,
        returned: oneshot::Receiver<T>,
        ctx: &mut Context<Self>,
    ) {
        self.stuck.insert(number, thread);
        self.count_stuck();
        self.shared.counters.threads_stuck.one();
        tracing::error!(
            handler = %self.limits.name,
            instance = number,
            stuck = self.stuck.len(),
            max_stuck = self.limits.max_stuck,
            "handler blocks its thread: the thread is left behind"
        );
        ctx.spawn(returned.into_actor(self).map(move |_returned, supervisor, ctx| {
            supervisor.on_thread_returned(number, ctx);
        }));
        if self.stuck.len() <= self.limits.max_stuck as usize {
            self.replace_after(Duration::ZERO, ctx);
        } else {
            self.down_if_alone(None);
        }
    }

    fn on_thread_returned(&mut self, number: u64, ctx: &mut Context<Self>) {
        if let Some(thread) = self.stuck.remove(&number) {
            tracing::warn!(handler = %self.limits.name, instance = number, "a blocked handler thread came back: ending it");
            thread.stop();
            self.shared.counters.threads_returned.one();
            self.count_stuck();
            let there = self.shared.instances.load(Ordering::Acquire) + self.coming;
            if there < self.limits.instances.get() as u64 {
                self.replace_after(Duration::ZERO, ctx);
            }
            self.end_if_alone(ctx);
        }
    }

    fn count_stuck(&self) {
        self.shared.stuck.store(self.stuck.len() as u64, Ordering::Release);
    }
}

impl Actor for HandlerSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(mut reports) = self.reports.take() {
            ctx.add_stream(poll_fn(move |cx| reports.poll_recv(cx)));
        }
        for _ in 0..self.limits.instances.get() {
            self.replace_after(Duration::ZERO, ctx);
        }
    }
}

impl StreamHandler<Report> for HandlerSupervisor {
    fn handle(&mut self, report: Report, ctx: &mut Self::Context) {
        match report {
            Report::Broken(instance) => self.on_broken(&instance, ctx),
            Report::Unanswered(instance) => self.on_unanswered(instance, ctx),
            Report::NobodyCalls => self.end(ctx),
        }
    }
}

#[cfg(test)]
mod tests;
