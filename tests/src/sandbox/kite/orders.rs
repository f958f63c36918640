//! Changing an order behind the address gate; reading the books behind none.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::{BROKER, bad_input, check_source, refused, rows, success};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::exchange::order::{Order, Stage};
use crate::sandbox::net::message::Reply;
use crate::sandbox::rules::CancelChecks;
use crate::sandbox::world::Call;

pub(super) fn modify(call: &mut Call<'_>) -> Reply {
    let form = call.request.form();
    change(call, |order| {
        let wanted = &mut order.wanted;
        let amount =
            |name, old: Paise| form.get(name).and_then(|text| text.parse().ok()).unwrap_or(old);
        wanted.price = amount("price", wanted.price);
        wanted.trigger = amount("trigger_price", wanted.trigger);
        let quantity =
            form.get("quantity").and_then(|text| text.parse().ok()).filter(|&units| units > 0);
        wanted.quantity = quantity.unwrap_or(wanted.quantity);
        order.modified = true;
    })
}

pub(super) fn cancel(call: &mut Call<'_>) -> Reply {
    let now = call.now;
    change(call, |order| order.enter(Stage::Cancelled, now))
}

/// The address and the order id in the order the rules say, then the change itself.
fn change(call: &mut Call<'_>, apply: impl FnOnce(&mut Order)) -> Reply {
    let source = check_source(call);
    let variety = call.captures.first().cloned().unwrap_or_default();
    let id = call.captures.get(1).cloned().unwrap_or_default();
    let ip_first = call.state.rules.cancel_checks == CancelChecks::IpFirst;
    let found = call.state.book.find(BROKER, &call.account, &id, call.now);
    let found = found.filter(|order| order.wanted.variety == variety);
    let order = match (source, found) {
        (Err(refusal), found) if ip_first || found.is_some() => return refusal,
        (_, None) => return unknown_order(),
        (_, Some(order)) => order,
    };
    if order.stage.is_terminal() {
        let word = order.word();
        return bad_input(&format!("Order cannot be changed as it is {word}."));
    }
    apply(order);
    success(&json!({ "order_id": order.id }))
}

pub(super) fn book(call: &mut Call<'_>) -> Reply {
    let orders = call.state.book.today(BROKER, &call.account, call.now);
    let market = &call.state.market;
    success(&orders.map(|order| rows::order(order, market)).collect())
}

/// One row per stage the order has been in.
pub(super) fn history(call: &mut Call<'_>) -> Reply {
    let id = call.captures.first().cloned().unwrap_or_default();
    match call.state.book.find(BROKER, &call.account, &id, call.now) {
        Some(order) => success(&Value::Array(rows::history(order, &call.state.market))),
        None => unknown_order(),
    }
}

/// All of today's trades, or those of one order.
pub(super) fn trades(call: &mut Call<'_>) -> Reply {
    let wanted = call.captures.first();
    let orders = call.state.book.today(BROKER, &call.account, call.now);
    let filled = orders.filter(|order| order.filled > 0);
    let filled = filled.filter(|order| wanted.is_none_or(|id| order.id == *id));
    let market = &call.state.market;
    success(&filled.map(|order| rows::trade(order, market)).collect())
}

fn unknown_order() -> Reply {
    refused(StatusCode::NOT_FOUND, "GeneralException", "Couldn't find that `order_id`.")
}
