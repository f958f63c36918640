//! Whether an order can be placed as it is, by what the broker's list says of its instrument, and
//! whether an account's orders stay under its caps.

use muster_protocol::order::{Leg, PriceRule};
use muster_protocol::plan::Caps;

use super::instrument::Instrument;

/// Why the exchange or the broker would refuse the order, if so.
pub fn order_fault(leg: &Leg, instrument: &Instrument) -> Option<String> {
    let (quantity, lot) = (leg.quantity.get(), instrument.lot.get());
    if quantity % lot != 0 {
        return Some(format!("{quantity} units are no multiple of the lot of {lot}"));
    }
    match leg.price {
        PriceRule::Limit { price } if price.0 % instrument.tick.0.max(1) != 0 => Some(format!(
            "{} is no multiple of the tick of {}",
            price.rupees(),
            instrument.tick.rupees()
        )),
        PriceRule::Limit { .. } | PriceRule::Market | PriceRule::Marketable { .. } => None,
    }
}

/// The cap that an account's orders of one run would pass, if they do. They are the account's own: with
/// its quantities.
pub fn cap_fault(legs: &[Leg], caps: Caps) -> Option<String> {
    let orders = u32::try_from(legs.len()).unwrap_or(u32::MAX);
    if let Some(most) = caps.orders.filter(|most| orders > *most) {
        return Some(format!("{orders} orders, at most {most}"));
    }
    if let Some(most) = caps.quantity
        && let Some(leg) = legs.iter().find(|leg| leg.quantity > most)
    {
        return Some(format!("{}: at most {most} units an order", leg.words()));
    }
    let most = caps.value?;
    let mut sum: i64 = 0;
    for leg in legs {
        let PriceRule::Limit { price } = leg.price else {
            return Some(format!("{}: its value is not known before it is placed", leg.words()));
        };
        sum = sum.saturating_add(price.0.saturating_mul(i64::from(leg.quantity.get())));
    }
    let sum = muster_protocol::money::Paise(sum);
    (sum > most).then(|| format!("orders of {sum}, at most {most}"))
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::{Paise, Quantity};
    use muster_protocol::order::{Exchange, Product, Side, Validity};

    use super::*;

    fn leg(quantity: u32, price: PriceRule) -> Leg {
        Leg {
            exchange: Exchange::Nfo,
            symbol: "NIFTY26NOVFUT".to_owned(),
            side: Side::Buy,
            quantity: quantity.try_into().unwrap(),
            product: Product::Intraday,
            price,
            validity: Validity::Day,
        }
    }

    fn limit(paise: i64) -> PriceRule {
        PriceRule::Limit { price: Paise(paise) }
    }

    #[test]
    fn lots_and_ticks_are_whole() {
        let instrument = Instrument {
            exchange: Exchange::Nfo,
            symbol: "NIFTY26NOVFUT".to_owned(),
            broker_symbol: "NIFTY26NOVFUT".to_owned(),
            token: "1".to_owned(),
            tick: Paise(10),
            lot: 75.try_into().unwrap(),
        };
        let fault = |leg: &Leg| order_fault(leg, &instrument);
        assert_eq!(fault(&leg(150, limit(2_500_010))), None);
        assert_eq!(fault(&leg(75, PriceRule::Market)), None);
        assert!(fault(&leg(76, limit(2_500_010))).unwrap().contains("lot of 75"));
        assert!(fault(&leg(75, limit(2_500_005))).unwrap().contains("tick of 0.10"));
    }

    #[test]
    fn each_cap_is_kept_and_says_by_how_much_it_would_be_passed() {
        let legs = [leg(75, limit(1_000)), leg(150, limit(2_000))];
        let caps = |orders: Option<u32>, quantity: Option<u32>, value: Option<i64>| Caps {
            orders,
            quantity: quantity.map(|units| Quantity::try_from(units).unwrap()),
            value: value.map(Paise),
        };
        for met in [caps(None, None, None), caps(Some(2), Some(150), Some(375_000))] {
            assert_eq!(cap_fault(&legs, met), None);
        }
        let rows = [
            (caps(Some(1), None, None), "2 orders, at most 1"),
            (caps(None, Some(149), None), "at most 149 units"),
            (caps(None, None, Some(374_999)), "at most \u{20b9} 3,749.99"),
        ];
        for (passed, says) in rows {
            assert!(cap_fault(&legs, passed).unwrap().contains(says), "{says}");
        }
        let market = [leg(75, PriceRule::Market)];
        assert!(cap_fault(&market, caps(None, None, Some(i64::MAX))).is_some());
        let huge = [leg(u32::MAX, limit(i64::MAX)), leg(1, limit(1))];
        assert!(cap_fault(&huge, caps(None, None, Some(i64::MAX - 1))).is_some());
    }
}
