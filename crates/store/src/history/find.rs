//! Searching: candidates of all sources, merged newest first, held against what else is asked.
//!
//! ```text
//!   run 1 … 800   run 801 … 1700   run 1701 … 2500, carried 12   in memory 2501 …
//!   not opened    opened next      2380, then 12                 2601      ◀── the greatest of those opened is next
//! ```
//!
//! A source is opened when its greatest number may be next, so the newest page reads the newest run only. A message
//! that stands twice, because it was carried, is taken where it came first.
//!
//! However late it is, a walk comes further than where it began: who goes on where it ended gets to the end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::answer::{HistoryDelivery, HistoryState};
use super::candidates::{Candidates, Clock, Stop};
use super::entry::{Row, RowOrigin};
use super::footer::{Span, sortable};
use super::question::{Search, StateFilter};
use super::source::Source;
use super::standing::Standing;
use crate::api::MessageId;
use crate::format::fields::nanoseconds;
use crate::terms::TermsNow;

/// A message that matches.
pub(super) struct Match {
    pub(super) message: u64,
    /// The source its row is of.
    pub(super) source: usize,
    pub(super) row: Row,
    pub(super) deliveries: Vec<HistoryDelivery>,
}

/// What a walk found.
pub(super) struct Found {
    pub(super) matches: Vec<Match>,
    /// Everything from here on was looked at; `None` = everything.
    pub(super) down_to: Option<u64>,
    /// The deadline did not come first.
    pub(super) whole: bool,
}

/// Walks the sources from newer messages to older ones.
struct Walk<'s> {
    search: &'s Search,
    clock: &'s Clock,
    terms: &'s TermsNow,
    /// The only messages that come into question, where that is known.
    live: Option<&'s [u64]>,
    sources: &'s [Source],
    /// Below this.
    before: u64,
    /// So many sources, the oldest, are not opened yet.
    unopened: usize,
    opened: Vec<Option<Candidates<'s>>>,
    /// The next message of each opened source; of one message the oldest source comes first.
    heads: BinaryHeap<(u64, Reverse<usize>)>,
    /// The message that was looked at last, and its source, whose next one is not known yet.
    taken: Option<(u64, usize)>,
}

/// Looks for at most `limit` messages.
pub(super) fn find(
    sources: &[Source],
    search: &Search,
    terms: &TermsNow,
    live: Option<&[u64]>,
    limit: usize,
) -> Result<Found, super::run::RunError> {
    let newest = sources.last().map_or(0, |source| source.extent.to.number);
    let before = search.before.map_or(newest, MessageId::get);
    let clock = Clock::until(search.deadline);
    let mut walk = Walk {
        search,
        clock: &clock,
        terms,
        live,
        sources,
        before,
        unopened: sources.len(),
        opened: sources.iter().map(|_| None).collect(),
        heads: BinaryHeap::new(),
        taken: None,
    };
    let mut standing = Standing::new(sources);
    let mut found = Found { matches: Vec::new(), down_to: None, whole: true };
    let mut looked_down_to = before;
    loop {
        match walk.step(&mut standing, looked_down_to) {
            Ok(Some((message, matching))) => {
                looked_down_to = message;
                found.matches.extend(matching);
                if found.matches.len() >= limit {
                    found.down_to = Some(message);
                    return Ok(found);
                }
            }
            Ok(None) => return Ok(found),
            Err(Stop::Late) => {
                found.down_to = walk.reached().map(|reached| reached.min(looked_down_to));
                found.whole = false;
                return Ok(found);
            }
            Err(Stop::Run(error)) => return Err(error),
        }
    }
}

impl Walk<'_> {
    /// Looks at the next message; `None` = there is none.
    fn step(
        &mut self,
        standing: &mut Standing<'_>,
        above: u64,
    ) -> Result<Option<(u64, Option<Match>)>, Stop> {
        loop {
            if let Some((message, source)) = self.taken {
                self.advance(source, message)?;
                self.taken = None;
            }
            self.open_next()?;
            self.look_at_the_clock()?;
            let Some((message, Reverse(source))) = self.heads.pop() else { return Ok(None) };
            self.taken = Some((message, source));
            if message < above {
                let matching = self.look(standing, source, message)?;
                self.clock.has_moved();
                return Ok(Some((message, matching)));
            }
        }
    }

    /// Of what has this number or a greater one all was looked at; `None` = of everything.
    fn reached(&self) -> Option<u64> {
        if let Some((message, _)) = self.taken {
            return Some(message);
        }
        let unopened = self.unopened.checked_sub(1).and_then(|nth| self.sources.get(nth));
        let unopened = unopened.map(|source| source.extent.to.number);
        unopened.max(self.heads.peek().map(|(message, _)| message.saturating_add(1)))
    }

    /// It is late only where something is left, and it has come further than where it began.
    fn look_at_the_clock(&self) -> Result<(), Stop> {
        match self.reached() {
            None => Ok(()),
            Some(reached) => {
                if reached < self.before {
                    self.clock.has_moved();
                }
                self.clock.look()
            }
        }
    }

    /// Opens the sources that may have the next message.
    fn open_next(&mut self) -> Result<(), Stop> {
        while let Some(nth) = self.unopened.checked_sub(1) {
            let Some(source) = self.sources.get(nth) else { return Ok(()) };
            let next = self.heads.peek().map(|(message, _)| *message);
            if next.is_some_and(|next| next >= source.extent.to.number) {
                return Ok(());
            }
            if may_match(source, self.search, self.before) {
                let candidates = Candidates::new(source, self.search, self.live, self.clock);
                if let Some(slot) = self.opened.get_mut(nth) {
                    *slot = Some(candidates);
                }
                self.advance(nth, self.before)?;
            }
            self.unopened = nth;
            self.look_at_the_clock()?;
        }
        Ok(())
    }

    /// Finds the next message of an opened source; what has none is let go.
    fn advance(&mut self, source: usize, below: u64) -> Result<(), Stop> {
        let Some(slot) = self.opened.get_mut(source) else { return Ok(()) };
        let Some(candidates) = slot else { return Ok(()) };
        match candidates.next(below)? {
            Some(next) => self.heads.push((next, Reverse(source))),
            None => *slot = None,
        }
        Ok(())
    }

    /// Holds one message against what else is asked.
    fn look(
        &mut self,
        standing: &mut Standing<'_>,
        source: usize,
        message: u64,
    ) -> Result<Option<Match>, Stop> {
        let Some(Some(candidates)) = self.opened.get_mut(source) else { return Ok(None) };
        let Some(row) = candidates.rows.row(message)?.filter(|row| row_matches(row, self.search))
        else {
            return Ok(None);
        };
        let deliveries = standing.deliveries(source, message, &row)?;
        let to = self.search.destination.as_deref();
        let matches = match self.search.state {
            None => to.is_none_or(|to| deliveries.iter().any(|one| *one.destination == *to)),
            Some(state) => state_matches(state, to, &deliveries),
        };
        let is_hidden = is_hidden(self.terms, &row, &deliveries);
        Ok((matches && !is_hidden).then_some(Match { message, source, row, deliveries }))
    }
}

/// Whether a message is not to be found any more: its listener's term is over, and nobody has to see to it.
pub(super) fn is_hidden(terms: &TermsNow, row: &Row, deliveries: &[HistoryDelivery]) -> bool {
    terms.are_over(&row.listener, row.received_at)
        && deliveries.iter().all(|delivery| delivery.state.is_end())
}

/// Whether a source may hold a message that is asked for.
fn may_match(source: &Source, search: &Search, before: u64) -> bool {
    let extent = &source.extent;
    let reaches_below =
        extent.from.number < before || extent.carried.is_some_and(|span| span.least < before);
    let in_time = extent.received.is_some_and(|Span { least, greatest }| {
        search.from.is_none_or(|from| greatest >= sortable(nanoseconds(from)))
            && search.until.is_none_or(|until| least < sortable(nanoseconds(until)))
    });
    let named =
        |name: &Option<crate::api::Name>| name.as_ref().is_none_or(|name| source.may_name(name));
    let to_it = extent.carried.is_some() || named(&search.destination);
    reaches_below && in_time && named(&search.listener) && to_it
}

fn row_matches(row: &Row, search: &Search) -> bool {
    search.from.is_none_or(|from| row.received_at >= from)
        && search.until.is_none_or(|until| row.received_at < until)
        && search.listener.as_ref().is_none_or(|listener| row.listener == *listener)
        && search.destination.as_ref().is_none_or(|name| {
            // Where one that was carried had been delivered before, only its events tell.
            row.origin == RowOrigin::Carried || row.destinations.contains(name)
        })
        && search.min_bytes.is_none_or(|least| row.bytes >= least)
        && search.max_bytes.is_none_or(|most| row.bytes <= most)
        && match search.state {
            Some(StateFilter::Unrouted) => {
                row.destinations.is_empty() && row.origin != RowOrigin::Refused
            }
            Some(StateFilter::Rejected) => row.origin == RowOrigin::Refused,
            Some(_) | None => true,
        }
}

fn state_matches(
    state: StateFilter,
    destination: Option<&str>,
    deliveries: &[HistoryDelivery],
) -> bool {
    let wanted = match state {
        StateFilter::Pending => HistoryState::Pending,
        StateFilter::Held => HistoryState::Held,
        StateFilter::Dead => HistoryState::Dead,
        StateFilter::Delivered => HistoryState::Delivered,
        StateFilter::Returned => HistoryState::Returned,
        StateFilter::Discarded => HistoryState::Discarded,
        StateFilter::Unrouted | StateFilter::Rejected => return deliveries.is_empty(),
    };
    deliveries.iter().any(|delivery| {
        delivery.state == wanted
            && destination.is_none_or(|destination| *delivery.destination == *destination)
    })
}
