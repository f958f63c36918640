//! What the tests and the demo stand on: the sandbox that plays both brokers, and a harness that
//! runs the real daemon against it.

pub mod bench;
pub mod crash;
pub mod day;
pub mod harness;
pub mod sandbox;
