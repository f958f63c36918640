//! The exchange calendar: trading days, special sessions, the market's phase. Data with a date until
//! which it is valid; a date beyond it is no trading day but a refusal.

use muster_protocol::status::MarketPhase;
use muster_protocol::time::{TimeOfDay, Timestamp, TradingDate, Weekday};

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
    #[error("special session: {0}; plans do not fire on it")]
    Special(String),
    /// The data does not reach this date.
    #[error("the holiday data ends on {0}; update it before trusting any date after it")]
    BeyondData(TradingDate),
}

/// The calendar's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    from: TradingDate,
    until: TradingDate,
    holidays: Vec<(TradingDate, String)>,
    special: Vec<(TradingDate, String)>,
}

/// NSE equity and equity derivatives, weekday closures of 2026. Exchange circulars NSE/CMTR/71775 and
/// NSE/FAOP/71777 of 12 Dec 2025, and NSE/CMTR/72260 of 12 Jan 2026 which added 15 January.
const HOLIDAYS_2026: [(&str, &str); 16] = [
    ("2026-01-15", "Municipal Corporation Election, Maharashtra"),
    ("2026-01-26", "Republic Day"),
    ("2026-03-03", "Holi"),
    ("2026-03-26", "Shri Ram Navami"),
    ("2026-03-31", "Shri Mahavir Jayanti"),
    ("2026-04-03", "Good Friday"),
    ("2026-04-14", "Dr Baba Saheb Ambedkar Jayanti"),
    ("2026-05-01", "Maharashtra Day"),
    ("2026-05-28", "Bakri Id"),
    ("2026-06-26", "Muharram"),
    ("2026-09-14", "Ganesh Chaturthi"),
    ("2026-10-02", "Mahatma Gandhi Jayanti"),
    ("2026-10-20", "Dussehra"),
    ("2026-11-10", "Diwali Balipratipada"),
    ("2026-11-24", "Prakash Gurpurb Sri Guru Nanak Dev"),
    ("2026-12-25", "Christmas"),
];

/// Sessions on days that are otherwise closed: the budget Sunday (NSE circular of 16 Jan 2026) and the
/// Muhurat session, whose hours NSE/FAOP/71777 left open.
const SPECIAL_2026: [(&str, &str); 2] =
    [("2026-02-01", "Union Budget, full hours"), ("2026-11-08", "Muhurat, one evening hour")];

const FROM: &str = "2026-01-01";
const UNTIL: &str = "2026-12-31";

/// One period during which the timetable of F&O-underlying stocks was the same.
struct Timetable {
    from: &'static str,
    continuous_until: TimeOfDay,
    auction_until: Option<TimeOfDay>,
    post_close_from: TimeOfDay,
}

/// By effective date, newest first. The closing auction began on 3 Aug 2026 (NSE/CMTR/74466) and
/// moves on 7 Dec 2026 (NSE/CMTR/76963).
const TIMETABLES: [Timetable; 3] = [
    Timetable {
        from: "2026-12-07",
        continuous_until: TimeOfDay::hm(15, 30),
        auction_until: Some(TimeOfDay::hm(15, 40)),
        post_close_from: TimeOfDay::hm(15, 50),
    },
    Timetable {
        from: "2026-08-03",
        continuous_until: TimeOfDay::hm(15, 15),
        auction_until: Some(TimeOfDay::hm(15, 35)),
        post_close_from: TimeOfDay::hm(15, 50),
    },
    Timetable {
        from: FROM,
        continuous_until: TimeOfDay::hm(15, 30),
        auction_until: None,
        post_close_from: TimeOfDay::hm(15, 40),
    },
];

const PRE_OPEN_FROM: TimeOfDay = TimeOfDay::hm(9, 0);
const CONTINUOUS_FROM: TimeOfDay = TimeOfDay::hm(9, 15);
const DAY_END: TimeOfDay = TimeOfDay::hm(16, 0);

impl Calendar {
    /// The data that ships with this build.
    pub fn built_in() -> Self {
        let date =
            |text: &str| text.parse().expect("the shipped dates are dates; a test reads them");
        let named = |rows: &[(&str, &str)]| {
            rows.iter().map(|(day, name)| (date(day), (*name).to_owned())).collect()
        };
        Self {
            from: date(FROM),
            until: date(UNTIL),
            holidays: named(&HOLIDAYS_2026),
            special: named(&SPECIAL_2026),
        }
    }

    /// The last date the data covers.
    pub const fn valid_until(&self) -> TradingDate {
        self.until
    }

    /// Whether the exchanges hold an ordinary session on this date.
    pub fn trading_day(&self, date: TradingDate) -> Result<(), NoTrading> {
        if date < self.from || date > self.until {
            return Err(NoTrading::BeyondData(self.until));
        }
        let named = |rows: &[(TradingDate, String)]| {
            rows.iter().find(|(day, _)| *day == date).map(|(_, name)| name.clone())
        };
        if let Some(name) = named(&self.special) {
            return Err(NoTrading::Special(name));
        }
        if let Some(name) = named(&self.holidays) {
            return Err(NoTrading::Holiday(name));
        }
        match date.weekday() {
            Weekday::Sat | Weekday::Sun => Err(NoTrading::Weekend),
            Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => Ok(()),
        }
    }

    /// What the cash market is doing, by the timetable of stocks that underlie F&O (the stricter one).
    pub fn phase(&self, at: Timestamp) -> MarketPhase {
        let (date, time) = (at.date(), at.time_of_day());
        if self.trading_day(date).is_err() || time < PRE_OPEN_FROM || time >= DAY_END {
            return MarketPhase::Closed;
        }
        let text = date.to_string();
        let Some(table) = TIMETABLES.iter().find(|table| text.as_str() >= table.from) else {
            return MarketPhase::Closed;
        };
        if time < CONTINUOUS_FROM {
            MarketPhase::PreOpen
        } else if time < table.continuous_until {
            MarketPhase::Open
        } else if table.auction_until.is_some_and(|until| time < until) {
            MarketPhase::ClosingAuction
        } else if time < table.post_close_from {
            MarketPhase::Closed
        } else {
            MarketPhase::PostClose
        }
    }
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
    }

    #[test]
    fn a_year_without_data_is_refused_not_guessed() {
        for text in ["2025-12-31", "2027-01-04", "2026-12-31"] {
            let expected = text == "2026-12-31";
            assert_eq!(day(text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn every_shipped_holiday_is_a_weekday_of_the_covered_year() {
        for (date, _) in HOLIDAYS_2026 {
            let date: TradingDate = date.parse().unwrap();
            assert!(Weekday::WORKING.contains(&date.weekday()) && date.year() == 2026, "{date}");
        }
    }

    #[test]
    fn the_auction_begins_when_the_timetable_says() {
        let phase = |text: &str| Calendar::built_in().phase(text.parse().unwrap());
        let rows = [
            ("2026-11-23T08:59:59+05:30", MarketPhase::Closed),
            ("2026-11-23T09:00:00+05:30", MarketPhase::PreOpen),
            ("2026-11-23T15:10:00+05:30", MarketPhase::Open),
            ("2026-11-23T15:15:00+05:30", MarketPhase::ClosingAuction),
            ("2026-12-07T15:15:00+05:30", MarketPhase::Open),
            ("2026-12-07T15:30:00+05:30", MarketPhase::ClosingAuction),
            ("2026-07-31T15:20:00+05:30", MarketPhase::Open),
            ("2026-07-31T15:30:00+05:30", MarketPhase::Closed),
            ("2026-11-23T15:55:00+05:30", MarketPhase::PostClose),
            ("2026-11-24T12:00:00+05:30", MarketPhase::Closed),
        ];
        for (at, expected) in rows {
            assert_eq!(phase(at), expected, "{at}");
        }
    }
}
