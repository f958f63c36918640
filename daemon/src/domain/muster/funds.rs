//! What a plan's legs take, as far as their limits alone say it.

use muster_protocol::money::Paise;
use muster_protocol::order::{Leg, PriceRule, Product, Side};

/// What the legs take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    /// This: deliveries are paid in full.
    Exactly(Paise),
    /// This or less: a margin is asked for, or what is sold pays for what is bought.
    AtMost(Paise),
    /// Depends on prices that are not known.
    CannotTell,
}

/// What so many times these legs take. Charges are not counted.
pub(super) fn needed(legs: &[Leg], multiplier: u32) -> Needed {
    let mut sum = 0_i64;
    let mut exact = true;
    for leg in legs {
        match (leg.side, leg.product, leg.price) {
            // What is delivered is there already, or its absence is another fault than money.
            (Side::Sell, Product::Delivery, _) => exact = false,
            (Side::Buy, product, PriceRule::Limit { price }) => {
                exact &= product == Product::Delivery;
                let units = i64::from(leg.quantity.get()).saturating_mul(i64::from(multiplier));
                sum = sum.saturating_add(price.0.saturating_mul(units));
            }
            (Side::Buy, _, PriceRule::Market | PriceRule::Marketable { .. })
            | (Side::Sell, _, _) => return Needed::CannotTell,
        }
    }
    if exact { Needed::Exactly(Paise(sum)) } else { Needed::AtMost(Paise(sum)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(side: &str, product: &str, price: Option<i64>) -> Leg {
        let rule = price.map_or_else(
            || serde_json::json!({"rule": "market"}),
            |price| serde_json::json!({"rule": "limit", "price": price}),
        );
        serde_json::from_value(serde_json::json!({
            "exchange": "NSE", "symbol": "SBIN", "side": side, "quantity": 3,
            "product": product, "price": rule
        }))
        .unwrap()
    }

    #[test]
    fn only_deliveries_at_a_limit_are_known_to_the_paisa() {
        let buy = leg("BUY", "delivery", Some(100));
        let sell = leg("SELL", "delivery", Some(100));
        assert_eq!(needed(&[buy.clone(), buy.clone()], 1), Needed::Exactly(Paise(600)));
        assert_eq!(needed(std::slice::from_ref(&buy), 4), Needed::Exactly(Paise(1_200)));
        assert_eq!(needed(&[sell.clone(), buy.clone()], 1), Needed::AtMost(Paise(300)));
        assert_eq!(needed(&[leg("BUY", "intraday", Some(100))], 1), Needed::AtMost(Paise(300)));
        assert_eq!(needed(&[buy, leg("BUY", "delivery", None)], 1), Needed::CannotTell);
        assert_eq!(needed(&[leg("SELL", "intraday", Some(100))], 1), Needed::CannotTell);
        assert_eq!(needed(&[sell], 1), Needed::AtMost(Paise(0)));
    }
}
