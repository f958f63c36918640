//! Why something failed: the one taxonomy of broker errors, and the explanation a person sees.

use serde::{Deserialize, Serialize};

/// What kind of refusal or fault a broker's answer was. The same for every broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The broker understood and said no. Never the same request again.
    Refused,
    /// The source address is not on the key's list.
    IpNotAllowed,
    /// The key has no registered address at all.
    NoIpRegistered,
    /// Key, secret, client id or PIN is wrong. Never tried again by itself.
    CredentialsRejected,
    /// The one-time code was refused (or the PIN: Angel One does not tell them apart).
    OtpRejected,
    /// The session is dead or missing.
    SessionExpired,
    /// Throttled.
    RateLimited,
    /// A write whose fate the answer does not settle. Never sent again by itself.
    InDoubt,
    /// No connection, or a read failed.
    Unreachable,
    /// The broker announces maintenance.
    Maintenance,
    /// The account holder must agree or authorise first.
    NeedsConsent,
    /// A read's answer cannot be understood.
    Malformed,
}

impl FailureKind {
    /// Two or three words for a table cell.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::IpNotAllowed => "IP refused",
            Self::NoIpRegistered => "no IP set",
            Self::CredentialsRejected => "key rejected",
            Self::OtpRejected => "TOTP wrong",
            Self::SessionExpired => "session over",
            Self::RateLimited => "throttled",
            Self::InDoubt => "IN DOUBT",
            Self::Unreachable => "unreachable",
            Self::Maintenance => "maintenance",
            Self::NeedsConsent => "needs consent",
            Self::Malformed => "unreadable",
        }
    }

    /// True when it is the broker, or the way to it, that did not serve; else it has answered.
    pub const fn is_the_brokers(self) -> bool {
        match self {
            Self::RateLimited
            | Self::InDoubt
            | Self::Unreachable
            | Self::Maintenance
            | Self::Malformed => true,
            Self::Refused
            | Self::IpNotAllowed
            | Self::NoIpRegistered
            | Self::CredentialsRejected
            | Self::OtpRejected
            | Self::SessionExpired
            | Self::NeedsConsent => false,
        }
    }

    /// True when trying again with the same credential risks a lock-out.
    pub const fn is_credential(self) -> bool {
        match self {
            Self::CredentialsRejected | Self::OtpRejected => true,
            Self::Refused
            | Self::IpNotAllowed
            | Self::NoIpRegistered
            | Self::SessionExpired
            | Self::RateLimited
            | Self::InDoubt
            | Self::Unreachable
            | Self::Maintenance
            | Self::NeedsConsent
            | Self::Malformed => false,
        }
    }
}

/// A failure explained to a person: cause, the broker's own words, what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// What kind of failure.
    pub kind: FailureKind,
    /// The broker's words with its code, scrubbed of secrets and control characters; at most 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker_says: Option<String>,
    /// What it means, one or two sentences.
    pub means: String,
    /// What to do next, imperative, with the exact address or page where one is needed.
    pub action: String,
    /// The address the broker said it saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_seen: Option<String>,
    /// The address to register at the broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_to_register: Option<String>,
}
