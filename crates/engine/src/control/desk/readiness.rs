//! Whether the engine takes messages. Cheap: asked every few seconds by whatever balances load.

use wardline_store::Intake;

use super::super::protocol::{NotReady, Readiness};
use super::{Desk, DeskError};

impl Desk {
    /// Whether the engine takes messages, and why not. A desk is there only behind bound listeners.
    pub(super) fn readiness(&self) -> Result<Readiness, DeskError> {
        let face = self.face().ok_or(DeskError::NotRunning)?;
        let leaving = face.drain.is_leaving().then_some(NotReady::Leaving);
        let draining = face.drain.is_draining().then_some(NotReady::Draining);
        let closed = not_open(*face.intake.borrow());
        Ok([leaving, draining, closed].into_iter().flatten().collect::<Vec<_>>().into())
    }
}

fn not_open(intake: Intake) -> Option<NotReady> {
    match intake {
        Intake::Open => None,
        Intake::NoSpace { .. } => Some(NotReady::NoSpace),
        Intake::Lagging { .. } => Some(NotReady::IndexLagging),
        Intake::Closed => Some(NotReady::StoreClosed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_of_a_closed_intake_has_its_code() {
        let codes = [
            Intake::NoSpace { free: 1, min_free: 2 },
            Intake::Lagging { bytes: 3 },
            Intake::Closed,
        ]
        .map(|intake| not_open(intake).map(NotReady::code));
        assert_eq!(codes, [Some("no-space"), Some("index-lagging"), Some("store-closed")]);
        assert_eq!(not_open(Intake::Open), None);
    }
}
