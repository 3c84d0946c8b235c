//! What a stable code says, what Wardline does about it, and what is left to do.
//!
//! The one table of them is the page `docs/codes.md`, which is in the binary: what is read there is what `wardline explain`
//! prints. Every code of the enums has its row; the tests below hold the page to that.

/// The page. Its level 2 headings are where codes are met; its rows are the codes.
const PAGE: &str = include_str!("../../../docs/codes.md");
/// What a row of a code begins with; headings of columns do not.
const ROW: &str = "| `";

/// One code at one of the places where it is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// Where it is met: `Deliveries`, `Certificates`.
    pub place: &'static str,
    /// The code itself.
    pub code: &'static str,
    /// What it says.
    pub means: &'static str,
    /// What Wardline does about it; empty where that is nothing to tell.
    pub follows: &'static str,
    /// What is left to do; empty where that is nothing to tell.
    pub remedy: &'static str,
}

/// Every code, in the order of the page. A code that is met in several places is here for each.
pub fn every_code() -> impl Iterator<Item = Explanation> {
    PAGE.lines()
        .scan("", |place, line| {
            if let Some(heading) = line.strip_prefix("## ") {
                *place = heading;
            }
            Some(explanation(place, line))
        })
        .flatten()
}

/// What this code says, wherever it is met. Codes are told apart by their letters alone, not by large and small ones.
pub fn explain(code: &str) -> impl Iterator<Item = Explanation> {
    every_code().filter(move |explanation| explanation.code.eq_ignore_ascii_case(code))
}

fn explanation(place: &'static str, line: &'static str) -> Option<Explanation> {
    let row = line.strip_prefix(ROW)?.strip_suffix('|')?;
    let mut cells = row.split('|').map(str::trim);
    let code = cells.next()?.trim_end_matches('`');
    let [means, follows, remedy] = [cells.next()?, cells.next()?, cells.next()?];
    Some(Explanation { place, code, means, follows, remedy })
}

#[cfg(test)]
mod tests;
