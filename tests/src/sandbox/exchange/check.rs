//! What an exchange does not take, whichever broker sends it. Each broker says it in its own
//! words, and at its own time: at once, or later in the book.

use super::market::{Instrument, Kind};
use super::money::Paise;

/// Why an order is not one the exchange takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objection {
    /// No multiple of the lot.
    Lot,
    /// A price between two ticks.
    PriceTick(Paise),
    /// A trigger between two ticks.
    TriggerTick(Paise),
    /// Below the day's range.
    TooLow(Paise),
    /// Above the day's range.
    TooHigh(Paise),
    /// More at once than the exchange takes.
    Freeze(u64),
}

/// An order's numbers; zero where it has none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub(crate) quantity: u64,
    pub(crate) price: Paise,
    pub(crate) trigger: Paise,
}

/// In the order in which a refusal is most useful; which comes first at a broker is not known.
pub(crate) fn check(row: &Instrument, order: Numbers) -> Result<(), Objection> {
    let Numbers { quantity, price, trigger } = order;
    if quantity == 0 || !quantity.is_multiple_of(u64::from(row.lot)) {
        return Err(Objection::Lot);
    }
    let off_tick = |amount: Paise| amount.0.checked_rem(row.tick.0).unwrap_or(0) != 0;
    if off_tick(price) {
        return Err(Objection::PriceTick(row.tick));
    }
    if off_tick(trigger) {
        return Err(Objection::TriggerTick(row.tick));
    }
    let (lower, upper) = row.band();
    if price > Paise::ZERO && price < lower {
        return Err(Objection::TooLow(lower));
    }
    if price > upper {
        return Err(Objection::TooHigh(upper));
    }
    match freeze(row) {
        Some(most) if quantity > most => Err(Objection::Freeze(most)),
        _ => Ok(()),
    }
}

/// The largest order in one piece; shares have no such limit here. Of the right size, no more.
pub(crate) fn freeze(row: &Instrument) -> Option<u64> {
    let lots = match (row.kind, row.name) {
        (Kind::Share, _) => return None,
        (_, "NIFTY") => 27,
        (_, "BANKNIFTY") => 20,
        _ => 40,
    };
    Some(u64::from(row.lot) * lots)
}
