//! Counts over time, in a ring of buckets of one length: what a chart is drawn from.
//!
//! ```text
//!   minutes of a day ┐
//!                    ├─ one ring each: the bucket of now is filled, the oldest is forgotten
//!   ten minutes, 8 d ┘
//! ```
//!
//! A bucket in which nobody looked is a gap of zeros, so that a bucket's place is its time. Memory is bounded by the
//! length of the ring, and taken as it fills.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Counts in buckets of `width` seconds, at most `most` of them.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    width: u64,
    most: usize,
    /// The number of the newest bucket: seconds since 1970 divided by the width.
    newest: Option<u64>,
    buckets: VecDeque<u32>,
}

impl Series {
    pub(crate) fn new(width: u64, most: usize) -> Self {
        Self { width, most, newest: None, buckets: VecDeque::new() }
    }

    /// Counts so many more at this moment. A clock that was put back counts in the newest bucket.
    pub(crate) fn add(&mut self, at: Timestamp, more: u64) {
        let number = u64::try_from(at.as_second()).unwrap_or(0) / self.width;
        let newest = *self.newest.get_or_insert(number);
        let gap = number.saturating_sub(newest);
        if self.buckets.is_empty() || gap > 0 {
            // A gap longer than the ring leaves nothing of what was before.
            let fill = usize::try_from(gap.max(1)).unwrap_or(usize::MAX).min(self.most);
            self.buckets.extend(std::iter::repeat_n(0, fill));
            while self.buckets.len() > self.most {
                self.buckets.pop_front();
            }
            self.newest = Some(number.max(newest));
        }
        if let Some(last) = self.buckets.back_mut() {
            *last = last.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
        }
    }

    /// The last so many buckets, the oldest first; fewer where it has not been looked at for so long.
    pub(crate) fn last(&self, buckets: usize) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.buckets.range(self.buckets.len().saturating_sub(buckets)..).copied()
    }

    /// So many buckets that end so many before the newest; none where the ring does not reach so far.
    pub(crate) fn before(&self, buckets: usize, ago: usize) -> Vec<u32> {
        let Some(end) = self.buckets.len().checked_sub(ago) else { return Vec::new() };
        let Some(start) = end.checked_sub(buckets) else { return Vec::new() };
        self.buckets.range(start..end).copied().collect()
    }

    /// What was counted in the last so many buckets.
    pub(crate) fn sum(&self, buckets: usize) -> u64 {
        self.last(buckets).map(u64::from).sum()
    }

    /// How many buckets there are.
    pub(crate) fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Seconds of one bucket.
    pub(crate) fn width(&self) -> u64 {
        self.width
    }

    /// The longest run of empty buckets between two in which something was counted, in buckets; none where there are no
    /// two.
    pub(crate) fn longest_gap(&self) -> Option<u64> {
        let filled = self.buckets.iter().enumerate().filter(|(_, count)| **count > 0);
        let mut places = filled.map(|(place, _)| place as u64);
        let mut last = places.next()?;
        let mut longest = None;
        for place in places {
            longest = longest.max(Some(place - last - 1));
            last = place;
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn a_bucket_in_which_nobody_looked_is_empty() {
        let mut series = Series::new(60, 10);
        series.add(at(0), 2);
        series.add(at(59), 3);
        series.add(at(180), 1);
        assert_eq!(series.last(10).collect::<Vec<_>>(), [5, 0, 0, 1]);
        assert_eq!((series.sum(1), series.sum(10)), (1, 6));
        assert_eq!(series.longest_gap(), Some(2));
    }

    #[test]
    fn the_ring_keeps_its_length_however_long_it_runs() {
        let mut series = Series::new(60, 1440);
        for minute in 0..10_000 {
            series.add(at(minute * 60), 1);
        }
        assert_eq!((series.len(), series.sum(usize::MAX)), (1440, 1440));
        series.add(at(1_000_000 * 60), 7);
        assert_eq!((series.len(), series.sum(usize::MAX)), (1440, 7));
        assert!(series.buckets.capacity() <= 4 * 1440, "{}", series.buckets.capacity());
    }

    #[test]
    fn a_clock_that_was_put_back_loses_no_count() {
        let mut series = Series::new(60, 10);
        series.add(at(600), 1);
        series.add(at(300), 1);
        assert_eq!(series.last(10).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn last_week_is_only_there_when_the_ring_reaches_it() {
        let mut series = Series::new(60, 10);
        (0..8)
            .for_each(|minute| series.add(at(minute * 60), u64::try_from(minute).expect("small")));
        assert_eq!(series.before(3, 4), [1, 2, 3]);
        assert!(series.before(3, 6).is_empty());
    }
}
