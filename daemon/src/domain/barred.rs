//! What a broker is known to refuse from programs, as data with its source: refused here, before
//! anything is sent.

use muster_protocol::order::{Broker, Exchange, Leg, PriceRule, Validity};

/// A kind of order that is refused.
struct Bar {
    broker: Broker,
    applies: fn(&Leg) -> bool,
    why: &'static str,
}

/// Only what is documented without contradiction: whether Angel One takes MARKET and IOC orders from
/// programs is told both ways, so those are sent and its own answer counts.
const BARS: &[Bar] = &[
    Bar {
        broker: Broker::Zerodha,
        applies: |leg| leg.exchange == Exchange::Mcx && leg.validity == Validity::Ioc,
        why: "Zerodha takes no IOC orders on MCX (since April 2026)",
    },
    Bar {
        broker: Broker::AngelOne,
        applies: |leg| leg.exchange == Exchange::Mcx && leg.validity == Validity::Ioc,
        why: "Angel One takes no IOC orders for commodities",
    },
];

/// The widest band a marketable price may have: a fifth, which is where circuits commonly are.
pub const MAX_BAND: u16 = 2_000;

/// Why the broker would refuse the order, if it is known to.
pub fn barred(broker: Broker, leg: &Leg) -> Option<String> {
    if let PriceRule::Marketable { band: Some(band) } = leg.price
        && !(1..=MAX_BAND).contains(&band)
    {
        return Some(format!("a band is 1 to {MAX_BAND} hundredths of a percent, not {band}"));
    }
    let bar = BARS.iter().find(|bar| bar.broker == broker && (bar.applies)(leg))?;
    Some(bar.why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(exchange: &str, validity: &str, price: &serde_json::Value) -> Leg {
        serde_json::from_value(serde_json::json!({
            "exchange": exchange, "symbol": "X", "side": "BUY", "quantity": 1,
            "product": "intraday", "price": price, "validity": validity,
        }))
        .unwrap()
    }

    #[test]
    fn what_is_documented_to_be_refused_is_not_sent() {
        let limit = serde_json::json!({"rule": "limit", "price": 100});
        for broker in Broker::ALL {
            assert!(barred(broker, &leg("MCX", "ioc", &limit)).is_some());
            assert!(barred(broker, &leg("MCX", "day", &limit)).is_none());
            assert!(barred(broker, &leg("NSE", "ioc", &limit)).is_none());
            for (band, fine) in [(0, false), (1, true), (2_000, true), (2_001, false)] {
                let price = serde_json::json!({"rule": "marketable", "band": band});
                assert_eq!(barred(broker, &leg("NSE", "day", &price)).is_none(), fine, "{band}");
            }
        }
    }
}
