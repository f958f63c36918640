//! The protocol's version and its history.

use serde::{Deserialize, Serialize};

/// The version of the words on the socket. Each variant's line is the changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum ProtocolVersion {
    /// 1: the first.
    V1,
}

impl ProtocolVersion {
    /// What this build speaks.
    pub const CURRENT: Self = Self::V1;
}

/// A version this build does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("protocol version {0} is not known here (this build speaks 1): update the older side")]
pub struct UnknownVersion(u32);

impl TryFrom<u32> for ProtocolVersion {
    type Error = UnknownVersion;

    fn try_from(number: u32) -> Result<Self, UnknownVersion> {
        match number {
            1 => Ok(Self::V1),
            other => Err(UnknownVersion(other)),
        }
    }
}

impl From<ProtocolVersion> for u32 {
    fn from(version: ProtocolVersion) -> Self {
        match version {
            ProtocolVersion::V1 => 1,
        }
    }
}
