//! A broker's order book and trades as the domain reads them, and what they say of an intent.

use std::collections::BTreeMap;

use muster_protocol::ids::{OrderId, OrderTag};
use muster_protocol::money::{Paise, Quantity};
use muster_protocol::order::{Exchange, Side};
use serde::{Deserialize, Serialize};

use super::tag::PREFIX;

/// What became of an order at the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Taken in, on its way to the exchange; also every word no table knows.
    Pending,
    /// Working at the exchange.
    Open,
    /// All of it filled.
    Filled,
    /// Rejected by the broker's risk check or the exchange.
    Rejected,
    /// Cancelled, perhaps partly filled.
    Cancelled,
}

impl OrderState {
    /// Nothing more will become of it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Rejected | Self::Cancelled)
    }
}

/// A row of the broker's order book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookRow {
    /// The broker's number.
    pub order_id: OrderId,
    /// Every tag the row carries, ours among them if it is ours.
    pub tags: Vec<String>,
    /// Where it trades.
    pub exchange: Option<Exchange>,
    /// The broker's symbol.
    pub symbol: Option<String>,
    /// The broker's token for it.
    pub token: Option<String>,
    /// What became of it.
    pub state: OrderState,
    /// The broker's word for that, lower case.
    pub status: String,
    /// Units filled so far.
    pub filled: u32,
    /// Units ordered.
    pub quantity: Option<Quantity>,
    /// The average price of what was filled.
    pub average: Option<Paise>,
    /// Buy or sell.
    pub side: Option<Side>,
    /// The broker's text about it, for example why it was rejected; scrubbed.
    pub text: Option<String>,
}

/// One fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// The order it belongs to.
    pub order_id: OrderId,
    /// Units.
    pub quantity: u32,
}

/// How far an order has come, as an intent keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What became of it.
    pub state: OrderState,
    /// Units filled.
    pub filled: u32,
    /// Their average price.
    pub average: Option<Paise>,
    /// The broker's text about it.
    pub text: Option<String>,
}

impl From<&BookRow> for Progress {
    fn from(row: &BookRow) -> Self {
        Self { state: row.state, filled: row.filled, average: row.average, text: row.text.clone() }
    }
}

/// A book in which an intent's rows are found by the part of the tag before the attempt, so that every
/// attempt is seen, or by the broker's number.
#[derive(Debug)]
pub struct Book<'a> {
    by_prefix: BTreeMap<&'a str, Vec<&'a BookRow>>,
    by_id: BTreeMap<&'a str, &'a BookRow>,
    all: &'a [BookRow],
}

impl<'a> Book<'a> {
    /// Sorts the rows.
    pub fn new(rows: &'a [BookRow]) -> Self {
        let mut by_prefix: BTreeMap<&str, Vec<&BookRow>> = BTreeMap::new();
        let mut by_id = BTreeMap::new();
        for row in rows {
            by_id.insert(row.order_id.0.as_str(), row);
            for prefix in row.tags.iter().filter_map(|tag| tag.get(..PREFIX)) {
                let rows = by_prefix.entry(prefix).or_default();
                if !rows.iter().any(|known| known.order_id == row.order_id) {
                    rows.push(row);
                }
            }
        }
        Self { by_prefix, by_id, all: rows }
    }

    /// Every row.
    pub const fn all(&self) -> &'a [BookRow] {
        self.all
    }

    /// Every row of the intent with this tag, whatever the attempt.
    pub fn rows(&self, tag: &OrderTag) -> &[&'a BookRow] {
        let prefix = tag.0.get(..PREFIX).unwrap_or(&tag.0);
        self.by_prefix.get(prefix).map_or(&[], Vec::as_slice)
    }

    /// The order with this number.
    pub fn order(&self, id: &OrderId) -> Option<&'a BookRow> {
        self.by_id.get(id.0.as_str()).copied()
    }
}
