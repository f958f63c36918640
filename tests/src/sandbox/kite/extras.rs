//! What lies beside orders: conversion of positions, margins, the contract note in advance. Here a
//! margin is the whole value and charges are a thousandth of it.

use serde_json::{Value, json};

use super::{BROKER, bad_input, check_source, missing, success};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::net::message::Reply;
use crate::sandbox::world::Call;

/// Whether the address is looked at is not known. Here a position is converted whole or not at all.
pub(super) fn convert(call: &mut Call<'_>) -> Reply {
    if call.state.rules.convert_checks_ip
        && let Err(refusal) = check_source(call)
    {
        return refusal;
    }
    let form = call.request.form();
    let fields = ["exchange", "tradingsymbol", "quantity", "old_product", "new_product"];
    if let Some(absent) = fields.iter().find(|name| form.get(name).is_none()) {
        return missing(absent);
    }
    let field = |name: &str| form.get(name).unwrap_or_default();
    let row = call.state.market.by_kite(field("exchange"), field("tradingsymbol"));
    let Some(token) = row.map(|row| row.token) else {
        return bad_input("Invalid `tradingsymbol`.");
    };
    let products = (field("old_product"), field("new_product"));
    if !PRODUCTS.contains(&products.1) {
        return bad_input("Invalid `new_product`.");
    }
    let quantity = field("quantity").parse().unwrap_or(0);
    let done = call.state.book.convert((BROKER, &call.account), token, products, quantity);
    // The words are a guess.
    if done { success(&json!(true)) } else { bad_input("Invalid `quantity`.") }
}

/// The margin of each order by itself.
pub(super) fn orders(call: &mut Call<'_>) -> Reply {
    each(call, margin)
}

/// The margin of a basket, at first and after what orders save each other: here nothing.
pub(super) fn basket(call: &mut Call<'_>) -> Reply {
    let rows = match read(call) {
        Ok(rows) => rows,
        Err(refusal) => return refusal,
    };
    let sum = rows.iter().fold(Paise::ZERO, |sum, (_, value)| sum.plus(*value));
    let whole = margin(&json!({}), sum);
    let orders: Vec<Value> = rows.iter().map(|(order, value)| margin(order, *value)).collect();
    success(&json!({ "initial": whole, "final": whole, "orders": orders }))
}

/// What each order would cost, as a contract note has it.
pub(super) fn note(call: &mut Call<'_>) -> Reply {
    each(call, |order, value| {
        let field = |name: &str| order.get(name).cloned().unwrap_or_default();
        json!({
            "transaction_type": field("transaction_type"),
            "tradingsymbol": field("tradingsymbol"),
            "exchange": field("exchange"),
            "variety": field("variety"),
            "product": field("product"),
            "order_type": field("order_type"),
            "quantity": field("quantity"),
            "price": field("average_price"),
            "charges": fees(value),
        })
    })
}

fn each(call: &mut Call<'_>, show: impl Fn(&Value, Paise) -> Value) -> Reply {
    match read(call) {
        Ok(rows) => success(&rows.iter().map(|(order, value)| show(order, *value)).collect()),
        Err(refusal) => refusal,
    }
}

/// The body is a JSON array here, unlike everywhere else.
fn read(call: &Call<'_>) -> Result<Vec<(Value, Paise)>, Reply> {
    let rows: Vec<Value> = serde_json::from_slice(&call.request.body)
        .map_err(|_| bad_input("Couldn't parse the JSON request."))?;
    rows.into_iter()
        .map(|order| {
            let field = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or_default();
            let row = call.state.market.by_kite(field("exchange"), field("tradingsymbol"));
            let row = row.ok_or_else(|| bad_input("Invalid `tradingsymbol`."))?;
            let number = |name: &str| order.get(name).and_then(Value::as_f64).unwrap_or(0.0);
            let given = number("price").max(number("average_price"));
            let price: Paise = format!("{given:.2}").parse().unwrap_or_default();
            let price = if price > Paise::ZERO { price } else { row.ltp() };
            let quantity = order.get("quantity").and_then(Value::as_u64);
            let quantity = quantity.ok_or_else(|| missing("quantity"))?;
            let value = price.times(quantity);
            Ok((order, value))
        })
        .collect()
}

fn margin(order: &Value, value: Paise) -> Value {
    let field = |name: &str| order.get(name).cloned().unwrap_or_else(|| json!(""));
    json!({
        "type": "equity",
        "tradingsymbol": field("tradingsymbol"),
        "exchange": field("exchange"),
        "span": 0, "exposure": 0, "option_premium": 0, "additional": 0, "bo": 0, "cash": 0,
        "var": value.rupees(),
        "pnl": { "realised": 0, "unrealised": 0 },
        "leverage": 1,
        "charges": fees(value),
        "total": value.rupees(),
    })
}

fn fees(value: Paise) -> Value {
    let fee = Paise(value.0 / 1_000).rupees();
    json!({
        "transaction_tax": 0, "transaction_tax_type": "stt", "exchange_turnover_charge": 0,
        "sebi_turnover_charge": 0, "brokerage": fee, "stamp_duty": 0,
        "gst": { "igst": 0, "cgst": 0, "sgst": 0, "total": 0 },
        "total": fee,
    })
}

const PRODUCTS: [&str; 4] = ["CNC", "NRML", "MIS", "MTF"];
