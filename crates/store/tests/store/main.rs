//! The store as its users see it: what survives what, in which order things come, and what is refused.

mod acceptance;
mod faults;
mod index_loss;
mod opening;
mod power_cut;
mod retention;
mod site;
mod windows;
