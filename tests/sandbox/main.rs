//! The sandbox seen from outside, over real sockets, with the clock standing where a test puts it.

mod angel_one;
#[cfg(test)]
mod client;
mod control;
mod fault;
mod kite;
