//! An instrument as one broker names it.

use muster_protocol::money::{Paise, Quantity};
use muster_protocol::order::Exchange;
use serde::{Deserialize, Serialize};

/// An instrument at one broker, from its daily dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Where it trades.
    pub exchange: Exchange,
    /// The exchange's symbol, as a plan's leg names it.
    pub symbol: String,
    /// The broker's symbol for it (Angel One adds a series: `SBIN-EQ`).
    pub broker_symbol: String,
    /// The broker's token for it; reused after expiry, so never kept over a day.
    pub token: String,
    /// The smallest price step.
    pub tick: Paise,
    /// Units a lot; 1 for shares.
    pub lot: Quantity,
}
