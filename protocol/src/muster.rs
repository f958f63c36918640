//! The muster: every account at every gate, before the clock strikes.

use serde::{Deserialize, Serialize};

use crate::account::Fitness;
use crate::ids::{AccountId, PlanId, UserId};
use crate::order::Broker;
use crate::plan::Mode;
use crate::status::{FitCounts, HoldReason};
use crate::time::Timestamp;

/// What an account must pass to take part in a run, in the order it is shown. One failed gate leaves it
/// out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Switched on, and taking part in runs.
    Active,
    /// The vault is open.
    Vault,
    /// Orders are not halted.
    Halt,
    /// A plan is due: its hash and mode.
    Plan,
    /// The broker answers.
    Reach,
    /// The broker accepted the credential.
    Credential,
    /// The session outlives the run.
    Session,
    /// Calls leave by the address people registered.
    Egress,
    /// The broker takes orders from that address.
    OrderPermission,
    /// This server's clock agrees with the broker's.
    Clock,
    /// Today's list of instruments has every leg.
    Instruments,
    /// The account may trade where the legs are.
    Segment,
    /// There is money for the legs.
    Funds,
    /// No order is in doubt.
    Doubt,
}

impl Gate {
    /// Every gate, in order.
    pub const ALL: [Self; 14] = [
        Self::Active,
        Self::Vault,
        Self::Halt,
        Self::Plan,
        Self::Reach,
        Self::Credential,
        Self::Session,
        Self::Egress,
        Self::OrderPermission,
        Self::Clock,
        Self::Instruments,
        Self::Segment,
        Self::Funds,
        Self::Doubt,
    ];

    /// Its name on a screen.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Vault => "vault",
            Self::Halt => "halt",
            Self::Plan => "plan",
            Self::Reach => "reach",
            Self::Credential => "credential",
            Self::Session => "session",
            Self::Egress => "egress",
            Self::OrderPermission => "order permission",
            Self::Clock => "clock",
            Self::Instruments => "instruments",
            Self::Segment => "segment",
            Self::Funds => "funds",
            Self::Doubt => "in doubt",
        }
    }
}

/// How an account stands at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateVerdict {
    /// Known to be good.
    Passed,
    /// Good enough, and worth a look.
    Warned,
    /// Cannot be told; leaves nobody out.
    Unknown,
    /// Known to be bad: the account is left out.
    Failed,
}

impl GateVerdict {
    /// The sign in a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Warned => "warn",
            Self::Unknown => "??",
            Self::Failed => "NO",
        }
    }
}

/// One account at one gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateView {
    /// Which gate.
    pub gate: Gate,
    /// How it stands.
    pub verdict: GateVerdict,
    /// When what this rests on was found out; `None` where it is known at any instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<Timestamp>,
    /// What was found, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// One account's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MusterRow {
    /// Which account.
    pub account: AccountId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// The broker's name for it.
    pub client_id: String,
    /// What follows from the gates.
    pub fitness: Fitness,
    /// Every gate, in order; none where they were not asked for.
    pub gates: Vec<GateView>,
}

/// The run a muster is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MusterRun {
    /// Which plan.
    pub plan: PlanId,
    /// When it fires.
    pub at: Timestamp,
    /// The latest send.
    pub window_until: Timestamp,
    /// Live or dry-run.
    pub mode: Mode,
    /// The plan's hash.
    pub hash: String,
    /// Legs, accounts and tags are fixed already.
    pub frozen: bool,
}

/// The whole board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MusterBoard {
    /// When it was made.
    pub now: Timestamp,
    /// The run it is for; `None` if none is due, and then what depends on one is not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<MusterRun>,
    /// Why no run happens at all until that is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HoldReason>,
    /// When all accounts were last called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mustered: Option<Timestamp>,
    /// When they are called next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_muster: Option<Timestamp>,
    /// Checks that are under way or wait for their turn.
    pub checking: u32,
    /// How many are fit.
    pub counts: FitCounts,
    /// The accounts that were asked for, of those the peer may see, by number.
    pub rows: Vec<MusterRow>,
}
