//! Tests that need more than one module.

mod by_hand;
mod canary;
pub(crate) mod fake;
mod link;
mod replay;
mod screens;
mod update;
pub(crate) mod world;
