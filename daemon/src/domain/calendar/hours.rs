//! When orders can be placed: each exchange's session on each kind of day.

use std::sync::LazyLock;

use muster_protocol::calendar::Hours;
use muster_protocol::order::Exchange;
use muster_protocol::status::MarketPhase;
use muster_protocol::time::{MINUTE, TimeOfDay, Timestamp, TradingDate};

use super::data::{
    COMMODITY_HOURS, CURRENCY_HOURS, DAY_END, PRE_OPEN_FROM, SHARES, TIMETABLES, Timetable,
};
use super::{Calendar, DayKind};

/// How long before a phase ends the last order is sent.
pub(super) const LAST_SEND_MS: i64 = MINUTE;

/// One exchange's session on one date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Orders are taken from here on.
    pub opens: TimeOfDay,
    /// Continuous trading begins.
    pub continuous_from: TimeOfDay,
    /// Continuous trading ends.
    pub until: TimeOfDay,
    /// Continuous trading ends for shares that underlie F&O, and their auction begins.
    pub underlying_until: TimeOfDay,
}

impl Session {
    /// Whether an order at this time meets the session.
    pub fn holds(&self, at: TimeOfDay) -> bool {
        self.opens <= at && at < self.until.plus(-LAST_SEND_MS)
    }

    /// The last send of a firing at this time. Which shares underlie F&O is not known here, so before
    /// their auction begins the stricter end counts. No broker's list says it: contracts on a share show that
    /// it does, and none show nothing. The two ends differ from 3 August to 6 December 2026 only.
    pub fn last_send(&self, at: TimeOfDay) -> TimeOfDay {
        let strict = self.underlying_until.plus(-LAST_SEND_MS);
        if at < strict { strict } else { self.until.plus(-LAST_SEND_MS) }
    }

    /// Whether a share that underlies F&O would be in its auction at this time.
    pub fn is_auction(&self, at: TimeOfDay) -> bool {
        at >= self.underlying_until.plus(-LAST_SEND_MS) && self.underlying_until < self.until
    }
}

pub(super) fn timetable(date: TradingDate) -> Option<&'static Timetable> {
    // Asked for whenever it is decided what is due, so the dates are read once.
    static FROM: LazyLock<Vec<(TradingDate, &Timetable)>> =
        LazyLock::new(|| TIMETABLES.iter().map(|table| (super::date(table.from), table)).collect());
    FROM.iter().find(|(from, _)| date >= *from).map(|(_, table)| *table)
}

impl Calendar {
    /// The exchange's session on this date, if the date is known and it is open.
    pub fn session(&self, date: TradingDate, exchange: Exchange) -> Option<Session> {
        let plain = |hours: Hours| Session {
            opens: hours.from,
            continuous_from: hours.from,
            until: hours.until,
            underlying_until: hours.until,
        };
        let table = timetable(date)?;
        match (self.day(date, &[exchange]).ok()?, exchange) {
            (DayKind::Special(hours), _) => Some(plain(hours)),
            (DayKind::Ordinary, Exchange::Nse | Exchange::Bse) => Some(Session {
                opens: PRE_OPEN_FROM,
                underlying_until: table.underlying_until,
                ..plain(SHARES)
            }),
            (DayKind::Ordinary, Exchange::Nfo | Exchange::Bfo) => Some(plain(table.derivatives)),
            (DayKind::Ordinary, Exchange::Cds) => Some(plain(CURRENCY_HOURS)),
            (DayKind::Ordinary, Exchange::Mcx) => Some(plain(COMMODITY_HOURS)),
        }
    }

    /// What the cash market is doing, by the timetable of stocks that underlie F&O (the stricter one).
    pub fn phase(&self, at: Timestamp) -> MarketPhase {
        let (date, time) = (at.date(), at.time_of_day());
        let table = match (self.day(date, &[Exchange::Nse]), timetable(date)) {
            (Ok(DayKind::Special(hours)), _) if hours.from <= time && time < hours.until => {
                return MarketPhase::Open;
            }
            (Ok(DayKind::Ordinary), Some(table)) if PRE_OPEN_FROM <= time && time < DAY_END => {
                table
            }
            _ => return MarketPhase::Closed,
        };
        if time < SHARES.from {
            MarketPhase::PreOpen
        } else if time < table.underlying_until {
            MarketPhase::Open
        } else if table.auction.is_some_and(|auction| time < auction.until) {
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

    fn session(date: &str, exchange: Exchange) -> Option<Session> {
        Calendar::built_in().session(date.parse().unwrap(), exchange)
    }

    #[test]
    fn the_last_send_follows_the_timetable_of_the_date_and_the_exchange() {
        let rows = [
            ("2026-07-31", Exchange::Nse, "15:29"),
            ("2026-11-23", Exchange::Nse, "15:14"),
            ("2026-12-07", Exchange::Nse, "15:29"),
            ("2026-11-23", Exchange::Nfo, "15:39"),
            ("2026-12-07", Exchange::Nfo, "15:44"),
            ("2026-11-23", Exchange::Cds, "16:59"),
            ("2026-02-01", Exchange::Nse, "15:29"),
        ];
        for (date, exchange, expected) in rows {
            let last = session(date, exchange).unwrap().last_send(TimeOfDay::hm(15, 10));
            assert_eq!(last.to_string(), expected, "{date} {exchange}");
        }
        let cash = session("2026-11-23", Exchange::Nse).unwrap();
        assert_eq!(cash.last_send(TimeOfDay::hm(15, 20)).to_string(), "15:29");
        assert!(cash.is_auction(TimeOfDay::hm(15, 20)) && !cash.is_auction(TimeOfDay::hm(15, 10)));
        assert!(!cash.holds(TimeOfDay::hm(15, 29)) && !cash.holds(TimeOfDay::hm(8, 59)));
        assert!(session("2026-11-24", Exchange::Nse).is_none());
        assert!(session("2026-02-19", Exchange::Cds).is_none(), "closed for currency alone");
        assert!(session("2026-02-19", Exchange::Nse).is_some());
        assert!(session("2027-01-04", Exchange::Nse).is_none(), "no data, no session");
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
            ("2026-11-08T18:30:00+05:30", MarketPhase::Open),
            ("2026-11-08T15:10:00+05:30", MarketPhase::Closed),
        ];
        for (at, expected) in rows {
            assert_eq!(phase(at), expected, "{at}");
        }
    }
}
