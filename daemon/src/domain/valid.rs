//! Whether a plan can be taken as it is written, without knowing any broker's instruments.

use std::collections::BTreeSet;

use muster_protocol::order::{Exchange, Leg, PriceRule, Product, Validity};
use muster_protocol::plan::{Caps, MAX_LEGS, MAX_MULTIPLIER, MAX_TIMES, PlanSpec, Takers};
use muster_protocol::time::TimeOfDay;

use super::run::multiplied;

/// The most shares a plan can have.
const MAX_SHARES: usize = 200;

/// Why a plan cannot be taken; says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// No legs, or too many.
    #[error("a plan has 1 to {MAX_LEGS} legs; this one has {0}")]
    Legs(usize),
    /// No weekdays.
    #[error("name at least one weekday, or say special_sessions = true")]
    Weekdays,
    /// No time, too many, or not one after the other.
    #[error("at needs 1 to {MAX_TIMES} times, each later than the one before")]
    Times,
    /// A window that is over before it begins, or in the next firing.
    #[error(
        "window_until needs one time for each time of at, later than it and not later than the next one"
    )]
    Window,
    /// A multiplier of nothing, or of far too much.
    #[error("a multiplier is 1 to {MAX_MULTIPLIER}")]
    Multiplier,
    /// A cap that lets nothing through.
    #[error("a cap is at least 1")]
    Cap,
    /// A value that cannot be known before the order is placed.
    #[error(
        "leg {leg}: a cap on the value cannot be kept with an order at the market; give it a limit"
    )]
    Unpriced {
        /// Which leg, from 1.
        leg: u8,
    },
    /// A selection of nobody.
    #[error("accounts names nobody: write \"all\", {{ labels = [..] }} or {{ ids = [..] }}")]
    Nobody,
    /// Too many shares.
    #[error("a plan has at most {MAX_SHARES} shares")]
    Shares,
    /// A symbol that no exchange has.
    #[error("leg {leg}: {symbol:?} is not a symbol: use A-Z, 0-9, '&' and '-', at most 30")]
    Symbol {
        /// Which leg, from 1.
        leg: u8,
        /// What was given.
        symbol: String,
    },
    /// A price that cannot be.
    #[error("leg {leg}: the limit price must be more than 0")]
    Price {
        /// Which leg, from 1.
        leg: u8,
    },
    /// More than any order can hold.
    #[error("leg {leg}: the quantity times the multiplier is too much")]
    Quantity {
        /// Which leg, from 1.
        leg: u8,
    },
    /// Delivery of something that cannot be delivered, or the reverse.
    #[error("leg {leg}: delivery is for shares (NSE, BSE); carry_forward is for derivatives")]
    Product {
        /// Which leg, from 1.
        leg: u8,
    },
    /// An order type the exchange or both brokers bar.
    #[error("leg {leg}: {exchange} takes no IOC orders; use day")]
    Barred {
        /// Which leg, from 1.
        leg: u8,
        /// The exchange.
        exchange: Exchange,
    },
    /// The same leg twice is more often a slip than a wish.
    #[error("leg {leg} is the same as an earlier one; write one leg with the sum")]
    Twice {
        /// Which leg, from 1.
        leg: u8,
    },
}

impl InvalidPlan {
    /// The leg it is about, from 1.
    pub const fn leg(&self) -> Option<u8> {
        match self {
            Self::Unpriced { leg }
            | Self::Symbol { leg, .. }
            | Self::Price { leg }
            | Self::Quantity { leg }
            | Self::Product { leg }
            | Self::Barred { leg, .. }
            | Self::Twice { leg } => Some(*leg),
            Self::Legs(_)
            | Self::Weekdays
            | Self::Times
            | Self::Window
            | Self::Multiplier
            | Self::Cap
            | Self::Nobody
            | Self::Shares => None,
        }
    }
}

/// Whether a plan can be taken.
pub fn validate(spec: &PlanSpec) -> Result<(), InvalidPlan> {
    if spec.legs.is_empty() || spec.legs.len() > MAX_LEGS {
        return Err(InvalidPlan::Legs(spec.legs.len()));
    }
    if spec.weekdays.is_empty() && !spec.special_sessions {
        return Err(InvalidPlan::Weekdays);
    }
    validate_times(spec)?;
    let most = validate_terms(spec)?;
    let capped = spec.caps.value.is_some() || spec.shares.iter().any(|s| s.caps.value.is_some());
    let mut seen = BTreeSet::new();
    for (leg, no) in spec.legs.iter().zip(1..) {
        validate_leg(leg, no)?;
        if capped && leg.price == PriceRule::Market {
            return Err(InvalidPlan::Unpriced { leg: no });
        }
        if multiplied(leg, most).is_none() {
            return Err(InvalidPlan::Quantity { leg: no });
        }
        if !seen.insert(leg) {
            return Err(InvalidPlan::Twice { leg: no });
        }
    }
    Ok(())
}

fn validate_times(spec: &PlanSpec) -> Result<(), InvalidPlan> {
    let times = spec.at.as_slice();
    let ordered = times.windows(2).all(|pair| matches!(pair, [one, next] if one < next));
    if times.is_empty() || times.len() > MAX_TIMES || !ordered {
        return Err(InvalidPlan::Times);
    }
    let ends = spec.window_until.as_slice();
    let firings: Vec<(TimeOfDay, TimeOfDay)> = spec.firings().collect();
    let later = firings.iter().all(|(at, until)| at < until);
    let apart = firings.windows(2).all(|pair| matches!(pair, [one, next] if one.1 <= next.0));
    if (ends.is_empty() || ends.len() == times.len()) && later && apart {
        Ok(())
    } else {
        Err(InvalidPlan::Window)
    }
}

/// The greatest multiplier there is.
fn validate_terms(spec: &PlanSpec) -> Result<u32, InvalidPlan> {
    if spec.shares.len() > MAX_SHARES {
        return Err(InvalidPlan::Shares);
    }
    let takers = spec.shares.iter().map(|share| &share.accounts).chain([&spec.accounts]);
    for takers in takers {
        let nobody = match takers {
            Takers::All => false,
            Takers::Labels(labels) => labels.is_empty(),
            Takers::Ids(ids) => ids.is_empty(),
        };
        if nobody {
            return Err(InvalidPlan::Nobody);
        }
    }
    for caps in spec.shares.iter().map(|share| share.caps).chain([spec.caps]) {
        let Caps { orders, quantity: _, value } = caps;
        if orders == Some(0) || value.is_some_and(|value| value.0 <= 0) {
            return Err(InvalidPlan::Cap);
        }
    }
    let own = spec.shares.iter().filter_map(|share| share.multiplier);
    let all: Vec<u32> = own.chain([spec.multiplier]).collect();
    if all.iter().any(|one| !(1..=MAX_MULTIPLIER).contains(one)) {
        return Err(InvalidPlan::Multiplier);
    }
    Ok(all.into_iter().max().unwrap_or(1))
}

fn validate_leg(leg: &Leg, no: u8) -> Result<(), InvalidPlan> {
    use muster_protocol::order::Exchange::{Bse, Mcx, Nse};
    let symbol_fits = (1..=30).contains(&leg.symbol.len())
        && leg
            .symbol
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'&' | b'-'));
    if !symbol_fits {
        let symbol = leg.symbol.chars().take(40).collect();
        return Err(InvalidPlan::Symbol { leg: no, symbol });
    }
    if matches!(leg.price, PriceRule::Limit { price } if price.0 <= 0) {
        return Err(InvalidPlan::Price { leg: no });
    }
    if leg.exchange == Mcx && leg.validity == Validity::Ioc {
        return Err(InvalidPlan::Barred { leg: no, exchange: Mcx });
    }
    let cash = matches!(leg.exchange, Nse | Bse);
    match (leg.product, cash) {
        (Product::Delivery, false) | (Product::CarryForward, true) => {
            Err(InvalidPlan::Product { leg: no })
        }
        (Product::Intraday, _) | (Product::Delivery, true) | (Product::CarryForward, false) => {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use muster_protocol::ids::AccountId;
    use muster_protocol::money::Paise;
    use muster_protocol::plan::Share;

    use super::*;

    fn spec() -> PlanSpec {
        serde_json::from_value(serde_json::json!({
            "name": "btst", "at": ["09:20", "15:10"], "window_until": ["09:25", "15:14"],
            "legs": [{"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 20,
                      "product": "delivery", "price": {"rule": "limit", "price": 84215}}]
        }))
        .unwrap()
    }

    fn times(texts: &[&str]) -> muster_protocol::plan::Times {
        texts.iter().map(|text| text.parse::<TimeOfDay>().unwrap()).collect()
    }

    fn with(change: impl FnOnce(&mut PlanSpec)) -> Result<(), InvalidPlan> {
        let mut spec = spec();
        change(&mut spec);
        validate(&spec)
    }

    #[test]
    fn a_plan_is_checked() {
        assert_eq!(with(|_| {}), Ok(()));
        assert_eq!(with(|s| s.legs.clear()), Err(InvalidPlan::Legs(0)));
        assert_eq!(with(|s| s.legs.push(s.legs[0].clone())), Err(InvalidPlan::Twice { leg: 2 }));
        assert!(matches!(
            with(|s| s.legs[0].symbol = "sbin".to_owned()),
            Err(InvalidPlan::Symbol { .. })
        ));
        let product = with(|s| s.legs[0].product = Product::CarryForward);
        assert_eq!(product, Err(InvalidPlan::Product { leg: 1 }));
        assert_eq!(with(|s| s.weekdays.clear()), Err(InvalidPlan::Weekdays));
        assert!(matches!(
            with(|s| {
                s.legs[0].exchange = Exchange::Mcx;
                s.legs[0].validity = Validity::Ioc;
            }),
            Err(InvalidPlan::Barred { .. })
        ));
    }

    #[test]
    fn times_and_windows_follow_one_another() {
        assert_eq!(with(|s| s.window_until = times(&[])), Ok(()));
        for at in [&[][..], &["15:10", "09:20"], &["15:10", "15:10"]] {
            assert_eq!(with(|s| s.at = times(at)), Err(InvalidPlan::Times), "{at:?}");
        }
        let windows = [&["09:25"][..], &["09:20", "15:14"], &["15:11", "15:14"]];
        for ends in windows {
            assert_eq!(
                with(|s| s.window_until = times(ends)),
                Err(InvalidPlan::Window),
                "{ends:?}"
            );
        }
    }

    #[test]
    fn terms_are_checked() {
        assert_eq!(with(|s| s.multiplier = 0), Err(InvalidPlan::Multiplier));
        assert_eq!(with(|s| s.multiplier = MAX_MULTIPLIER), Ok(()));
        assert_eq!(with(|s| s.caps.orders = Some(0)), Err(InvalidPlan::Cap));
        assert_eq!(with(|s| s.accounts = Takers::Ids(vec![])), Err(InvalidPlan::Nobody));
        let share = |multiplier| Share {
            accounts: Takers::Ids(vec![AccountId(1)]),
            multiplier: Some(multiplier),
            caps: Caps::default(),
        };
        assert_eq!(with(|s| s.shares.push(share(1_001))), Err(InvalidPlan::Multiplier));
        let huge = with(|s| {
            s.legs[0].quantity = u32::MAX.try_into().unwrap();
            s.shares.push(share(2));
        });
        assert_eq!(huge, Err(InvalidPlan::Quantity { leg: 1 }));
        let unpriced = with(|s| {
            s.caps.value = Some(Paise(1));
            s.legs[0].price = PriceRule::Market;
        });
        assert_eq!(unpriced, Err(InvalidPlan::Unpriced { leg: 1 }));
    }
}
