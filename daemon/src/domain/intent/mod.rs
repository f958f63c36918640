//! An intent's life: one leg for one account in one run, never sent twice.
//!
//! ```text
//! Planned --Sending--> Sending --Accepted--> Accepted --Followed--> Accepted (open, filled, rejected ...)
//!    |                    |  \---Refused--> Refused
//!    |                    |  \---NotSent--> NotSent      (no connection was made: proven)
//!    |                    \------Doubted--> InDoubt --Found, SaidPlaced--> Accepted
//!    |                                        |--Missing--> InDoubt (one more look-up)
//!    |                                        |--Absent--> InDoubt, proven absent
//!    |                                        |--SaidNotPlaced--> NotSent (a person looked)
//!    |<---------------------------------------\--Retried--> Planned, attempt n+1, a new tag
//!    |--NotSent--> NotSent   (own refusal before any byte)
//!    |--Missed--> Missed     (the window closed)
//!    \--Rehearsed--> Rehearsed (dry-run)
//! ```
//! `Found` leads to `Accepted` from every state in which the order is not expected at the broker: the
//! book is evidence, whoever placed it (a restored store, a second daemon, a late arrival).
//! From `InDoubt` back to `Planned` leads a person's word, or the plan's own once absence is proven:
//! what may have been sent is never sent again by itself.

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{Attempt, OrderTag};
use muster_protocol::run::IntentStatus;

mod event;
mod stage;

use super::illegal::Illegal;
pub use event::{Cause, IntentEvent};
pub use stage::{AtBroker, Sent, Stage};
use stage::{accepted, status_of};

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
        if let E::Retried { attempt, tag, .. } = event {
            return self.retried(*attempt, tag);
        }
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
                accepted(*sent, order_id, *at, 0)
            }
            (Stage::Sending(sent), E::Refused { cause, at }) => {
                Stage::Refused { sent: *sent, cause: cause.clone(), at: *at }
            }
            (Stage::Sending(sent), E::Doubted { cause, at }) => {
                let (sent, cause) = (*sent, cause.clone());
                Stage::InDoubt { sent, cause, lookups: 0, since: *at, absent: None }
            }
            (Stage::InDoubt { .. }, E::Missing { .. } | E::Absent { .. }) => {
                self.stage.not_in_the_book(event)
            }
            (
                Stage::Planned
                | Stage::InDoubt { .. }
                | Stage::Refused { .. }
                | Stage::NotSent { .. }
                | Stage::Missed,
                E::Found { order_id, at },
            ) => {
                let sent = self.stage.sent().unwrap_or(Sent { attempt: self.attempt, at: *at });
                accepted(sent, order_id, *at, self.stage.lookups().saturating_add(1))
            }
            (Stage::InDoubt { sent, lookups, .. }, E::SaidPlaced { order_id, at, .. }) => {
                accepted(*sent, order_id, *at, *lookups)
            }
            (Stage::InDoubt { .. }, E::SaidNotPlaced { by, .. }) => {
                Stage::NotSent { cause: said_not_placed(by) }
            }
            (Stage::Accepted { order, .. }, _) => match order.next(event) {
                Some(order) => self.stage.with(order),
                None => return Err(self.illegal(event)),
            },
            (_, event) => return Err(self.illegal(event)),
        };
        Ok(Self { tag: self.tag.clone(), attempt: self.attempt, stage })
    }

    /// In doubt and to be sent once more: under the next number and another tag.
    fn retried(&self, attempt: Attempt, tag: &OrderTag) -> Result<Self, Illegal> {
        let next = attempt.0 == self.attempt.0.saturating_add(1) && *tag != self.tag;
        if next && matches!(self.stage, Stage::InDoubt { .. }) {
            return Ok(Self { tag: tag.clone(), attempt, stage: Stage::Planned });
        }
        let state = status_of(&self.stage).words();
        Err(Illegal { machine: "intent", state, event: "retried" })
    }

    fn illegal(&self, event: &IntentEvent) -> Illegal {
        let state = status_of(&self.stage).words();
        Illegal { machine: "intent", state, event: event.name() }
    }

    /// The status as the board counts it.
    pub fn status(&self) -> IntentStatus {
        status_of(&self.stage)
    }
}

fn said_not_placed(by: &str) -> Cause {
    let says = Some(format!("{by} looked: the broker does not have it"));
    Cause { kind: FailureKind::Refused, says, ip_seen: None }
}

#[cfg(test)]
mod tests;
