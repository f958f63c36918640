//! What lies beside orders: the list of shares under caution, conversion of positions, margins and
//! charges. The routes are known; where the fields of an answer are not, they are marked as guesses.

use serde_json::{Map, Value, json};

use super::{BROKER, check_source, refused, success, text, went_wrong};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::net::message::Reply;
use crate::sandbox::world::Call;

/// The symbols that need the client's consent; the fields of a row are a guess.
pub(super) fn cautionary(call: &mut Call<'_>) -> Reply {
    let named = call.state.rules.cautionary.clone();
    let rows = named.iter().filter_map(|symbol| {
        let row = call.state.market.by_angel("NSE", symbol)?;
        let (token, exchange) = (row.token.to_string(), row.exchange);
        Some(json!({ "exchange": exchange, "tradingsymbol": symbol, "symboltoken": token }))
    });
    success(&Value::Array(rows.collect()))
}

/// Whether the address is looked at is not known. Here a position is converted whole or not at all.
pub(super) fn convert(call: &mut Call<'_>) -> Reply {
    if call.state.rules.convert_checks_ip
        && let Err(refusal) = check_source(call)
    {
        return refusal;
    }
    let Some(body) = call.request.json() else { return went_wrong() };
    let field = |key: &str| text(&body, key);
    let row = call.state.market.by_angel(&field("exchange"), &field("tradingsymbol"));
    let Some(token) = row.map(|row| row.token) else {
        return refused("AB1018", "Failed to Get Symbol Details");
    };
    let (old, new) = (field("oldproducttype"), field("newproducttype"));
    if !PRODUCTS.contains(&new.as_str()) {
        return refused("AB1012", "Invalid Product Type");
    }
    let quantity = field("quantity").parse().unwrap_or(0);
    let done = call.state.book.convert((BROKER, &call.account), token, (&old, &new), quantity);
    if done { success(&Value::Null) } else { refused("AB1017", "Position Conversion Failed") }
}

/// Up to fifty positions. Here a margin is the whole value; the fields are a guess.
pub(super) fn margin(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let Some(rows) = body.get("positions").and_then(Value::as_array) else { return went_wrong() };
    if rows.is_empty() || rows.len() > MARGIN_LIMIT {
        return went_wrong();
    }
    let mut total = Paise::ZERO;
    for row in rows.iter().filter_map(Value::as_object) {
        match value(call, row, "qty") {
            Some(value) => total = total.plus(value),
            None => return refused("AB1018", "Failed to Get Symbol Details"),
        }
    }
    success(&json!({
        "totalMarginRequired": total.rupees(),
        "marginComponents": {
            "netPremium": 0, "spanMargin": 0, "marginBenefit": 0, "deliveryMargin": total.rupees(),
            "nonNFOMargin": 0, "totOptionsPremium": 0,
        },
    }))
}

/// Here charges are a thousandth of the value; the fields are a guess.
pub(super) fn charges(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let Some(rows) = body.get("orders").and_then(Value::as_array) else { return went_wrong() };
    let mut total = Paise::ZERO;
    for row in rows.iter().filter_map(Value::as_object) {
        match value(call, row, "quantity") {
            Some(value) => total = total.plus(value),
            None => return refused("AB1018", "Failed to Get Symbol Details"),
        }
    }
    let fee = Paise(total.0 / 1_000).rupees();
    let summary = json!({
        "total_charges": fee,
        "trade_value": total.rupees(),
        "breakup": [{ "name": "Angel One Brokerage", "amount": fee, "msg": "", "breakup": [] }],
    });
    success(&json!({ "summary": summary, "charges": [summary] }))
}

/// Price times quantity of a row that names its instrument by token.
fn value(call: &Call<'_>, row: &Map<String, Value>, quantity: &str) -> Option<Paise> {
    let token = text(row, "token").parse().ok()?;
    let listed = call.state.market.row(&text(row, "exchange"), token)?;
    let price: Paise = text(row, "price").parse().unwrap_or_default();
    let price = if price > Paise::ZERO { price } else { listed.ltp() };
    Some(price.times(text(row, quantity).parse().ok()?))
}

const PRODUCTS: [&str; 4] = ["DELIVERY", "CARRYFORWARD", "MARGIN", "INTRADAY"];
const MARGIN_LIMIT: usize = 50;
