//! Who the user is, what they have, and what things cost.

use serde_json::{Value, json};

use super::{BROKER, bad_input, success};
use crate::sandbox::exchange::clock::ist;
use crate::sandbox::exchange::market::{Instrument, Market, isin};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::exchange::position::{self, Position};
use crate::sandbox::net::message::Reply;
use crate::sandbox::world::Call;

pub(super) fn profile(call: &mut Call<'_>) -> Reply {
    success(&person(&call.account))
}

/// What the profile and the answer to a login share.
pub(super) fn person(user_id: &str) -> Value {
    json!({
        "user_id": user_id,
        "user_type": "individual",
        "email": "sandbox@example.com",
        "user_name": format!("Sandbox User {user_id}"),
        "user_shortname": "Sandbox",
        "broker": "ZERODHA",
        "exchanges": ["NSE", "NFO", "BFO", "CDS", "BSE", "MCX", "BCD", "MF"],
        "products": ["CNC", "NRML", "MIS", "BO", "CO"],
        "order_types": ["MARKET", "LIMIT", "SL", "SL-M"],
        "avatar_url": null,
        "meta": { "demat_consent": "consent" },
    })
}

/// Both segments, or the one named in the path.
pub(super) fn margins(call: &mut Call<'_>) -> Reply {
    let (free, used) = call.state.funds(BROKER, &call.account, call.now);
    let equity = segment(free, used);
    let commodity = segment(Paise::ZERO, Paise::ZERO);
    match call.captures.first().map(String::as_str) {
        None => success(&json!({ "equity": equity, "commodity": commodity })),
        Some("equity") => success(&equity),
        Some("commodity") => success(&commodity),
        Some(_) => bad_input("Invalid `segment`."),
    }
}

fn segment(free: Paise, used: Paise) -> Value {
    json!({
        "enabled": true,
        "net": free.rupees(),
        "available": {
            "adhoc_margin": 0,
            "cash": free.plus(used).rupees(),
            "opening_balance": free.plus(used).rupees(),
            "live_balance": free.rupees(),
            "collateral": 0,
            "intraday_payin": 0,
        },
        "utilised": {
            "debits": used.rupees(),
            "exposure": 0,
            "m2m_realised": 0,
            "m2m_unrealised": 0,
            "option_premium": 0,
            "payout": 0,
            "span": 0,
            "holding_sales": 0,
            "turnover": 0,
            "liquid_collateral": 0,
            "stock_collateral": 0,
            "delivery": 0,
        },
    })
}

pub(super) fn positions(call: &mut Call<'_>) -> Reply {
    let orders = call.books(BROKER);
    let market = &call.state.market;
    let rows: Vec<Value> =
        position::of(orders.iter()).iter().map(|row| position_row(row, market)).collect();
    success(&json!({ "net": rows, "day": rows }))
}

fn position_row(position: &Position, market: &Market) -> Value {
    let row = position.row(market);
    let profit = position.profit(market).rupees();
    let flat = position.net() == 0;
    json!({
        "tradingsymbol": position.symbol,
        "exchange": position.exchange,
        "instrument_token": row.map(Instrument::kite_token),
        "product": position.product,
        "quantity": position.net(),
        "overnight_quantity": 0,
        "multiplier": 1,
        "average_price": position.average().rupees(),
        "close_price": 0,
        "last_price": row.map(|row| row.ltp().rupees()),
        "value": position.sell_value.minus(position.buy_value).rupees(),
        "pnl": profit,
        "m2m": profit,
        "unrealised": if flat { 0.0 } else { profit },
        "realised": if flat { profit } else { 0.0 },
        "buy_quantity": position.bought,
        "buy_price": position.buy_price().rupees(),
        "buy_value": position.buy_value.rupees(),
        "buy_m2m": position.buy_value.rupees(),
        "sell_quantity": position.sold,
        "sell_price": position.sell_price().rupees(),
        "sell_value": position.sell_value.rupees(),
        "sell_m2m": position.sell_value.rupees(),
        "day_buy_quantity": position.bought,
        "day_buy_price": position.buy_price().rupees(),
        "day_buy_value": position.buy_value.rupees(),
        "day_sell_quantity": position.sold,
        "day_sell_price": position.sell_price().rupees(),
        "day_sell_value": position.sell_value.rupees(),
    })
}

pub(super) fn holdings(call: &mut Call<'_>) -> Reply {
    success(&Value::Array(holding_rows(call)))
}

/// One row for each share that is held.
pub(super) fn holding_rows(call: &mut Call<'_>) -> Vec<Value> {
    let account = call.broker_account(BROKER).cloned();
    let Some(account) = account else { return Vec::new() };
    let rows = account.holdings.iter().filter_map(|held| {
        let row = call.state.market.by_kite(&held.exchange, &held.symbol)?;
        let average: Paise = held.average_price.parse().unwrap_or_default();
        let authorised = if account.is_authorised(call.now) { held.quantity } else { 0 };
        Some(json!({
            "tradingsymbol": row.kite_symbol,
            "exchange": row.exchange,
            "instrument_token": row.kite_token(),
            "isin": isin(row.token),
            "product": "CNC",
            "price": 0,
            "quantity": held.quantity,
            "used_quantity": 0,
            "t1_quantity": 0,
            "realised_quantity": held.quantity,
            "authorised_quantity": authorised,
            "authorised_date": ist(call.now).strftime("%Y-%m-%d 00:00:00").to_string(),
            "authorisation": {},
            "opening_quantity": held.quantity,
            "short_quantity": 0,
            "collateral_quantity": 0,
            "collateral_type": "",
            "discrepancy": false,
            "average_price": average.rupees(),
            "last_price": row.ltp().rupees(),
            "close_price": row.prices.close.rupees(),
            "pnl": row.ltp().minus(average).times(held.quantity).rupees(),
            "day_change": row.prices.change().rupees(),
            "day_change_percentage": row.prices.percent(),
            "mtf": { "quantity": 0, "used_quantity": 0, "average_price": 0, "value": 0,
                     "initial_margin": 0 },
        }))
    });
    rows.collect()
}
