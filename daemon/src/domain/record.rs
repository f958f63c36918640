//! The durable vocabulary: what is written before it is acted on, and read back at start. A record is
//! stored as versioned JSON, so a field may be added with a default; a variant is never renamed.

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{AccountId, IntentId, PlanId, RunId};
use muster_protocol::status::HoldReason;
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::AccountEvent;
use super::calendar::CalendarEvent;
use super::check::EndedCheck;
use super::clock_guard::ClockEvent;
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
    /// What the clock showed.
    Clock(ClockEvent),
    /// An operator changed the exchange calendar.
    Calendar(CalendarEvent),
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

/// What a record tells of orders.
#[derive(Debug, Clone, Copy)]
pub enum OfOrders<'a> {
    /// Of a run's.
    Run(&'a RunEvent),
    /// Of one.
    Intent(&'a IntentEvent),
}

impl Record {
    /// What it tells of orders, if it does.
    pub const fn of_orders(&self) -> Option<OfOrders<'_>> {
        match self {
            Self::Run(_, event) => Some(OfOrders::Run(event)),
            Self::Intent(_, event) => Some(OfOrders::Intent(event)),
            Self::Started { .. }
            | Self::Account(..)
            | Self::Session(..)
            | Self::Check(..)
            | Self::Plan(..)
            | Self::Vault(_)
            | Self::Hold(_)
            | Self::Clock(_)
            | Self::Calendar(_)
            | Self::Halt { .. } => None,
        }
    }
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
