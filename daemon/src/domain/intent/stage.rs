//! Where an intent stands, and what the broker's book told of it.

use muster_protocol::ids::{Attempt, OrderId};
use muster_protocol::run::IntentStatus;
use muster_protocol::time::Timestamp;

use super::super::book::{OrderState, Progress};
use super::event::{Cause, IntentEvent};

/// When an intent was sent, and how often it was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Which try.
    pub attempt: Attempt,
    /// When.
    pub at: Timestamp,
}

/// What the order book told of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AtBroker {
    /// How far it has come; `None` until a book showed it.
    pub progress: Option<Progress>,
    /// Further orders of the same intent: one too many each.
    pub duplicates: Vec<OrderId>,
    /// When its cancellation was asked for.
    pub cancelling: Option<Timestamp>,
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
        /// What the order book told since.
        order: Box<AtBroker>,
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
        /// Since when.
        since: Timestamp,
        /// Since when it is proven that the broker does not have it.
        absent: Option<Timestamp>,
    },
    /// The window closed first.
    Missed,
    /// Dry-run.
    Rehearsed,
}

pub(super) fn accepted(sent: Sent, order_id: &OrderId, at: Timestamp, lookups: u32) -> Stage {
    let order = Box::default();
    Stage::Accepted { sent, order_id: order_id.clone(), at, lookups, order }
}

impl AtBroker {
    fn status(&self) -> IntentStatus {
        let Some(progress) = &self.progress else { return IntentStatus::Accepted };
        match progress.state {
            OrderState::Pending => IntentStatus::Accepted,
            OrderState::Open if progress.filled > 0 => IntentStatus::PartlyFilled,
            OrderState::Open => IntentStatus::Open,
            OrderState::Filled => IntentStatus::Filled,
            OrderState::Rejected => IntentStatus::Rejected,
            OrderState::Cancelled => IntentStatus::Cancelled,
        }
    }

    /// What the book told, one more thing taken in; `None` if the event does not fit.
    pub(super) fn next(&self, event: &IntentEvent) -> Option<Self> {
        let mut next = self.clone();
        match event {
            IntentEvent::Followed { progress, .. } => next.progress = Some(progress.clone()),
            IntentEvent::Duplicated { order_id, .. } if !self.duplicates.contains(order_id) => {
                next.duplicates.push(order_id.clone());
            }
            IntentEvent::Cancelling { at, .. } => next.cancelling = Some(*at),
            IntentEvent::Duplicated { .. }
            | IntentEvent::Sending { .. }
            | IntentEvent::Accepted { .. }
            | IntentEvent::Refused { .. }
            | IntentEvent::NotSent { .. }
            | IntentEvent::Doubted { .. }
            | IntentEvent::Missing { .. }
            | IntentEvent::Absent { .. }
            | IntentEvent::Found { .. }
            | IntentEvent::Missed { .. }
            | IntentEvent::Rehearsed { .. }
            | IntentEvent::SaidPlaced { .. }
            | IntentEvent::SaidNotPlaced { .. }
            | IntentEvent::Retried { .. } => return None,
        }
        Some(next)
    }
}

impl Stage {
    /// The broker's number of an order that is at the broker, and what its book told of it since.
    pub fn at_broker(&self) -> Option<(&OrderId, &AtBroker)> {
        match self {
            Self::Accepted { order_id, order, .. } => Some((order_id, order)),
            Self::Planned
            | Self::Sending(_)
            | Self::Refused { .. }
            | Self::NotSent { .. }
            | Self::InDoubt { .. }
            | Self::Missed
            | Self::Rehearsed => None,
        }
    }

    /// When it was sent, if it was.
    pub const fn sent(&self) -> Option<Sent> {
        match self {
            Self::Sending(sent)
            | Self::Accepted { sent, .. }
            | Self::Refused { sent, .. }
            | Self::InDoubt { sent, .. } => Some(*sent),
            Self::Planned | Self::NotSent { .. } | Self::Missed | Self::Rehearsed => None,
        }
    }

    pub(super) const fn lookups(&self) -> u32 {
        match self {
            Self::InDoubt { lookups, .. } | Self::Accepted { lookups, .. } => *lookups,
            Self::Planned
            | Self::Sending(_)
            | Self::Refused { .. }
            | Self::NotSent { .. }
            | Self::Missed
            | Self::Rehearsed => 0,
        }
    }

    /// In doubt, after one more look that did not show it.
    pub(super) fn not_in_the_book(&self, event: &IntentEvent) -> Self {
        let mut stage = self.clone();
        if let Self::InDoubt { lookups, absent, .. } = &mut stage {
            if let IntentEvent::Absent { at } = event {
                *absent = Some(*at);
            } else {
                *lookups = lookups.saturating_add(1);
            }
        }
        stage
    }

    pub(super) fn with(&self, next: AtBroker) -> Self {
        let mut stage = self.clone();
        if let Self::Accepted { order, .. } = &mut stage {
            **order = next;
        }
        stage
    }
}

pub(super) fn status_of(stage: &Stage) -> IntentStatus {
    match stage {
        Stage::Planned => IntentStatus::Planned,
        Stage::Sending(_) => IntentStatus::Sending,
        Stage::Accepted { order, .. } => order.status(),
        Stage::Refused { .. } => IntentStatus::Refused,
        Stage::NotSent { .. } => IntentStatus::NotSent,
        Stage::InDoubt { .. } => IntentStatus::InDoubt,
        Stage::Missed => IntentStatus::Missed,
        Stage::Rehearsed => IntentStatus::Rehearsed,
    }
}
