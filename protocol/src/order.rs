//! What is ordered: exchanges, sides, products, price rules, legs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{Paise, Quantity};

/// A broker this daemon can speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broker {
    /// Angel One (`SmartAPI`).
    AngelOne,
    /// Zerodha (Kite Connect).
    Zerodha,
}

impl Broker {
    /// Every broker.
    pub const ALL: [Self; 2] = [Self::AngelOne, Self::Zerodha];

    /// The short name on screens and in commands.
    pub const fn short(self) -> &'static str {
        match self {
            Self::AngelOne => "angel",
            Self::Zerodha => "zerodha",
        }
    }

    /// The broker's own name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::AngelOne => "Angel One",
            Self::Zerodha => "Zerodha",
        }
    }

    /// Where a person registers the server's address: the page's URL and its name.
    pub const fn dashboard(self) -> (&'static str, &'static str) {
        match self {
            Self::AngelOne => ("https://smartapi.angelone.in/new/apps", "the SmartAPI app"),
            Self::Zerodha => ("https://developers.kite.trade", "Profile, IP Whitelist"),
        }
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.short())
    }
}

/// An exchange segment, by the codes both brokers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "these are the exchanges' own codes")]
pub enum Exchange {
    Nse,
    Bse,
    Nfo,
    Bfo,
    Mcx,
    Cds,
}

impl Exchange {
    /// Every exchange segment.
    pub const ALL: [Self; 6] = [Self::Nse, Self::Bse, Self::Nfo, Self::Bfo, Self::Mcx, Self::Cds];

    /// The code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nse => "NSE",
            Self::Bse => "BSE",
            Self::Nfo => "NFO",
            Self::Bfo => "BFO",
            Self::Mcx => "MCX",
            Self::Cds => "CDS",
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    Buy,
    Sell,
}

impl Side {
    /// The word both brokers take.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }
}

/// How a position is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Delivery (CNC).
    Delivery,
    /// Intraday (MIS).
    Intraday,
    /// Carried forward (NRML).
    CarryForward,
}

impl Product {
    /// The word for a person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Delivery => "delivery",
            Self::Intraday => "intraday",
            Self::CarryForward => "carry forward",
        }
    }
}

/// How long an order stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// Until the end of the session.
    Day,
    /// Immediate or cancel.
    Ioc,
}

impl Validity {
    /// The word both brokers take.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Ioc => "IOC",
        }
    }
}

/// What price an order is placed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "rule")]
pub enum PriceRule {
    /// At this price or better.
    Limit {
        /// The limit.
        price: Paise,
    },
    /// At the market, held by the broker's automatic protection band.
    Market,
    /// A limit made from the last price when the order is sent: so much above it to buy, below it to
    /// sell, that it fills at once.
    Marketable {
        /// How much, in hundredths of a percent; the usual band if nothing is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        band: Option<u16>,
    },
}

/// One order to place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// Where.
    pub exchange: Exchange,
    /// The exchange's symbol without a series suffix, for example `SBIN` or `NIFTY26NOVFUT`.
    pub symbol: String,
    /// Buy or sell.
    pub side: Side,
    /// Units.
    pub quantity: Quantity,
    /// How the position is held.
    pub product: Product,
    /// At what price.
    pub price: PriceRule,
    /// For how long.
    #[serde(default = "day")]
    pub validity: Validity,
}

const fn day() -> Validity {
    Validity::Day
}

impl Leg {
    /// The leg with so many times its quantity; `None` if that is more than any order can hold.
    #[must_use]
    pub fn times(&self, multiplier: u32) -> Option<Self> {
        let quantity = self.quantity.get().checked_mul(multiplier)?.try_into().ok()?;
        Some(Self { quantity, ..self.clone() })
    }

    /// `BUY NSE:SBIN 20 @ 842.15`.
    pub fn words(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{} {}", self.side.code(), self.exchange, self.symbol, self.quantity)?;
        match self.price {
            PriceRule::Limit { price } => write!(f, " @ {}", price.rupees()),
            PriceRule::Market => f.write_str(" at market"),
            PriceRule::Marketable { band: None } => f.write_str(" at the last price"),
            PriceRule::Marketable { band: Some(band) } => {
                write!(f, " within {}.{:02} %", band / 100, band % 100)
            }
        }
    }
}
