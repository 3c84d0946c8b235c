//! "Did you mean …?": the nearest of the names that would have been right.

/// The most edits at which two names still look alike: a third of the longer one.
const ALIKE: usize = 3;

/// The known name nearest to this one, as a question; none that is near, no question.
pub(crate) fn did_you_mean<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<String> {
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(edits, candidate)| {
            edits * ALIKE <= name.chars().count().max(candidate.chars().count()) + 1
        })
        .min()
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

/// The names as a list in prose.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Edits that lead from one name to the other: a character more, less, or another one, or two neighbours swapped.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    let mut previous = None;
    for (row, c) in from.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(c != *other);
            let mut edits = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if column > 0 && previous == Some(*other) && to[column - 1] == c {
                edits = edits.min(before_last[column - 1] + 1);
            }
            current.push(edits);
        }
        before_last = std::mem::replace(&mut last, current);
        previous = Some(c);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_edits() {
        for (from, to, edits) in [
            ("", "", 0),
            ("lis", "lis", 0),
            ("lis2", "lis", 1),
            ("lsi", "lis", 1),
            ("bnid", "bind", 1),
            ("abc", "", 3),
        ] {
            assert_eq!(distance(from, to), edits, "{from} → {to}");
            assert_eq!(distance(to, from), edits, "{to} → {from}");
        }
    }

    #[test]
    fn only_a_name_that_looks_alike_is_suggested() {
        let known = ["max_connections", "max_message_size", "bind"];
        assert_eq!(
            did_you_mean("max_conections", known).as_deref(),
            Some("did you mean `max_connections`?")
        );
        assert_eq!(did_you_mean("bnd", known).as_deref(), Some("did you mean `bind`?"));
        assert_eq!(did_you_mean("tls", known), None);
    }
}
