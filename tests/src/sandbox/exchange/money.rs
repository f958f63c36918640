//! Rupees as whole paise, read from and written to the decimal texts of the wire.

use std::fmt;
use std::str::FromStr;

/// An amount in paise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Paise(pub(crate) i64);

/// The text is not a decimal amount.
#[derive(Debug)]
pub(crate) struct NotMoney;

impl Paise {
    pub(crate) const ZERO: Self = Self(0);

    /// The JSON number both brokers write.
    pub(crate) fn rupees(self) -> f64 {
        self.to_string().parse().unwrap_or_default()
    }

    pub(crate) fn times(self, quantity: u64) -> Self {
        Self(self.0.saturating_mul(i64::try_from(quantity).unwrap_or(i64::MAX)))
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Moves the price by `hundredths` of a percent, rounded down to five paise.
    pub(crate) fn shifted(self, hundredths: i64) -> Self {
        let moved = self.0.saturating_add(self.0.saturating_mul(hundredths) / 10_000);
        Self(moved - moved.rem_euclid(5))
    }

    /// Rounded down to a whole tick.
    pub(crate) fn on_tick(self, tick: Self) -> Self {
        Self(self.0 - self.0.rem_euclid(tick.0.max(1)))
    }
}

impl FromStr for Paise {
    type Err = NotMoney;

    fn from_str(text: &str) -> Result<Self, NotMoney> {
        let text = text.trim();
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(part) || whole.is_empty() && part.is_empty() {
            return Err(NotMoney);
        }
        let hundredths: String = part.chars().chain("00".chars()).take(2).collect();
        let whole =
            if whole.is_empty() { 0 } else { whole.parse::<i64>().map_err(|_| NotMoney)? };
        let paise = whole.checked_mul(100).ok_or(NotMoney)?;
        let paise = paise.checked_add(hundredths.parse::<i64>().map_err(|_| NotMoney)?);
        Ok(Self(sign * paise.ok_or(NotMoney)?))
    }
}

impl fmt::Display for Paise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", size / 100, size % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_amounts_are_read_to_the_paisa() {
        let cases = [("0", 0), ("1400.05", 140_005), ("12.5", 1250), ("99.050000001", 9905)];
        for (text, paise) in cases {
            assert_eq!(text.parse::<Paise>().unwrap(), Paise(paise), "{text}");
        }
        for text in ["", ".", "1e5", "abc", "1.2.3", "99999999999999999999"] {
            assert!(text.parse::<Paise>().is_err(), "{text}");
        }
        assert_eq!(Paise(-5).to_string(), "-0.05");
    }
}
