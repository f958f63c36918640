//! The exchanges' freeze quantities: an order above one is refused by the exchange. No broker's list has
//! them; an operator says them, with the source and until when it is valid.

use muster_protocol::calendar::{Amended, FreezeView};
use muster_protocol::money::Quantity;
use muster_protocol::order::{Exchange, Leg};
use muster_protocol::time::TradingDate;

use super::Calendar;

/// The most one order may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Freeze {
    pub(super) most: Quantity,
    pub(super) until: TradingDate,
    pub(super) by: Amended,
}

/// What is known of the most an order of a leg may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreezeQuantity {
    /// So many, on this date.
    Known(Quantity),
    /// What was said of it is not valid any more.
    Outdated,
    /// Nothing.
    Unknown,
}

impl Calendar {
    /// The most an order of this leg may hold on this date.
    pub fn freeze_quantity(&self, leg: &Leg, date: TradingDate) -> FreezeQuantity {
        match self.freeze_of(leg) {
            Some((_, freeze)) if date <= freeze.until => FreezeQuantity::Known(freeze.most),
            Some(_) => FreezeQuantity::Outdated,
            None => FreezeQuantity::Unknown,
        }
    }

    /// Why the exchange would refuse the order for its size, and what to do.
    pub fn freeze_fault(&self, leg: &Leg, date: TradingDate) -> Option<String> {
        let (name, freeze) = self.freeze_of(leg)?;
        let too_much = date <= freeze.until && leg.quantity > freeze.most;
        too_much.then(|| {
            format!(
                "{} units are above the freeze quantity of {name}, {} ({}): split the leg, or lower its quantity or multiplier",
                leg.quantity, freeze.most, freeze.by.reason
            )
        })
    }

    /// A contract's name begins with its underlying's and goes on with the year: `NIFTY` names
    /// `NIFTY26NOVFUT` and not `NIFTYNXT5026NOVFUT`. The longest name counts.
    fn freeze_of(&self, leg: &Leg) -> Option<(&str, &Freeze)> {
        let names = self.freezes.iter().filter(|((exchange, name), _)| {
            let rest = leg.symbol.strip_prefix(name.as_str());
            let is_it = |rest: &str| {
                rest.is_empty() || rest.starts_with(|letter: char| letter.is_ascii_digit())
            };
            *exchange == leg.exchange && rest.is_some_and(is_it)
        });
        let longest = names.max_by_key(|((_, name), _)| name.len());
        longest.map(|((_, name), freeze)| (name.as_str(), freeze))
    }

    pub(super) fn set_freeze(
        &mut self,
        key: (Exchange, String),
        most: Option<Quantity>,
        (until, by): (TradingDate, Amended),
    ) {
        match most {
            Some(most) => drop(self.freezes.insert(key, Freeze { most, until, by })),
            None => drop(self.freezes.remove(&key)),
        }
    }

    pub(super) fn freeze_views(&self) -> Vec<FreezeView> {
        let view = |((exchange, name), freeze): (&(Exchange, String), &Freeze)| FreezeView {
            exchange: *exchange,
            name: name.clone(),
            most: freeze.most,
            until: freeze.until,
            amended: freeze.by.clone(),
        };
        self.freezes.iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use muster_protocol::time::Timestamp;

    use super::*;

    fn leg(symbol: &str, quantity: u32) -> Leg {
        serde_json::from_value(serde_json::json!({
            "exchange": "NFO", "symbol": symbol, "side": "BUY", "quantity": quantity,
            "product": "carry_forward", "price": {"rule": "market"},
        }))
        .unwrap()
    }

    #[test]
    fn an_order_above_what_was_said_is_refused_while_that_is_valid() {
        let mut calendar = Calendar::built_in();
        let at = Timestamp::from_millis(0);
        let reason = "NSE/FAOP/99999".to_owned();
        let by = Amended { by: "uid 0".to_owned(), at, reason };
        let until: TradingDate = "2026-11-30".parse().unwrap();
        for (name, most) in [("NIFTY", 1_800_u32), ("NIFTYNXT50", 600)] {
            let key = (Exchange::Nfo, name.to_owned());
            calendar.set_freeze(key, most.try_into().ok(), (until, by.clone()));
        }
        let says = |symbol: &str, quantity, date: &str| {
            calendar.freeze_fault(&leg(symbol, quantity), date.parse().unwrap())
        };
        assert_eq!(says("NIFTY26NOVFUT", 1_800, "2026-11-23"), None);
        let fault = says("NIFTY26NOV26000CE", 1_875, "2026-11-23").unwrap();
        assert!(fault.contains("of NIFTY, 1800 (NSE/FAOP/99999)"), "{fault}");
        assert!(says("NIFTYNXT5026NOVFUT", 625, "2026-11-23").unwrap().contains("NXT50, 600"));
        assert_eq!(says("NIFTYX26NOVFUT", 9_000, "2026-11-23"), None, "another underlying");
        assert_eq!(says("NIFTY26NOVFUT", 1_875, "2026-12-01"), None, "not valid any more");
        let known = |symbol: &str, date: &str| {
            calendar.freeze_quantity(&leg(symbol, 1), date.parse().unwrap())
        };
        assert_eq!(known("NIFTY26NOVFUT", "2026-12-01"), FreezeQuantity::Outdated);
        assert_eq!(known("BANKNIFTY26NOVFUT", "2026-11-23"), FreezeQuantity::Unknown);
        let cash = Leg { exchange: Exchange::Nse, ..leg("NIFTY", 9_000) };
        assert_eq!(calendar.freeze_fault(&cash, until), None, "of another exchange");
    }
}
