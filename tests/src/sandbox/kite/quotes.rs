//! What things cost. Unknown instruments are silently left out; candles are made up.

use jiff::ToSpan;
use serde_json::{Map, Value, json};

use hyper::StatusCode;

use super::{BROKER, bad_input, refused, success};
use crate::sandbox::exchange::clock::ist;
use crate::sandbox::exchange::market::{Instrument, OFFERED, VOLUME};
use crate::sandbox::net::message::Reply;
use crate::sandbox::people::account::Plan;
use crate::sandbox::world::Call;

pub(super) fn ltp(call: &mut Call<'_>) -> Reply {
    each(call, |_, row| json!({ "last_price": row.ltp().rupees() }))
}

pub(super) fn ohlc(call: &mut Call<'_>) -> Reply {
    each(call, |_, row| json!({ "last_price": row.ltp().rupees(), "ohlc": row.prices.day() }))
}

pub(super) fn quote(call: &mut Call<'_>) -> Reply {
    each(call, |call, row| {
        let at = ist(call.now).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let (lower, upper) = row.band();
        json!({
            "timestamp": at,
            "last_trade_time": at,
            "last_price": row.ltp().rupees(),
            "last_quantity": row.lot,
            "buy_quantity": OFFERED,
            "sell_quantity": OFFERED,
            "volume": VOLUME,
            "average_price": row.ltp().rupees(),
            "oi": 0,
            "oi_day_high": 0,
            "oi_day_low": 0,
            "net_change": row.prices.change().rupees(),
            "lower_circuit_limit": lower.rupees(),
            "upper_circuit_limit": upper.rupees(),
            "ohlc": row.prices.day(),
            "depth": row.prices.depth(row.tick),
        })
    })
}

/// One entry for each known `i`, by exchange and symbol or by token.
fn each(call: &mut Call<'_>, show: impl Fn(&Call<'_>, &Instrument) -> Value) -> Reply {
    if let Err(refusal) = check_plan(call) {
        return refusal;
    }
    let query = call.request.query_pairs();
    let mut data = Map::new();
    for name in query.all("i") {
        let Some(row) = find(call, name) else { continue };
        let mut entry = show(call, row);
        entry["instrument_token"] = json!(row.kite_token());
        data.insert(name.to_owned(), entry);
    }
    success(&Value::Object(data))
}

fn find<'c>(call: &'c Call<'_>, name: &str) -> Option<&'c Instrument> {
    let (exchange, symbol) = name.split_once(':')?;
    call.state.market.by_kite(exchange, symbol)
}

/// The free plan has no market data.
fn check_plan(call: &mut Call<'_>) -> Result<(), Reply> {
    match call.broker_account(BROKER).map(|account| account.plan) {
        Some(Plan::Personal) => Err(refused(
            StatusCode::FORBIDDEN,
            "PermissionException",
            "Insufficient permission for that call.",
        )),
        _ => Ok(()),
    }
}

/// Five flat minutes up to now, whatever was asked for.
pub(super) fn candles(call: &mut Call<'_>) -> Reply {
    if let Err(refusal) = check_plan(call) {
        return refusal;
    }
    let token = call.captures.first().and_then(|token| token.parse().ok()).unwrap_or(0);
    let Some(row) = call.state.market.by_kite_token(token) else {
        return bad_input("invalid token");
    };
    let price = row.ltp().rupees();
    let candles: Vec<Value> = (1..=5)
        .rev()
        .filter_map(|minutes| {
            let at = ist(call.now).checked_sub(minutes.minutes()).ok()?;
            let at = at.strftime("%Y-%m-%dT%H:%M:00%z").to_string();
            Some(json!([at, price, price, price, price, VOLUME / 1000]))
        })
        .collect();
    success(&json!({ "candles": candles }))
}
