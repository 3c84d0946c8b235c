//! What a script may cost.

use std::time::Duration;

/// How many instructions of Lua pass between two looks at the clock: few enough that a hundred of the dearest ones, each
/// a copy of all the memory there is, do not take a second.
pub(crate) const STRIDE: u32 = 100;

/// Lines that a script may log for one message; what it logs beyond is dropped, and that is said once.
pub(crate) const MAX_LOG_LINES: u32 = 100;

/// The longest line that is logged, in bytes.
pub(crate) const MAX_LOG_LINE: usize = 1000;

/// Messages that may come of one.
pub(crate) const MAX_EMITTED: usize = 1000;

/// Bytes that may come of one message, in all: four of the largest that a listener takes.
pub(crate) const MAX_EMITTED_BYTES: usize = 256 * 1024 * 1024;

/// Connections that an interpreter may hold at once. A script has one or two; one that forgets to close has many.
pub(crate) const MAX_CONNECTIONS: usize = 16;

/// What a script may cost for one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long it may take.
    pub time: Duration,
    /// How many instructions of Lua it may take; a step of a pattern counts as one.
    pub instructions: u64,
    /// How many bytes its interpreter may hold.
    pub memory: usize,
}

impl Limits {
    /// For a handler: less than the 5 s that a listener waits for it.
    pub const HANDLER: Self =
        Self { time: Duration::from_secs(4), instructions: 100_000_000, memory: 32 * 1024 * 1024 };

    /// For a transform, which waits for nobody.
    pub const TRANSFORM: Self =
        Self { time: Duration::from_secs(1), instructions: 10_000_000, memory: 32 * 1024 * 1024 };
}
