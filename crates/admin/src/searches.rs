//! What was written into the box of Messages, kept here under a made-up word: the word stands in the address, the text does
//! not. It may name a patient, and addresses stay in histories, logs and chats.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::access::{Right, Secret};
use crate::door::Who;
use crate::fault::Fault;

/// Texts that are kept: days of work for everybody. The oldest goes first.
const MOST_KEPT: usize = 1000;
/// The longest text, in bytes: no key of a message is longer.
const LONGEST: usize = 256;
/// Characters of a word: nobody guesses one of so many.
const WORD: usize = 24;

/// All of them. They end with the engine.
#[derive(Default)]
pub(crate) struct Searches(Mutex<VecDeque<Written>>);

struct Written {
    word: String,
    by: Arc<str>,
    text: String,
}

impl Searches {
    /// Keeps what somebody wrote; the word for it.
    pub(crate) fn keep(&self, who: &Who, text: &str) -> Result<String, Fault> {
        if text.len() > LONGEST {
            return Err(Fault::BadRequest("what is looked for is longer than any key"));
        }
        let mut kept = self.kept();
        if let Some(same) = kept.iter().find(|one| one.by == who.name && one.text == text) {
            return Ok(same.word.clone());
        }
        let mut word = Secret::random()?.to_hex();
        word.truncate(WORD);
        kept.push_back(Written {
            word: word.clone(),
            by: Arc::clone(&who.name),
            text: text.to_owned(),
        });
        if kept.len() > MOST_KEPT {
            kept.pop_front();
        }
        Ok(word)
    }

    /// What stands behind a word, for whoever wrote it and for those who may see content: a colleague who was sent the
    /// address.
    pub(crate) fn of(&self, who: &Who, word: &str) -> Option<String> {
        let kept = self.kept();
        let written = kept.iter().find(|one| one.word == word)?;
        (written.by == who.name || who.may(Right::Content)).then(|| written.text.clone())
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Written>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Rights, Role};
    use crate::door::By;

    fn who(name: &str, content: bool) -> Who {
        Who { name: name.into(), rights: Rights::of(Role::Viewer, content), by: By::Token }
    }

    #[test]
    fn what_was_written_is_for_its_writer_and_for_those_who_may_see_content() {
        let searches = Searches::default();
        let ann = who("ann", false);
        let word = searches.keep(&ann, "00714417").expect("kept");
        assert!(word.len() == WORD && !word.contains("4417"));
        assert_eq!(searches.keep(&ann, "00714417").ok(), Some(word.clone()), "the same again");
        assert_eq!(searches.of(&ann, &word).as_deref(), Some("00714417"));
        assert_eq!(searches.of(&who("bob", true), &word).as_deref(), Some("00714417"));
        assert_eq!(searches.of(&who("bob", false), &word), None);
        assert_eq!(searches.of(&ann, "another"), None);
    }

    #[test]
    fn only_the_newest_are_kept_and_none_without_end() {
        let searches = Searches::default();
        let ann = who("ann", false);
        let first = searches.keep(&ann, "first").expect("kept");
        for number in 0..MOST_KEPT {
            searches.keep(&ann, &number.to_string()).expect("kept");
        }
        assert_eq!(searches.of(&ann, &first), None);
        assert!(searches.keep(&ann, &"x".repeat(LONGEST + 1)).is_err());
    }
}
