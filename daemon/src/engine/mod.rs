//! The engine: runs what the pure part decides.

pub mod check;
