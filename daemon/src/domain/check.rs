//! A check under way, and what is kept of one that ended.

use muster_protocol::check::{
    CheckOutcome, CheckStep, CheckTarget, CheckView, OrderPermission, StepVerdict, StepView,
};
use muster_protocol::failure::Explained;
use muster_protocol::ids::{AccountId, UserId};
use muster_protocol::money::Paise;
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::illegal::Illegal;

/// What happens to a check under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckEvent {
    /// The person must log in first.
    AwaitLogin {
        /// The link.
        link: String,
        /// When the link stops being accepted.
        expires: Timestamp,
    },
    /// The steps begin.
    Begin,
    /// A step moved on.
    Step(StepView),
    /// All steps are done.
    Passed,
    /// A step failed.
    Failed(Explained),
    /// Given up.
    Abandoned(String),
    /// What passed was stored as this account.
    Saved(AccountId),
}

impl CheckEvent {
    const fn name(&self) -> &'static str {
        match self {
            Self::AwaitLogin { .. } => "await login",
            Self::Begin => "begin",
            Self::Step(_) => "step",
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Abandoned(_) => "abandoned",
            Self::Saved(_) => "saved",
        }
    }
}

/// A check, from its begin to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check(CheckView);

impl Check {
    /// A check that begins now.
    pub fn new(target: CheckTarget, user: UserId, broker: Broker, started: Timestamp) -> Self {
        let waiting = |step| StepView {
            step,
            verdict: StepVerdict::Waiting,
            took_ms: None,
            detail: String::new(),
        };
        let steps = CheckStep::ALL.map(waiting).to_vec();
        let outcome = CheckOutcome::Running;
        Self(CheckView { target, user, broker, started, steps, outcome, saved_as: None })
    }

    /// The check after the event.
    pub fn next(&self, event: CheckEvent) -> Result<Self, Illegal> {
        use CheckOutcome as O;
        let mut view = self.0.clone();
        match (&self.0.outcome, event) {
            (O::Running, CheckEvent::AwaitLogin { link, expires }) => {
                view.outcome = O::AwaitingLogin { link, expires };
            }
            (O::AwaitingLogin { .. }, CheckEvent::Begin) => view.outcome = O::Running,
            (O::Running, CheckEvent::Step(step)) => {
                if let Some(slot) = view.steps.iter_mut().find(|slot| slot.step == step.step) {
                    *slot = step;
                }
            }
            (O::Running, CheckEvent::Passed) => view.outcome = O::Passed,
            (O::Running, CheckEvent::Failed(failure)) => view.outcome = O::Failed { failure },
            (O::Running | O::AwaitingLogin { .. }, CheckEvent::Abandoned(reason)) => {
                view.outcome = O::Abandoned { reason };
            }
            (O::Passed, CheckEvent::Saved(account)) => view.saved_as = Some(account),
            (state, event) => {
                let state = match state {
                    O::AwaitingLogin { .. } => "awaiting login",
                    O::Running => "running",
                    O::Passed => "passed",
                    O::Failed { .. } => "failed",
                    O::Abandoned { .. } => "abandoned",
                };
                return Err(Illegal { machine: "check", state, event: event.name() });
            }
        }
        Ok(Self(view))
    }

    /// As clients see it.
    pub const fn view(&self) -> &CheckView {
        &self.0
    }

    /// Whether nothing more can happen but being stored.
    pub const fn is_over(&self) -> bool {
        match self.0.outcome {
            CheckOutcome::AwaitingLogin { .. } | CheckOutcome::Running => false,
            CheckOutcome::Passed | CheckOutcome::Failed { .. } | CheckOutcome::Abandoned { .. } => {
                true
            }
        }
    }
}

/// What is kept of a check that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedCheck {
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Its steps.
    pub steps: Vec<StepView>,
    /// Why it failed, if it did.
    pub failed: Option<Explained>,
    /// The order-permission verdict, if that step was reached.
    pub permission: Option<OrderPermission>,
    /// The funds, if that step was reached.
    pub funds: Option<Paise>,
    /// Round trip of the profile call, in milliseconds.
    pub latency_ms: Option<u32>,
    /// The address calls left by when the order permission was asked for, if it is known.
    #[serde(default)]
    pub probed_from: Option<String>,
    /// Where the broker lets the account trade, if it says so.
    #[serde(default)]
    pub exchanges: Option<Vec<Exchange>>,
    /// The step of which a one-time code was used: no code is used twice.
    #[serde(default)]
    pub otp_step: Option<i64>,
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::TicketId;

    use super::*;

    #[test]
    fn a_check_that_is_over_takes_no_step() {
        let target = CheckTarget::Ticket(TicketId(1));
        let at = Timestamp::from_millis(0);
        let check = Check::new(target, "asha".parse().unwrap(), Broker::Zerodha, at);
        let await_login = CheckEvent::AwaitLogin { link: "l".to_owned(), expires: at };
        let waiting = check.next(await_login).unwrap();
        assert!(waiting.next(CheckEvent::Passed).is_err());
        let running = waiting.next(CheckEvent::Begin).unwrap();
        let passed = running.next(CheckEvent::Passed).unwrap();
        assert!(passed.is_over() && passed.next(CheckEvent::Passed).is_err());
        assert!(running.next(CheckEvent::Saved(AccountId(1))).is_err());
        assert_eq!(
            passed.next(CheckEvent::Saved(AccountId(1))).unwrap().view().saved_as,
            Some(AccountId(1))
        );
    }
}
