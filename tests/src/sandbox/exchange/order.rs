//! One order and the stages it goes through, in words of its own and of each broker.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::money::Paise;
use crate::sandbox::people::account::Broker;
use crate::sandbox::rules::LimitFills;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Buy,
    Sell,
}

/// How the price is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pricing {
    Market,
    Limit,
    StopLimit,
    StopMarket,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Received,
    Validating,
    Pending,
    Open,
    TriggerPending,
    Complete,
    Cancelled,
    Rejected,
}

/// What was asked for, in the broker's own words where they are only echoed.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) broker: Broker,
    pub(crate) account: String,
    pub(crate) exchange: String,
    pub(crate) symbol: String,
    pub(crate) token: u32,
    pub(crate) side: Side,
    pub(crate) quantity: u64,
    pub(crate) price: Paise,
    pub(crate) trigger: Paise,
    pub(crate) pricing: Pricing,
    pub(crate) order_type: String,
    pub(crate) product: String,
    pub(crate) validity: String,
    pub(crate) variety: String,
    /// The client's tag first, then what the broker adds.
    pub(crate) tags: Vec<String>,
    pub(crate) source_ip: IpAddr,
}

/// An order in the book.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) wanted: Wanted,
    pub(crate) id: String,
    pub(crate) unique_id: String,
    pub(crate) received_at: Timestamp,
    pub(crate) stage: Stage,
    pub(crate) filled: u64,
    pub(crate) average: Paise,
    pub(crate) message: Option<String>,
    pub(crate) history: Vec<(Timestamp, Stage)>,
    pub(crate) modified: bool,
}

impl Side {
    /// Both brokers use the same two words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Buy, Self::Sell].into_iter().find(|side| side.word() == word)
    }
}

impl Stage {
    pub(crate) const fn word(self, broker: Broker) -> &'static str {
        let (angel, kite) = match self {
            Self::Received => ("put order req received", "PUT ORDER REQ RECEIVED"),
            Self::Validating => ("validation pending", "VALIDATION PENDING"),
            Self::Pending => ("open pending", "OPEN PENDING"),
            Self::Open => ("open", "OPEN"),
            Self::TriggerPending => ("trigger pending", "TRIGGER PENDING"),
            Self::Complete => ("complete", "COMPLETE"),
            Self::Cancelled => ("cancelled", "CANCELLED"),
            Self::Rejected => ("rejected", "REJECTED"),
        };
        match broker {
            Broker::AngelOne => angel,
            Broker::Kite => kite,
        }
    }

    pub(crate) const fn is_terminal(self) -> bool {
        matches!(self, Self::Complete | Self::Cancelled | Self::Rejected)
    }
}

impl Wanted {
    /// What the order takes out of the free funds while it works or after it has filled.
    pub(crate) fn cost(&self, ltp: Paise) -> Paise {
        let price = if self.price > Paise::ZERO { self.price } else { ltp };
        match self.side {
            Side::Buy => price.times(self.quantity),
            Side::Sell => Paise::ZERO,
        }
    }

    fn fills(&self, rule: LimitFills, ltp: Paise) -> bool {
        match (self.pricing, rule) {
            (Pricing::Market | Pricing::StopMarket, _) | (_, LimitFills::Always) => true,
            (_, LimitFills::Never) => false,
            (_, LimitFills::Marketable) => match self.side {
                Side::Buy => self.price >= ltp,
                Side::Sell => self.price <= ltp,
            },
        }
    }

    fn is_triggered(&self, ltp: Paise) -> bool {
        match (self.pricing, self.side) {
            (Pricing::Market | Pricing::Limit, _) => true,
            (_, Side::Buy) => ltp >= self.trigger,
            (_, Side::Sell) => ltp <= self.trigger,
        }
    }

    fn fill_price(&self, ltp: Paise) -> Paise {
        match self.pricing {
            Pricing::Limit | Pricing::StopLimit => self.price,
            Pricing::Market | Pricing::StopMarket => ltp,
        }
    }
}

impl Order {
    /// Goes through every stage that is due by `now`, a quarter of the fill delay apart.
    pub(crate) fn advance(
        &mut self,
        now: Timestamp,
        delay: Duration,
        fills: LimitFills,
        ltp: Paise,
    ) {
        while let Some((after, next)) = self.next_stage(fills, ltp) {
            let due = self.received_at.checked_add(
                SignedDuration::try_from(delay.saturating_mul(after) / 4)
                    .unwrap_or(SignedDuration::ZERO),
            );
            let due = due.unwrap_or(self.received_at).max(self.changed_at());
            if due > now {
                return;
            }
            if next == Stage::Complete {
                self.filled = self.wanted.quantity;
                self.average = self.wanted.fill_price(ltp);
            }
            self.enter(next, due);
        }
    }

    pub(crate) fn enter(&mut self, stage: Stage, at: Timestamp) {
        self.stage = stage;
        self.history.push((at, stage));
    }

    /// When the order last changed its stage.
    pub(crate) fn changed_at(&self) -> Timestamp {
        self.history.last().map_or(self.received_at, |(at, _)| *at)
    }

    pub(crate) fn tag(&self) -> Option<&str> {
        self.wanted.tags.first().map(String::as_str)
    }

    pub(crate) fn word(&self) -> &'static str {
        self.stage.word(self.wanted.broker)
    }

    pub(crate) fn unfilled(&self) -> u64 {
        self.wanted.quantity.saturating_sub(self.filled)
    }

    /// The stage that follows by itself, and how many quarters of the delay after receipt.
    fn next_stage(&self, fills: LimitFills, ltp: Paise) -> Option<(u32, Stage)> {
        let triggered = self.wanted.is_triggered(ltp);
        match self.stage {
            Stage::Received => Some((1, Stage::Validating)),
            Stage::Validating => Some((2, Stage::Pending)),
            Stage::Pending if !triggered => Some((3, Stage::TriggerPending)),
            Stage::Pending => Some((3, Stage::Open)),
            Stage::TriggerPending => triggered.then_some((3, Stage::Open)),
            Stage::Open => self.wanted.fills(fills, ltp).then_some((4, Stage::Complete)),
            Stage::Complete | Stage::Cancelled | Stage::Rejected => None,
        }
    }
}
