//! Tests that need more than one module.

pub(crate) mod world;
