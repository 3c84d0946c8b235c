//! What the disk refuses, told once: a refusal that lasts is met again with each look, and a log with a line for each
//! hides what else is in it.

use std::io;

/// One kind of work, and what was refused of it since it last went well.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// As many as the system has reasons.
    told: Vec<io::ErrorKind>,
    /// Since the last round ended.
    is_met: bool,
}

impl Trouble {
    /// Work was refused. True where that is to be told.
    pub(super) fn is_new(&mut self, reason: io::ErrorKind) -> bool {
        self.is_met = true;
        let is_new = !self.told.contains(&reason);
        if is_new {
            self.told.push(reason);
        }
        is_new
    }

    /// All of it went well. True where that is to be told.
    pub(super) fn is_over(&mut self) -> bool {
        self.is_met = false;
        !std::mem::take(&mut self.told).is_empty()
    }

    /// A round of work is done. True where nothing was refused in it, for the first time, and that is to be told.
    pub(super) fn is_over_with_round(&mut self) -> bool {
        !std::mem::take(&mut self.is_met) && self.is_over()
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn trouble_is_told_once_however_long_it_lasts() {
        let mut trouble = Trouble::default();
        assert!(trouble.is_new(ErrorKind::PermissionDenied));
        for _ in 0..3 {
            assert!(!trouble.is_over_with_round());
            assert!(!trouble.is_new(ErrorKind::PermissionDenied));
        }
    }

    #[test]
    fn two_reasons_that_take_turns_are_told_once_each() {
        let mut trouble = Trouble::default();
        let mut turn = || {
            let both = [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem];
            let told = both.map(|reason| trouble.is_new(reason));
            (told, trouble.is_over_with_round())
        };
        assert_eq!(turn(), ([true, true], false));
        assert_eq!(turn(), ([false, false], false));
    }

    #[test]
    fn its_end_is_told_once_after_a_round_without_it() {
        let mut trouble = Trouble::default();
        assert!(!trouble.is_over_with_round());
        trouble.is_new(ErrorKind::PermissionDenied);
        assert!(!trouble.is_over_with_round());
        assert!(trouble.is_over_with_round());
        assert!(!trouble.is_over_with_round());
        assert!(trouble.is_new(ErrorKind::PermissionDenied), "it is new again");
    }
}
