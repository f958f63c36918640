//! Orders a person places in the broker's own app: they are in the same book as the rest, and no
//! client knows of them.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;
use serde::Deserialize;

use super::exchange::money::Paise;
use super::exchange::order::{PlacedBy, Pricing, Side, Wanted};
use super::people::account::Broker;
use super::world::State;

/// What the person enters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByHand {
    broker: Broker,
    account: String,
    exchange: String,
    /// Either broker's.
    symbol: String,
    side: Side,
    quantity: u64,
    /// Rupees as a decimal text; the last traded price when absent.
    price: Option<String>,
    /// Only for a test of what a client makes of it: no app sets one.
    tag: Option<String>,
}

/// The id of the new order, or what is not known.
pub(crate) fn place(
    state: &mut State,
    now: Timestamp,
    wanted: ByHand,
) -> Result<String, &'static str> {
    state.account(wanted.broker, &wanted.account).ok_or("no such account")?;
    let row = state.market.by_angel(&wanted.exchange, &wanted.symbol);
    let row = row.or_else(|| state.market.by_kite(&wanted.exchange, &wanted.symbol));
    let row = row.ok_or("no such instrument")?;
    let (symbol, product, variety) = match wanted.broker {
        Broker::AngelOne => (row.angel_symbol.clone(), "DELIVERY", "NORMAL"),
        Broker::Kite => (row.kite_symbol.clone(), "CNC", "regular"),
    };
    let price: Option<Paise> = wanted.price.and_then(|text| text.parse().ok());
    let order = Wanted {
        broker: wanted.broker,
        account: wanted.account,
        exchange: wanted.exchange,
        symbol,
        token: row.token,
        side: wanted.side,
        quantity: wanted.quantity,
        price: price.unwrap_or(row.ltp()),
        trigger: Paise::ZERO,
        pricing: Pricing::Limit,
        order_type: "LIMIT".to_owned(),
        product: product.to_owned(),
        validity: "DAY".to_owned(),
        minutes: 0,
        variety: variety.to_owned(),
        tags: wanted.tag.into_iter().collect(),
        source_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        placed_by: PlacedBy::Hand,
    };
    let order = state.book.accept(order, now, &mut state.random);
    Ok(order.id.clone())
}
