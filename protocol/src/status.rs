//! The daemon's own state: header and System page.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::halt::HaltScope;
use crate::ids::{EgressName, PlanId, RunId};
use crate::order::Broker;
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
    /// The clock shows an earlier time than it did before.
    ClockBehind,
    /// The clock was set, and nothing has confirmed it since.
    ClockSet,
    /// The clock is known to follow no time source.
    ClockUnsynchronised,
    /// Orders of this store's runs were sent by somebody else as well.
    SecondSender,
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
            Self::ClockBehind => {
                "HELD: the clock is behind what it showed before; set it right, or say muster release"
            }
            Self::ClockSet => {
                "HELD: the clock was set and no broker has confirmed it; test an account, or say muster release"
            }
            Self::ClockUnsynchronised => {
                "HELD: the clock follows no time source; start one, or set clock.ntp in the configuration"
            }
            Self::SecondSender => {
                "HELD: a second daemon with a copy of this store sends the same orders; stop it, look at today's orders, then say muster release"
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

impl fmt::Display for AuditHead {
    /// One line for a report that is kept elsewhere: the hash is what `audit verify --head` takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entries {
            0 => f.write_str("audit: empty"),
            1 => write!(f, "audit: 1 entry, head {}", self.hash),
            entries => write!(f, "audit: {entries} entries, head {}", self.hash),
        }
    }
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
    pub shared_at: Vec<Broker>,
    /// What is known of it now.
    #[serde(default)]
    pub state: EgressState,
    /// The local address calls leave from, if one is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<String>,
    /// Calls go through a proxy.
    #[serde(default)]
    pub proxied: bool,
    /// Why it could not be observed the last time, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// What is known of an egress.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum EgressState {
    /// Nothing observes it, or nothing has yet.
    #[default]
    Unobserved,
    /// The world saw the address people register, not long ago.
    AsRegistered,
    /// What the world saw is too long ago to rely on.
    Stale,
    /// The world sees another address.
    Another,
    /// Nothing can leave by it: its local address is gone.
    Gone,
}

impl EgressState {
    /// The word in a table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unobserved => "not observed",
            Self::AsRegistered => "as registered",
            Self::Stale => "STALE",
            Self::Another => "ANOTHER ADDRESS",
            Self::Gone => "GONE",
        }
    }
}

/// Whether the machine's clock follows a time source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Ntp {
    /// Nothing says.
    #[default]
    Unknown,
    /// It does.
    Synchronised {
        /// When it last heard from its source.
        at: Timestamp,
    },
    /// It is known not to.
    Unsynchronised,
}

/// A broker's clock against ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// Which broker.
    pub broker: Broker,
    /// The broker's clock minus ours, in milliseconds; the least its header allows.
    pub offset_ms: i64,
    /// When it was measured.
    pub at: Timestamp,
}

/// What is known of this server's clock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ClockView {
    /// Whether it follows a time source.
    pub ntp: Ntp,
    /// The brokers' clocks, as last measured.
    #[serde(default)]
    pub offsets: Vec<ClockOffset>,
    /// When it was last set by a step, and by how many milliseconds, since the daemon started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<ClockStep>,
}

/// A step of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockStep {
    /// What it showed then, after the step.
    pub at: Timestamp,
    /// By how much it was moved, in milliseconds.
    pub by_ms: i64,
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

/// A run of today that did not happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedRun {
    /// Which.
    pub run: RunId,
    /// Why.
    pub reason: String,
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
    /// Runs of today that did not happen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<MissedRun>,
    /// The newest link of the audit chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditHead>,
    /// What is known of this server's clock.
    #[serde(default)]
    pub clock: ClockView,
    /// When all accounts were last called to a muster, since the daemon started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mustered: Option<Timestamp>,
    /// Where login redirects arrive, as text for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_one_line() {
        let head = |entries| AuditHead { entries, hash: "ab12".to_owned() }.to_string();
        assert_eq!(head(0), "audit: empty");
        assert_eq!(head(1), "audit: 1 entry, head ab12");
        assert_eq!(head(7), "audit: 7 entries, head ab12");
    }
}
