//! Changing an order behind the address gate; reading the books behind none.

use serde_json::{Map, Value, json};

use super::place::{at_once, pricing};
use super::{BROKER, check_source, refused, rows, success, text, went_wrong};
use crate::sandbox::exchange::check::{Numbers, check};
use crate::sandbox::exchange::order::{Change, Order};
use crate::sandbox::net::message::Reply;
use crate::sandbox::rules::CancelChecks;
use crate::sandbox::world::Call;

pub(super) fn modify(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let order = match find(call, &body) {
        Ok(order) => order.clone(),
        Err(refusal) => return refusal,
    };
    if !order.stage.is_at_rest() {
        // What the broker says to a change that comes too early has not been seen.
        return refused("AB1007", "Order is being processed, please try later");
    }
    let change = match change(call, &order, &body) {
        Ok(change) => change,
        Err(refusal) => return refusal,
    };
    let now = call.now;
    if let Some(live) = call.state.book.find(BROKER, &call.account, &order.id, now) {
        live.modifications += 1;
        live.ask_for(change, now);
    }
    success(&json!({ "orderid": order.id, "uniqueorderid": order.unique_id }))
}

/// What the body asks for, checked like a new order.
fn change(call: &Call<'_>, order: &Order, body: &Map<String, Value>) -> Result<Change, Reply> {
    let word = text(body, "ordertype");
    let change = Change {
        quantity: text(body, "quantity").parse().ok().filter(|&units: &u64| units > 0),
        price: text(body, "price").parse().ok(),
        trigger: text(body, "triggerprice").parse().ok(),
        kind: pricing(&word).map(|pricing| (pricing, word)),
        validity: None,
    };
    let mut wanted = order.wanted.clone();
    wanted.apply(&change);
    if wanted.quantity < order.filled {
        return Err(refused("AB1007", "Invalid quantity"));
    }
    let (quantity, price, trigger) = (wanted.quantity, wanted.price, wanted.trigger);
    let row = call.state.market.row(&wanted.exchange, wanted.token);
    let checked = row.map_or(Ok(()), |row| check(row, Numbers { quantity, price, trigger }));
    checked.or_else(at_once)?;
    Ok(change)
}

pub(super) fn cancel(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let (now, late) = (call.now, call.late);
    let pending = call.state.rules.cancel_delay_ms > 0;
    match find(call, &body) {
        Ok(order) => {
            match late.and_then(|late| now.checked_add(late).ok()) {
                Some(at) => order.cancel_later(at),
                None => order.cancel(pending, now),
            }
            success(&json!({ "orderid": order.id, "uniqueorderid": order.unique_id }))
        }
        Err(refusal) => refusal,
    }
}

/// The order that may be changed: the address and the id are looked at in the order the rules say.
fn find<'c>(call: &'c mut Call<'_>, body: &Map<String, Value>) -> Result<&'c mut Order, Reply> {
    let id = text(body, "orderid");
    let source = check_source(call);
    let ip_first = call.state.rules.cancel_checks == CancelChecks::IpFirst;
    let found = call.state.book.find(BROKER, &call.account, &id, call.now);
    let order = match (source, found) {
        (Err(refusal), found) if ip_first || found.is_some() => return Err(refusal),
        (_, None) => return Err(refused("AB1013", "Order not found")),
        (_, Some(order)) => order,
    };
    if order.stage.is_terminal() {
        let text = format!("Order cannot be changed, it is {}", order.word());
        return Err(refused("AB1007", &text));
    }
    Ok(order)
}

pub(super) fn book(call: &mut Call<'_>) -> Reply {
    let orders = call.books(BROKER);
    let (market, types) = (&call.state.market, call.state.rules.angel_types);
    let rows = orders.iter().map(|order| rows::booked(order, market, types));
    success(&array_or_null(rows.collect()))
}

pub(super) fn details(call: &mut Call<'_>) -> Reply {
    let id = call.captures.first().cloned().unwrap_or_default();
    let mut orders = call.state.book.today(BROKER, &call.account, call.now);
    match orders.find(|order| order.unique_id == id) {
        Some(order) => success(&rows::order(order, &call.state.market)),
        None => refused("AB1013", "Order not found"),
    }
}

pub(super) fn trades(call: &mut Call<'_>) -> Reply {
    let orders = call.books(BROKER);
    let market = &call.state.market;
    success(&array_or_null(orders.iter().flat_map(|order| rows::trades(order, market)).collect()))
}

/// An empty book is null here, not an empty list.
pub(super) fn array_or_null(rows: Vec<Value>) -> Value {
    if rows.is_empty() { Value::Null } else { Value::Array(rows) }
}
