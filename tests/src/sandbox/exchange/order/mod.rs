//! One order: what was asked for, what became of it, and how it looked at any earlier moment.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::money::Paise;
use crate::sandbox::people::account::Broker;

mod life;
mod stage;

pub(crate) use self::life::Setting;
pub(crate) use self::stage::Stage;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
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

/// By what an order came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacedBy {
    /// By a call of the broker's interface.
    Api,
    /// By the person's own hand, in the broker's app.
    Hand,
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
    /// How long it is good for; 0 for the day.
    pub(crate) minutes: u32,
    pub(crate) variety: String,
    /// The client's tag first, then what the broker adds.
    pub(crate) tags: Vec<String>,
    pub(crate) source_ip: IpAddr,
    pub(crate) placed_by: PlacedBy,
}

/// What a client wants otherwise; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) quantity: Option<u64>,
    pub(crate) price: Option<Paise>,
    pub(crate) trigger: Option<Paise>,
    pub(crate) kind: Option<(Pricing, String)>,
    pub(crate) validity: Option<String>,
}

/// A piece of an order that traded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fill {
    pub(crate) at: Timestamp,
    pub(crate) quantity: u64,
    pub(crate) price: Paise,
}

/// One change of an order, and its terms from then on.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) at: Timestamp,
    pub(crate) stage: Stage,
    terms: Change,
}

/// An order in the book.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) wanted: Wanted,
    pub(crate) id: String,
    pub(crate) unique_id: String,
    pub(crate) received_at: Timestamp,
    pub(crate) stage: Stage,
    pub(crate) fills: Vec<Fill>,
    pub(crate) filled: u64,
    pub(crate) average: Paise,
    pub(crate) message: Option<String>,
    pub(crate) history: Vec<Step>,
    pub(crate) modified: bool,
    pub(crate) modifications: u32,
    /// What is asked to be changed and is not yet.
    pub(crate) change: Option<Change>,
    /// When the cancellation is done that was answered for already.
    pub(crate) cancelled_from: Option<Timestamp>,
    /// Why it will be rejected once it has been looked at.
    pub(crate) objection: Option<String>,
    /// When it is sent on, if it came outside the hours.
    pub(crate) release: Option<Timestamp>,
    pub(crate) released_at: Option<Timestamp>,
    /// In nobody's book before then.
    pub(crate) hidden_until: Option<Timestamp>,
    /// Up to when its changes have been reported.
    pub(crate) reported_until: Option<Timestamp>,
    /// Up to when time has done its work.
    pub(crate) seen_at: Timestamp,
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

impl Wanted {
    /// What the order takes out of the free funds while it works or after it has filled.
    pub(crate) fn cost(&self, ltp: Paise) -> Paise {
        let price = if self.price > Paise::ZERO { self.price } else { ltp };
        match self.side {
            Side::Buy => price.times(self.quantity),
            Side::Sell => Paise::ZERO,
        }
    }

    pub(crate) fn apply(&mut self, change: &Change) {
        self.quantity = change.quantity.unwrap_or(self.quantity);
        self.price = change.price.unwrap_or(self.price);
        self.trigger = change.trigger.unwrap_or(self.trigger);
        if let Some((pricing, word)) = &change.kind {
            self.pricing = *pricing;
            self.order_type.clone_from(word);
        }
        if let Some(validity) = &change.validity {
            self.validity.clone_from(validity);
        }
    }

    fn terms(&self) -> Change {
        Change {
            quantity: Some(self.quantity),
            price: Some(self.price),
            trigger: Some(self.trigger),
            kind: Some((self.pricing, self.order_type.clone())),
            validity: Some(self.validity.clone()),
        }
    }
}

impl Order {
    /// As it is when it arrives.
    pub(crate) fn received(wanted: Wanted, id: String, unique_id: String, now: Timestamp) -> Self {
        let mut order = Self {
            wanted,
            id,
            unique_id,
            received_at: now,
            stage: Stage::Received,
            fills: Vec::new(),
            filled: 0,
            average: Paise::ZERO,
            message: None,
            history: Vec::new(),
            modified: false,
            modifications: 0,
            change: None,
            cancelled_from: None,
            objection: None,
            release: None,
            released_at: None,
            hidden_until: None,
            reported_until: None,
            seen_at: now,
        };
        order.enter(Stage::Received, now);
        order
    }

    pub(crate) fn enter(&mut self, stage: Stage, at: Timestamp) {
        self.stage = stage;
        self.history.push(Step { at, stage, terms: self.wanted.terms() });
    }

    /// Keeps it for `release` in place of sending it on.
    pub(crate) fn keep_for(&mut self, release: Timestamp) {
        self.release = Some(release);
        self.history.clear();
        self.enter(Stage::AfterHours, self.received_at);
    }

    /// Takes in a change: at once while it is kept, else through the stages of a change.
    pub(crate) fn ask_for(&mut self, change: Change, now: Timestamp) {
        if self.stage == Stage::AfterHours {
            self.wanted.apply(&change);
            self.modified = true;
            self.enter(Stage::AfterHours, now);
        } else {
            self.change = Some(change);
            self.enter(Stage::ModifyValidating, now);
        }
    }

    /// Cancels it, or begins to.
    pub(crate) fn cancel(&mut self, pending: bool, now: Timestamp) {
        let stage = match self.stage {
            Stage::AfterHours => Stage::CancelledAfterHours,
            Stage::Open | Stage::TriggerPending if pending => Stage::CancelPending,
            _ => Stage::Cancelled,
        };
        self.enter(stage, now);
    }

    /// Has it cancelled by then, though that was answered for already; it may still fill before.
    pub(crate) fn cancel_later(&mut self, at: Timestamp) {
        self.cancelled_from = Some(self.cancelled_from.map_or(at, |before| before.min(at)));
    }

    /// Has it arrive so much later, though it was answered for already.
    pub(crate) fn arrive_at(&mut self, at: Timestamp) {
        (self.received_at, self.seen_at, self.hidden_until) = (at, at, Some(at));
        self.history.iter_mut().for_each(|step| step.at = at);
    }

    /// When the order last changed its stage.
    pub(crate) fn changed_at(&self) -> Timestamp {
        self.history.last().map_or(self.received_at, |step| step.at)
    }

    /// The order as it stood at `at`; `None` before it was there.
    pub(crate) fn as_of(&self, at: Timestamp) -> Option<Self> {
        let mut then = self.clone();
        then.history.retain(|step| step.at <= at);
        then.rewind(|fill| fill.at <= at)?;
        Some(then)
    }

    /// How it looked at each of its steps.
    pub(crate) fn looks(&self) -> impl Iterator<Item = Self> {
        (1..=self.history.len()).filter_map(|steps| {
            let mut then = self.clone();
            then.history.truncate(steps);
            let last = then.history.last()?.clone();
            let done = last.stage.is_terminal();
            then.rewind(|fill| fill.at < last.at || done && fill.at <= last.at)?;
            Some(then)
        })
    }

    /// Takes everything back to the last step the history holds.
    fn rewind(&mut self, keep: impl Fn(&Fill) -> bool) -> Option<()> {
        let step = self.history.last()?.clone();
        self.stage = step.stage;
        self.wanted.apply(&step.terms);
        if self.stage != Stage::Rejected {
            self.message = None;
        }
        self.fills.retain(keep);
        self.count_fills();
        Some(())
    }

    /// Makes quantity and average agree with the fills.
    fn count_fills(&mut self) {
        self.filled = self.fills.iter().map(|fill| fill.quantity).sum();
        let paid = self.fills.iter().map(|fill| fill.price.times(fill.quantity));
        let paid = paid.fold(Paise::ZERO, Paise::plus);
        self.average = Paise(paid.0 / i64::try_from(self.filled).unwrap_or(i64::MAX).max(1));
    }

    /// The client's own label, which comes first; what the broker adds is none.
    pub(crate) fn tag(&self) -> Option<&str> {
        let first = self.wanted.tags.first().map(String::as_str);
        first.filter(|tag| !tag.starts_with("mktp") && !tag.starts_with("autoslice"))
    }

    pub(crate) fn word(&self) -> &'static str {
        self.stage.word(self.wanted.broker)
    }

    /// What it takes out of the free funds; once it has ended, what it bought.
    pub(crate) fn holds(&self, ltp: Paise) -> Paise {
        match (self.wanted.side, self.stage.is_terminal()) {
            (Side::Buy, true) => self.average.times(self.filled),
            _ => self.wanted.cost(ltp),
        }
    }

    pub(crate) fn unfilled(&self) -> u64 {
        self.wanted.quantity.saturating_sub(self.filled)
    }

    /// Whether the exchange has ever had it.
    pub(crate) fn was_open(&self) -> bool {
        self.history.iter().any(|step| matches!(step.stage, Stage::Open | Stage::TriggerPending))
    }

    /// When it last changed in any way.
    pub(crate) fn touched_at(&self) -> Timestamp {
        self.fills.last().map_or(self.changed_at(), |fill| fill.at.max(self.changed_at()))
    }
}
