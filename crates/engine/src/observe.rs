//! What the actors count, and how it is read.
//!
//! Every actor has a struct of counters of its own; connections share one for each listener and arbiter, so that a
//! count never waits for another core. Reading sums them. Counters hold numbers only: PHI-1.

mod counters;
mod latency;
mod moments;
mod news;
mod recent_log;
mod unrouted;
mod withheld;

pub use counters::{
    DestinationCounters, DestinationCounts, HandlerCounters, HandlerCounts, ListenerCounters,
    ListenerCounts,
};
pub use latency::{BOUNDS_MICROS, Latency, LatencyCounts};
pub use moments::Moment;
pub(crate) use news::News;
pub use recent_log::{LogLevel, LogLine, RecentLog};
pub(crate) use unrouted::UnroutedTypes;
pub(crate) use withheld::Withheld;
