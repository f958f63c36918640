//! Tests that need more than one module.

mod by_hand;
mod canary;
mod commands;
pub(crate) mod fake;
mod firing;
mod gates;
mod layers;
mod link;
mod mended;
mod patience;
mod replay;
mod rows;
mod screens;
mod style;
mod update;
mod waiting;
pub(crate) mod world;
