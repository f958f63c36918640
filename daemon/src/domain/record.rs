//! The durable vocabulary: what is written before it is acted on, and read back at start. A record is
//! stored as versioned JSON, so a field may be added with a default; a variant is never renamed.

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{AccountId, IntentId, PlanId, RunId};
use muster_protocol::status::HoldReason;
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::AccountEvent;
use super::check::EndedCheck;
use super::intent::IntentEvent;
use super::plan::PlanEvent;
use super::run::RunEvent;
use super::session::SessionEvent;

/// One durable change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The daemon started.
    Started {
        /// Its version.
        version: String,
        /// When.
        at: Timestamp,
    },
    /// An account changed.
    Account(AccountId, AccountEvent),
    /// An account's session changed.
    Session(AccountId, SessionEvent),
    /// An account's check ended.
    Check(AccountId, EndedCheck),
    /// A plan changed.
    Plan(PlanId, PlanEvent),
    /// A run moved on.
    Run(RunId, RunEvent),
    /// An intent moved on.
    Intent(IntentId, IntentEvent),
    /// The vault was opened or sealed; a restart begins anew.
    Vault(VaultEvent),
    /// Runs are held, or happen again.
    Hold(HoldEvent),
    /// A halt was set or ended.
    Halt {
        /// Which.
        scope: HaltScope,
        /// Set, or ended.
        on: bool,
        /// Set: what is open at the brokers is cancelled as well.
        #[serde(default)]
        cancel: bool,
        /// When.
        at: Timestamp,
    },
}

/// What holds runs, and what lets them go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldEvent {
    /// Nothing is sent until a person says go.
    Held {
        /// Why.
        reason: HoldReason,
        /// Since when.
        at: Timestamp,
    },
    /// A person said go.
    Released {
        /// When.
        at: Timestamp,
    },
}

/// What happens to the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VaultEvent {
    /// A secret opened it.
    Unsealed {
        /// When.
        at: Timestamp,
    },
    /// Its keys were wiped.
    Sealed {
        /// When.
        at: Timestamp,
    },
}
