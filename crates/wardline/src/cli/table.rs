//! Tables that fit the terminal: columns as wide as what stands in them, the widest cut first when there is no room.

use owo_colors::{OwoColorize, Style};

/// Between two columns.
const GAP: usize = 2;
/// A column is never cut below this: fewer characters tell nothing.
const NARROWEST: usize = 6;

/// On which side a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One cell: what it says and how it looks.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

/// Rows under headings.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// A cell with a colour of its own.
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

impl Table {
    /// An empty table with these headings.
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row<const CELLS: usize>(&mut self, cells: [Cell; CELLS]) {
        debug_assert_eq!(CELLS, self.columns.len());
        self.rows.push(cells.into());
    }

    /// The lines to print, at most `room` characters each where there is room for all columns at all.
    pub(crate) fn lines(&self, room: Option<usize>) -> Vec<String> {
        let widths = self.widths(room);
        let headings: Vec<Cell> = self
            .columns
            .iter()
            .map(|&(heading, _)| Cell::styled(heading, Style::new().bold()))
            .collect();
        std::iter::once(&headings).chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn widths(&self, room: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> =
            self.columns.iter().map(|(heading, _)| heading.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        let Some(room) = room else { return widths };
        while widths.iter().sum::<usize>() + gaps > room {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }

    fn line(&self, row: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        for (place, ((cell, &width), (_, align))) in
            row.iter().zip(widths).zip(&self.columns).enumerate()
        {
            if place > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let text = cut(&cell.text, width);
            let blank = " ".repeat(width - text.chars().count());
            let shown = text.style(cell.style).to_string();
            match align {
                Align::Right => line.extend([blank, shown]),
                Align::Left if place + 1 == widths.len() => line.push_str(&shown),
                Align::Left => line.extend([shown, blank]),
            }
        }
        line
    }
}

/// The first `width` characters, the last of them `…` if something was cut.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    fn queues() -> Table {
        let mut table = Table::new(&[("DESTINATION", Align::Left), ("QUEUED", Align::Right)]);
        table.row(["lis".into(), "7".into()]);
        table.row(["a-destination-with-a-long-name".into(), "1000000".into()]);
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = plain(&queues().lines(None));
        assert_eq!(lines[0], "DESTINATION                      QUEUED");
        assert_eq!(lines[1], "lis                                   7");
        assert_eq!(lines[2], "a-destination-with-a-long-name  1000000");
    }

    #[test]
    fn a_narrow_terminal_cuts_the_widest_column() {
        let lines = plain(&queues().lines(Some(24)));
        assert!(lines.iter().all(|line| line.chars().count() <= 24), "{lines:?}");
        assert_eq!(lines[2], "a-destination-…  1000000");
    }
}
