//! The daemon's own state: header and System page.

use serde::{Deserialize, Serialize};

use crate::halt::HaltScope;
use crate::ids::{EgressName, PlanId};
use crate::plan::Mode;
use crate::time::{Timestamp, TradingDate};

/// What the market is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketPhase {
    /// Weekend, holiday, or outside hours.
    Closed,
    /// Before continuous trading.
    PreOpen,
    /// Continuous trading.
    Open,
    /// The closing auction of stocks that underlie F&O; other instruments trade on.
    ClosingAuction,
    /// After continuous trading.
    PostClose,
}

impl MarketPhase {
    /// The word in the header.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::PreOpen => "PRE-OPEN",
            Self::Open => "OPEN",
            Self::ClosingAuction => "AUCTION",
            Self::PostClose => "POST-CLOSE",
        }
    }
}

/// Whether the credentials can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultState {
    /// The keys are in memory.
    Open,
    /// They are not.
    Sealed,
}

/// Why no run happens until a person says go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The store is older than the epoch file beside it.
    OlderStore,
    /// The store is in use, and there is no epoch file beside it.
    NoEpoch,
}

impl HoldReason {
    /// What is the matter, and what to look at.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OlderStore => {
                "HELD: an older store was put back; look at today's orders, then say muster release"
            }
            Self::NoEpoch => {
                "HELD: the store came without its epoch file; look at today's orders, then say muster release"
            }
        }
    }
}

/// The newest link of the audit chain: keep it elsewhere, and nobody can cut the chain unnoticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct AuditHead {
    /// How many entries there are.
    pub entries: u64,
    /// The newest one's hash, in hex; empty without any.
    pub hash: String,
}

/// A way out of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressView {
    /// Its name.
    pub name: EgressName,
    /// The public address from the configuration, the one to register.
    pub address: String,
    /// The address the world last saw, and when; `None` when nothing observes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// How many accounts use it.
    pub accounts: u32,
    /// Brokers at which more than one user shares it.
    #[serde(default)]
    pub shared_at: Vec<crate::order::Broker>,
}

/// An observation of an egress from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The address the world saw.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

/// The next run there will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextRun {
    /// Which plan.
    pub plan: PlanId,
    /// When.
    pub at: Timestamp,
    /// Live or dry-run.
    pub mode: Mode,
}

/// How many accounts are fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct FitCounts {
    /// Would take part in the next run.
    pub fit: u32,
    /// Would be left out.
    pub unfit: u32,
    /// Switched off.
    pub off: u32,
}

/// The daemon at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    /// The daemon's version.
    pub version: String,
    /// When it started.
    pub started: Timestamp,
    /// The daemon's clock when this was made.
    pub now: Timestamp,
    /// Sealed or open.
    pub vault: VaultState,
    /// What the market is doing.
    pub market: MarketPhase,
    /// The last date the holiday data covers.
    pub calendar_until: TradingDate,
    /// Said from 30 days before the holiday data ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar_warning: Option<String>,
    /// The halts in force.
    #[serde(default)]
    pub halts: Vec<HaltScope>,
    /// The next run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run: Option<NextRun>,
    /// The ways out; the first is the default.
    pub egress: Vec<EgressView>,
    /// How many accounts are fit.
    pub counts: FitCounts,
    /// Why no run happens until a person says go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HoldReason>,
    /// The newest link of the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditHead>,
    /// Where login redirects arrive, as text for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
}
