//! Money and quantity. Prices are whole paise: no float touches an order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An amount in paise (1/100 rupee).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(transparent)]
pub struct Paise(pub i64);

impl Paise {
    /// `1500.05`, as both brokers' order calls take a price: rupees, two decimals, no separators.
    pub fn rupees(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let paise = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", paise / 100, paise % 100)
    }
}

/// An amount that is not written as rupees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount in rupees such as 1500.05 (at most two decimals)")]
pub struct InvalidAmount(String);

impl FromStr for Paise {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let invalid = || InvalidAmount(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || fraction.len() > 2 {
            return Err(invalid());
        }
        let rupees: i64 = whole.parse().map_err(|_| invalid())?;
        let paise: i64 = format!("{fraction:0<2}").parse().map_err(|_| invalid())?;
        let total = rupees.checked_mul(100).and_then(|p| p.checked_add(paise));
        total.map(|p| Self(if negative { -p } else { p })).ok_or_else(invalid)
    }
}

impl fmt::Display for Paise {
    /// `₹ 1,20,450.00`: Indian digit groups.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = Self(self.0).rupees();
        let (sign, plain) = plain.strip_prefix('-').map_or(("", plain.as_str()), |p| ("-", p));
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, "00"));
        write!(f, "{sign}\u{20b9} ")?;
        for (index, digit) in whole.chars().enumerate() {
            let left = whole.len().saturating_sub(index);
            if index > 0 && (left == 3 || (left > 3 && left % 2 == 1)) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        write!(f, ".{fraction}")
    }
}

/// A number of units (shares, or lots times lot size), never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Quantity(u32);

/// A quantity of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quantity must be at least 1")]
pub struct ZeroQuantity;

impl Quantity {
    /// The number of units.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Quantity {
    type Error = ZeroQuantity;

    fn try_from(units: u32) -> Result<Self, ZeroQuantity> {
        if units == 0 { Err(ZeroQuantity) } else { Ok(Self(units)) }
    }
}

impl From<Quantity> for u32 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_read_back_what_they_write() {
        for paise in [0, 1, 99, 100, 150_005, -5, -12_345, i64::MAX / 200] {
            assert_eq!(Paise(paise).rupees().parse::<Paise>().unwrap(), Paise(paise));
        }
        assert_eq!("7.5".parse::<Paise>().unwrap(), Paise(750));
        for bad in ["", ".", "1.234", "1,000", "x", "1.-5", "--1", "99999999999999999999", "1e3"] {
            assert!(bad.parse::<Paise>().is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_grouped_the_indian_way() {
        assert_eq!(Paise(12_045_000).to_string(), "\u{20b9} 1,20,450.00");
        assert_eq!(Paise(-99_900).to_string(), "-\u{20b9} 999.00");
        assert_eq!(Paise(1_234_567_890).to_string(), "\u{20b9} 1,23,45,678.90");
        assert_eq!(Paise(i64::MIN).to_string().chars().next(), Some('-'));
    }

    #[test]
    fn zero_is_no_quantity() {
        assert!(serde_json::from_str::<Quantity>("0").is_err());
        assert_eq!(serde_json::from_str::<Quantity>("75").unwrap().get(), 75);
    }
}
