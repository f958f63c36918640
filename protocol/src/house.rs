//! What is to be known to keep house: how large the store is, what opens the vault, when the last
//! backup was made, how the brokers behave. Asked for when somebody looks, for it costs a look at the disk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::failure::FailureKind;
use crate::order::Broker;
use crate::time::Timestamp;
use crate::vault::SlotView;

/// The store and what guards it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseView {
    /// The size of the store's file, if it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_bytes: Option<u64>,
    /// How many records everything is replayed from.
    pub records: u64,
    /// How many entries the journal has.
    pub journal: u64,
    /// The ways to open the vault; none for a person who sees their own accounts only.
    #[serde(default)]
    pub slots: Vec<SlotView>,
    /// When the newest backup was made, as far back as the audit was searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Timestamp>,
    /// How each broker has behaved, over all accounts.
    #[serde(default)]
    pub brokers: Vec<BrokerHealth>,
}

/// How a broker has behaved lately, as the daemon's calls tell; whose they were is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerHealth {
    /// Which.
    pub broker: Broker,
    /// Calls that ended within the last hour, or since the daemon started.
    pub calls: u32,
    /// How many of them the broker did not serve, by what was the matter.
    #[serde(default)]
    pub faults: BTreeMap<FailureKind, u32>,
    /// When it last answered, be it with a no; `None` if it has not since the daemon started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ok: Option<Timestamp>,
    /// When it last did not serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<BrokerFault>,
}

/// A call a broker did not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerFault {
    /// What was the matter.
    pub kind: FailureKind,
    /// When.
    pub at: Timestamp,
}
