//! The one error of every adapter: what kind, the broker's words, the address it saw.

use muster_protocol::failure::FailureKind;

/// A broker's refusal or fault. Holds no secret: the words are scrubbed where they are read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", kind.words(), says.as_ref().map(|s| format!(": {s}")).unwrap_or_default())]
pub struct BrokerError {
    /// What the caller can do about it.
    pub kind: FailureKind,
    /// The broker's words with its code, scrubbed, at most 300 characters.
    pub says: Option<String>,
    /// The address the broker said it saw.
    pub ip_seen: Option<String>,
}

/// A success whose content is not what was asked for.
pub(super) fn malformed() -> BrokerError {
    BrokerError::says(FailureKind::Malformed, "the answer lacks what was asked for")
}

impl BrokerError {
    /// An error of this kind without the broker's words.
    pub const fn bare(kind: FailureKind) -> Self {
        Self { kind, says: None, ip_seen: None }
    }

    /// An error of this kind with words.
    pub fn says(kind: FailureKind, words: impl Into<String>) -> Self {
        Self { kind, says: Some(words.into()), ip_seen: None }
    }
}
