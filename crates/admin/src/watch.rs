//! Watching the engine: what the pages, the live streams and the API show of it is what the watch saw last.
//!
//! [`sampler`] looks, [`interface`] and [`series`] remember, [`condition`] gives a state its word, [`snapshot`] is what
//! is handed around.

pub(crate) mod condition;
pub(crate) mod interface;
pub(crate) mod sampler;
pub(crate) mod series;
pub(crate) mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
