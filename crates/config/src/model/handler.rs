//! `[handlers.NAME]`: how much a handler may cost before it is given up, and its script where it is one.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use wardline_flow::HandlerName;
use wardline_script::Script;

/// `[handlers.NAME]`; a handler without a table has the defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerLimits {
    /// The name it was registered under, or has here where it is a script.
    pub name: HandlerName,
    /// `kind = "lua"`: what it runs; absent = an actor of this program.
    pub script: Option<Arc<Script>>,
    /// Instances, each on a thread of its own.
    pub instances: NonZeroUsize,
    /// Threads it may block for ever before it is down.
    pub max_stuck: u32,
    /// Restarts within `restart_window` before it is down.
    pub max_restarts: NonZeroU32,
    /// The time in which restarts are counted.
    pub restart_window: Duration,
}

impl HandlerLimits {
    /// The defaults, for the handler of this name.
    pub fn new(name: HandlerName) -> Self {
        const FIVE: NonZeroU32 = NonZeroU32::new(5).unwrap();
        Self {
            name,
            script: None,
            instances: NonZeroUsize::MIN,
            max_stuck: 4,
            max_restarts: FIVE,
            restart_window: Duration::from_secs(60),
        }
    }
}
