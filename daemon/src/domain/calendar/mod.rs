//! The exchange calendar: trading days, special sessions, the exchanges' hours. Data with a date until
//! which it is valid; a date beyond it is no trading day but a refusal. What an operator changed lies
//! over what came with this version, with who and why.

mod amend;
mod data;
mod freeze;
mod hours;

use std::collections::BTreeMap;

use muster_protocol::calendar::{Amended, Hours};
use muster_protocol::order::Exchange;
use muster_protocol::time::{TradingDate, Weekday};

pub use self::amend::{CalendarEvent, InvalidChange};
pub use self::freeze::FreezeQuantity;
pub use self::hours::Session;

/// Why a date is not known to be a trading day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTrading {
    /// Saturday or Sunday without a special session.
    #[error("weekend")]
    Weekend,
    /// An exchange holiday.
    #[error("holiday: {0}")]
    Holiday(String),
    /// A special session, on which ordinary plans do not fire.
    #[error(
        "special session: {0}; plans do not fire on it unless they say special_sessions = true"
    )]
    Special(String),
    /// The data does not reach this date.
    #[error("the holiday data ends on {0}, and no run happens after it; see muster calendar show")]
    BeyondData(TradingDate),
}

/// A day on which there is trading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayKind {
    /// With the timetable's hours.
    Ordinary,
    /// With hours of its own.
    Special(Hours),
}

/// What is the matter with one date.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Day {
    name: String,
    /// A special session's hours; none on a holiday.
    session: Option<Hours>,
    /// Which exchanges are closed; empty means all.
    closed: Vec<Exchange>,
    source: Option<String>,
}

/// The calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    from: TradingDate,
    until: TradingDate,
    extended: Option<Amended>,
    shipped: BTreeMap<TradingDate, Day>,
    /// What an operator said of a date; `None` is an ordinary day.
    amended: BTreeMap<TradingDate, (Option<Day>, Amended)>,
    /// The freeze quantities of underlyings and shares, as operators said them.
    freezes: BTreeMap<(Exchange, String), freeze::Freeze>,
}

/// From so many days before its end it is said that the data ends.
const WARN_DAYS: i64 = 30;

impl Calendar {
    /// The data that ships with this build.
    pub fn built_in() -> Self {
        let closed = data::CLOSED.iter().map(|row| {
            let day = Day {
                name: row.name.to_owned(),
                session: None,
                closed: row.exchanges.to_vec(),
                source: Some(row.source.to_owned()),
            };
            (date(row.date), day)
        });
        let special = data::SPECIAL.iter().map(|row| {
            let day = Day {
                name: row.name.to_owned(),
                session: Some(row.hours),
                closed: Vec::new(),
                source: Some(row.source.to_owned()),
            };
            (date(row.date), day)
        });
        Self {
            from: date(data::FROM),
            until: date(data::UNTIL),
            extended: None,
            shipped: closed.chain(special).collect(),
            amended: BTreeMap::new(),
            freezes: BTreeMap::new(),
        }
    }

    /// The last date the data covers.
    pub const fn valid_until(&self) -> TradingDate {
        self.until
    }

    /// What there is to say of the data's end on this date.
    pub fn warning(&self, today: TradingDate) -> Option<String> {
        let left = self.until.days_since_2020() - today.days_since_2020();
        let until = self.until.words();
        let what = "add the next holidays with muster calendar add, then say muster calendar until";
        if left < 0 {
            Some(format!("the exchange calendar ended on {until}: no run happens; {what}"))
        } else if left <= WARN_DAYS {
            Some(format!("the exchange calendar ends on {until}: no run happens after it; {what}"))
        } else {
            None
        }
    }

    fn special_day(&self, date: TradingDate) -> Option<&Day> {
        match self.amended.get(&date) {
            Some((day, _)) => day.as_ref(),
            None => self.shipped.get(&date),
        }
    }

    /// What kind of trading day this date is for all of these exchanges, or why it is none.
    pub fn day(&self, date: TradingDate, exchanges: &[Exchange]) -> Result<DayKind, NoTrading> {
        if date < self.from || date > self.until {
            return Err(NoTrading::BeyondData(self.until));
        }
        match self.special_day(date) {
            Some(Day { session: Some(hours), .. }) => return Ok(DayKind::Special(*hours)),
            Some(day) if day.closed.is_empty() => return Err(NoTrading::Holiday(day.name.clone())),
            Some(day) if exchanges.iter().any(|exchange| day.closed.contains(exchange)) => {
                return Err(NoTrading::Holiday(day.name.clone()));
            }
            Some(_) | None => {}
        }
        match date.weekday() {
            Weekday::Sat | Weekday::Sun => Err(NoTrading::Weekend),
            Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => {
                Ok(DayKind::Ordinary)
            }
        }
    }

    /// Whether the exchanges hold an ordinary session on this date.
    pub fn trading_day(&self, date: TradingDate) -> Result<(), NoTrading> {
        match self.day(date, &[])? {
            DayKind::Ordinary => Ok(()),
            DayKind::Special(_) => {
                let name = self.special_day(date).map(|day| day.name.clone());
                Err(NoTrading::Special(name.unwrap_or_default()))
            }
        }
    }
}

fn date(text: &str) -> TradingDate {
    text.parse().expect("the shipped dates are dates; a test reads them")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Result<(), NoTrading> {
        Calendar::built_in().trading_day(text.parse().unwrap())
    }

    #[test]
    fn trading_days_of_november_2026() {
        assert_eq!(day("2026-11-23"), Ok(()));
        assert!(matches!(day("2026-11-24"), Err(NoTrading::Holiday(_))));
        assert_eq!(day("2026-11-22"), Err(NoTrading::Weekend));
        assert!(matches!(day("2026-11-08"), Err(NoTrading::Special(_))));
        assert_eq!(day("2026-02-19"), Ok(()), "closed for currency alone");
    }

    #[test]
    fn a_year_without_data_is_refused_not_guessed() {
        for text in ["2025-12-31", "2027-01-04", "2026-12-31"] {
            let expected = text == "2026-12-31";
            assert_eq!(day(text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn the_end_of_the_data_is_said_weeks_ahead() {
        let warning = |text: &str| Calendar::built_in().warning(text.parse().unwrap());
        assert_eq!(warning("2026-11-30"), None);
        assert!(warning("2026-12-01").unwrap().contains("ends on 31 Dec 2026"));
        assert!(warning("2027-01-01").unwrap().contains("ended on 31 Dec 2026"));
    }

    #[test]
    fn every_shipped_holiday_is_a_weekday_of_the_covered_year() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.shipped.len(), data::CLOSED.len() + data::SPECIAL.len());
        for (date, day) in &calendar.shipped {
            let working = Weekday::WORKING.contains(&date.weekday());
            assert_eq!(working, day.session.is_none(), "{date}");
            assert_eq!(date.year(), 2026, "{date}");
        }
    }
}
