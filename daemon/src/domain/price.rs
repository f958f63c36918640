//! The price of an order that is to fill at once without being a MARKET order: a LIMIT at the last
//! price plus or minus a band, on the tick.

use muster_protocol::money::Paise;
use muster_protocol::order::{Exchange, Leg, PriceRule, Side};

/// What a broker says of an instrument's price now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// The last traded price.
    pub last: Paise,
    /// The day's lowest price that the exchange takes, if it is told.
    pub lower: Option<Paise>,
    /// The day's highest.
    pub upper: Option<Paise>,
}

impl Quote {
    /// The nearest price on the tick that the exchange takes; `None` if there is none.
    fn held(&self, price: Paise, tick: Paise) -> Option<Paise> {
        let edge = self.lower.map_or(0, |lower| (lower.0 + tick.0 - 1) / tick.0 * tick.0);
        let lower = edge.max(tick.0);
        let upper = self.upper.map_or(i64::MAX, |upper| upper.0 / tick.0 * tick.0);
        (lower <= upper).then(|| Paise(price.0.clamp(lower, upper)))
    }
}

/// The bands are hundredths of a percent.
const WHOLE: i128 = 10_000;

/// The band of a leg that names none. Of the protection bands both brokers document for a MARKET order
/// the tighter, and of those for shares and indices again the tighter: a list does not tell them apart.
pub fn usual_band(leg: &Leg, last: Paise) -> u16 {
    let option = leg.symbol.ends_with("CE") || leg.symbol.ends_with("PE");
    if matches!(leg.exchange, Exchange::Nse | Exchange::Bse) || !option {
        return 50;
    }
    match last.0 {
        ..1_000 => 500,
        1_000..5_000 => 300,
        5_000..10_000 => 250,
        10_000..50_000 => 200,
        _ => 100,
    }
}

/// The limit that fills at once: rounded to the tick inside the band, and if no tick is inside it, the
/// one at the last price. `None` if the last price is none.
pub fn marketable(side: Side, last: Paise, band: u16, tick: Paise) -> Option<Paise> {
    if last.0 <= 0 || tick.0 <= 0 {
        return None;
    }
    let (price, step) = (i128::from(last.0), i128::from(tick.0));
    let reach = price * i128::from(band) / WHOLE;
    let up = |value: i128| value.div_euclid(step) * step + if value % step == 0 { 0 } else { step };
    let down = |value: i128| value.div_euclid(step) * step;
    let limit = match side {
        Side::Buy => down(price + reach).max(up(price)),
        Side::Sell => up(price - reach).min(down(price)).max(step),
    };
    i64::try_from(limit).ok().map(Paise)
}

/// The leg as it is sent, where its price depends on the last one. A limit beyond the day's range would be
/// refused: it is held at the range's edge, where it is the best there can be.
pub fn priced(leg: &Leg, quote: &Quote, tick: Paise) -> Option<Leg> {
    let PriceRule::Marketable { band } = leg.price else { return Some(leg.clone()) };
    let band = band.unwrap_or_else(|| usual_band(leg, quote.last));
    let price = quote.held(marketable(leg.side, quote.last, band, tick)?, tick)?;
    Some(Leg { price: PriceRule::Limit { price }, ..leg.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_inside_the_band_and_on_the_tick() {
        for (side, last, band, tick, limit) in [
            (Side::Buy, 84_215, 50, 5, 84_635),
            (Side::Sell, 84_215, 50, 5, 83_795),
            (Side::Buy, 100, 50, 5, 100),
            (Side::Sell, 100, 50, 5, 100),
            // No tick inside the band: the nearest that still fills.
            (Side::Buy, 103, 10, 5, 105),
            (Side::Sell, 103, 10, 5, 100),
            (Side::Sell, 3, 10, 5, 5),
            (Side::Buy, 2_500_005, 0, 5, 2_500_005),
        ] {
            let found = marketable(side, Paise(last), band, Paise(tick));
            assert_eq!(found, Some(Paise(limit)), "{side:?} {last} {band} {tick}");
        }
        assert_eq!(marketable(Side::Buy, Paise(0), 50, Paise(5)), None);
        assert_eq!(marketable(Side::Buy, Paise(5), 50, Paise(0)), None);
        assert_eq!(marketable(Side::Buy, Paise(i64::MAX), 50, Paise(5)), None);
    }

    #[test]
    fn the_usual_band_is_the_tighter_of_both_brokers() {
        let leg = |exchange: &str, symbol: &str| -> Leg {
            serde_json::from_value(serde_json::json!({
                "exchange": exchange, "symbol": symbol, "side": "BUY", "quantity": 1,
                "product": "intraday", "price": {"rule": "marketable"},
            }))
            .unwrap()
        };
        assert_eq!(usual_band(&leg("NSE", "RELIANCE"), Paise(5_000)), 50);
        assert_eq!(usual_band(&leg("NFO", "NIFTY26NOVFUT"), Paise(2_600_000)), 50);
        for (premium, band) in
            [(900, 500), (1_500, 300), (7_000, 250), (20_000, 200), (60_000, 100)]
        {
            assert_eq!(usual_band(&leg("NFO", "NIFTY26NOV26000CE"), Paise(premium)), band);
        }
        let quote = Quote { last: Paise(84_215), lower: None, upper: None };
        let priced = priced(&leg("NSE", "SBIN"), &quote, Paise(5)).unwrap();
        assert_eq!(priced.price, PriceRule::Limit { price: Paise(84_635) });
    }

    #[test]
    fn a_limit_is_held_inside_the_days_range() {
        let leg = |side: &str| -> Leg {
            serde_json::from_value(serde_json::json!({
                "exchange": "NSE", "symbol": "SBIN", "side": side, "quantity": 1,
                "product": "intraday", "price": {"rule": "marketable", "band": 100},
            }))
            .unwrap()
        };
        for (side, last, lower, upper, limit) in [
            ("BUY", 10_000, 8_000, 12_000, Some(10_100)),
            ("BUY", 11_950, 8_000, 12_000, Some(12_000)),
            // The edge is between two ticks: the tick inside.
            ("BUY", 11_950, 8_000, 12_003, Some(12_000)),
            ("SELL", 8_020, 7_998, 12_000, Some(8_000)),
            ("SELL", 8_020, 0, 0, None),
            // What has traded beyond the range told is priced at its edge.
            ("BUY", 12_500, 8_000, 12_000, Some(12_000)),
            ("BUY", 10_000, 12_000, 8_000, None),
        ] {
            let (lower, upper) = (Some(Paise(lower)), Some(Paise(upper)));
            let quote = Quote { last: Paise(last), lower, upper };
            let found = priced(&leg(side), &quote, Paise(5)).map(|leg| leg.price);
            let wanted = limit.map(|price| PriceRule::Limit { price: Paise(price) });
            assert_eq!(found, wanted, "{side} {quote:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_limit_fills_at_once_and_strays_no_further_than_its_band_or_a_tick(
            buy: bool, last in 1_i64..10_000_000_000, band in 0_u16..2_000, tick in 1_i64..500,
        ) {
            let side = if buy { Side::Buy } else { Side::Sell };
            let limit = marketable(side, Paise(last), band, Paise(tick)).unwrap().0;
            proptest::prop_assert!(limit > 0 && limit % tick == 0);
            let reach = (last * i64::from(band) / 10_000).max(tick);
            proptest::prop_assert!((limit - last).abs() <= reach, "{limit}");
            match side {
                Side::Buy => proptest::prop_assert!(limit >= last),
                Side::Sell => proptest::prop_assert!(limit <= last || limit == tick),
            }
        }
    }
}
