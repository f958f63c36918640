//! An account as the operator sees it: never its credential.

use serde::{Deserialize, Serialize};

use crate::check::{CheckView, OrderPermission};
use crate::failure::FailureKind;
use crate::ids::{AccountId, EgressName, Label, RunId, UserId};
use crate::order::Broker;
use crate::run::RunCounts;
use crate::secret::Secret;
use crate::time::Timestamp;

/// What a user enters to connect. Travels from client to daemon only.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "broker", deny_unknown_fields)]
pub enum Credential {
    /// Angel One.
    AngelOne {
        /// The app's key.
        api_key: Secret,
        /// The client code, such as `A123456`.
        client_id: String,
        /// Four digits.
        mpin: Secret,
        /// The base32 secret of the authenticator, not the six digits.
        totp_secret: Secret,
        /// Issued by the portal; no call sends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        api_secret: Option<Secret>,
    },
    /// Zerodha.
    Zerodha {
        /// The app's key.
        api_key: Secret,
        /// The app's secret.
        api_secret: Secret,
    },
}

impl Credential {
    /// Whose credential it is.
    pub const fn broker(&self) -> Broker {
        match self {
            Self::AngelOne { .. } => Broker::AngelOne,
            Self::Zerodha { .. } => Broker::Zerodha,
        }
    }
}

/// What one word says of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "why")]
pub enum AccountStatus {
    /// Session live, last check good.
    Active,
    /// Switched off by a person.
    Inactive,
    /// A check is running.
    Testing,
    /// A person must log in at the broker's page.
    LoginDue,
    /// No check since it was stored or since the daemon knows.
    Untested,
    /// The last check failed.
    Failed(FailureKind),
}

impl AccountStatus {
    /// The word on screens.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Testing => "testing",
            Self::LoginDue => "log in",
            Self::Untested => "untested",
            Self::Failed(kind) => kind.words(),
        }
    }
}

/// The session a broker gave for the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SessionView {
    /// None yet.
    None,
    /// Accepted until the broker's daily flush.
    Live {
        /// When it was given.
        since: Timestamp,
        /// When it dies.
        until: Timestamp,
    },
    /// It died or was ended.
    Ended {
        /// When.
        at: Timestamp,
    },
}

/// Why an account would be left out of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Unfit {
    /// No check has passed yet.
    Untested,
    /// The last check failed, for this reason.
    CheckFailed {
        /// Kind of failure.
        kind: FailureKind,
        /// The short cause.
        detail: String,
    },
    /// No session, and a person must log in.
    LoginDue,
    /// No live session.
    NoSession,
    /// The session ends before the run would.
    SessionEndsEarly {
        /// When it ends.
        until: Timestamp,
    },
    /// The broker refuses order calls from this address.
    OrderPermission {
        /// The verdict.
        permission: OrderPermission,
    },
    /// An order of the plan cannot be placed for this account.
    Leg {
        /// Which leg of the plan as it was frozen, from 1.
        leg: u8,
        /// Why.
        why: String,
    },
    /// A cap of the plan would be passed.
    Cap {
        /// Which, by how much.
        why: String,
    },
    /// The vault is sealed: nothing can be signed in.
    Sealed,
    /// Orders are halted for this person, or for everybody.
    Halted,
}

impl Unfit {
    /// The reason in words.
    pub fn words(&self) -> String {
        match self {
            Self::Untested => "not tested yet".to_owned(),
            Self::CheckFailed { kind, detail } if detail.is_empty() => kind.words().to_owned(),
            Self::CheckFailed { kind, detail } => format!("{}: {detail}", kind.words()),
            Self::LoginDue => "not logged in; the login link is due".to_owned(),
            Self::NoSession => "no live session".to_owned(),
            Self::SessionEndsEarly { until } => {
                format!("session ends at {}, before the run", until.clock())
            }
            Self::OrderPermission { permission } => match permission {
                OrderPermission::Refused { seen: Some(ip) } => {
                    format!("order permission refused, broker saw {ip}")
                }
                OrderPermission::Refused { seen: None } => "order permission refused".to_owned(),
                OrderPermission::NoIpRegistered => "no address registered at the broker".to_owned(),
                OrderPermission::Untested
                | OrderPermission::Allowed
                | OrderPermission::CannotTell { .. } => "order permission unknown".to_owned(),
            },
            Self::Leg { leg, why } => format!("leg {leg}: {why}"),
            Self::Cap { why } => format!("cap: {why}"),
            Self::Sealed => "the vault is sealed".to_owned(),
            Self::Halted => "orders are halted".to_owned(),
        }
    }
}

/// Whether the account would take part in the next run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Fitness {
    /// Every gate is passed.
    Fit,
    /// At least one is not.
    Unfit {
        /// Which, most important first; never empty.
        reasons: Vec<Unfit>,
    },
    /// Inactive, or auto-execute is off.
    Off,
}

/// How an account's last run went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Which run.
    pub run: RunId,
    /// What became of the account's intents; `None` if it was left out.
    pub counts: Option<RunCounts>,
}

/// One account, as rows and details show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its number.
    pub id: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// Where it is.
    pub broker: Broker,
    /// The broker's name for it, as the broker confirmed it.
    pub client_id: String,
    /// The person's name as the broker has it.
    #[serde(default)]
    pub holder: String,
    /// The way out it uses.
    pub egress: EgressName,
    /// Switched on by a person.
    pub active: bool,
    /// Takes part in runs.
    pub auto_execute: bool,
    /// What an operator calls it, in order; plans name accounts by these.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// One word.
    pub status: AccountStatus,
    /// The order-permission verdict.
    pub permission: OrderPermission,
    /// When the verdict was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission_at: Option<Timestamp>,
    /// The broker session.
    pub session: SessionView,
    /// When a check last passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ok: Option<Timestamp>,
    /// Round trip of the last profile call, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u32>,
    /// Fit for the next run, or why not.
    pub fitness: Fitness,
    /// How its last run went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<LastRun>,
    /// The running or the latest check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_check: Option<CheckView>,
    /// Earlier checks, newest first, at most 10: when, and the failure if it failed.
    #[serde(default)]
    pub history: Vec<PastCheck>,
    /// When the credential was stored.
    pub connected_at: Timestamp,
}

/// One earlier check in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastCheck {
    /// When it ended.
    pub at: Timestamp,
    /// `None` if it passed.
    pub failed: Option<FailureKind>,
    /// How long each step took in milliseconds, in the order of the steps; it failed at the last one
    /// that has a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub took_ms: Vec<Option<u32>>,
}
