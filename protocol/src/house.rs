//! What is to be known to keep house: how large the store is, what opens the vault, when the last
//! backup was made. Asked for when somebody looks, for it costs a look at the disk.

use serde::{Deserialize, Serialize};

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
}
