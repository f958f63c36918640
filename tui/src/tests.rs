//! Tests that need more than one module.

mod by_hand;
mod canary;
mod commands;
pub(crate) mod fake;
mod firing;
mod layers;
mod link;
mod replay;
mod screens;
mod update;
mod waiting;
pub(crate) mod world;
