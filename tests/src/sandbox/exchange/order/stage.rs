//! Where an order stands, in words of its own and of each broker.

use crate::sandbox::people::account::Broker;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Kept for the next trading day.
    AfterHours,
    Received,
    Validating,
    Pending,
    Open,
    TriggerPending,
    ModifyValidating,
    ModifyPending,
    Modified,
    CancelPending,
    Complete,
    Cancelled,
    /// Cancelled before the exchange saw it.
    CancelledAfterHours,
    Rejected,
}

impl Stage {
    /// Angel One's word for a changed order kept for the next day, and both words for a pending
    /// cancellation, are listed without having been seen.
    pub(crate) const fn word(self, broker: Broker) -> &'static str {
        let (angel, kite) = match self {
            Self::AfterHours => ("after market order req received", "AMO REQ RECEIVED"),
            Self::Received => ("put order req received", "PUT ORDER REQ RECEIVED"),
            Self::Validating => ("validation pending", "VALIDATION PENDING"),
            Self::Pending => ("open pending", "OPEN PENDING"),
            Self::Open => ("open", "OPEN"),
            Self::TriggerPending => ("trigger pending", "TRIGGER PENDING"),
            Self::ModifyValidating => ("modify validation pending", "MODIFY VALIDATION PENDING"),
            Self::ModifyPending => ("modify pending", "MODIFY PENDING"),
            Self::Modified => ("modified", "MODIFIED"),
            Self::CancelPending => ("cancel pending", "CANCEL PENDING"),
            Self::Complete => ("complete", "COMPLETE"),
            Self::Cancelled => ("cancelled", "CANCELLED"),
            Self::CancelledAfterHours => ("cancelled after market order", "CANCELLED AMO"),
            Self::Rejected => ("rejected", "REJECTED"),
        };
        match broker {
            Broker::AngelOne => angel,
            Broker::Kite => kite,
        }
    }

    pub(crate) const fn is_terminal(self) -> bool {
        matches!(self, Self::Complete | Self::Rejected) || self.is_cancelled()
    }

    pub(crate) const fn is_cancelled(self) -> bool {
        matches!(self, Self::Cancelled | Self::CancelledAfterHours)
    }

    /// Whether a client may change or cancel it now, and need not wait.
    pub(crate) const fn is_at_rest(self) -> bool {
        matches!(self, Self::AfterHours | Self::Open | Self::TriggerPending)
    }
}
