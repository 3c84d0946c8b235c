//! The only door for whoever looks at the engine from outside: the command line now, the web page later.
//!
//! [`protocol`] is what is said through the door; [`desk`] does it against the store and the live pools;
//! [`socket`] is the unix socket `<data_dir>/control.sock` on which the command line reaches a running engine.
//! On a stopped store the command line builds a [`desk::Desk`] without pools and asks it the same requests.

pub mod protocol;
