//! The tally: what was to be placed, against the broker's order book and its trades.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, RunId, UserId};
use crate::order::Broker;
use crate::plan::Mode;
use crate::run::{RunCounts, RunState};
use crate::status::{AuditHead, HoldReason};
use crate::time::{Timestamp, TradingDate};

/// Whether one account's records, order book and trades tell the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TallyVerdict {
    /// They do.
    Pass,
    /// They do not; the notes say where.
    Diff,
    /// One of them could not be read, or an order is still in doubt.
    Unknown,
}

impl TallyVerdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Pass, Self::Diff, Self::Unknown];

    /// The word on screens.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Diff => "DIFF",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// One account's tally in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyLine {
    /// Which.
    pub account: AccountId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// The verdict.
    pub verdict: TallyVerdict,
    /// Orders we say are at the broker.
    pub placed: u32,
    /// Orders of this run in the broker's book.
    pub booked: u32,
    /// Units filled, by the book.
    pub filled: u32,
    /// Units traded, by the trades.
    pub traded: u32,
    /// What does not agree, or why it is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How many accounts came to which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[expect(missing_docs, reason = "one field per verdict, of the same name")]
pub struct TallyCounts {
    pub pass: u32,
    pub diff: u32,
    pub unknown: u32,
}

impl TallyCounts {
    /// How many came to this verdict.
    pub const fn of(self, verdict: TallyVerdict) -> u32 {
        match verdict {
            TallyVerdict::Pass => self.pass,
            TallyVerdict::Diff => self.diff,
            TallyVerdict::Unknown => self.unknown,
        }
    }

    /// `12 PASS, 1 DIFF`.
    pub fn words(self) -> String {
        let some = TallyVerdict::ALL.into_iter().filter(|verdict| self.of(*verdict) > 0);
        let words: Vec<String> =
            some.map(|verdict| format!("{} {}", self.of(verdict), verdict.words())).collect();
        if words.is_empty() { "nobody took part".to_owned() } else { words.join(", ") }
    }
}

impl<'a> FromIterator<&'a TallyLine> for TallyCounts {
    fn from_iter<I: IntoIterator<Item = &'a TallyLine>>(lines: I) -> Self {
        let mut counts = Self::default();
        for line in lines {
            let slot = match line.verdict {
                TallyVerdict::Pass => &mut counts.pass,
                TallyVerdict::Diff => &mut counts.diff,
                TallyVerdict::Unknown => &mut counts.unknown,
            };
            *slot = slot.saturating_add(1);
        }
        counts
    }
}

/// One run in the daily report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Which.
    pub id: RunId,
    /// Live or dry-run.
    pub mode: Mode,
    /// Where it stands.
    pub state: RunState,
    /// The frozen plan's hash.
    pub hash: String,
    /// How its intents stand.
    pub counts: RunCounts,
    /// Accounts left out.
    pub left_out: u32,
    /// When the tally was made; without it there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tallied_at: Option<Timestamp>,
    /// The tally, an account a line.
    pub tally: Vec<TallyLine>,
}

/// What a day came to, to be kept somewhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyReport {
    /// Which day.
    pub date: TradingDate,
    /// When the report was made.
    pub at: Timestamp,
    /// The day's runs.
    pub runs: Vec<RunReport>,
    /// Orders that are still in doubt, of any day.
    pub in_doubt: u32,
    /// Why runs are held, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HoldReason>,
    /// What is halted.
    pub halts: Vec<String>,
    /// The newest link of the audit chain: kept elsewhere, it shows whether the chain was cut.
    pub audit: AuditHead,
}
