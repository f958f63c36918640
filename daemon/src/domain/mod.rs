//! The pure part: what is decided, with no IO, no clock, no randomness.

pub mod instrument;
