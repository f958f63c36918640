//! An intent's life: one leg for one account in one run, never sent twice.
//!
//! ```text
//! Planned --Sending--> Sending --Accepted--> Accepted
//!    |                    |  \---Refused--> Refused
//!    |                    |  \---NotSent--> NotSent      (no connection was made: proven)
//!    |                    \------Doubted--> InDoubt --Found, SaidPlaced--> Accepted
//!    |                                        |--Missing--> InDoubt (one more look-up)
//!    |                                        |--SaidNotPlaced--> NotSent (a person looked)
//!    |<---------------------------------------\--Retried--> Planned, attempt n+1, a new tag
//!    |--NotSent--> NotSent   (own refusal before any byte)
//!    |--Missed--> Missed     (the window closed)
//!    \--Rehearsed--> Rehearsed (dry-run)
//! ```
//! Only a person's word leads from `InDoubt` back to `Planned`: what may have been sent is never sent
//! again by itself.

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{Attempt, OrderId, OrderTag};
use muster_protocol::run::IntentStatus;
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::illegal::Illegal;

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
    const fn name(&self) -> &'static str {
        match self {
            Self::Sending { .. } => "sending",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::NotSent { .. } => "not sent",
            Self::Doubted { .. } => "doubted",
            Self::Missing { .. } => "missing",
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
            | Self::Retried { by, .. } => Some(by),
            Self::Sending { .. }
            | Self::Accepted { .. }
            | Self::Refused { .. }
            | Self::NotSent { .. }
            | Self::Doubted { .. }
            | Self::Missing { .. }
            | Self::Found { .. }
            | Self::Missed { .. }
            | Self::Rehearsed { .. } => None,
        }
    }
}

/// When an intent was sent, and how often it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Which try.
    pub attempt: Attempt,
    /// When.
    pub at: Timestamp,
}

/// Where an intent stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Not sent.
    Planned,
    /// Durable, on its way.
    Sending(Sent),
    /// At the broker.
    Accepted {
        /// When it was sent.
        sent: Sent,
        /// The broker's number.
        order_id: OrderId,
        /// When that was known.
        at: Timestamp,
        /// Look-ups it took, 0 if the broker answered.
        lookups: u32,
    },
    /// Refused by the broker.
    Refused {
        /// When it was sent.
        sent: Sent,
        /// Why.
        cause: Cause,
        /// When that was known.
        at: Timestamp,
    },
    /// Never left.
    NotSent {
        /// Why.
        cause: Cause,
    },
    /// Unknown, until the broker's book shows it.
    InDoubt {
        /// When it was sent.
        sent: Sent,
        /// Why.
        cause: Cause,
        /// Look-ups that did not find it.
        lookups: u32,
    },
    /// The window closed first.
    Missed,
    /// Dry-run.
    Rehearsed,
}

/// An intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The tag it carries at the broker: fixed when the run is frozen, another one for each attempt.
    pub tag: OrderTag,
    /// The attempt it is at, from 1.
    pub attempt: Attempt,
    /// Where it stands.
    pub stage: Stage,
}

impl Intent {
    /// A planned intent with its tag.
    pub const fn planned(tag: OrderTag) -> Self {
        Self { tag, attempt: Attempt(1), stage: Stage::Planned }
    }

    /// The intent after the event: the one transition function, live and at replay.
    pub fn next(&self, event: &IntentEvent) -> Result<Self, Illegal> {
        use IntentEvent as E;
        let stage = match (&self.stage, event) {
            (Stage::Planned, E::Sending { attempt, at }) if *attempt == self.attempt => {
                Stage::Sending(Sent { attempt: *attempt, at: *at })
            }
            (Stage::Planned | Stage::Sending(_), E::NotSent { cause, .. }) => {
                Stage::NotSent { cause: cause.clone() }
            }
            (Stage::Planned, E::Missed { .. }) => Stage::Missed,
            (Stage::Planned, E::Rehearsed { .. }) => Stage::Rehearsed,
            (Stage::Sending(sent), E::Accepted { order_id, at }) => {
                Stage::Accepted { sent: *sent, order_id: order_id.clone(), at: *at, lookups: 0 }
            }
            (Stage::Sending(sent), E::Refused { cause, at }) => {
                Stage::Refused { sent: *sent, cause: cause.clone(), at: *at }
            }
            (Stage::Sending(sent), E::Doubted { cause, .. }) => {
                Stage::InDoubt { sent: *sent, cause: cause.clone(), lookups: 0 }
            }
            (Stage::InDoubt { sent, cause, lookups }, E::Missing { .. }) => Stage::InDoubt {
                sent: *sent,
                cause: cause.clone(),
                lookups: lookups.saturating_add(1),
            },
            (Stage::InDoubt { sent, lookups, .. }, E::Found { order_id, at }) => Stage::Accepted {
                sent: *sent,
                order_id: order_id.clone(),
                at: *at,
                lookups: lookups.saturating_add(1),
            },
            (Stage::InDoubt { sent, lookups, .. }, E::SaidPlaced { order_id, at, .. }) => {
                let (order_id, lookups) = (order_id.clone(), *lookups);
                Stage::Accepted { sent: *sent, order_id, at: *at, lookups }
            }
            (Stage::InDoubt { .. }, E::SaidNotPlaced { by, .. }) => {
                Stage::NotSent { cause: said_not_placed(by) }
            }
            (Stage::InDoubt { .. }, E::Retried { attempt, tag, .. })
                if attempt.0 == self.attempt.0.saturating_add(1) && *tag != self.tag =>
            {
                return Ok(Self { tag: tag.clone(), attempt: *attempt, stage: Stage::Planned });
            }
            (state, event) => {
                return Err(Illegal {
                    machine: "intent",
                    state: status_of(state).words(),
                    event: event.name(),
                });
            }
        };
        Ok(Self { tag: self.tag.clone(), attempt: self.attempt, stage })
    }

    /// The status as the board counts it.
    pub const fn status(&self) -> IntentStatus {
        status_of(&self.stage)
    }
}

fn said_not_placed(by: &str) -> Cause {
    let says = Some(format!("{by} looked: the broker does not have it"));
    Cause { kind: FailureKind::Refused, says, ip_seen: None }
}

const fn status_of(stage: &Stage) -> IntentStatus {
    match stage {
        Stage::Planned => IntentStatus::Planned,
        Stage::Sending(_) => IntentStatus::Sending,
        Stage::Accepted { .. } => IntentStatus::Accepted,
        Stage::Refused { .. } => IntentStatus::Refused,
        Stage::NotSent { .. } => IntentStatus::NotSent,
        Stage::InDoubt { .. } => IntentStatus::InDoubt,
        Stage::Missed => IntentStatus::Missed,
        Stage::Rehearsed => IntentStatus::Rehearsed,
    }
}

#[cfg(test)]
mod tests;
