//! The stop switch: what it holds, and how a person settles an order in doubt.

use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, PlanId, UserId};

/// What a halt stops. After a halt is acknowledged no order of its scope starts to leave, until it is
/// resumed; a restart changes nothing about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of", content = "name")]
pub enum HaltScope {
    /// Everything.
    All,
    /// One person's accounts.
    User(UserId),
    /// One plan.
    Plan(PlanId),
}

impl HaltScope {
    /// `everything`, `user asha.k`, `plan btst`.
    pub fn words(&self) -> String {
        match self {
            Self::All => "everything".to_owned(),
            Self::User(user) => format!("user {user}"),
            Self::Plan(plan) => format!("plan {plan}"),
        }
    }

    /// Whether an order of this person under this plan is held.
    pub fn holds(&self, user: &UserId, plan: &PlanId) -> bool {
        match self {
            Self::All => true,
            Self::User(held) => held == user,
            Self::Plan(held) => held == plan,
        }
    }
}

/// What a person found out about an order in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// The broker has it, under this number.
    Found {
        /// The broker's number.
        order_id: OrderId,
    },
    /// The broker does not have it, and it is not wanted any more.
    NotPlaced,
    /// The broker does not have it, and it is to be sent once more, under a new tag.
    SendAgain,
}
