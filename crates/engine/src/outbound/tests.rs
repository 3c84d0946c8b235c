//! The way out against real sockets, folders and a real store.

mod answers;
mod damage;
mod drains;
mod elsewhere;
mod expected;
mod faults;
mod folders;
mod handlers;
mod keys;
mod moving;
mod operators;
mod release_2;
mod sink;
mod site;
