//! How the process ends: one number for each kind of outcome, the same for every command.
//!
//! Scripts and service managers read these, so a number never changes its meaning.

use std::process::ExitCode;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Ok,
    /// 1: not done; the text on stderr says why.
    Failed,
    /// 2: the command line was not understood, or a question could not be asked.
    Usage,
    /// 3: the configuration has faults.
    ConfigInvalid,
    /// 4: the engine or the peer could not be reached.
    NotReachable,
    /// 5: not allowed.
    Denied,
    /// 6: no such destination, message or field.
    NotFound,
    /// 7: done for some, not for all.
    Partly,
    /// 8: another process owns the store.
    Locked,
    /// 9: the store failed.
    StoreFailed,
    /// 10: the store is damaged.
    StoreCorrupt,
    /// 20: the peer answered AE, AR, CE or CR.
    PeerNak,
    /// 21: no answer in time.
    AckTimeout,
    /// 22: the answer was for another message.
    AckOfAnother,
}

impl Exit {
    /// The number the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::ConfigInvalid => 3,
            Self::NotReachable => 4,
            Self::Denied => 5,
            Self::NotFound => 6,
            Self::Partly => 7,
            Self::Locked => 8,
            Self::StoreFailed => 9,
            Self::StoreCorrupt => 10,
            Self::PeerNak => 20,
            Self::AckTimeout => 21,
            Self::AckOfAnother => 22,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_that_scripts_rely_on() {
        let all = [
            (Exit::Ok, 0),
            (Exit::Failed, 1),
            (Exit::Usage, 2),
            (Exit::ConfigInvalid, 3),
            (Exit::NotReachable, 4),
            (Exit::Denied, 5),
            (Exit::NotFound, 6),
            (Exit::Partly, 7),
            (Exit::Locked, 8),
            (Exit::StoreFailed, 9),
            (Exit::StoreCorrupt, 10),
            (Exit::PeerNak, 20),
            (Exit::AckTimeout, 21),
            (Exit::AckOfAnother, 22),
        ];
        for (exit, code) in all {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
