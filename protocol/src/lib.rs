//! The words both sides of the socket share: ids, money, orders, accounts, plans, runs, checks, the
//! journal; the requests that name their reply types; the framing; and the async client.
//!
//! This crate knows neither the daemon nor the terminal: no store, no HTTP, no screen.

pub mod account;
pub mod audit;
pub mod calendar;
pub mod check;
pub mod client;
pub mod conn;
pub mod endpoint;
pub mod event;
pub mod failure;
pub mod frame;
pub mod halt;
pub mod house;
pub mod ids;
pub mod instrument;
pub mod key_text;
pub mod last_words;
pub mod money;
pub mod muster;
pub mod order;
mod params;
pub mod parts;
pub mod plan;
pub mod reply;
pub mod request;
pub mod run;
pub mod secret;
pub mod status;
pub mod tally;
pub mod time;
pub mod times;
pub mod valid;
pub mod vault;
pub mod version;
