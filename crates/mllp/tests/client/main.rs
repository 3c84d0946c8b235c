//! The client over pipes and sockets: who it waits for, what it takes for an answer, when it closes.

mod connected;
mod simulated;
