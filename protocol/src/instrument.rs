//! An instrument as it is looked up: by the exchange's own symbol, whatever a broker calls it.

use serde::{Deserialize, Serialize};

use crate::money::{Paise, Quantity};
use crate::order::{Broker, Exchange};

/// The most rows of one search.
pub const MAX_FOUND: u32 = 200;

/// One instrument a plan can name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentView {
    /// Where it trades.
    pub exchange: Exchange,
    /// The symbol a plan names it by, for example `SBIN` or `NIFTY26NOVFUT`.
    pub symbol: String,
    /// What it is a contract on, or the company, as a broker's list has it.
    pub name: String,
    /// The smallest price step.
    pub tick: Paise,
    /// Units a lot; 1 for shares.
    pub lot: Quantity,
    /// The brokers whose list of today has it.
    pub brokers: Vec<Broker>,
}
