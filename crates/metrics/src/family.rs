//! One family of metrics: a name, what it measures, and its samples.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use wardline_engine::observe::{BOUNDS_MICROS, LatencyCounts};

/// Microseconds in a second.
const MICROS: f64 = 1_000_000.0;

/// Labels of one sample: names are the program's, values ids of the configuration or stable codes.
pub(crate) type Labels = Vec<(&'static str, String)>;

/// The text, family by family.
pub(crate) struct Page<'e>(DescriptorEncoder<'e>);

/// What a family is called and measures. Names are without prefix, unit and `_total`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) measure: Measure,
}

/// In what a family is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Things, counted.
    Count,
    /// Their bytes.
    Bytes,
    /// Time, or a moment since 1970.
    Seconds,
}

/// The value of a label, and the count that it stands for.
pub(crate) type Count<C> = (&'static str, fn(&C) -> u64);

/// Counters of one struct of counts, which are one family.
#[derive(Debug)]
pub(crate) struct Counted<C: 'static> {
    about: About,
    /// The label that tells them apart.
    label: Option<&'static str>,
    /// Its values, and where each count is.
    counts: &'static [Count<C>],
}

impl About {
    pub(crate) const fn count(name: &'static str, help: &'static str) -> Self {
        Self { name, help, measure: Measure::Count }
    }

    pub(crate) const fn bytes(name: &'static str, help: &'static str) -> Self {
        Self { name, help, measure: Measure::Bytes }
    }

    pub(crate) const fn seconds(name: &'static str, help: &'static str) -> Self {
        Self { name, help, measure: Measure::Seconds }
    }
}

impl<C> Counted<C> {
    /// A family of one counter.
    pub(crate) const fn one(about: About, count: &'static [Count<C>]) -> Self {
        Self { about, label: None, counts: count }
    }

    /// A family of several, which a label tells apart.
    pub(crate) const fn by(about: About, label: &'static str, counts: &'static [Count<C>]) -> Self {
        Self { about, label: Some(label), counts }
    }

    /// Writes them for every one of `rows`, which the label `of` tells apart.
    pub(crate) fn write<'r>(
        &self,
        of: &'static str,
        rows: impl IntoIterator<Item = (&'r str, &'r C)>,
        page: &mut Page<'_>,
    ) -> fmt::Result {
        let samples = rows.into_iter().flat_map(|(id, counts)| {
            self.counts.iter().map(move |(value, count)| {
                let mut labels = vec![(of, id.to_owned())];
                labels.extend(self.label.map(|label| (label, (*value).to_owned())));
                (labels, count(counts))
            })
        });
        page.counters(&self.about, samples)
    }
}

impl<'e> Page<'e> {
    pub(crate) fn new(encoder: DescriptorEncoder<'e>) -> Self {
        Self(encoder)
    }

    /// Counters: what only grows.
    pub(crate) fn counters(
        &mut self,
        about: &About,
        samples: impl IntoIterator<Item = (Labels, u64)>,
    ) -> fmt::Result {
        let unit = about.measure.unit();
        let mut family =
            self.0.encode_descriptor(about.name, about.help, unit.as_ref(), MetricType::Counter)?;
        samples.into_iter().try_for_each(|(labels, count)| {
            of(&mut family, &labels, |one| one.encode_counter::<NoLabelSet, _, u64>(&count, None))
        })
    }

    /// A counter of seconds, of which there are parts.
    pub(crate) fn seconds(&mut self, about: &About, seconds: f64) -> fmt::Result {
        let unit = about.measure.unit();
        let mut family =
            self.0.encode_descriptor(about.name, about.help, unit.as_ref(), MetricType::Counter)?;
        family.encode_counter::<NoLabelSet, _, u64>(&seconds, None)
    }

    /// Gauges: what goes up and down.
    pub(crate) fn gauges(
        &mut self,
        about: &About,
        samples: impl IntoIterator<Item = (Labels, f64)>,
    ) -> fmt::Result {
        let unit = about.measure.unit();
        let mut family =
            self.0.encode_descriptor(about.name, about.help, unit.as_ref(), MetricType::Gauge)?;
        samples.into_iter().try_for_each(|(labels, value)| {
            of(&mut family, &labels, |one| one.encode_gauge(&value))
        })
    }

    /// One gauge without labels.
    pub(crate) fn gauge(&mut self, about: &About, value: f64) -> fmt::Result {
        self.gauges(about, [(Labels::new(), value)])
    }

    /// Which of several states each is in: 1 for that, 0 for the others.
    pub(crate) fn states<'r>(
        &mut self,
        about: &About,
        of: &'static str,
        states: &[&'static str],
        rows: impl IntoIterator<Item = (&'r str, &'r str)>,
    ) -> fmt::Result {
        let samples = rows.into_iter().flat_map(|(id, now)| {
            states.iter().map(move |state| {
                let labels = vec![(of, id.to_owned()), ("state", (*state).to_owned())];
                (labels, f64::from(u8::from(now == *state)))
            })
        });
        self.gauges(about, samples)
    }

    /// How long something took.
    pub(crate) fn histograms(
        &mut self,
        about: &About,
        samples: impl IntoIterator<Item = (Labels, LatencyCounts)>,
    ) -> fmt::Result {
        let unit = about.measure.unit();
        let kind = MetricType::Histogram;
        let mut family = self.0.encode_descriptor(about.name, about.help, unit.as_ref(), kind)?;
        samples.into_iter().try_for_each(|(labels, counts)| {
            let bounds = BOUNDS_MICROS.iter().map(|bound| float(*bound) / MICROS);
            let buckets: Vec<_> = bounds.chain([f64::INFINITY]).zip(counts.steps).collect();
            let (sum, count) = (float(counts.micros) / MICROS, counts.count());
            family
                .encode_family(&labels)?
                .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
        })
    }
}

/// Writes one sample of a family: without braces where it has no labels.
fn of(
    family: &mut MetricEncoder<'_>,
    labels: &Labels,
    write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if labels.is_empty() { write(family) } else { write(&mut family.encode_family(labels)?) }
}

impl Measure {
    fn unit(self) -> Option<Unit> {
        match self {
            Self::Count => None,
            Self::Bytes => Some(Unit::Bytes),
            Self::Seconds => Some(Unit::Seconds),
        }
    }
}

/// A figure as Prometheus keeps all of them.
#[expect(clippy::cast_precision_loss, reason = "Prometheus keeps every figure as a float")]
pub(crate) fn float(figure: u64) -> f64 {
    figure as f64
}

/// A moment as seconds since 1970; none where the text is no moment.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
pub(crate) fn moment(text: Option<&str>) -> Option<f64> {
    let at: jiff::Timestamp = text?.parse().ok()?;
    Some(at.as_millisecond() as f64 / 1000.0)
}
