//! Why a replay is not started, or not changed.

use std::io;

use wardline_store::ReadError;

use super::MOST_OPEN;
use crate::control::protocol::{MAX_EDITED, MAX_REPLAYED, ReplayState};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReplayed {
    /// It names none.
    #[error("no message is named")]
    Nothing,
    /// It names too many.
    #[error("{0} messages are more than the {MAX_REPLAYED} that one job takes")]
    TooMany(usize),
    /// Another number was seen before.
    #[error("{found} messages are meant, and {seen} were said: look again")]
    AnotherCount {
        /// By now.
        found: u64,
        /// As was said.
        seen: u64,
    },
    /// A copy is of one message.
    #[error("an edited copy is of one message")]
    EditedSeveral,
    /// The new bytes are too many.
    #[error("an edited copy has at most {MAX_EDITED} bytes")]
    EditedTooLarge,
    /// The new bytes hold what begins or ends a frame.
    #[error("the edited copy cannot be carried by MLLP")]
    EditedBreaksItsFrame,
    /// Reprocessing goes where today's routes say.
    #[error("destinations are chosen for a resend: what is reprocessed goes where the routes say")]
    DestinationsOfRoutes,
    /// The configuration has no such destination.
    #[error("there is no destination {0}")]
    NoSuchDestination(String),
    /// As many are open as may be.
    #[error("{MOST_OPEN} replays run or are paused: end one first")]
    TooManyOpen,
    /// There is no job of this number.
    #[error("there is no replay {0}")]
    NoSuchJob(u64),
    /// It is in another state.
    #[error("replay {job} is {}", state.word())]
    NotNow {
        /// Which.
        job: u64,
        /// Where it stands.
        state: ReplayState,
    },
    /// It cannot be kept on the disk.
    #[error("how the replay stands cannot be written down: the next start knows nothing of this")]
    Disk(#[from] io::Error),
    /// Where the jobs are kept could not be read at the start: a new one might take the place of another.
    #[error("the replays of before could not be read: none begins until a start can read them")]
    NumbersUnknown,
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[source] ReadError),
    /// It was asked for too late.
    #[error("the engine ends")]
    EngineEnds,
    /// A task of the engine failed.
    #[error("a task of the engine failed")]
    Task(#[from] tokio::task::JoinError),
}
