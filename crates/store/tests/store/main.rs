//! The store as its users see it: what survives what, in which order things come, and what is refused.

#![expect(clippy::panic, reason = "tests fail by it, in functions they share too")]

mod acceptance;
mod damage;
mod faults;
mod history;
mod index_loss;
mod opening;
mod power_cut;
mod recent;
mod refused;
mod replayed;
mod retention;
mod search;
mod site;
mod versions;
mod warnings;
mod windows;
