//! What can be traded: a short table of instruments with a price each.
//! It knows both brokers' names for the same thing, and nothing about orders.

use super::money::Paise;

/// One tradable thing, by both brokers' names.
#[derive(Debug, Clone)]
pub(crate) struct Instrument {
    pub(crate) exchange: &'static str,
    pub(crate) kite_symbol: &'static str,
    pub(crate) angel_symbol: &'static str,
    pub(crate) token: u32,
    pub(crate) lot: u32,
    pub(crate) ltp: Paise,
}

/// The instruments of one sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Market(Vec<Instrument>);

impl Market {
    pub(crate) fn standard() -> Self {
        let row = |&(exchange, kite_symbol, angel_symbol, token, lot, ltp): &Row| Instrument {
            exchange,
            kite_symbol,
            angel_symbol,
            token,
            lot,
            ltp: Paise(ltp),
        };
        Self(TABLE.iter().map(row).collect())
    }

    pub(crate) fn by_kite(&self, exchange: &str, symbol: &str) -> Option<&Instrument> {
        self.0.iter().find(|row| row.exchange == exchange && row.kite_symbol == symbol)
    }

    pub(crate) fn by_angel(&self, exchange: &str, symbol: &str) -> Option<&Instrument> {
        self.0.iter().find(|row| row.exchange == exchange && row.angel_symbol == symbol)
    }

    pub(crate) fn ltp(&self, exchange: &str, token: u32) -> Option<Paise> {
        self.row(exchange, token).map(|row| row.ltp)
    }

    pub(crate) fn row(&self, exchange: &str, token: u32) -> Option<&Instrument> {
        self.0.iter().find(|row| row.exchange == exchange && row.token == token)
    }

    /// Sets a price by either broker's symbol; false if nothing bears it.
    pub(crate) fn set_ltp(&mut self, exchange: &str, symbol: &str, ltp: Paise) -> bool {
        let named = |row: &&mut Instrument| {
            row.exchange == exchange && (row.kite_symbol == symbol || row.angel_symbol == symbol)
        };
        self.0.iter_mut().find(named).map(|row| row.ltp = ltp).is_some()
    }
}

impl Instrument {
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

type Row = (&'static str, &'static str, &'static str, u32, u32, i64);

const TABLE: &[Row] = &[
    ("NSE", "SBIN", "SBIN-EQ", 3045, 1, 81_240),
    ("NSE", "RELIANCE", "RELIANCE-EQ", 2885, 1, 148_750),
    ("NSE", "TATASTEEL", "TATASTEEL-EQ", 3499, 1, 15_670),
    ("NSE", "INFY", "INFY-EQ", 1594, 1, 152_310),
    ("NSE", "HDFCBANK", "HDFCBANK-EQ", 1333, 1, 98_465),
    ("NSE", "ICICIBANK", "ICICIBANK-EQ", 4963, 1, 138_220),
    ("NSE", "TCS", "TCS-EQ", 11_536, 1, 311_400),
    ("NSE", "ITC", "ITC-EQ", 1660, 1, 40_485),
    ("NSE", "AXISBANK", "AXISBANK-EQ", 5900, 1, 123_710),
    ("NSE", "KOTAKBANK", "KOTAKBANK-EQ", 1922, 1, 210_535),
    ("NSE", "LT", "LT-EQ", 11_483, 1, 398_120),
    ("NSE", "WIPRO", "WIPRO-EQ", 3787, 1, 24_590),
    ("NSE", "ONGC", "ONGC-EQ", 2475, 1, 24_815),
    ("NSE", "NTPC", "NTPC-EQ", 11_630, 1, 32_645),
    ("NSE", "IDEA", "IDEA-EQ", 14_366, 1, 1_012),
    ("NSE", "BHARTIARTL", "BHARTIARTL-EQ", 10_604, 1, 209_830),
    ("NSE", "M&M", "M&M-EQ", 2031, 1, 369_340),
    ("NSE", "NIFTYBEES", "NIFTYBEES-EQ", 10_576, 1, 29_385),
    ("NSE", "GOLDBEES", "GOLDBEES-EQ", 14_428, 1, 10_247),
    ("BSE", "SBIN", "SBIN", 500_112, 1, 81_235),
    ("BSE", "RELIANCE", "RELIANCE", 500_325, 1, 148_745),
    ("NFO", "NIFTY26DECFUT", "NIFTY29DEC26FUT", 53_001, 65, 2_615_000),
    ("NFO", "BANKNIFTY26DECFUT", "BANKNIFTY29DEC26FUT", 53_002, 30, 5_884_000),
];
