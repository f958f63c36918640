//! Instants and dates. Exchange time is IST, UTC+05:30 the whole year, so it needs no zone database.

mod text;

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// Milliseconds of one second, minute, day.
pub const SECOND: i64 = 1_000;
/// Milliseconds of one minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds of one day.
pub const DAY: i64 = 24 * 60 * MINUTE;

const IST_OFFSET_MS: i64 = (5 * 60 + 30) * MINUTE;

/// A text that is not a time or a date of the form wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is not {wanted}")]
pub struct InvalidTime {
    given: String,
    wanted: &'static str,
}

/// An instant in milliseconds since 1970 UTC; on the wire RFC 3339 in exchange time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant so many milliseconds after 1970 UTC, held to the years 1970 to 9998.
    pub const fn from_millis(millis: i64) -> Self {
        const MAX: i64 = 253_370_000_000_000;
        Self(if millis < 0 {
            0
        } else if millis > MAX {
            MAX
        } else {
            millis
        })
    }

    /// Milliseconds since 1970 UTC.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970 UTC.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// The instant `millis` later (earlier if negative).
    #[must_use]
    pub const fn plus(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this instant; negative if it is not earlier.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The date in exchange time.
    pub fn date(self) -> TradingDate {
        TradingDate(self.civil().date())
    }

    /// The time of day in exchange time, in milliseconds after midnight.
    pub const fn time_of_day(self) -> TimeOfDay {
        TimeOfDay((self.0.saturating_add(IST_OFFSET_MS)).rem_euclid(DAY))
    }

    /// `15:04:12`, in exchange time.
    pub fn clock(self) -> String {
        self.civil().strftime("%H:%M:%S").to_string()
    }

    /// `15:04:12.345`, in exchange time.
    pub fn clock_millis(self) -> String {
        format!("{}.{:03}", self.clock(), self.0.rem_euclid(SECOND))
    }

    /// `Mon 23 Nov 15:04:12`, in exchange time.
    pub fn day_clock(self) -> String {
        self.civil().strftime("%a %d %b %H:%M:%S").to_string()
    }

    fn civil(self) -> civil::DateTime {
        // The constructor holds the value inside jiff's range. The offset is added first and the
        // sum read as UTC: the same wall clock, without a zone.
        jiff::Timestamp::from_millisecond(self.0.saturating_add(IST_OFFSET_MS))
            .map_or(civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0), |t| {
                Offset::UTC.to_datetime(t)
            })
    }
}

/// A time of day at the exchange, in milliseconds after midnight; written `15:10` or `15:10:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(i64);

impl TimeOfDay {
    /// The last second of the day.
    pub const LAST: Self = Self(DAY - SECOND);

    /// The time of day `hour:minute`; wraps past 24 hours.
    pub const fn hm(hour: i64, minute: i64) -> Self {
        Self((hour * 60 + minute).rem_euclid(24 * 60) * MINUTE)
    }

    /// Milliseconds after midnight.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The time `millis` later on the same day: at most its last second.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(0, Self::LAST.0))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(SECOND);
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if s == 0 { write!(f, "{h:02}:{m:02}") } else { write!(f, "{h:02}:{m:02}:{s:02}") }
    }
}

impl FromStr for TimeOfDay {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let invalid =
            || InvalidTime { given: text.to_owned(), wanted: "a time of day such as 15:10" };
        let mut parts = text.split(':').map(|part| {
            let two_digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            two_digits.then(|| part.parse::<i64>().ok()).flatten()
        });
        let hour = parts.next().flatten().filter(|h| *h < 24).ok_or_else(invalid)?;
        let minute = parts.next().flatten().filter(|m| *m < 60).ok_or_else(invalid)?;
        let second = match parts.next() {
            None => 0,
            Some(second) => second.filter(|s| *s < 60).ok_or_else(invalid)?,
        };
        if parts.next().is_some() {
            return Err(invalid());
        }
        Ok(Self(((hour * 60 + minute) * 60 + second) * SECOND))
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// A calendar date at the exchange; written `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TradingDate(civil::Date);

impl TradingDate {
    /// The instant at which `time` is reached on this date, in exchange time.
    pub fn at(self, time: TimeOfDay) -> Timestamp {
        let midnight = TimeZone::UTC
            .to_timestamp(self.0.at(0, 0, 0, 0))
            .map_or(0, jiff::Timestamp::as_millisecond);
        Timestamp::from_millis(midnight.saturating_sub(IST_OFFSET_MS).saturating_add(time.0))
    }

    /// The next date.
    #[must_use]
    pub fn tomorrow(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The year.
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// The day of the week, Monday = 1 to Sunday = 7.
    pub fn weekday(self) -> Weekday {
        match self.0.weekday() {
            civil::Weekday::Monday => Weekday::Mon,
            civil::Weekday::Tuesday => Weekday::Tue,
            civil::Weekday::Wednesday => Weekday::Wed,
            civil::Weekday::Thursday => Weekday::Thu,
            civil::Weekday::Friday => Weekday::Fri,
            civil::Weekday::Saturday => Weekday::Sat,
            civil::Weekday::Sunday => Weekday::Sun,
        }
    }

    /// Days since 1 January 2020; negative before it.
    pub fn days_since_2020(self) -> i64 {
        const EPOCH: i64 = 18_262;
        self.at(TimeOfDay(0)).plus(IST_OFFSET_MS).millis().div_euclid(DAY) - EPOCH
    }

    /// `23 Nov 2026`.
    pub fn words(self) -> String {
        self.0.strftime("%-d %b %Y").to_string()
    }
}

impl fmt::Display for TradingDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Part of every run's name: a civil date writes itself so, and quickly.
        self.0.fmt(f)
    }
}

impl FromStr for TradingDate {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let invalid =
            || InvalidTime { given: text.to_owned(), wanted: "a date such as 2026-11-23" };
        if text.len() != 10 {
            return Err(invalid());
        }
        text.parse::<civil::Date>().map(Self).map_err(|_| invalid())
    }
}

impl TryFrom<String> for TradingDate {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<TradingDate> for String {
    fn from(date: TradingDate) -> Self {
        date.to_string()
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    /// Monday to Friday.
    pub const WORKING: [Self; 5] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchange_time_is_half_past_five_ahead() {
        let at: Timestamp = "2026-11-23T15:10:00+05:30".parse().unwrap();
        assert_eq!(at, "2026-11-23T09:40:00Z".parse().unwrap());
        assert_eq!(at.to_string(), "2026-11-23T15:10:00.000+05:30");
        assert_eq!(at.date().to_string(), "2026-11-23");
        assert_eq!(at.time_of_day(), TimeOfDay::hm(15, 10));
        assert_eq!(at.date().at(TimeOfDay::hm(15, 10)), at);
        assert_eq!(at.day_clock(), "Mon 23 Nov 15:10:00");
    }

    #[test]
    fn the_date_turns_at_midnight_in_exchange_time() {
        let late: Timestamp = "2026-11-22T18:29:59.999Z".parse().unwrap();
        assert_eq!(late.date().to_string(), "2026-11-22");
        assert_eq!(late.plus(1).date().to_string(), "2026-11-23");
        assert_eq!("2020-01-01".parse::<TradingDate>().unwrap().days_since_2020(), 0);
        assert_eq!("2026-11-23".parse::<TradingDate>().unwrap().days_since_2020(), 2518);
    }

    #[test]
    fn times_of_day_are_strict() {
        for bad in ["24:00", "1:10", "15:60", "15", "15:10:00:00", "-1:00", "15:1x", "+5:10"] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
        assert_eq!("15:10:30".parse::<TimeOfDay>().unwrap().to_string(), "15:10:30");
    }

    #[test]
    fn extreme_instants_do_not_panic() {
        for millis in [i64::MIN, -1, 0, i64::MAX] {
            let at = Timestamp::from_millis(millis);
            assert!(!at.to_string().is_empty() && !at.day_clock().is_empty());
            assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        }
    }
}
