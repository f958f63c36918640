//! Futures and options: which an exchange has listed on a day, and what each broker calls them.
//! Kite writes year and month (`NIFTY26NOVFUT`), Angel One the whole day (`NIFTY24NOV26FUT`).

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use crate::sandbox::exchange::hours::is_trading_day;

use super::{Instrument, Kind, Paise, Prices, SHARES, tick_at};

/// What a contract is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Underlying {
    Index,
    Share,
}

/// A thing that has contracts, and the one of its contracts next in turn.
struct Base {
    name: &'static str,
    on: Underlying,
    lot: u32,
    price: i64,
    /// Between two strikes, in paise.
    step: i64,
    /// Strikes on each side of the price.
    strikes: i64,
}

/// Adds the futures of the next three expiries and the options of the first, where missing.
pub(super) fn list(rows: &mut Vec<Instrument>, today: Date) {
    let this = today.first_of_month();
    let gone = i32::from(expiry_of(this) < today);
    for ahead in 0..3 {
        let month = this.saturating_add((gone + ahead).months());
        let expiry = expiry_of(month);
        if !has(rows, |kind| matches!(kind, Kind::Future { expiry: known, .. } if *known == expiry))
        {
            let futures = bases().zip(first_token(month)..);
            rows.extend(futures.map(|(base, token)| future(&base, expiry, token)));
        }
    }
    let month = this.saturating_add(gone.months());
    let expiry = expiry_of(month);
    if !has(rows, |kind| matches!(kind, Kind::Option { expiry: known, .. } if *known == expiry)) {
        let options = bases().flat_map(|base| options(&base, expiry).collect::<Vec<_>>());
        let tokens = first_token(month) + FUTURES..;
        rows.extend(options.zip(tokens).map(|(row, token)| Instrument { token, ..row }));
    }
}

fn has(rows: &[Instrument], wanted: impl Fn(&Kind) -> bool) -> bool {
    rows.iter().any(|row| wanted(&row.kind))
}

fn bases() -> impl Iterator<Item = Base> {
    let index = |&(name, lot, price, step): &(&'static str, u32, i64, i64)| Base {
        name,
        on: Underlying::Index,
        lot,
        price,
        step,
        strikes: 10,
    };
    let shares = SHARES.iter().filter(|share| share.3 > 0);
    let shares = shares.map(|&(_, name, _, lot, price)| Base {
        name,
        on: Underlying::Share,
        lot,
        price,
        step: share_step(price),
        strikes: 2,
    });
    INDICES.iter().map(index).chain(shares)
}

fn future(base: &Base, expiry: Date, token: u32) -> Instrument {
    let tick = match base.on {
        Underlying::Index => Paise(10),
        Underlying::Share => tick_at(Paise(base.price)),
    };
    Instrument {
        exchange: "NFO",
        kind: Kind::Future { on: base.on, expiry },
        name: base.name,
        kite_symbol: format!("{}{}FUT", base.name, year_and_month(expiry)),
        angel_symbol: format!("{}{}FUT", base.name, short_day(expiry)),
        token,
        lot: base.lot,
        tick,
        prices: Prices::opening(Paise(base.price)),
    }
}

/// The strikes round the price, a call and a put each. Their tokens are given by the caller.
fn options(base: &Base, expiry: Date) -> impl Iterator<Item = Instrument> {
    let middle = base.price / base.step * base.step;
    let strikes = (-base.strikes..=base.strikes).map(move |at| middle + at * base.step);
    let both =
        strikes.filter(|strike| *strike > 0).flat_map(|strike| [(strike, "CE"), (strike, "PE")]);
    both.map(move |(strike, right)| {
        let in_words = Paise(strike).to_string();
        let strike_word = in_words.trim_end_matches('0').trim_end_matches('.');
        let worth = if right == "CE" { base.price - strike } else { strike - base.price };
        Instrument {
            exchange: "NFO",
            kind: Kind::Option { on: base.on, expiry, strike: Paise(strike), right },
            name: base.name,
            kite_symbol: format!("{}{}{strike_word}{right}", base.name, year_and_month(expiry)),
            angel_symbol: format!("{}{}{strike_word}{right}", base.name, short_day(expiry)),
            token: 0,
            lot: base.lot,
            tick: Paise(5),
            prices: Prices::opening(Paise(worth.max(0) + base.step)),
        }
    })
}

fn share_step(price: i64) -> i64 {
    match price {
        ..5_000 => 100,
        5_000..50_000 => 500,
        50_000..200_000 => 2_000,
        _ => 5_000,
    }
}

/// The month's last Tuesday, or the trading day before it where that is a holiday.
fn expiry_of(month: Date) -> Date {
    let tuesday = month.nth_weekday_of_month(-1, Weekday::Tuesday);
    let tuesday = tuesday.unwrap_or_else(|_| month.last_of_month());
    let days = (0..7).filter_map(|back: i64| tuesday.checked_sub(back.days()).ok());
    days.into_iter().find(|day| is_trading_day(*day)).unwrap_or(tuesday)
}

/// Contracts of one month have a block of tokens to themselves.
fn first_token(month: Date) -> u32 {
    let months = i32::from(month.year()) * 12 + i32::from(month.month());
    FIRST_TOKEN + months.rem_euclid(100).unsigned_abs() * MONTH_TOKENS
}

fn year_and_month(day: Date) -> String {
    day.strftime("%y%b").to_string().to_ascii_uppercase()
}

/// `24NOV26`.
fn short_day(day: Date) -> String {
    day.strftime("%d%b%y").to_string().to_ascii_uppercase()
}

/// Name, lot, price and distance of strikes in paise.
const INDICES: [(&str, u32, i64, i64); 2] =
    [("NIFTY", 65, 2_615_000, 5_000), ("BANKNIFTY", 30, 5_884_000, 10_000)];

const FIRST_TOKEN: u32 = 35_000;
const MONTH_TOKENS: u32 = 600;
/// Tokens of a month's block that are for futures.
const FUTURES: u32 = 50;
