//! What a broker stands before: the market, its hours and prices, and the orders in it.
//! It knows both brokers' words for an order and nothing of HTTP.

pub(crate) mod book;
pub(crate) mod check;
pub(crate) mod clock;
pub(crate) mod hours;
pub(crate) mod market;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod position;
