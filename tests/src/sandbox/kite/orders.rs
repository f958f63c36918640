//! Changing an order behind the address gate; reading the books behind none.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{BROKER, bad_input, check_source, place, refused, rows, success};
use crate::sandbox::exchange::check::{Numbers, check};
use crate::sandbox::exchange::order::{Change, Order, Pricing, Stage};
use crate::sandbox::net::message::{Pairs, Reply};
use crate::sandbox::rules::CancelChecks;
use crate::sandbox::world::Call;

pub(super) fn modify(call: &mut Call<'_>) -> Reply {
    let order = match find(call, "modified") {
        Ok(order) => order.clone(),
        Err(refusal) => return refusal,
    };
    if order.modifications >= MODIFICATIONS {
        return too_many_changes();
    }
    let form = call.request.form();
    let change = match change(call, &order, &form) {
        Ok(change) => change,
        Err(refusal) => return refusal,
    };
    let now = call.now;
    let Some(live) = call.state.book.find(BROKER, &call.account, &order.id, now) else {
        return unknown_order();
    };
    live.modifications += 1;
    // Seen: a stop order changed without its prices answers success and stays as it was.
    let stop = matches!(order.wanted.pricing, Pricing::StopLimit | Pricing::StopMarket);
    if !stop || change.price.is_some() || change.trigger.is_some() {
        live.ask_for(change, now);
    }
    success(&json!({ "order_id": order.id }))
}

/// What the form asks for, checked like a new order. The quantity is the new whole.
fn change(call: &Call<'_>, order: &Order, form: &Pairs) -> Result<Change, Reply> {
    let amount = |name| form.get(name).and_then(|text| text.parse().ok());
    let mut change = Change {
        quantity: form.get("quantity").and_then(|text| text.parse().ok()),
        price: amount("price"),
        trigger: amount("trigger_price"),
        kind: None,
        validity: form.get("validity").map(str::to_owned),
    };
    let mut wanted = order.wanted.clone();
    wanted.apply(&change);
    let row = call.state.market.row(&wanted.exchange, wanted.token);
    if let (Some(word), Some(row)) = (form.get("order_type"), row) {
        let pricing = place::pricing(word).ok_or_else(|| bad_input("Invalid `order_type`."))?;
        (wanted.pricing, wanted.order_type) = (pricing, word.to_owned());
        if matches!(pricing, Pricing::Market | Pricing::StopMarket) {
            place::protect(&mut wanted, form, row)?;
            change.price = Some(wanted.price);
        }
        change.kind = Some((pricing, wanted.order_type.clone()));
    }
    if wanted.quantity < order.filled {
        return Err(bad_input("Quantity cannot be less than the filled quantity."));
    }
    let (quantity, price, trigger) = (wanted.quantity, wanted.price, wanted.trigger);
    let numbers = Numbers { quantity, price, trigger };
    let checked = row.map_or(Ok(()), |row| check(row, numbers));
    checked.map_err(place::objection)?;
    Ok(change)
}

pub(super) fn cancel(call: &mut Call<'_>) -> Reply {
    let (now, late) = (call.now, call.late);
    let pending = call.state.rules.cancel_delay_ms > 0;
    match find(call, "cancelled") {
        Ok(order) => {
            match late.and_then(|late| now.checked_add(late).ok()) {
                Some(at) => order.cancel_later(at),
                None => order.cancel(pending, now),
            }
            success(&json!({ "order_id": order.id }))
        }
        Err(refusal) => refusal,
    }
}

/// The order that may be changed: the address and the id are looked at in the order the rules say.
fn find<'c>(call: &'c mut Call<'_>, verb: &str) -> Result<&'c mut Order, Reply> {
    let source = check_source(call);
    let variety = call.captures.first().cloned().unwrap_or_default();
    let id = call.captures.get(1).cloned().unwrap_or_default();
    let ip_first = call.state.rules.cancel_checks == CancelChecks::IpFirst;
    let request = call.state.random.next() % 1_000_000_000;
    let found = call.state.book.find(BROKER, &call.account, &id, call.now);
    let order = match (source, found) {
        (Err(refusal), found) if ip_first || found.is_some() => return Err(refusal),
        (_, None) => return Err(unknown_order()),
        (_, Some(order)) => order,
    };
    if variety != variety_now(order) {
        let text = format!("request {request} timed out");
        return Err(refused(StatusCode::GATEWAY_TIMEOUT, "NetworkException", &text));
    }
    if order.stage.is_terminal() {
        // The words have not been seen.
        let text = format!("Order cannot be {verb} as it is {}.", order.word());
        return Err(bad_input(&text));
    }
    if !order.stage.is_at_rest() {
        let text = format!("Order cannot be {verb} as it is being processed. Try later.");
        return Err(bad_input(&text));
    }
    Ok(order)
}

/// What was kept for the next day is an ordinary order once it has been sent on, although the
/// book goes on calling it `amo`.
fn variety_now(order: &Order) -> &str {
    let sent_on = order.release.is_some() && order.stage != Stage::AfterHours;
    if sent_on { "regular" } else { &order.wanted.variety }
}

pub(super) fn book(call: &mut Call<'_>) -> Reply {
    let orders = call.books(BROKER);
    let market = &call.state.market;
    success(&orders.iter().map(|order| rows::order(order, market)).collect())
}

pub(super) fn history(call: &mut Call<'_>) -> Reply {
    let id = call.captures.first().cloned().unwrap_or_default();
    match call.state.book.find(BROKER, &call.account, &id, call.now) {
        Some(order) => success(&Value::Array(rows::history(order, &call.state.market))),
        None => unknown_order(),
    }
}

/// All of today's trades, or those of one order.
pub(super) fn trades(call: &mut Call<'_>) -> Reply {
    let orders = call.books(BROKER);
    let wanted = call.captures.first();
    let orders = orders.iter().filter(|order| wanted.is_none_or(|id| order.id == *id));
    let market = &call.state.market;
    success(&orders.flat_map(|order| rows::trades(order, market)).collect())
}

fn unknown_order() -> Reply {
    refused(StatusCode::NOT_FOUND, "GeneralException", "Couldn't find that `order_id`.")
}

/// The text and the type have been seen, the status not.
fn too_many_changes() -> Reply {
    let text = "Maximum allowed order modifications exceeded.";
    refused(StatusCode::BAD_REQUEST, "NetworkException", text)
}

const MODIFICATIONS: u32 = 25;
