//! The pure part: what is decided, with no IO, no clock, no randomness. Time is an argument, and
//! every durable change is a [`record::Record`] applied by one transition function a machine, live
//! and at replay alike.
#![warn(clippy::indexing_slicing, clippy::wildcard_enum_match_arm)]

pub mod absence;
pub mod account;
pub mod archive;
pub mod barred;
pub mod book;
pub mod calendar;
pub mod check;
pub mod clock_guard;
pub mod effect;
pub mod egress;
pub mod findings;
pub mod flight;
pub mod illegal;
pub mod instrument;
pub mod intent;
pub mod keyring;
pub mod likeness;
pub mod limits;
pub mod lists;
pub mod model;
pub mod msg;
pub mod muster;
pub mod person;
pub mod plan;
pub mod price;
pub mod record;
pub mod report;
pub mod roster;
pub mod run;
mod runs;
pub mod schedule;
pub mod session;
pub mod settings;
pub mod tag;
pub mod tally;
pub mod update;
pub mod vet;
pub mod view;
pub mod watch;
pub mod working;

#[cfg(test)]
pub(crate) mod tests;
