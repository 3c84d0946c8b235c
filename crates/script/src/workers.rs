//! The interpreters of one transform script: as many as work at once, each for one message at a time.

use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use wardline_flow::Lookups;
use wardline_flow::transform::{Rewrite, RewriteFault};
use wardline_hl7::Message;

use crate::fault::Fault;
use crate::interpreter::{Around, Interpreter, LogLevel};
use crate::script::Script;

/// A script that transforms messages, on whichever threads call it.
pub struct Workers {
    script: Script,
    /// At most so many interpreters: one for each core, since a transform waits for nothing but its turn.
    most: usize,
    /// Whether what the script says is logged.
    is_heard: bool,
    idle: Mutex<Idle>,
    freed: Condvar,
}

/// Interpreters that nobody uses.
#[derive(Default)]
struct Idle {
    interpreters: Vec<Interpreter>,
    /// Those in use.
    busy: usize,
}

impl Workers {
    /// Workers for a script.
    pub fn new(script: Script) -> Self {
        let most = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { script, most, is_heard: true, idle: Mutex::default(), freed: Condvar::new() }
    }

    /// Others for the same script, for a trial: what the script says of it is not logged.
    #[must_use]
    pub fn unheard(&self) -> Self {
        Self { is_heard: false, ..Self::new(self.script.clone()) }
    }

    /// An interpreter of one's own, or the time is over.
    fn take(&self) -> Result<Worker<'_>, Fault> {
        let limit = self.script.limits().time;
        let deadline = Instant::now() + limit;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if idle.busy < self.most {
                idle.busy += 1;
                return Ok(Worker { workers: self, interpreter: idle.interpreters.pop() });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::Time { limit });
            }
            let waited = self.freed.wait_timeout(idle, left);
            idle = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn interpreter(&self) -> Result<Interpreter, RewriteFault> {
        let (name, is_heard) = (self.script.name.clone(), self.is_heard);
        let log = Arc::new(move |level, text: &str| {
            if is_heard {
                log(&name, level, text);
            }
        });
        let around = Around { peers: None, log, is_test: false };
        Interpreter::new(&self.script, around).map_err(|fault| RewriteFault {
            what: format!("the script {} cannot be loaded", self.script.name),
            said: Some(fault.to_string()),
        })
    }

    /// A fault without what the script said.
    fn told(&self, fault: &Fault) -> RewriteFault {
        let name = self.script.name();
        match (fault, fault.line(name)) {
            (Fault::Raised { text }, Some(line)) => RewriteFault {
                what: format!("the script failed at {name}:{line}"),
                said: Some(text.clone()),
            },
            (Fault::Raised { text }, None) => {
                RewriteFault { what: format!("the script {name} failed"), said: Some(text.clone()) }
            }
            (
                Fault::Time { .. }
                | Fault::Instructions { .. }
                | Fault::Memory { .. }
                | Fault::Meaningless { .. },
                _,
            ) => RewriteFault { what: format!("{name}: {fault}"), said: None },
        }
    }
}

/// An interpreter in use, or the right to make one. Dropped, it is there for the next message.
struct Worker<'w> {
    workers: &'w Workers,
    interpreter: Option<Interpreter>,
}

impl Worker<'_> {
    fn rewrite(
        &mut self,
        message: &Message,
        lookups: &Arc<Lookups>,
    ) -> Result<Message, RewriteFault> {
        let interpreter = match &mut self.interpreter {
            Some(interpreter) => interpreter,
            none => none.insert(self.workers.interpreter()?),
        };
        let made = interpreter.transform(message, lookups);
        if made.as_ref().is_err_and(Fault::breaks_state) {
            self.interpreter = None;
        }
        made.map_err(|fault| self.workers.told(&fault))
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        let mut idle = self.workers.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.busy -= 1;
        idle.interpreters.extend(self.interpreter.take());
        self.workers.freed.notify_one();
    }
}

impl Rewrite for Workers {
    fn name(&self) -> &str {
        &self.script.name
    }

    fn text(&self) -> &str {
        &self.script.text
    }

    fn rewrite(&self, message: &Message, lookups: &Arc<Lookups>) -> Result<Message, RewriteFault> {
        self.take().map_err(|fault| self.told(&fault))?.rewrite(message, lookups)
    }

    fn apart(&self) -> Arc<dyn Rewrite> {
        Arc::new(self.unheard())
    }
}

/// A line of a script's log. What stands in it is its author's care.
fn log(script: &str, level: LogLevel, text: &str) {
    match level {
        LogLevel::Debug => tracing::debug!(script, "script: {text}"),
        LogLevel::Info => tracing::info!(script, "script: {text}"),
        LogLevel::Warn => tracing::warn!(script, "script: {text}"),
        LogLevel::Error => tracing::error!(script, "script: {text}"),
    }
}
