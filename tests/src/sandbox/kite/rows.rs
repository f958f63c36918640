//! Rows of the order and trade books: ids as strings, the rest as numbers.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::exchange::clock::ist;
use crate::sandbox::exchange::market::{Instrument, Market};
use crate::sandbox::exchange::order::{Fill, Order};

pub(super) fn order(order: &Order, market: &Market) -> Value {
    let wanted = &order.wanted;
    let at_exchange = order.was_open();
    let exchange_time = at_exchange.then(|| stamp(order.touched_at()));
    let cancelled = if order.stage.is_cancelled() { order.unfilled() } else { 0 };
    let pending = if order.stage.is_terminal() { 0 } else { order.unfilled() };
    let mut row = json!({
        "account_id": wanted.account,
        "placed_by": wanted.account,
        "order_id": order.id,
        "exchange_order_id": at_exchange.then(|| exchange_id(order)),
        "parent_order_id": null,
        "status": order.word(),
        "status_message": order.message,
        "status_message_raw": order.message,
        "order_timestamp": stamp(order.received_at),
        "exchange_update_timestamp": exchange_time,
        "exchange_timestamp": exchange_time,
        "variety": wanted.variety,
        "modified": order.modified,
        "exchange": wanted.exchange,
        "tradingsymbol": wanted.symbol,
        "instrument_token": instrument(order, market).map(Instrument::kite_token),
        "order_type": wanted.order_type,
        "transaction_type": wanted.side.word(),
        "validity": wanted.validity,
        "validity_ttl": wanted.minutes,
        "product": wanted.product,
        "quantity": wanted.quantity,
        "disclosed_quantity": 0,
        "price": wanted.price.rupees(),
        "trigger_price": wanted.trigger.rupees(),
        "average_price": order.average.rupees(),
        "filled_quantity": order.filled,
        "pending_quantity": pending,
        "cancelled_quantity": cancelled,
        "market_protection": 0,
        "meta": {},
        "tag": order.tag(),
        "guid": null,
    });
    if let (false, Some(row)) = (wanted.tags.is_empty(), row.as_object_mut()) {
        row.insert("tags".into(), json!(wanted.tags));
    }
    row
}

/// One row for each stage the order has been in.
pub(super) fn history(order: &Order, market: &Market) -> Vec<Value> {
    order.looks().map(|look| self::order(&look, market)).collect()
}

/// One row for each piece that filled.
pub(super) fn trades(order: &Order, market: &Market) -> Vec<Value> {
    let pieces = order.fills.iter().enumerate();
    pieces.map(|(at, fill)| trade(order, market, at, fill)).collect()
}

fn trade(order: &Order, market: &Market, at: usize, fill: &Fill) -> Value {
    let wanted = &order.wanted;
    json!({
        "trade_id": format!("{}{at}", order.id.chars().skip(11).collect::<String>()),
        "order_id": order.id,
        "exchange_order_id": exchange_id(order),
        "exchange": wanted.exchange,
        "tradingsymbol": wanted.symbol,
        "instrument_token": instrument(order, market).map(Instrument::kite_token),
        "product": wanted.product,
        "average_price": fill.price.rupees(),
        "quantity": fill.quantity,
        "transaction_type": wanted.side.word(),
        "fill_timestamp": stamp(fill.at),
        "order_timestamp": ist(order.received_at).strftime("%H:%M:%S").to_string(),
        "exchange_timestamp": stamp(fill.at),
    })
}

fn instrument<'m>(order: &Order, market: &'m Market) -> Option<&'m Instrument> {
    market.row(&order.wanted.exchange, order.wanted.token)
}

fn stamp(at: Timestamp) -> String {
    ist(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn exchange_id(order: &Order) -> String {
    format!("11000000{}", order.id.chars().skip(11).collect::<String>())
}
