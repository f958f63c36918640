//! Tests that need more than one layer: the pure domain over a log that may lose its last words, against
//! a broker that keeps the truth.

pub(crate) mod machine;
mod power;
mod secrets;
pub(crate) mod truth;
