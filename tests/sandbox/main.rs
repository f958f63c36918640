//! The sandbox seen from outside, over real sockets, with the clock standing where a test puts it.

mod angel_one;
#[cfg(test)]
mod answers;
mod binary;
#[cfg(test)]
mod client;
mod control;
#[cfg(test)]
mod extras;
mod fault;
#[cfg(test)]
mod hours;
mod instruments;
mod kite;
#[cfg(test)]
mod life;
#[cfg(test)]
mod portal;
#[cfg(test)]
mod postback;
#[cfg(test)]
mod slices;
#[cfg(test)]
mod tls;
