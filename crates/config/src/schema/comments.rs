//! What the comments of the reference say of a key: behind its value, or in the lines above.

/// The reference, line by line.
pub(crate) struct Comments {
    lines: Vec<String>,
    /// The same text with every `# key = value` and `# [table]` as if it were no comment; a line stays a line.
    pub(crate) uncommented: String,
}

/// What is said of a key or a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Told {
    pub(crate) description: Option<String>,
    /// Its value stands there, and holds where the key is left out.
    pub(crate) is_default: bool,
    /// It has no default, and must be there.
    pub(crate) is_required: bool,
}

/// What a comment begins with where the key must be there.
const REQUIRED: &str = "required";
/// What stands where an earlier table has said it.
const AS_ABOVE: &str = "as above";

impl Comments {
    pub(super) fn of(reference: &str) -> Self {
        let lines: Vec<String> = reference.lines().map(str::to_owned).collect();
        let uncommented: Vec<&str> = lines.iter().map(|line| uncommented(line)).collect();
        let uncommented = uncommented.join("\n");
        Self { lines, uncommented }
    }

    /// What is said of the value that ends at this byte of the uncommented text.
    pub(crate) fn of_value(&self, end: usize) -> Told {
        let behind = self.uncommented.get(end..).unwrap_or_default().lines().next();
        let behind = behind.unwrap_or_default().trim().trim_start_matches('#').trim();
        let number = self.line_of(end);
        let is_required = behind.starts_with(REQUIRED);
        let is_written = !self.line(number).trim_start().starts_with('#');
        let trailing = behind.strip_prefix(REQUIRED).map_or(behind, |rest| {
            rest.strip_prefix(" for this").unwrap_or(rest).trim_start_matches([':', ';']).trim()
        });
        let trailing = (!trailing.contains(AS_ABOVE)).then_some(trailing);
        Told {
            description: sentence([self.above(number).as_str(), trailing.unwrap_or_default()]),
            is_default: is_written && !is_required,
            is_required,
        }
    }

    /// What is said of the table that has something at this byte.
    pub(crate) fn of_table(&self, inside: usize) -> Option<String> {
        let number = self.line_of(inside);
        let headers = (0..=number).rev();
        let header = headers
            .into_iter()
            .find(|&at| uncommented(self.line(at)).trim_start().starts_with('['))?;
        let behind = self.line(header).split_once(']').map_or("", |(_, behind)| behind);
        let behind = behind.split_once('#').map_or("", |(_, comment)| comment.trim());
        sentence([self.above(header).as_str(), behind])
    }

    /// The comment in the lines right above, without keys and headings.
    fn above(&self, number: usize) -> String {
        let above = (0..number).rev().map(|at| self.line(at).trim());
        let mut lines: Vec<&str> = above
            .take_while(|line| line.starts_with('#') && uncommented(line) == *line)
            .take_while(|line| !line.contains('─'))
            .map(|line| line.trim_start_matches('#').trim())
            .collect();
        lines.reverse();
        lines.join(" ")
    }

    fn line(&self, number: usize) -> &str {
        self.lines.get(number).map_or("", String::as_str)
    }

    fn line_of(&self, at: usize) -> usize {
        self.uncommented.get(..at).unwrap_or_default().matches('\n').count()
    }
}

/// A line as if a key or a table in it were no comment.
fn uncommented(line: &str) -> &str {
    let bare = line.trim_start().trim_start_matches("# ");
    let is_key = bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    if is_key || bare.starts_with('[') { bare } else { line }
}

fn sentence(parts: [&str; 2]) -> Option<String> {
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
