//! What a preview was about, kept for a while: so that exactly those messages are replayed that somebody saw the count of,
//! whatever has come, ended or died since.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wardline_store::MessageId;

use super::Told;

/// Lists that are kept; the oldest goes first. Each has at most [`MAX_REPLAYED`](super::MAX_REPLAYED) numbers of eight
/// bytes: 32 MiB, where everybody looks at all that a job may have.
const MOST_KEPT: usize = 16;

/// The lists of previews.
#[derive(Debug, Default)]
pub(in super::super) struct Lists(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lists: VecDeque<List>,
    /// The number given last.
    last: u64,
}

#[derive(Debug)]
struct List {
    number: u64,
    /// Whose it is: who belongs to a patient is content, and another one did not ask.
    by: String,
    messages: Arc<[MessageId]>,
    told: Told,
}

impl Lists {
    /// Keeps what somebody looked at, under a new number.
    pub(super) fn keep(&self, by: String, messages: Vec<MessageId>, told: Told) -> u64 {
        let mut kept = self.kept();
        kept.last += 1;
        let number = kept.last;
        kept.lists.push_back(List { number, by, messages: messages.into(), told });
        while kept.lists.len() > MOST_KEPT {
            kept.lists.pop_front();
        }
        number
    }

    /// The messages of a list; none for anybody else, and where it is not kept any more.
    pub(super) fn of(&self, number: u64, by: &str) -> Option<(Arc<[MessageId]>, Told)> {
        let kept = self.kept();
        let list = kept.lists.iter().find(|list| list.number == number && list.by == by);
        list.map(|list| (Arc::clone(&list.messages), list.told))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> MessageId {
        MessageId::from_number(number).expect("not 0")
    }

    #[test]
    fn a_list_is_for_whoever_looked_and_for_nobody_else() {
        let lists = Lists::default();
        let told = Told { behind: 0, replays: 1 };
        let number = lists.keep("ann".to_owned(), vec![id(7), id(9)], told);
        assert_eq!(lists.of(number, "ann"), Some((vec![id(7), id(9)].into(), told)));
        assert_eq!(lists.of(number, "bob"), None);
        assert_eq!(lists.of(number + 1, "ann"), None);
    }

    #[test]
    fn of_many_lists_the_newest_are_kept_and_no_number_is_given_twice() {
        let lists = Lists::default();
        let keep = |message| lists.keep("ann".to_owned(), vec![id(message)], Told::default());
        let numbers: Vec<u64> = (1..=20).map(keep).collect();
        let there = |number: &&u64| lists.of(**number, "ann").is_some();
        let kept: Vec<u64> = numbers.iter().filter(there).copied().collect();
        assert_eq!(kept, numbers[4..]);
    }
}
