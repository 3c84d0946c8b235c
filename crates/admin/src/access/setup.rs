//! The first start: nobody is known, and there is no default password.
//!
//! A token is written to a file that only the engine's user can read, and to the log. Whoever has it makes himself the
//! first administrator, once; then the file is gone. A token ends after a while: a log is read by many.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use super::folder::write_private;
use super::{AccessFault, AccessFolder, Digest};

/// How long one token is good.
const GOOD_FOR: Duration = Duration::from_secs(30 * 60);
/// Letters and digits that are not taken for one another: 32 of them, five bits each.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Letters of a token: 80 bits.
const LENGTH: usize = 16;
/// Letters in one group.
const GROUP: usize = 4;

/// The token of the moment.
pub(crate) struct SetUp {
    folder: AccessFolder,
    /// Where the page is.
    at: String,
    current: Mutex<Option<(Digest, Instant)>>,
}

impl SetUp {
    pub(crate) fn new(folder: AccessFolder, at: String) -> Self {
        Self { folder, at, current: Mutex::default() }
    }

    /// Tells a token where none is good any more. Blocks.
    pub(crate) fn offer(&self) -> Result<(), AccessFault> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_some_and(|(_, since)| since.elapsed() < GOOD_FOR) {
            return Ok(());
        }
        let token = token()?;
        self.folder.make()?;
        let path = self.folder.setup_token();
        write_private(&path, format!("{token}\n").as_bytes())
            .map_err(|source| AccessFault::File { path: path.clone(), source })?;
        *current = Some((Digest::of(&token), Instant::now()));
        let (at, file) = (&self.at, path.display());
        tracing::warn!(%file, "first start: set-up token {token}, good for 30 minutes; open {at}/setup");
        Ok(())
    }

    /// Whether this is the token, and still good.
    pub(crate) fn is_good(&self, shown: &str) -> bool {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = Digest::of(&shown.trim().to_ascii_uppercase());
        current.is_some_and(|(token, since)| token == shown && since.elapsed() < GOOD_FOR)
    }

    /// It has worked, and does no more.
    pub(crate) fn use_up(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// As `WARD-7QK4-M2XA-9TFE-…`.
fn token() -> Result<String, AccessFault> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).map_err(|_unspecified| AccessFault::NoRandomness)?;
    let letters = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32)));
    let mut token = String::from("WARD");
    for (place, letter) in letters.enumerate() {
        let dash = if place % GROUP == 0 { "-" } else { "" };
        let _never_fails = write!(token, "{dash}{}", char::from(*letter));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_token_is_in_a_private_file_and_works_once() {
        let data = tempfile::tempdir().unwrap();
        let folder = AccessFolder::of(data.path());
        let set_up = SetUp::new(folder.clone(), "http://127.0.0.1:8575".to_owned());
        assert!(!set_up.is_good(""), "there is none yet");
        set_up.offer().unwrap();
        let token = fs::read_to_string(folder.setup_token()).unwrap();
        let mode = fs::metadata(folder.setup_token()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!set_up.is_good("WARD-0000-0000-0000-0000"));
        assert!(set_up.is_good(&token.to_lowercase()), "typed without shift, with its line end");
        set_up.use_up();
        assert!(!set_up.is_good(&token));
    }

    #[test]
    fn a_token_that_is_good_is_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        let folder = AccessFolder::of(data.path());
        let set_up = SetUp::new(folder.clone(), String::new());
        set_up.offer().unwrap();
        let first = fs::read_to_string(folder.setup_token()).unwrap();
        set_up.offer().unwrap();
        assert_eq!(fs::read_to_string(folder.setup_token()).unwrap(), first);
    }
}
