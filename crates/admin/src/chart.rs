//! Charts, drawn on the server: plotters places what is drawn, and what it draws is written as SVG with classes.
//!
//! The style sheet gives a class its colour, so that one drawing serves light and dark, and no style stands inline. The
//! SVG stretches to its place and its lines do not; words stay outside of it, where they never stretch.

mod svg;

use jiff::Timestamp;
use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{AreaSeries, ChartBuilder, DrawingArea, IntoDrawingArea, LineSeries};

use self::svg::{Class, ClassedSvg};

/// One line of a chart, as (seconds before its right edge, how much) with the oldest first.
pub(crate) type Points = Vec<(f64, f64)>;

/// A chart of what came in and what went out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    /// Seconds from its left edge to its right.
    pub(crate) range: f64,
    /// The top of its axis.
    pub(crate) top: f64,
    /// The area.
    pub(crate) received: Points,
    /// The line.
    pub(crate) delivered: Points,
    /// What it was like before, dashed.
    pub(crate) before: Points,
    /// Where something happened: seconds before the right edge.
    pub(crate) marks: Vec<f64>,
    /// What it shows, in words.
    pub(crate) finding: String,
}

/// The lines of the grid beside zero.
const GRID: u32 = 4;

/// The smallest number at or above the highest value that divides into the grid well: 4, 8, 20, 40, 80, 200 …
pub(crate) fn axis_top(highest: f64) -> f64 {
    let mut top = f64::from(GRID);
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if top >= highest {
            break;
        }
        top *= factor;
    }
    top
}

/// The labels of the axis, the highest first.
pub(crate) fn axis_labels(top: f64) -> Vec<String> {
    (0..=GRID)
        .rev()
        .map(|line| {
            let value = top * f64::from(line) / f64::from(GRID);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number of messages"
            )]
            crate::words::count(value.round() as u64)
        })
        .collect()
}

impl Chart {
    /// The drawing alone, to be put in a `.plot`.
    pub(crate) fn svg(&self) -> Markup {
        let mut out = ClassedSvg::default();
        // Writing text does not fail; an empty drawing is what a fault would leave.
        let _drawn = self.draw(&mut out);
        html! {
            svg viewBox=(ClassedSvg::view_box()) preserveAspectRatio="none" role="img" aria-label=(self.finding) {
                (PreEscaped(out.into_elements()))
            }
        }
    }

    fn draw(
        &self,
        out: &mut ClassedSvg,
    ) -> Result<(), DrawingAreaErrorKind<std::convert::Infallible>> {
        let area: DrawingArea<_, Shift> = out.into_drawing_area();
        let mut chart =
            ChartBuilder::on(&area).build_cartesian_2d(-self.range..0.0, 0.0..self.top)?;
        for line in 0..=GRID {
            let y = self.top * f64::from(line) / f64::from(GRID);
            chart
                .draw_series(LineSeries::new([(-self.range, y), (0.0, y)], Class::Grid.style()))?;
        }
        let points = |points: &Points| -> Points {
            points.iter().map(|(ago, value)| (-ago, *value)).collect()
        };
        if !self.received.is_empty() {
            let received = points(&self.received);
            chart.draw_series(AreaSeries::new(received, 0.0, Class::ReceivedArea.fill()))?;
        }
        for (line, class) in [
            (&self.before, Class::Before),
            (&self.received, Class::Received),
            (&self.delivered, Class::Delivered),
        ] {
            if !line.is_empty() {
                chart.draw_series(LineSeries::new(points(line), class.style()))?;
            }
        }
        for ago in &self.marks {
            let mark = [(-ago, 0.0), (-ago, self.top)];
            chart.draw_series(LineSeries::new(mark, Class::Mark.style()))?;
        }
        area.present()
    }
}

/// The small chart of a row: the last hour, the part in which it stands badly in the colour of that.
pub(crate) fn spark(
    minutes: &[u32],
    bad_since: Option<Timestamp>,
    now: Timestamp,
    is_warning: bool,
) -> Markup {
    const WIDTH: f64 = 72.0;
    const HEIGHT: f64 = 20.0;
    const MINUTES: usize = 60;
    // The minute of now is not over: what stands in it would be a fall.
    let minutes = minutes.split_last().map_or(minutes, |(_now, over)| over);
    let highest = minutes.iter().copied().max().unwrap_or(0).max(1);
    let point = |(place, count): (usize, &u32)| {
        let place = u32::try_from(place + MINUTES - minutes.len().min(MINUTES)).unwrap_or(0);
        let x = WIDTH * f64::from(place) / 59.0;
        let y = HEIGHT - 1.0 - (HEIGHT - 4.0) * f64::from(*count) / f64::from(highest);
        format!("{x:.1} {y:.1}")
    };
    let points: Vec<String> = minutes.iter().enumerate().map(point).collect();
    let bad = bad_since.map_or(0, |since| {
        usize::try_from(crate::words::since(since, now) / 60).unwrap_or(MINUTES) + 1
    });
    let turn = points.len().saturating_sub(bad);
    let (well, badly) = points.split_at(turn);
    let badly: Vec<&String> = well.last().into_iter().chain(badly).collect();
    let is_flat = minutes.iter().all(|count| *count == 0);
    let finding =
        if is_flat { "No messages in the last hour" } else { "Messages of the last hour" };
    html! {
        svg class=(if is_warning { "spark warn" } else { "spark" }) viewBox="0 0 72 20" preserveAspectRatio="none" role="img" aria-label=(finding) {
            path class="base" d="M0 19.5H72" {}
            @if well.len() > 1 { path d={ "M" (well.join(" ")) } {} }
            @if bad > 0 && badly.len() > 1 {
                path class="now" d={ "M" (badly.into_iter().cloned().collect::<Vec<_>>().join(" ")) } {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        Chart {
            range: 3600.0,
            top: 8.0,
            received: vec![(3600.0, 0.0), (1800.0, 8.0), (0.0, 4.0)],
            delivered: vec![(3600.0, 2.0), (0.0, 2.0)],
            before: Vec::new(),
            marks: vec![900.0],
            finding: "Received <peaks> at 8".to_owned(),
        }
    }

    #[test]
    fn a_chart_is_drawn_in_classes_and_without_a_colour_of_its_own() {
        let svg = chart().svg().into_string();
        for class in ["grid", "a-in", "l-in", "l-out", "ev"] {
            assert!(svg.contains(&format!("class=\"{class}\"")), "{class}: {svg}");
        }
        assert!(!svg.contains("ghost"), "there is nothing before it");
        for inline in ["style=", "#", "rgb"] {
            assert!(!svg.contains(inline), "{inline}: {svg}");
        }
        assert!(svg.contains("aria-label=\"Received &lt;peaks&gt; at 8\""));
    }

    #[test]
    fn the_highest_value_touches_the_top_and_zero_the_ground() {
        let svg = chart().svg().into_string();
        let line = svg.split("class=\"l-in\" d=\"").nth(1).and_then(|rest| rest.split('"').next());
        let line = line.expect("a line");
        assert!(line.starts_with("M0 20"), "zero is at the ground: {line}");
        let highest = line.split('L').nth(1).expect("a second point");
        assert!(highest.ends_with(" 0"), "the highest is at the top: {highest}");
    }

    #[test]
    fn the_axis_begins_at_zero_and_has_whole_numbers() {
        assert_eq!(axis_labels(axis_top(0.0)), ["4", "3", "2", "1", "0"]);
        assert_eq!(axis_labels(axis_top(1550.0)), ["2,000", "1,500", "1,000", "500", "0"]);
        assert_eq!(axis_labels(axis_top(3.0)), ["4", "3", "2", "1", "0"]);
    }

    #[test]
    fn the_part_of_a_spark_in_which_it_stands_badly_is_a_line_of_its_own() {
        let now = Timestamp::from_second(3600).expect("a moment");
        let since = Timestamp::from_second(1800).expect("a moment");
        let drawn = spark(&[3; 60], Some(since), now, false).into_string();
        assert!(drawn.contains("class=\"now\""));
        assert!(!spark(&[3; 60], None, now, false).into_string().contains("class=\"now\""));
        assert!(spark(&[], None, now, true).into_string().contains("No messages"));
    }
}
