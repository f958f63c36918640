//! A run and its intents, as the run board shows them.

use serde::{Deserialize, Serialize};

use crate::account::Unfit;
use crate::failure::Explained;
use crate::ids::{AccountId, IntentId, OrderId, OrderTag, RunId, UserId};
use crate::money::Paise;
use crate::order::{Broker, Leg};
use crate::plan::{Ambiguity, Mode};
use crate::tally::TallyCounts;
use crate::time::Timestamp;

/// Where an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// In the plan, not sent.
    Planned,
    /// Durable, being sent.
    Sending,
    /// The broker took it and gave a number; its order book has not told more yet.
    Accepted,
    /// Working at the exchange, nothing filled.
    Open,
    /// Working at the exchange, some of it filled.
    PartlyFilled,
    /// All of it filled.
    Filled,
    /// Taken, then rejected by the broker's risk check or the exchange.
    Rejected,
    /// Cancelled before all of it was filled.
    Cancelled,
    /// The broker said no.
    Refused,
    /// It never left: no connection was made.
    NotSent,
    /// It may or may not be at the broker; being looked up by its tag.
    InDoubt,
    /// The window closed before it could be sent.
    Missed,
    /// Dry-run: everything but the send.
    Rehearsed,
}

impl IntentStatus {
    /// Every status, in the order a board shows them.
    pub const ALL: [Self; 13] = [
        Self::Planned,
        Self::Sending,
        Self::Accepted,
        Self::Open,
        Self::PartlyFilled,
        Self::Filled,
        Self::Rejected,
        Self::Cancelled,
        Self::Refused,
        Self::NotSent,
        Self::InDoubt,
        Self::Missed,
        Self::Rehearsed,
    ];

    /// The word on screens; the two that need a person are in capitals.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Open => "open",
            Self::PartlyFilled => "partly filled",
            Self::Filled => "filled",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::NotSent => "not sent",
            Self::InDoubt => "IN DOUBT",
            Self::Missed => "MISSED",
            Self::Rehearsed => "rehearsed",
        }
    }

    /// True when its sending is over: it is at the broker, or never will be. In doubt is not.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Planned | Self::Sending | Self::InDoubt => false,
            Self::Accepted
            | Self::Open
            | Self::PartlyFilled
            | Self::Filled
            | Self::Rejected
            | Self::Cancelled
            | Self::Refused
            | Self::NotSent
            | Self::Missed
            | Self::Rehearsed => true,
        }
    }

    /// True when the broker took it, whatever became of it there.
    pub const fn is_placed(self) -> bool {
        match self {
            Self::Accepted
            | Self::Open
            | Self::PartlyFilled
            | Self::Filled
            | Self::Rejected
            | Self::Cancelled => true,
            Self::Planned
            | Self::Sending
            | Self::Refused
            | Self::NotSent
            | Self::InDoubt
            | Self::Missed
            | Self::Rehearsed => false,
        }
    }

    /// True when the broker has it and something may still become of it there.
    pub const fn is_working(self) -> bool {
        matches!(self, Self::Accepted | Self::Open | Self::PartlyFilled)
    }
}

/// How many intents stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
#[expect(missing_docs, reason = "one field per status, of the same name")]
pub struct RunCounts {
    pub planned: u32,
    pub sending: u32,
    pub accepted: u32,
    pub open: u32,
    pub partly_filled: u32,
    pub filled: u32,
    pub rejected: u32,
    pub cancelled: u32,
    pub refused: u32,
    pub not_sent: u32,
    pub in_doubt: u32,
    pub missed: u32,
    pub rehearsed: u32,
}

impl RunCounts {
    /// Counts one more intent with this status.
    pub const fn add(&mut self, status: IntentStatus) {
        let slot = self.slot(status);
        *slot = slot.saturating_add(1);
    }

    /// Takes one intent with this status out of the count.
    pub const fn remove(&mut self, status: IntentStatus) {
        let slot = self.slot(status);
        *slot = slot.saturating_sub(1);
    }

    /// How many stand at this status.
    pub const fn of(mut self, status: IntentStatus) -> u32 {
        *self.slot(status)
    }

    /// All of them.
    pub fn total(self) -> u32 {
        IntentStatus::ALL.into_iter().map(|status| self.of(status)).sum()
    }

    /// Those the broker took, whatever became of them there.
    pub fn placed(self) -> u32 {
        let placed = IntentStatus::ALL.into_iter().filter(|status| status.is_placed());
        placed.map(|status| self.of(status)).sum()
    }

    const fn slot(&mut self, status: IntentStatus) -> &mut u32 {
        match status {
            IntentStatus::Planned => &mut self.planned,
            IntentStatus::Sending => &mut self.sending,
            IntentStatus::Accepted => &mut self.accepted,
            IntentStatus::Open => &mut self.open,
            IntentStatus::PartlyFilled => &mut self.partly_filled,
            IntentStatus::Filled => &mut self.filled,
            IntentStatus::Rejected => &mut self.rejected,
            IntentStatus::Cancelled => &mut self.cancelled,
            IntentStatus::Refused => &mut self.refused,
            IntentStatus::NotSent => &mut self.not_sent,
            IntentStatus::InDoubt => &mut self.in_doubt,
            IntentStatus::Missed => &mut self.missed,
            IntentStatus::Rehearsed => &mut self.rehearsed,
        }
    }
}

impl FromIterator<IntentStatus> for RunCounts {
    fn from_iter<I: IntoIterator<Item = IntentStatus>>(statuses: I) -> Self {
        let mut counts = Self::default();
        for status in statuses {
            counts.add(status);
        }
        counts
    }
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum RunState {
    /// Legs and accounts are fixed; the time has not come.
    Frozen,
    /// Orders are going out.
    Firing,
    /// Every intent is in a counted state.
    Closed,
    /// It did not happen.
    Missed {
        /// Why.
        reason: String,
    },
}

/// What a run that a person calls for is to the next firing of its plan on that date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum CalledAs {
    /// One more: what is to fire later fires as well.
    Extra,
    /// In its place: the firing at this instant does not happen.
    InsteadOf {
        /// The instant of the firing that does not happen.
        at: Timestamp,
    },
}

/// That a person called for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// Who.
    pub by: String,
    /// What it is to the next firing of its plan.
    pub run: CalledAs,
}

impl Called {
    /// `called for by uid 0, in the place of the firing of 15:10:00`.
    pub fn words(&self) -> String {
        match self.run {
            CalledAs::Extra => format!("called for by {}, one more", self.by),
            CalledAs::InsteadOf { at } => {
                format!("called for by {}, in the place of the firing of {}", self.by, at.clock())
            }
        }
    }
}

/// An account that was left out of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which.
    pub account: AccountId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// Why.
    pub reasons: Vec<Unfit>,
}

/// A run, without its intents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    /// Its name.
    pub id: RunId,
    /// Live or dry-run.
    pub mode: Mode,
    /// Where it stands.
    pub state: RunState,
    /// The instant it was to fire.
    pub fire_at: Timestamp,
    /// The instant it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fired_at: Option<Timestamp>,
    /// How long after its time it fired, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_us: Option<u64>,
    /// The instant the last intent was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Who called for it, if it is none of the plan's times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<Called>,
    /// The frozen plan's hash.
    pub hash: String,
    /// The frozen legs.
    pub legs: Vec<Leg>,
    /// What happens to an order that is proven not to be at the broker.
    #[serde(default)]
    pub ambiguity: Ambiguity,
    /// How many accounts take part.
    pub accounts: u32,
    /// Who does not, and why.
    pub left_out: Vec<LeftOut>,
    /// How the intents stand.
    pub counts: RunCounts,
    /// How our records agreed with the brokers' books, once both were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tally: Option<TallyCounts>,
}

/// One intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentView {
    /// Its name.
    pub id: IntentId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// What is ordered, with the account's quantity.
    pub leg: Leg,
    /// The broker's name of what is ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker_symbol: Option<String>,
    /// Where it stands.
    pub status: IntentStatus,
    /// The tag it was or is being sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<OrderTag>,
    /// The broker's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// When it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// From send to answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u32>,
    /// How often it was looked up in the broker's order book since it came in doubt.
    #[serde(default)]
    pub lookups: u32,
    /// Units filled, by the order book.
    #[serde(default)]
    pub filled: u32,
    /// The average price of what was filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<Paise>,
    /// The broker's text about the order in its book, for example why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub book_says: Option<String>,
    /// In doubt: since when it is proven that the broker does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_since: Option<Timestamp>,
    /// Further orders of the same intent at the broker: DUPLICATE.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<OrderId>,
    /// The refusal, if it was refused, not sent, or in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Explained>,
}
