//! A drawing backend of plotters that writes paths with a class where others write a colour.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::style::{Color, RGBColor, ShapeStyle};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind,
};

/// The size that is drawn on: whole numbers of it are a tenth of a pixel.
const SIZE: (u32, u32) = (9600, 2080);

/// What a line or an area is. Plotters carries it as a colour that no eye sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Grid,
    ReceivedArea,
    Received,
    Delivered,
    Before,
    Mark,
}

impl Class {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Grid, "grid"),
        (Self::ReceivedArea, "a-in"),
        (Self::Received, "l-in"),
        (Self::Delivered, "l-out"),
        (Self::Before, "ghost"),
        (Self::Mark, "ev"),
    ];

    fn carrier(self) -> RGBColor {
        RGBColor(self as u8, 0, 0)
    }

    pub(super) fn style(self) -> ShapeStyle {
        Color::stroke_width(&self.carrier(), 1)
    }

    pub(super) fn fill(self) -> ShapeStyle {
        self.carrier().filled()
    }

    fn name(color: BackendColor) -> &'static str {
        let found = Self::ALL.into_iter().find(|(class, _)| *class as u8 == color.rgb.0);
        found.map_or("grid", |(_, name)| name)
    }
}

/// The elements written so far.
#[derive(Debug, Default)]
pub(super) struct ClassedSvg {
    elements: String,
}

impl ClassedSvg {
    pub(super) fn view_box() -> String {
        format!("0 0 {} {}", SIZE.0, SIZE.1)
    }

    pub(super) fn into_elements(self) -> String {
        self.elements
    }

    /// The corners of a path are ours: nothing of them comes from outside.
    fn path(&mut self, class: &str, corners: impl IntoIterator<Item = BackendCoord>, end: &str) {
        let mut way = String::new();
        for (x, y) in corners {
            let letter = if way.is_empty() { 'M' } else { 'L' };
            let _infallible = write!(way, "{letter}{x} {y}");
        }
        let _infallible = write!(self.elements, "<path class=\"{class}\" d=\"{way}{end}\"/>");
    }
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for &mut ClassedSvg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        SIZE
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    /// Nothing is drawn by points.
    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Drawn {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.path(Class::name(style.color()), [from, to], "");
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.path(Class::name(style.color()), path, "");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.path(Class::name(style.color()), corners, "Z");
        Ok(())
    }
}
