//! Newtypes for everything that is named or numbered, so that no two can be confused.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use crate::time::TradingDate;

/// Why a text is not a valid name; says what a valid one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} {given:?} is not valid: use 1 to {max} of a-z, 0-9, '.', '-' and '_', starting with a letter or digit"
)]
pub struct InvalidName {
    what: &'static str,
    given: String,
    max: usize,
}

fn check_name(what: &'static str, text: &str, max: usize) -> Result<(), InvalidName> {
    let fits = (1..=max).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    if fits {
        Ok(())
    } else {
        Err(InvalidName { what, given: text.chars().take(max + 8).collect(), max })
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Deserialize)]
        #[serde(try_from = "String")]
        // Filled up with zeros: names are parts of every key, copied and compared without a detour.
        pub struct $name([u8; $max]);

        impl $name {
            /// The longest name accepted, in characters.
            pub const MAX: usize = $max;

            /// The name as text.
            pub fn as_str(&self) -> &str {
                let text = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
                // Only ASCII is let in.
                str::from_utf8(text).unwrap_or_default()
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                // Most that are compared are the same: all orders of a run, all runs of a plan.
                if self == other { Ordering::Equal } else { self.0.cmp(&other.0) }
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                check_name($what, text, $max)?;
                let mut bytes = text.bytes();
                Ok(Self(std::array::from_fn(|_| bytes.next().unwrap_or(0))))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

name_type!(
    /// A person who owns accounts.
    UserId, "the user name", 24
);
name_type!(
    /// A plan's name.
    PlanId, "the plan name", 16
);
name_type!(
    /// A word an operator puts on accounts, by which plans name them.
    Label, "the label", 24
);
name_type!(
    /// A named way out of the server.
    EgressName, "the egress name", 16
);

/// One user's connection to one broker; numbered by the daemon, never reused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct AccountId(pub u32);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A connection or login that is under way and stored nowhere yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketId(pub u64);

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The position of a leg in its plan, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegNo(pub u8);

/// How often an intent was tried, from 1. A second attempt exists only after the first is proven absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(pub u8);

/// The most firings of one plan on one date; more have no room in an order's tag.
pub const MAX_FIRINGS: u8 = 25;

/// One firing of a plan on one date; written `plan@2026-11-23`, and `plan@2026-11-23.2` the second of
/// that date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RunId {
    /// The plan that fires.
    pub plan: PlanId,
    /// The trading date, in exchange time.
    pub date: TradingDate,
    /// Which firing of the plan on this date, from 1 to [`MAX_FIRINGS`].
    pub firing: u8,
}

impl Serialize for RunId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.plan, self.date)?;
        if self.firing > 1 { write!(f, ".{}", self.firing) } else { Ok(()) }
    }
}

/// A text that does not name a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} does not name a run: write PLAN@YYYY-MM-DD, and .2 after it for the second of that date"
)]
pub struct InvalidRunId(String);

impl TryFrom<String> for RunId {
    type Error = InvalidRunId;

    fn try_from(text: String) -> Result<Self, InvalidRunId> {
        let parts = text.split_once('@').and_then(|(plan, rest)| {
            let (date, firing) = match rest.split_once('.') {
                None => (rest, 1),
                Some((date, number)) => {
                    // One way to write each: no sign, no leading zero, never the first.
                    let plain =
                        number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
                    let firing =
                        number.parse().ok().filter(|n| plain && (2..=MAX_FIRINGS).contains(n))?;
                    (date, firing)
                }
            };
            Some(Self { plan: plan.parse().ok()?, date: date.parse().ok()?, firing })
        });
        parts.ok_or(InvalidRunId(text))
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.to_string()
    }
}

/// One leg for one account in one run: the unit that is never sent twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IntentId {
    /// The run.
    pub run: RunId,
    /// The account whose order it is.
    pub account: AccountId,
    /// The leg of the plan.
    pub leg: LegNo,
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.run, self.account, self.leg.0)
    }
}

/// The label an order carries at the broker, by which it is found again: at most 19 of `[0-9A-Z]`,
/// because Kite takes 20 and Angel One fewer than 20.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderTag(pub String);

impl fmt::Display for OrderTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The broker's own number for an order; always text, Kite's exceed 53 bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub String);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_checked_where_it_is_made() {
        assert!("asha.k".parse::<UserId>().is_ok());
        for bad in ["", "Asha", "-a", "a b", "a/b", &"a".repeat(25), "\u{202e}x"] {
            assert!(bad.parse::<UserId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_run_id_reads_back_what_it_writes() {
        let id: RunId = serde_json::from_str("\"btst@2026-11-23\"").unwrap();
        assert_eq!(id.to_string(), "btst@2026-11-23");
        assert!(serde_json::from_str::<RunId>("\"btst\"").is_err());
        assert!(serde_json::from_str::<RunId>("\"btst@2026-13-23\"").is_err());
        let second: RunId = serde_json::from_str("\"a.b@2026-11-23.2\"").unwrap();
        assert_eq!((second.firing, second.to_string().as_str()), (2, "a.b@2026-11-23.2"));
        for bad in ["0", "1", "01", "02", "+2", "26", "300", "", "2.2", "x"] {
            assert!(RunId::try_from(format!("btst@2026-11-23.{bad}")).is_err(), "{bad}");
        }
    }
}
