//! Tests that need more than one layer: the pure domain over a log that may lose its last words, against
//! a broker that keeps the truth.

pub(crate) mod machine;
mod power;
pub(crate) mod truth;
