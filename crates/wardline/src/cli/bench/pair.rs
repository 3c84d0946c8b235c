//! A measurement beside its reference, taken in turns so that both see the same machine.

use serde::Serialize;

use super::error::BenchError;

/// The medians of what was measured in turns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Pair {
    /// Of the reference.
    pub(super) reference: f64,
    /// Of the engine.
    pub(super) engine: f64,
    /// Of the ratios of each turn.
    pub(super) ratio: f64,
}

impl Pair {
    /// Measures both `turns` times, one after the other.
    pub(super) fn measure(
        turns: u32,
        mut reference: impl FnMut() -> Result<f64, BenchError>,
        mut engine: impl FnMut() -> Result<f64, BenchError>,
    ) -> Result<Self, BenchError> {
        let mut figures = Vec::new();
        for _ in 0..turns {
            figures.push((reference()?, engine()?));
        }
        Ok(Self::of(&figures))
    }

    /// Of figures that were measured in turns, each reference with the engine's.
    pub(super) fn of(figures: &[(f64, f64)]) -> Self {
        let of = |figure: fn(&(f64, f64)) -> f64| median(figures.iter().map(figure).collect());
        Self {
            reference: of(|&(reference, _)| reference),
            engine: of(|&(_, engine)| engine),
            ratio: of(|&(reference, engine)| engine / reference),
        }
    }
}

/// The middle one; 0 of none.
pub(super) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_each_turn_counts() {
        let pair = Pair::of(&[(100.0, 80.0), (10.0, 9.0), (100.0, 70.0)]);
        assert_eq!(pair, Pair { reference: 100.0, engine: 70.0, ratio: 0.8 });
    }
}
