//! An instant as text, as it stands in every record, every line of the journal and every message.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{InvalidTime, MINUTE, SECOND, TimeOfDay, Timestamp, TradingDate};

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (civil, millis) = (self.civil(), self.0.rem_euclid(SECOND));
        let (date, time) = (civil.date(), civil.time());
        // A part of every record and every line of the journal: digits, without a format to read. The
        // constructor holds the year to four of them.
        let mut text = *b"0000-00-00T00:00:00.000+05:30";
        let fields = [
            (0, 4, i64::from(date.year())),
            (5, 2, i64::from(date.month())),
            (8, 2, i64::from(date.day())),
            (11, 2, i64::from(time.hour())),
            (14, 2, i64::from(time.minute())),
            (17, 2, i64::from(time.second())),
            (20, 3, millis),
        ];
        for (at, width, number) in fields {
            write_digits(&mut text, at, width, number);
        }
        f.write_str(str::from_utf8(&text).unwrap_or_default())
    }
}

/// Reads what `Display` writes, of which a store holds millions; anything else is read by the rules.
fn as_written(text: &[u8]) -> Option<Timestamp> {
    const SIGNS: [(usize, u8); 6] =
        [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.')];
    let laid_out = SIGNS.iter().all(|(at, sign)| text.get(*at) == Some(sign));
    if text.len() != 29 || !text.ends_with(b"+05:30") || !laid_out {
        return None;
    }
    let number = |at: usize, width: usize| -> Option<i64> {
        text.get(at..at + width)?.iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(*digit - b'0'))
        })
    };
    let small = |at: usize| i8::try_from(number(at, 2)?).ok();
    let year = i16::try_from(number(0, 4)?).ok()?;
    // The last days of 9999 are beyond what there are instants for: the rules say so.
    let date = civil::Date::new(year, small(5)?, small(8)?).ok().filter(|_| year < 9_999)?;
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let of_day = (hour * 60 + minute) * MINUTE + second * SECOND + number(20, 3)?;
    Some(TradingDate(date).at(TimeOfDay(of_day)))
}

/// Writes the last `width` decimal digits of a number that is not negative.
fn write_digits(text: &mut [u8], at: usize, width: usize, mut number: i64) {
    for place in text.iter_mut().skip(at).take(width).rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        if let Some(at) = as_written(text.as_bytes()) {
            return Ok(at);
        }
        text.parse::<jiff::Timestamp>()
            .map(|t| Self::from_millis(t.as_millisecond()))
            .map_err(|_| InvalidTime { given: text.to_owned(), wanted: "an RFC 3339 time" })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads a time where it stands, without a copy.
struct Text;

impl Visitor<'_> for Text {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_quickly_and_nothing_else_is() {
        let mut millis: i64 = 0;
        while millis < 253_000_000_000_000 {
            let at = Timestamp::from_millis(millis);
            let text = at.to_string();
            let jiff: jiff::Timestamp = text.parse().unwrap();
            assert_eq!((as_written(text.as_bytes()), jiff.as_millisecond()), (Some(at), millis));
            millis += 8_765_432_109_877;
        }
        for other in [
            "2026-11-23T15:10:00.000+05:31",
            "2026-11-23T15:10:00.000Z",
            "2026-11-23 15:10:00.000+05:30",
            "2026-02-29T15:10:00.000+05:30",
            "2026-11-23T24:00:00.000+05:30",
            "2026-11-23T15:60:00.000+05:30",
            "2026-11-23T15:10:60.000+05:30",
            "2026-11-23T15:10:00.0x0+05:30",
            "2026-11-23T15:10:00.\u{e9}0+05:30",
            "",
        ] {
            assert_eq!(as_written(other.as_bytes()), None, "{other}");
        }
    }

    /// Numbers that look random, and are the same each time.
    fn random(state: &mut u64) -> u64 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 11
    }

    #[test]
    fn every_instant_is_written_and_read_as_by_the_rules() {
        let mut seed = 7;
        let edges = [i64::MIN, -1, 0, 1, 999, 253_369_999_999_999, 253_370_000_000_000, i64::MAX];
        let drawn =
            (0..100_000).map(|_| i64::try_from(random(&mut seed)).unwrap() % 253_370_000_000_001);
        for millis in edges.into_iter().chain(drawn) {
            let at = Timestamp::from_millis(millis);
            let text = at.to_string();
            let by_rules = at.civil().strftime("%Y-%m-%dT%H:%M:%S.%3f+05:30").to_string();
            assert_eq!(text, by_rules);
            assert_eq!(as_written(text.as_bytes()), Some(at), "{text}");
            let jiff: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(jiff.as_millisecond(), at.millis(), "{text}");
        }
    }

    /// A quick reader that takes what the rules refuse, or otherwise, would be worse than none.
    #[test]
    fn what_is_read_quickly_is_what_the_rules_say() {
        let (mut seed, mut read) = (11, 0);
        let draw = |seed: &mut u64, of: u64| random(seed) % of;
        for _ in 0..200_000 {
            let text = format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+05:30",
                draw(&mut seed, 10_000),
                draw(&mut seed, 14),
                draw(&mut seed, 33),
                draw(&mut seed, 26),
                draw(&mut seed, 62),
                draw(&mut seed, 62),
                draw(&mut seed, 1_000),
            );
            if let Some(at) = as_written(text.as_bytes()) {
                let jiff: jiff::Timestamp = text.parse().unwrap();
                assert_eq!(at, Timestamp::from_millis(jiff.as_millisecond()), "{text}");
                read += 1;
            }
        }
        assert!(read > 100_000);
        let last = "9999-12-31T23:59:59.999+05:30";
        assert_eq!((as_written(last.as_bytes()), last.parse::<Timestamp>().is_err()), (None, true));
    }
}
