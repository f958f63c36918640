//! A check: the ordered steps of a connection test, with verdicts and timings.

use serde::{Deserialize, Serialize};

use crate::failure::Explained;
use crate::ids::{AccountId, TicketId, UserId};
use crate::order::Broker;
use crate::time::Timestamp;

/// One step of a check, in the order they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckStep {
    /// Which public address the world sees from the account's egress.
    Egress,
    /// Name lookup, TCP and TLS to the broker.
    Reach,
    /// A session from the credential (or the live one, still accepted).
    Login,
    /// Whose account the session is.
    Profile,
    /// What money is there.
    Funds,
    /// Whether the broker takes order calls from this address.
    OrderPermission,
}

impl CheckStep {
    /// Every step, in order.
    pub const ALL: [Self; 6] =
        [Self::Egress, Self::Reach, Self::Login, Self::Profile, Self::Funds, Self::OrderPermission];

    /// The step's name on a screen.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::Reach => "reach",
            Self::Login => "log in",
            Self::Profile => "profile",
            Self::Funds => "funds",
            Self::OrderPermission => "order permission",
        }
    }
}

/// How one step ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// Not reached yet.
    Waiting,
    /// Under way.
    Running,
    /// Good.
    Passed,
    /// Cannot be told; the detail says why. The check goes on.
    Unknown,
    /// Bad; the check stops here.
    Failed,
}

/// One step of a check as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Which step.
    pub step: CheckStep,
    /// How it stands.
    pub verdict: StepVerdict,
    /// How long it took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u32>,
    /// What was found, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// How a check stands as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum CheckOutcome {
    /// Zerodha only: the person has not come back from the login page yet.
    AwaitingLogin {
        /// The link to open, in full.
        link: String,
        /// When the link stops being accepted.
        expires: Timestamp,
    },
    /// Steps are running.
    Running,
    /// Every step passed (some may be unknown).
    Passed,
    /// A step failed.
    Failed {
        /// Why, and what to do.
        failure: Explained,
    },
    /// Given up by a person, or the link ran out.
    Abandoned {
        /// Which of the two, in words.
        reason: String,
    },
}

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckTarget {
    /// A stored account.
    Account(AccountId),
    /// A connection being made; becomes an account if it passes.
    Ticket(TicketId),
}

/// A check as it stands: streamed while it runs, kept when it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckView {
    /// The account or the connection being made.
    pub target: CheckTarget,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// When it began.
    pub started: Timestamp,
    /// All six steps, in order.
    pub steps: Vec<StepView>,
    /// How it stands.
    pub outcome: CheckOutcome,
    /// Set once a connection being made passed and was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_as: Option<AccountId>,
}

/// Whether the broker takes order calls from the account's egress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum OrderPermission {
    /// Not asked since the credential or the egress changed.
    Untested,
    /// The broker got as far as the order.
    Allowed,
    /// The address is not registered.
    Refused {
        /// The address the broker said it saw, if it says so.
        seen: Option<String>,
    },
    /// No address is registered at all.
    NoIpRegistered,
    /// The answer does not show it.
    CannotTell {
        /// Why not.
        why: String,
    },
}

impl OrderPermission {
    /// One word for a table cell.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::Untested => "untested",
            Self::Allowed => "allowed",
            Self::Refused { .. } => "REFUSED",
            Self::NoIpRegistered => "NONE SET",
            Self::CannotTell { .. } => "unclear",
        }
    }
}
