//! Where the fields of MSH lie, found in one pass and kept beside the bytes without an allocation.

use memchr::memchr_iter;

/// The first and the last field whose place is kept: sending application to charset. What lies behind is seldom asked
/// for and found as in any other segment.
const FIRST: usize = 3;
const LAST: usize = 18;

/// Offsets into the payload. 32 bits hold any frame that may be received (64 MiB by default).
#[derive(Clone)]
pub(crate) struct HeaderFields {
    /// Where each field from MSH-3 on begins; one more than the fields, so that each has an end.
    starts: [u32; LAST - FIRST + 2],
    /// How many of `starts` are set.
    known: u8,
}

impl HeaderFields {
    /// Finds the fields in `rest`, which follows the separator behind MSH-2 and ends with the segment; it begins at
    /// `offset` of the payload.
    pub(crate) fn find(rest: &[u8], offset: u32, separator: u8) -> Self {
        let mut starts = [0; LAST - FIRST + 2];
        let mut known = 0;
        let end = offset.saturating_add(u32::try_from(rest.len()).unwrap_or(u32::MAX));
        let behind_separators = memchr_iter(separator, rest).map(|at| {
            offset.saturating_add(u32::try_from(at).unwrap_or(u32::MAX)).saturating_add(1)
        });
        let found = std::iter::once(offset)
            .chain(behind_separators)
            // The end of the last field, as if a separator stood there.
            .chain(std::iter::once(end.saturating_add(1)));
        for (slot, start) in starts.iter_mut().zip(found) {
            *slot = start;
            known += 1;
        }
        Self { starts, known }
    }

    /// The place of MSH-`number` in the payload, from 3 to 18; `None` where the segment ends before it.
    pub(crate) fn range(&self, number: usize) -> Option<std::ops::Range<usize>> {
        let at = number.checked_sub(FIRST)?;
        if at + 1 >= usize::from(self.known) {
            return None;
        }
        let start = usize::try_from(*self.starts.get(at)?).ok()?;
        let end = usize::try_from(*self.starts.get(at + 1)?).ok()?;
        Some(start..end.saturating_sub(1))
    }
}
