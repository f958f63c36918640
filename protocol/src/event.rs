//! What a subscriber receives: a snapshot with a sequence number, then deltas. And the journal's entries.

use serde::{Deserialize, Serialize};

use crate::account::AccountView;
use crate::check::CheckView;
use crate::ids::{AccountId, PlanId, RunId, UserId};
use crate::order::Broker;
use crate::plan::PlanView;
use crate::run::{IntentView, RunView};
use crate::status::StatusView;
use crate::time::Timestamp;

/// How much an entry matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the usual levels")]
pub enum Level {
    Info,
    Warn,
    Error,
}

impl Level {
    /// The word in a log line.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Which part of the system an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "product words")]
pub enum Area {
    Daemon,
    Account,
    Check,
    Session,
    Plan,
    Run,
    Order,
}

impl Area {
    /// The word in a log line.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Daemon => "daemon",
            Self::Account => "account",
            Self::Check => "check",
            Self::Session => "session",
            Self::Plan => "plan",
            Self::Run => "run",
            Self::Order => "order",
        }
    }
}

/// One entry of the journal: typed, never a secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Its place in the journal, from 1 without gaps.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// What it is about.
    pub area: Area,
    /// Whose, if it is about a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Which account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// At which broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<Broker>,
    /// In which run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// What happened.
    pub text: String,
}

/// One entry of the audit: who did what, to whom, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who, by the kernel's word: `uid 1000`.
    pub by: String,
    /// In which role.
    pub role: String,
    /// What was asked for.
    pub what: String,
    /// To what or whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whom: Option<String>,
    /// Whether it was done.
    pub done: bool,
}

/// Everything a client shows, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The daemon.
    pub status: StatusView,
    /// All accounts the client may see, by number.
    pub accounts: Vec<AccountView>,
    /// All plans.
    pub plans: Vec<PlanView>,
    /// The runs of the last days, newest last.
    pub runs: Vec<RunView>,
    /// The intents of the newest run of each plan.
    pub intents: Vec<IntentView>,
    /// Connections being made.
    pub checks: Vec<CheckView>,
    /// The newest entries of the journal, oldest first.
    pub journal: Vec<JournalEntry>,
}

/// One change since the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Delta {
    /// The daemon changed (sent at most once a second for the clock alone).
    Status(StatusView),
    /// An account is new or changed.
    Account(Box<AccountView>),
    /// An account is gone.
    AccountRemoved(AccountId),
    /// A plan is new or changed.
    Plan(PlanView),
    /// A plan is gone.
    PlanRemoved(PlanId),
    /// A run is new or changed.
    Run(RunView),
    /// An intent is new or changed.
    Intent(Box<IntentView>),
    /// A connection being made moved on.
    Check(CheckView),
    /// New in the journal.
    Journal(JournalEntry),
}

/// What the daemon sends to a subscriber, as the parameters of the `feed` notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The changes with this sequence number; the next has the number after it, anything else is a gap.
    Delta {
        /// The number.
        seq: u64,
        /// The change.
        delta: Box<Delta>,
    },
    /// The reader was too slow: start again from here.
    Resync {
        /// The number of the newest change in the snapshot.
        seq: u64,
        /// Everything.
        snapshot: Box<Snapshot>,
    },
}
