//! An intent's life: one leg for one account in one run, never sent twice.
//!
//! ```text
//! Planned --Sending--> Sending --Accepted--> Accepted
//!    |                    |  \---Refused--> Refused
//!    |                    |  \---NotSent--> NotSent      (no connection was made: proven)
//!    |                    \------Doubted--> InDoubt --Found--> Accepted
//!    |                                        \--Missing--> InDoubt (one more look-up)
//!    |--NotSent--> NotSent   (own refusal before any byte)
//!    |--Missed--> Missed     (the window closed)
//!    \--Rehearsed--> Rehearsed (dry-run)
//! ```
//! Nothing leads from `InDoubt` back to `Sending`: what may have been sent is never sent again by itself.

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

/// Where an intent stands. The tag is fixed when the run is frozen and never changes.
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
    /// The tag it carries at the broker.
    pub tag: OrderTag,
    /// Where it stands.
    pub stage: Stage,
}

impl Intent {
    /// A planned intent with its tag.
    pub const fn planned(tag: OrderTag) -> Self {
        Self { tag, stage: Stage::Planned }
    }

    /// The intent after the event: the one transition function, live and at replay.
    pub fn next(&self, event: &IntentEvent) -> Result<Self, Illegal> {
        use IntentEvent as E;
        let stage = match (&self.stage, event) {
            (Stage::Planned, E::Sending { attempt, at }) => {
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
            (state, event) => {
                return Err(Illegal {
                    machine: "intent",
                    state: status_of(state).words(),
                    event: event.name(),
                });
            }
        };
        Ok(Self { tag: self.tag.clone(), stage })
    }

    /// The status as the board counts it.
    pub const fn status(&self) -> IntentStatus {
        status_of(&self.stage)
    }
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
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_000);

    fn cause() -> Cause {
        Cause { kind: FailureKind::InDoubt, says: None, ip_seen: None }
    }

    fn every_event() -> Vec<IntentEvent> {
        let order_id = OrderId("1".to_owned());
        vec![
            IntentEvent::Sending { attempt: Attempt(1), at: AT },
            IntentEvent::Accepted { order_id: order_id.clone(), at: AT },
            IntentEvent::Refused { cause: cause(), at: AT },
            IntentEvent::NotSent { cause: cause(), at: AT },
            IntentEvent::Doubted { cause: cause(), at: AT },
            IntentEvent::Missing { at: AT },
            IntentEvent::Found { order_id, at: AT },
            IntentEvent::Missed { at: AT },
            IntentEvent::Rehearsed { at: AT },
        ]
    }

    fn after(events: &[IntentEvent]) -> Intent {
        let planned = Intent::planned(OrderTag("T".to_owned()));
        events.iter().fold(planned, |intent, event| intent.next(event).unwrap())
    }

    #[test]
    fn i1_no_path_leads_to_a_second_send() {
        // Every reachable state within six events: none that was ever sent accepts Sending again.
        let mut frontier = vec![(after(&[]), false)];
        for _ in 0..6 {
            let mut next = Vec::new();
            for (intent, sent) in &frontier {
                for event in every_event() {
                    let Ok(moved) = intent.next(&event) else { continue };
                    let sends = matches!(event, IntentEvent::Sending { .. });
                    assert!(!(sends && *sent), "{intent:?} was sent again");
                    next.push((moved, *sent || sends));
                }
            }
            frontier.extend(next);
            frontier.dedup();
        }
        assert!(frontier.len() > 8);
    }

    #[test]
    fn i6_only_the_book_moves_an_order_out_of_doubt() {
        let doubt = after(&[every_event()[0].clone(), every_event()[4].clone()]);
        for event in every_event() {
            match (&event, doubt.next(&event)) {
                (IntentEvent::Found { .. }, Ok(moved)) => {
                    assert_eq!(moved.status(), IntentStatus::Accepted);
                }
                (IntentEvent::Missing { .. }, Ok(moved)) => {
                    assert_eq!(moved.status(), IntentStatus::InDoubt);
                }
                (_, Err(_)) => {}
                (event, Ok(moved)) => panic!("{event:?} led to {moved:?}"),
            }
        }
    }

    #[test]
    fn a_settled_intent_takes_no_event() {
        let settled = after(&[every_event()[0].clone(), every_event()[1].clone()]);
        assert!(every_event().iter().all(|event| settled.next(event).is_err()));
    }
}
