//! What can be traded: shares by a short table, and the derivatives of the months at hand.
//! It knows both brokers' names for the same thing, and nothing about orders.

mod contract;
mod price;

use jiff::Timestamp;
use jiff::civil::Date;

pub(crate) use self::contract::Underlying;
pub(crate) use self::price::{OFFERED, Prices, VOLUME};
use super::clock::{day_number, ist};
use super::hours::Class;
use super::money::Paise;

/// One tradable thing, by both brokers' names.
#[derive(Debug, Clone)]
pub(crate) struct Instrument {
    pub(crate) exchange: &'static str,
    pub(crate) kind: Kind,
    /// The share or index itself.
    pub(crate) name: &'static str,
    pub(crate) kite_symbol: String,
    pub(crate) angel_symbol: String,
    pub(crate) token: u32,
    pub(crate) lot: u32,
    pub(crate) tick: Paise,
    pub(crate) prices: Prices,
}

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Share,
    Future { on: Underlying, expiry: Date },
    Option { on: Underlying, expiry: Date, strike: Paise, right: &'static str },
}

/// The instruments of one sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    rows: Vec<Instrument>,
    /// The day up to which contracts have been listed.
    day: Option<i64>,
}

impl Market {
    /// The shares alone; `roll` lists the contracts.
    pub(crate) fn standard() -> Self {
        Self { rows: shares().collect(), day: None }
    }

    /// Lists what an exchange would have listed by `now`. What has expired stays, for the positions
    /// in it, but leaves the dumps.
    pub(crate) fn roll(&mut self, now: Timestamp) {
        let day = day_number(now);
        if self.day != Some(day) {
            self.day = Some(day);
            contract::list(&mut self.rows, ist(now).date());
        }
    }

    /// What the brokers' dumps of this day hold.
    pub(crate) fn listed(&self, now: Timestamp) -> impl Iterator<Item = &Instrument> {
        let today = ist(now).date();
        self.rows.iter().filter(move |row| row.kind.expiry().is_none_or(|expiry| expiry >= today))
    }

    pub(crate) fn by_kite(&self, exchange: &str, symbol: &str) -> Option<&Instrument> {
        self.rows.iter().find(|row| row.exchange == exchange && row.kite_symbol == symbol)
    }

    pub(crate) fn by_kite_token(&self, token: u32) -> Option<&Instrument> {
        self.rows.iter().find(|row| row.kite_token() == token)
    }

    pub(crate) fn by_angel(&self, exchange: &str, symbol: &str) -> Option<&Instrument> {
        self.rows.iter().find(|row| row.exchange == exchange && row.angel_symbol == symbol)
    }

    pub(crate) fn ltp(&self, exchange: &str, token: u32) -> Option<Paise> {
        self.row(exchange, token).map(Instrument::ltp)
    }

    pub(crate) fn row(&self, exchange: &str, token: u32) -> Option<&Instrument> {
        self.rows.iter().find(|row| row.exchange == exchange && row.token == token)
    }

    /// What bears a name that begins with `text`, by Angel One's names, as its search gives it.
    pub(crate) fn search(&self, exchange: &str, text: &str) -> Vec<&Instrument> {
        let text = text.to_ascii_uppercase();
        let found = self.rows.iter().filter(|row| row.exchange == exchange);
        found.filter(|row| row.angel_symbol.starts_with(&text)).take(SEARCH_LIMIT).collect()
    }

    /// Sets a price by either broker's symbol; false if nothing bears it.
    pub(crate) fn set_ltp(&mut self, exchange: &str, symbol: &str, ltp: Paise) -> bool {
        let named = |row: &&mut Instrument| {
            row.exchange == exchange && (row.kite_symbol == symbol || row.angel_symbol == symbol)
        };
        self.rows.iter_mut().find(named).map(|row| row.prices.trade(ltp)).is_some()
    }
}

impl Instrument {
    /// The last traded price.
    pub(crate) const fn ltp(&self) -> Paise {
        self.prices.last
    }

    /// By which hours it trades on the day of `now`.
    pub(crate) fn class(&self, now: Timestamp) -> Class {
        match self.kind {
            Kind::Share if has_contracts(self.name) && self.exchange == "NSE" => {
                Class::AuctionShare
            }
            Kind::Share => Class::Share,
            Kind::Future { on: Underlying::Index, expiry }
            | Kind::Option { on: Underlying::Index, expiry, .. }
                if expiry == ist(now).date() =>
            {
                Class::LastDayOfIndex
            }
            Kind::Future { .. } | Kind::Option { .. } => Class::Contract,
        }
    }

    /// Lowest and highest price an order may name today.
    pub(crate) fn band(&self) -> (Paise, Paise) {
        self.prices.band(matches!(self.kind, Kind::Option { .. }), self.tick)
    }

    /// Kite's instrument token: the exchange token with the segment in the low byte.
    pub(crate) fn kite_token(&self) -> u32 {
        let segment = match self.exchange {
            "NSE" => 1,
            "NFO" => 2,
            "BSE" => 4,
            _ => 7,
        };
        self.token * 256 + segment
    }
}

impl Kind {
    pub(crate) const fn expiry(&self) -> Option<Date> {
        match self {
            Self::Share => None,
            Self::Future { expiry, .. } | Self::Option { expiry, .. } => Some(*expiry),
        }
    }
}

fn has_contracts(name: &str) -> bool {
    SHARES.iter().any(|&(_, share, _, lot, _)| share == name && lot > 0)
}

/// A made-up number of the right shape.
pub(crate) fn isin(token: u32) -> String {
    format!("INE{token:06}010")
}

fn shares() -> impl Iterator<Item = Instrument> {
    SHARES.iter().map(|&(exchange, name, token, _, ltp)| {
        let series = if exchange == "NSE" { "-EQ" } else { "" };
        Instrument {
            exchange,
            kind: Kind::Share,
            name,
            kite_symbol: name.to_owned(),
            angel_symbol: format!("{name}{series}"),
            token,
            lot: 1,
            tick: tick_at(Paise(ltp)),
            prices: Prices::opening(Paise(ltp)),
        }
    })
}

/// The NSE's tick by price, which it sets anew each month.
const fn tick_at(price: Paise) -> Paise {
    Paise(match price.0 {
        ..25_000 => 1,
        25_000..100_000 => 5,
        100_000..500_000 => 10,
        500_000..1_000_000 => 50,
        1_000_000..2_000_000 => 100,
        _ => 500,
    })
}

const SEARCH_LIMIT: usize = 50;

/// Exchange, name, token, the lot of its contracts (0: it has none), price in paise.
/// Tokens are the real ones; lots and prices are of the right size and no more.
type Row = (&'static str, &'static str, u32, u32, i64);

const SHARES: &[Row] = &[
    ("NSE", "SBIN", 3045, 750, 81_240),
    ("NSE", "RELIANCE", 2885, 500, 148_750),
    ("NSE", "TATASTEEL", 3499, 5500, 15_670),
    ("NSE", "INFY", 1594, 400, 152_310),
    ("NSE", "HDFCBANK", 1333, 550, 98_465),
    ("NSE", "ICICIBANK", 4963, 700, 138_220),
    ("NSE", "TCS", 11_536, 175, 311_400),
    ("NSE", "ITC", 1660, 1600, 40_485),
    ("NSE", "AXISBANK", 5900, 625, 123_710),
    ("NSE", "KOTAKBANK", 1922, 400, 210_535),
    ("NSE", "LT", 11_483, 175, 398_120),
    ("NSE", "WIPRO", 3787, 3000, 24_590),
    ("NSE", "ONGC", 2475, 2250, 24_815),
    ("NSE", "NTPC", 11_630, 1500, 32_645),
    ("NSE", "IDEA", 14_366, 71_475, 1_012),
    ("NSE", "BHARTIARTL", 10_604, 475, 209_830),
    ("NSE", "M&M", 2031, 200, 369_340),
    ("NSE", "NIFTYBEES", 10_576, 0, 29_385),
    ("NSE", "GOLDBEES", 14_428, 0, 10_247),
    ("BSE", "SBIN", 500_112, 0, 81_235),
    ("BSE", "RELIANCE", 500_325, 0, 148_745),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn market(at: &str) -> (Market, Timestamp) {
        let (mut market, now) = (Market::standard(), at.parse().unwrap());
        market.roll(now);
        (market, now)
    }

    #[test]
    fn three_months_of_futures_are_listed_under_both_names() {
        let (market, _) = market("2026-11-23T15:08:00+05:30");
        let names = [
            ("NIFTY26NOVFUT", "NIFTY23NOV26FUT"),
            ("NIFTY26DECFUT", "NIFTY29DEC26FUT"),
            ("BANKNIFTY27JANFUT", "BANKNIFTY25JAN27FUT"),
            ("M&M26DECFUT", "M&M29DEC26FUT"),
            ("NIFTY26NOV26000CE", "NIFTY23NOV2626000CE"),
        ];
        for (kite, angel) in names {
            let row = market.by_kite("NFO", kite).unwrap_or_else(|| panic!("{kite}"));
            assert_eq!(row.angel_symbol, angel);
        }
        assert!(market.by_kite("NFO", "NIFTY27FEBFUT").is_none());
    }

    #[test]
    fn tokens_and_symbols_are_unique_however_the_clock_moves() {
        let (mut market, _) = market("2026-11-23T15:08:00+05:30");
        for at in ["2026-12-30T09:00:00+05:30", "2026-11-01T09:00:00+05:30"] {
            market.roll(at.parse().unwrap());
        }
        let tokens: BTreeSet<_> = market.rows.iter().map(|row| (row.exchange, row.token)).collect();
        let names: BTreeSet<_> =
            market.rows.iter().map(|row| (row.exchange, &row.angel_symbol)).collect();
        assert_eq!((tokens.len(), names.len()), (market.rows.len(), market.rows.len()));
    }

    #[test]
    fn what_has_expired_leaves_the_dump_and_keeps_its_price() {
        let (mut market, before) = market("2026-11-23T15:08:00+05:30");
        assert!(market.listed(before).any(|row| row.kite_symbol == "NIFTY26NOVFUT"));
        let after = "2026-11-25T09:00:00+05:30".parse().unwrap();
        market.roll(after);
        assert!(!market.listed(after).any(|row| row.kite_symbol == "NIFTY26NOVFUT"));
        let token = market.by_kite("NFO", "NIFTY26NOVFUT").unwrap().token;
        assert!(market.ltp("NFO", token).is_some());
    }
}
