//! What has not been told of yet: each thing is news once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// How many things are told of: a sender that makes them up must not fill a log.
const MAX_TOLD: usize = 256;

/// The things of one source that have been told of.
#[derive(Debug, Default)]
pub(crate) struct News {
    told: Mutex<BTreeSet<String>>,
}

impl News {
    /// Whether nobody has been told of this.
    pub(crate) fn is_news(&self, thing: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < MAX_TOLD && told.insert(thing.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_news_once_and_made_up_ones_come_to_an_end() {
        let news = News::default();
        assert!(news.is_news("ADT^A01"));
        assert!(!news.is_news("ADT^A01"));
        let told = (0..1000).filter(|number| news.is_news(&format!("Z{number}"))).count();
        assert_eq!(told, MAX_TOLD - 1);
    }
}
