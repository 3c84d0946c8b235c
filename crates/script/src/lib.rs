//! Lua in a sandbox: handlers and transforms that an analyst writes.
//!
//! ```text
//!   Script ── text, checked when the configuration is loaded; its limits
//!      │ one for each thread that runs it
//!      ▼
//!   Interpreter ── handle(message) ──▶ Outcome: accept, reject, fail, emit        Fault: answered AE
//!               └─ transform(message) ──▶ the message as it is then               Fault: answered AE
//! ```
//!
//! What a script costs is bounded whatever it does: its time, its instructions, its memory, and what it logs, emits and
//! connects to (BOUND-1). No `pcall` of the script's catches the end of a run, and nothing that it can call runs for
//! long in C, where no count of instructions would see it: see [`sandbox`] for each of those ways and how it is shut.
//!
//! This crate alone names Lua. It has no socket: how a peer is reached is an argument ([`Peers`]), so that a script can
//! be tried without one.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod fault;
mod host;
mod interpreter;
mod limits;
mod pattern;
mod peers;
mod run;
mod sandbox;
mod script;
mod settling;
mod workers;

pub use fault::{Fault, LoadFault, ScriptFault};
pub use interpreter::{Around, From, Interpreter, LogLevel, Outcome, Say};
pub use limits::Limits;
pub use peers::{Peer, Peers, Simulated};
pub use script::{Role, Script};
pub use workers::Workers;
