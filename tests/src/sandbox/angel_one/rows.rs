//! Rows of the order and trade books: prices as numbers, quantities and ids as strings.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sandbox::exchange::clock::ist;
use crate::sandbox::exchange::market::Market;
use crate::sandbox::exchange::order::{Fill, Order};
use crate::sandbox::rules::AngelTypes;

pub(super) fn order(order: &Order, market: &Market) -> Value {
    let wanted = &order.wanted;
    let lot = market.row(&wanted.exchange, wanted.token).map_or(1, |row| row.lot);
    let cancelled = if order.stage.is_cancelled() { order.unfilled() } else { 0 };
    let at_exchange = order.was_open();
    let changed = stamp(order.touched_at());
    let fill = order.fills.last();
    json!({
        "variety": wanted.variety,
        "ordertype": wanted.order_type,
        "producttype": wanted.product,
        "duration": wanted.validity,
        "price": wanted.price.rupees(),
        "triggerprice": wanted.trigger.rupees(),
        "quantity": wanted.quantity.to_string(),
        "disclosedquantity": "0",
        "squareoff": 0.0,
        "stoploss": 0.0,
        "trailingstoploss": 0.0,
        "tradingsymbol": wanted.symbol,
        "transactiontype": wanted.side.word(),
        "exchange": wanted.exchange,
        "symboltoken": wanted.token.to_string(),
        "ordertag": order.tag().unwrap_or_default(),
        "instrumenttype": "",
        "strikeprice": -1.0,
        "optiontype": "",
        "expirydate": "",
        "lotsize": lot.to_string(),
        "cancelsize": cancelled.to_string(),
        "averageprice": order.average.rupees(),
        "filledshares": order.filled.to_string(),
        "unfilledshares": order.unfilled().to_string(),
        "orderid": order.id,
        "text": order.message.as_deref().unwrap_or_default(),
        "status": order.word(),
        "orderstatus": order.word(),
        "updatetime": changed,
        "exchtime": if at_exchange { changed.as_str() } else { "" },
        "exchorderupdatetime": if at_exchange { changed.as_str() } else { "" },
        "fillid": fill.map(|_| fill_id(order, order.fills.len())).unwrap_or_default(),
        "filltime": fill.map(|fill| clock_time(fill.at)).unwrap_or_default(),
        "parentorderid": "",
        "uniqueorderid": order.unique_id,
        "exchangeorderid": if at_exchange { exchange_id(order) } else { String::new() },
    })
}

/// A row of the book as the rule has it: the documents' sample has texts throughout and no token.
pub(super) fn booked(order: &Order, market: &Market, types: AngelTypes) -> Value {
    let mut row = self::order(order, market);
    if types == AngelTypes::Texts {
        in_texts(&mut row);
        row["symboltoken"] = Value::Null;
    }
    row
}

/// Every number as a text, to the paisa.
pub(super) fn in_texts(row: &mut Value) {
    for value in row.as_object_mut().into_iter().flat_map(|row| row.values_mut()) {
        if let Some(number) = value.as_f64() {
            *value = Value::String(format!("{number:.2}"));
        }
    }
}

/// One row for each piece that filled.
pub(super) fn trades(order: &Order, market: &Market) -> Vec<Value> {
    let pieces = order.fills.iter().enumerate();
    pieces.map(|(at, fill)| trade(order, market, &fill_id(order, at + 1), fill)).collect()
}

fn trade(order: &Order, market: &Market, id: &str, fill: &Fill) -> Value {
    let wanted = &order.wanted;
    let lot = market.row(&wanted.exchange, wanted.token).map_or(1, |row| row.lot);
    let value = fill.price.times(fill.quantity);
    json!({
        "exchange": wanted.exchange,
        "producttype": wanted.product,
        "tradingsymbol": wanted.symbol,
        "instrumenttype": "",
        "symbolgroup": "EQ",
        "strikeprice": "-1",
        "optiontype": "",
        "expirydate": "",
        "marketlot": lot.to_string(),
        "precision": "2",
        "multiplier": "-1",
        "tradevalue": value.to_string(),
        "transactiontype": wanted.side.word(),
        "fillprice": fill.price.to_string(),
        "fillsize": fill.quantity.to_string(),
        "orderid": order.id,
        "fillid": id,
        "filltime": clock_time(fill.at),
        "uniqueorderid": order.unique_id,
        "symboltoken": wanted.token.to_string(),
    })
}

fn stamp(at: Timestamp) -> String {
    ist(at).strftime("%d-%b-%Y %H:%M:%S").to_string()
}

fn clock_time(at: Timestamp) -> String {
    ist(at).strftime("%H:%M:%S").to_string()
}

fn exchange_id(order: &Order) -> String {
    format!("11000000{}", order.id.chars().skip(6).collect::<String>())
}

fn fill_id(order: &Order, number: usize) -> String {
    format!("{}{number}", order.id.chars().skip(8).collect::<String>())
}
