//! What happens to an intent: the durable words of its life.

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{Attempt, OrderId, OrderTag};
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::book::Progress;

/// Why an intent was refused, not sent, or came in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The broker's words, scrubbed, or ours.
    pub says: Option<String>,
    /// The address the broker said it saw.
    #[serde(default)]
    pub ip_seen: Option<String>,
}

/// What happens to an intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntentEvent {
    /// About to leave; durable before the first byte.
    Sending {
        /// Which try.
        attempt: Attempt,
        /// When.
        at: Timestamp,
    },
    /// The broker gave a number.
    Accepted {
        /// The number.
        order_id: OrderId,
        /// When.
        at: Timestamp,
    },
    /// The broker said no, in its own words.
    Refused {
        /// Why.
        cause: Cause,
        /// When.
        at: Timestamp,
    },
    /// Proven never to have left.
    NotSent {
        /// Why.
        cause: Cause,
        /// When.
        at: Timestamp,
    },
    /// It may or may not be at the broker.
    Doubted {
        /// Why.
        cause: Cause,
        /// When.
        at: Timestamp,
    },
    /// The order book was read and does not show it. No proof of absence.
    Missing {
        /// When.
        at: Timestamp,
    },
    /// It is proven that the broker does not have it (`domain::absence` says by what).
    Absent {
        /// When.
        at: Timestamp,
    },
    /// The order book tells more of it.
    Followed {
        /// What.
        progress: Progress,
        /// When.
        at: Timestamp,
    },
    /// The order book shows another order of this intent.
    Duplicated {
        /// The other one's number.
        order_id: OrderId,
        /// When.
        at: Timestamp,
    },
    /// Its cancellation is about to be asked for; durable before the first byte.
    Cancelling {
        /// Who wants it.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// The order book shows it.
    Found {
        /// The broker's number.
        order_id: OrderId,
        /// When.
        at: Timestamp,
    },
    /// The window closed before it could be sent.
    Missed {
        /// When.
        at: Timestamp,
    },
    /// Dry-run: everything but the send.
    Rehearsed {
        /// When.
        at: Timestamp,
    },
    /// A person found it at the broker.
    SaidPlaced {
        /// The broker's number.
        order_id: OrderId,
        /// Who says so.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// A person found that the broker does not have it.
    SaidNotPlaced {
        /// Who says so.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// A person found that the broker does not have it, and wants it sent once more.
    Retried {
        /// The next attempt.
        attempt: Attempt,
        /// The tag it carries.
        tag: OrderTag,
        /// Who says so.
        by: String,
        /// When.
        at: Timestamp,
    },
}

impl IntentEvent {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Sending { .. } => "sending",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::NotSent { .. } => "not sent",
            Self::Doubted { .. } => "doubted",
            Self::Missing { .. } => "missing",
            Self::Absent { .. } => "absent",
            Self::Followed { .. } => "followed",
            Self::Duplicated { .. } => "duplicated",
            Self::Cancelling { .. } => "cancelling",
            Self::Found { .. } => "found",
            Self::Missed { .. } => "missed",
            Self::Rehearsed { .. } => "rehearsed",
            Self::SaidPlaced { .. } => "said to be placed",
            Self::SaidNotPlaced { .. } => "said not to be placed",
            Self::Retried { .. } => "retried",
        }
    }
}

impl IntentEvent {
    /// Whose word it is, if it is a person's.
    pub fn by(&self) -> Option<&str> {
        match self {
            Self::SaidPlaced { by, .. }
            | Self::SaidNotPlaced { by, .. }
            | Self::Cancelling { by, .. }
            | Self::Retried { by, .. } => Some(by),
            Self::Sending { .. }
            | Self::Accepted { .. }
            | Self::Refused { .. }
            | Self::NotSent { .. }
            | Self::Doubted { .. }
            | Self::Missing { .. }
            | Self::Absent { .. }
            | Self::Followed { .. }
            | Self::Duplicated { .. }
            | Self::Found { .. }
            | Self::Missed { .. }
            | Self::Rehearsed { .. } => None,
        }
    }
}
