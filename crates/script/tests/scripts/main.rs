//! What a script can do, what it cannot, and what becomes of it where it tries.

mod support;

mod limits;
mod messages;
mod peers;
mod state;
mod verdicts;
