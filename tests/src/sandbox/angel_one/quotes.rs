//! What things cost, and what they are called. Live replies give numbers where the documents
//! show texts; candles are made up.

use jiff::ToSpan;
use serde_json::{Map, Value, json};

use super::{gateway_success, refused, rows, success, text, went_wrong};
use crate::sandbox::exchange::clock::ist;
use crate::sandbox::exchange::market::{Instrument, OFFERED, VOLUME};
use crate::sandbox::net::message::Reply;
use crate::sandbox::rules::{AngelTypes, QuoteDialect};
use crate::sandbox::world::Call;

pub(super) fn ltp(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let (exchange, symbol) = (text(&body, "exchange"), text(&body, "tradingsymbol"));
    let Some(row) = call.state.market.by_angel(&exchange, &symbol) else {
        return refused("AB1018", "Failed to Get Symbol Details");
    };
    let mut data = json!({
        "exchange": exchange,
        "tradingsymbol": symbol,
        "symboltoken": row.token.to_string(),
    });
    extend(&mut data, day(row));
    if call.state.rules.angel_types == AngelTypes::Texts {
        rows::in_texts(&mut data);
    }
    success(&data)
}

/// Several instruments at once. The documents show the gateway's dialect even for a success; the broker's
/// own Java client takes that for a failure.
pub(super) fn quote(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let mode = text(&body, "mode");
    let wanted = body.get("exchangeTokens").and_then(Value::as_object);
    let Some(wanted) = wanted.filter(|_| MODES.contains(&mode.as_str())) else {
        return went_wrong();
    };
    let pairs = wanted.iter().flat_map(|(exchange, tokens)| {
        let tokens = tokens.as_array().map(Vec::as_slice).unwrap_or_default();
        tokens.iter().map(move |token| (exchange.as_str(), word(token)))
    });
    let (mut fetched, mut unfetched) = (Vec::new(), Vec::new());
    for (exchange, token) in pairs {
        let row = token.parse().ok().and_then(|token| call.state.market.row(exchange, token));
        match row {
            Some(row) => fetched.push(row_of(call, row, &mode)),
            None => unfetched.push(unknown(exchange, &token)),
        }
    }
    if fetched.len() + unfetched.len() > QUOTE_LIMIT {
        return went_wrong();
    }
    let found = json!({ "fetched": fetched, "unfetched": unfetched });
    match call.state.rules.quote_dialect {
        QuoteDialect::Service => success(&found),
        QuoteDialect::Gateway => gateway_success(&found),
    }
}

/// The code is documented for an empty token; that an unknown one gets it too is a guess.
fn unknown(exchange: &str, token: &str) -> Value {
    let message =
        if token.is_empty() { "Symbol token cannot be empty" } else { "Symbol token not found" };
    json!({
        "exchange": exchange,
        "symbolToken": token,
        "message": message,
        "errorCode": "AB4018",
    })
}

fn row_of(call: &Call<'_>, row: &Instrument, mode: &str) -> Value {
    let mut data = json!({
        "exchange": row.exchange,
        "tradingSymbol": row.angel_symbol,
        "symbolToken": row.token.to_string(),
        "ltp": row.ltp().rupees(),
    });
    if mode != "LTP" {
        extend(&mut data, day(row));
    }
    if mode == "FULL" {
        extend(&mut data, full(call, row));
    }
    data
}

fn day(row: &Instrument) -> Value {
    let mut day = row.prices.day();
    day["ltp"] = row.prices.last.rupees().into();
    day
}

fn full(call: &Call<'_>, row: &Instrument) -> Value {
    let at = ist(call.now).strftime("%d-%b-%Y %H:%M:%S").to_string();
    let (lower, upper) = row.band();
    let prices = row.prices;
    json!({
        "lastTradeQty": row.lot,
        "exchFeedTime": at,
        "exchTradeTime": at,
        "netChange": prices.change().rupees(),
        "percentChange": prices.percent(),
        "avgPrice": prices.last.rupees(),
        "tradeVolume": VOLUME,
        "opnInterest": 0,
        "lowerCircuit": lower.rupees(),
        "upperCircuit": upper.rupees(),
        "totBuyQuan": OFFERED,
        "totSellQuan": OFFERED,
        "52WeekLow": prices.low.rupees(),
        "52WeekHigh": prices.high.rupees(),
        "depth": prices.depth(row.tick),
    })
}

pub(super) fn search(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let (exchange, wanted) = (text(&body, "exchange"), text(&body, "searchscrip"));
    let found = call.state.market.search(&exchange, &wanted);
    let rows = found.iter().map(|row| {
        json!({
            "exchange": row.exchange,
            "tradingsymbol": row.angel_symbol,
            "symboltoken": row.token.to_string(),
        })
    });
    success(&rows.collect())
}

/// Five flat minutes up to now, whatever was asked for.
pub(super) fn candles(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let token = text(&body, "symboltoken").parse().ok();
    let row = token.and_then(|token| call.state.market.row(&text(&body, "exchange"), token));
    let Some(row) = row else { return refused("AB1018", "Failed to Get Symbol Details") };
    let price = row.ltp().rupees();
    let rows = (1..=5).rev().filter_map(|minutes| {
        let at = ist(call.now).checked_sub(minutes.minutes()).ok()?;
        let at = at.strftime("%Y-%m-%dT%H:%M:00%:z").to_string();
        Some(json!([at, price, price, price, price, VOLUME / 1000]))
    });
    success(&rows.collect())
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn extend(data: &mut Value, more: Value) {
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend::<Map<String, Value>>(more);
    }
}

const MODES: [&str; 3] = ["LTP", "OHLC", "FULL"];
const QUOTE_LIMIT: usize = 50;
