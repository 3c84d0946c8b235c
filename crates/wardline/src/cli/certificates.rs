//! How certificates are shown, by every command that shows some.

use owo_colors::Style;
use wardline_engine::control::protocol::{CertificateRow, CertificateState};

use super::failure::TerminalError;
use super::table::{Align, Cell, Table};
use super::terminal::Terminal;

/// One line for each listener and destination that shows a certificate.
pub(crate) fn table(rows: &[CertificateRow], terminal: Terminal) -> Result<(), TerminalError> {
    let mut table = Table::new(&[
        ("CERTIFICATE OF", Align::Left),
        ("STATE", Align::Left),
        ("DAYS LEFT", Align::Right),
        ("UNTIL", Align::Left),
        ("SERIAL", Align::Left),
        ("SUBJECT", Align::Left),
    ]);
    for row in rows {
        table.row([
            row.of.as_str().into(),
            state(row.state),
            row.days_left.to_string().into(),
            row.not_after.as_str().into(),
            row.serial.as_str().into(),
            row.subject.as_str().into(),
        ]);
    }
    terminal.table(&table)
}

fn state(state: CertificateState) -> Cell {
    match state {
        CertificateState::Valid => Cell::styled("valid", Style::new().green()),
        CertificateState::Expiring => Cell::styled("expiring", Style::new().yellow()),
        CertificateState::Expired => Cell::styled("expired", Style::new().red()),
    }
}
