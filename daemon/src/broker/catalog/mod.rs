//! A broker's list of instruments, compact: one sorted text with a line each, on disk and in memory
//! alike, and one name for each instrument that is the same at every broker. Knows no disk.

mod build;
mod file;
mod search;

#[cfg(test)]
mod tests;

use muster_protocol::money::{Paise, Quantity};
use muster_protocol::order::Exchange;
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::build::{Builder, Entry, Fit};
pub use self::file::BadFile;
use crate::domain::instrument::Instrument;

/// By what a server knows a file again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Validators {
    /// Its `ETag`.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub modified: Option<String>,
}

/// When a list came, and when it was last the broker's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When it was downloaded.
    pub loaded: Timestamp,
    /// When the broker last said that it still is its list.
    pub checked: Timestamp,
    /// By what the broker knows it.
    pub validators: Validators,
}

/// A list without its history: sorted lines and where each begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    text: String,
    starts: Vec<u32>,
}

/// A list that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalog {
    /// When it came.
    pub stamp: Stamp,
    /// What is in it.
    pub listing: Listing,
}

/// A list just downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// What is in it.
    pub listing: Listing,
    /// By what the broker will know it.
    pub validators: Validators,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The instrument.
    pub instrument: Instrument,
    /// What it is a contract on, or the company.
    pub name: String,
}

/// The segments a list is kept of.
const EXCHANGES: [Exchange; 6] =
    [Exchange::Nse, Exchange::Bse, Exchange::Nfo, Exchange::Bfo, Exchange::Mcx, Exchange::Cds];

/// The segment of a code.
pub(super) fn exchange(code: &str) -> Option<Exchange> {
    EXCHANGES.into_iter().find(|exchange| exchange.code() == code)
}

impl Listing {
    /// Takes sorted lines over.
    fn of(text: String) -> Option<Self> {
        let mut starts = Vec::new();
        let mut at = 0_usize;
        for line in text.split_inclusive('\n') {
            starts.push(u32::try_from(at).ok()?);
            at = at.checked_add(line.len())?;
        }
        Some(Self { text, starts })
    }

    /// How many instruments there are.
    pub const fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The instrument of this symbol.
    pub fn find(&self, exchange: Exchange, symbol: &str) -> Option<Instrument> {
        let wanted = (exchange.code(), symbol);
        let at = self.starts.partition_point(|start| key(self.line(*start)) < wanted);
        let line = self.line(*self.starts.get(at)?);
        (key(line) == wanted).then(|| read(line)).flatten().map(|listed| listed.instrument)
    }

    /// Every instrument, in order.
    pub fn iter(&self) -> impl Iterator<Item = Listed> + '_ {
        self.text.lines().filter_map(read)
    }

    fn line(&self, start: u32) -> &str {
        let from = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = self.text.get(from..).unwrap_or_default();
        rest.split_once('\n').map_or(rest, |(line, _)| line)
    }
}

/// What lines are sorted by.
fn key(line: &str) -> (&str, &str) {
    let mut fields = line.split('\t');
    (fields.next().unwrap_or_default(), fields.next().unwrap_or_default())
}

/// Exchange, symbol, the broker's symbol if it is another, token, tick, lot, name.
fn write(listed: &Listed) -> String {
    let Listed { instrument: row, name } = listed;
    let own = if row.broker_symbol == row.symbol { "" } else { &row.broker_symbol };
    let (exchange, tick) = (row.exchange.code(), row.tick.0);
    format!("{exchange}\t{}\t{own}\t{}\t{tick}\t{}\t{name}", row.symbol, row.token, row.lot)
}

fn read(line: &str) -> Option<Listed> {
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let exchange = exchange(next()?)?;
    let symbol = next()?;
    let own = Some(next()?).filter(|own| !own.is_empty()).unwrap_or(symbol);
    let token = next()?;
    let tick = next()?.parse().ok().map(Paise)?;
    let lot = next()?.parse().ok().and_then(|units: u32| Quantity::try_from(units).ok())?;
    let name = next()?;
    if next().is_some() {
        return None;
    }
    let instrument = Instrument {
        exchange,
        symbol: symbol.to_owned(),
        broker_symbol: own.to_owned(),
        token: token.to_owned(),
        tick,
        lot,
    };
    Some(Listed { instrument, name: name.to_owned() })
}
