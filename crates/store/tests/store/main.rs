//! The store as its users see it: what survives what, in which order things come, and what is refused.

mod acceptance;
mod site;
