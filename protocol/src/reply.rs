//! The replies that are not already a view of something.

use serde::{Deserialize, Serialize};

use crate::event::Snapshot;
use crate::ids::{AccountId, RunId, TicketId, UserId};
use crate::plan::Mode;
use crate::run::{IntentView, RunView};
use crate::time::Timestamp;
use crate::version::ProtocolVersion;

/// What the peer may do; decided by the kernel's word on who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "role")]
pub enum Role {
    /// Everything.
    Operator,
    /// Look, not touch.
    Viewer,
    /// One person's own accounts.
    User {
        /// The person.
        user: UserId,
    },
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// What the daemon speaks.
    pub protocol: ProtocolVersion,
    /// The daemon's version, to be compared with the client's.
    pub build: String,
    /// What the peer may do.
    #[serde(flatten)]
    pub role: Role,
    /// The daemon's clock.
    pub now: Timestamp,
}

/// It was done, and is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {}

/// A backup was made, and is durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// Where.
    pub file: String,
    /// How long it is.
    pub bytes: u64,
}

/// The store was written into a new file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// How long the old file was.
    pub before: u64,
    /// How long the new one is.
    pub after: u64,
    /// Whether the old file's bytes were overwritten; not where it has another name.
    pub overwritten: bool,
}

impl Role {
    /// The word in the audit.
    pub fn words(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::Viewer => "viewer".to_owned(),
            Self::User { user } => format!("user {user}"),
        }
    }
}

/// A connection or login has begun; its progress comes as check deltas with this ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its number.
    pub ticket: TicketId,
    /// The link a person must open (Zerodha).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When the link stops being accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// The accounts an action was begun or done for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Their numbers.
    pub accounts: Vec<AccountId>,
}

/// A run that was called for: it is frozen and fires at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCalled {
    /// The run.
    pub run: RunId,
    /// Live or dry-run.
    pub mode: Mode,
    /// The latest send.
    pub window_until: Timestamp,
    /// How many accounts are fit for it now.
    pub accounts: u32,
}

/// A run with its intents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDetails {
    /// The run.
    pub run: RunView,
    /// Its intents, by account and leg.
    pub intents: Vec<IntentView>,
}

/// The start of a subscription; deltas follow with `seq` + 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// The number of the newest change in the snapshot.
    pub seq: u64,
    /// Everything.
    pub snapshot: Snapshot,
}
