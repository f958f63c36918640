//! A plan: named legs, when they fire, for whom, live or dry-run.

use serde::{Deserialize, Serialize};

use crate::ids::PlanId;
use crate::order::Leg;
use crate::time::{TimeOfDay, Timestamp, Weekday};

/// The most legs a plan may hold.
pub const MAX_LEGS: usize = 50;

/// What a person writes down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSpec {
    /// The plan's name.
    pub name: PlanId,
    /// When it fires, in exchange time.
    #[serde(default = "ten_past_three")]
    pub at: TimeOfDay,
    /// The latest start: a run that could not start by then is MISSED.
    #[serde(default = "window")]
    pub window_until: TimeOfDay,
    /// On which days, if they are trading days.
    #[serde(default = "working_days")]
    pub weekdays: Vec<Weekday>,
    /// What is ordered, in this order, for each account with auto-execute on.
    pub legs: Vec<Leg>,
}

const fn ten_past_three() -> TimeOfDay {
    TimeOfDay::hm(15, 10)
}

const fn window() -> TimeOfDay {
    TimeOfDay::hm(15, 14)
}

fn working_days() -> Vec<Weekday> {
    Weekday::WORKING.to_vec()
}

/// Whether a plan's orders are really sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything but the send. The mode of a new or changed plan.
    DryRun,
    /// Orders are sent.
    Live,
}

impl Mode {
    /// The word on screens.
    pub const fn words(self) -> &'static str {
        match self {
            Self::DryRun => "dry-run",
            Self::Live => "LIVE",
        }
    }
}

/// A plan as the daemon has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanView {
    /// What was written down.
    pub spec: PlanSpec,
    /// Live or dry-run.
    pub mode: Mode,
    /// SHA-256 over the canonical form of the legs, hex.
    pub hash: String,
    /// The next time it fires, if the calendar covers one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_fire: Option<Timestamp>,
    /// Why there is no next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_fire_because: Option<String>,
}
