//! What the tests of Muster stand on: the sandbox that plays both brokers.

pub mod sandbox;
