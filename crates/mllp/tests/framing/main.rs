//! The crate as its users see it: any cut of any stream, there and back, and the codec under tokio-util.

mod codec;
mod cuts;
mod reference;
mod round_trip;
