//! The audit's chain as it is asked for: entries in their places, and whether all follow.

use serde::{Deserialize, Serialize};

use crate::event::AuditEntry;
use crate::status::AuditHead;

/// An entry in its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Its number, from 1.
    pub number: u64,
    /// Its hash, in hex; the entry after it holds the same.
    pub hash: String,
    /// What it says.
    #[serde(flatten)]
    pub entry: AuditEntry,
}

/// The chain holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerified {
    /// Its end.
    pub head: AuditHead,
    /// The number of the entry whose hash was kept elsewhere, if one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<u64>,
}
