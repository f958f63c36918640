//! When the exchange trades: days, phases of a day by what is traded, and when an order sent at
//! night goes in. Days and hours are those announced up to November 2026; 2027 is provisional.

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

use super::clock::{INDIA_SECONDS, ist};

/// What the hours depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A share without contracts.
    Share,
    /// A share that has contracts, and with them a closing auction.
    AuctionShare,
    /// A future or an option.
    Contract,
    /// A contract on an index on the day it expires.
    LastDayOfIndex,
}

/// Where a trading day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is taken.
    Closed,
    /// Orders are taken, and trade when the day opens.
    PreOpen,
    /// Orders trade as they meet.
    Continuous,
    /// Between the day and its auction: nothing is taken.
    Reference,
    /// Orders are taken and trade together at its end.
    Auction,
    /// The same, but only orders with a limit.
    AuctionLimitOnly,
}

/// One trading day of one class.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Day {
    date: Date,
    opens: i64,
    closes: i64,
    auction: Option<Auction>,
}

/// Seconds of the day.
#[derive(Debug, Clone, Copy)]
struct Auction {
    entry: i64,
    limit_only: i64,
    ends: i64,
}

/// The day of `at`; `None` when the exchange rests.
pub(crate) fn day(at: Timestamp, class: Class) -> Option<Day> {
    let date = ist(at).date();
    is_trading_day(date).then(|| Day::of(date, class))
}

/// The next moment at which the brokers send what they have kept: nine for shares, a quarter of
/// an hour later for the rest and for what comes between the two.
pub(crate) fn next_release(now: Timestamp, class: Class) -> Timestamp {
    let hours = match class {
        Class::Share | Class::AuctionShare => &[at(9, 0), at(9, 15)][..],
        Class::Contract | Class::LastDayOfIndex => &[at(9, 15)],
    };
    let today = ist(now).date();
    let days = (0..30).filter_map(|ahead: i64| today.checked_add(ahead.days()).ok());
    let moments = days
        .filter(|date| is_trading_day(*date))
        .flat_map(|date| hours.iter().map(move |second| moment(date, *second)));
    moments.into_iter().find(|due| *due > now).unwrap_or(Timestamp::MAX)
}

/// Whether Zerodha takes orders for the next day now. The hours of contracts may have moved with
/// those of the exchange since they were published.
pub(crate) fn takes_after_hours(now: Timestamp, class: Class) -> bool {
    let today = ist(now).date();
    let second = now.as_second() - moment(today, 0).as_second();
    let (from, to) = match class {
        Class::Share | Class::AuctionShare => (at(16, 0), at(8, 58)),
        Class::Contract | Class::LastDayOfIndex => (at(15, 45), at(9, 10)),
    };
    !is_trading_day(today) || second >= from || second < to
}

pub(crate) fn is_trading_day(date: Date) -> bool {
    let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    date == BUDGET_SUNDAY || !weekend && !HOLIDAYS.contains(&date)
}

impl Day {
    fn of(date: Date, class: Class) -> Self {
        let (august, december) = (date >= AUCTION_FROM, date >= LATER_AUCTION_FROM);
        let closes = match class {
            Class::AuctionShare if august && !december => at(15, 15),
            Class::Contract if december => at(15, 45),
            Class::Contract if august => at(15, 40),
            Class::Share | Class::AuctionShare | Class::LastDayOfIndex | Class::Contract => {
                at(15, 30)
            }
        };
        let auction = match class {
            Class::AuctionShare if december => {
                Some(Auction { entry: at(15, 31), limit_only: at(15, 36), ends: at(15, 40) })
            }
            Class::AuctionShare if august => {
                Some(Auction { entry: at(15, 20), limit_only: at(15, 25), ends: at(15, 30) })
            }
            _ => None,
        };
        Self { date, opens: at(9, 15), closes, auction }
    }

    pub(crate) fn phase(&self, now: Timestamp) -> Phase {
        let second = self.second(now);
        match self.auction {
            _ if second < at(9, 0) => Phase::Closed,
            _ if second < self.opens => Phase::PreOpen,
            _ if second < self.closes => Phase::Continuous,
            Some(auction) if second < auction.entry => Phase::Reference,
            Some(auction) if second < auction.limit_only => Phase::Auction,
            Some(auction) if second < auction.ends => Phase::AuctionLimitOnly,
            _ => Phase::Closed,
        }
    }

    /// When something that could trade at `due` does; `None` if not on this day.
    pub(crate) fn trades_at(&self, due: Timestamp) -> Option<Timestamp> {
        match self.phase(due) {
            Phase::Continuous => Some(due),
            Phase::PreOpen => Some(moment(self.date, self.opens)),
            Phase::Closed if self.second(due) < self.opens => Some(moment(self.date, self.opens)),
            Phase::Auction | Phase::AuctionLimitOnly => Some(self.end()),
            Phase::Closed | Phase::Reference => None,
        }
    }

    /// When an order that came in at `received` dies of the day's end. Until February 2027 the
    /// auction takes nothing over from the day.
    pub(crate) fn ends_for(&self, received: Timestamp) -> Timestamp {
        let carried = self.date >= CARRIED_FROM;
        if self.second(received) < self.closes && !carried {
            moment(self.date, self.closes)
        } else {
            self.end()
        }
    }

    /// The end of all trading.
    fn end(&self) -> Timestamp {
        moment(self.date, self.auction.map_or(self.closes, |auction| auction.ends))
    }

    fn second(&self, now: Timestamp) -> i64 {
        now.as_second() - moment(self.date, 0).as_second()
    }
}

fn moment(date: Date, second: i64) -> Timestamp {
    let days = date.since(date_zero()).map_or(0, |span| i64::from(span.get_days()));
    let at = days * 86_400 + second - INDIA_SECONDS;
    Timestamp::from_second(at).unwrap_or(Timestamp::MAX)
}

fn date_zero() -> Date {
    date(1970, 1, 1)
}

/// Second of the day.
pub(crate) const fn at(hour: i64, minute: i64) -> i64 {
    hour * 3600 + minute * 60
}

const AUCTION_FROM: Date = date(2026, 8, 3);
const LATER_AUCTION_FROM: Date = date(2026, 12, 7);
const CARRIED_FROM: Date = date(2027, 2, 8);
/// A full trading day on a Sunday.
const BUDGET_SUNDAY: Date = date(2026, 2, 1);

/// Weekdays without trading. Those of 2027 follow the moon and are not announced.
const HOLIDAYS: [Date; 26] = [
    date(2026, 1, 15),
    date(2026, 1, 26),
    date(2026, 3, 3),
    date(2026, 3, 26),
    date(2026, 3, 31),
    date(2026, 4, 3),
    date(2026, 4, 14),
    date(2026, 5, 1),
    date(2026, 5, 28),
    date(2026, 6, 26),
    date(2026, 9, 14),
    date(2026, 10, 2),
    date(2026, 10, 20),
    date(2026, 11, 10),
    date(2026, 11, 24),
    date(2026, 12, 25),
    date(2027, 1, 26),
    date(2027, 3, 10),
    date(2027, 3, 22),
    date(2027, 3, 26),
    date(2027, 4, 14),
    date(2027, 4, 15),
    date(2027, 4, 19),
    date(2027, 5, 17),
    date(2027, 6, 16),
    date(2027, 10, 29),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(at: &str, class: Class) -> Phase {
        let now: Timestamp = format!("{at}:00+05:30").parse().unwrap();
        day(now, class).map_or(Phase::Closed, |day| day.phase(now))
    }

    #[test]
    fn the_day_has_its_phases_by_date_and_class() {
        let cases = [
            ("2026-11-23T08:59", Class::AuctionShare, Phase::Closed),
            ("2026-11-23T09:05", Class::AuctionShare, Phase::PreOpen),
            ("2026-11-23T15:14", Class::AuctionShare, Phase::Continuous),
            ("2026-11-23T15:16", Class::AuctionShare, Phase::Reference),
            ("2026-11-23T15:22", Class::AuctionShare, Phase::Auction),
            ("2026-11-23T15:27", Class::AuctionShare, Phase::AuctionLimitOnly),
            ("2026-11-23T15:16", Class::Share, Phase::Continuous),
            ("2026-11-23T15:39", Class::Contract, Phase::Continuous),
            ("2026-11-23T15:31", Class::LastDayOfIndex, Phase::Closed),
            ("2026-12-07T15:20", Class::AuctionShare, Phase::Continuous),
            ("2026-12-07T15:33", Class::AuctionShare, Phase::Auction),
            ("2026-12-07T15:44", Class::Contract, Phase::Continuous),
            ("2026-07-31T15:20", Class::AuctionShare, Phase::Continuous),
            ("2026-11-24T10:00", Class::Share, Phase::Closed),
            ("2026-11-22T10:00", Class::Share, Phase::Closed),
            ("2026-02-01T10:00", Class::Share, Phase::Continuous),
        ];
        for (at, class, wanted) in cases {
            assert_eq!(phase(at, class), wanted, "{at} {class:?}");
        }
    }

    #[test]
    fn what_comes_at_night_goes_in_on_the_next_trading_day() {
        let release = |at: &str, class| {
            next_release(at.parse().unwrap(), class).to_zoned(jiff::tz::TimeZone::UTC).to_string()
        };
        let monday = "2026-11-23T18:00:00+05:30";
        assert!(release(monday, Class::Share).starts_with("2026-11-25T03:30:00"));
        assert!(release(monday, Class::Contract).starts_with("2026-11-25T03:45:00"));
        let morning = "2026-11-23T09:05:00+05:30";
        assert!(release(morning, Class::Share).starts_with("2026-11-23T03:45:00"));
    }
}
