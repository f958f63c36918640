//! Who the user is, what they have, and what things cost.

use serde_json::{Map, Value, json};

use super::{BROKER, bad_input, success};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::exchange::order::Side;
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
    let orders = call.state.book.today(BROKER, &call.account, call.now);
    let filled = orders.filter(|order| order.filled > 0);
    let rows: Vec<Value> = filled
        .map(|order| {
            let wanted = &order.wanted;
            let units = i64::try_from(order.filled).unwrap_or(i64::MAX);
            let (bought, sold, quantity) = match wanted.side {
                Side::Buy => (order.filled, 0, units),
                Side::Sell => (0, order.filled, -units),
            };
            let row = call.state.market.row(&wanted.exchange, wanted.token);
            json!({
                "tradingsymbol": wanted.symbol,
                "exchange": wanted.exchange,
                "instrument_token": row.map(crate::sandbox::exchange::market::Instrument::kite_token),
                "product": wanted.product,
                "quantity": quantity,
                "overnight_quantity": 0,
                "multiplier": 1,
                "average_price": order.average.rupees(),
                "close_price": 0,
                "last_price": row.map(|row| row.ltp.rupees()),
                "value": order.average.times(order.filled).rupees(),
                "pnl": 0,
                "m2m": 0,
                "unrealised": 0,
                "realised": 0,
                "buy_quantity": bought,
                "sell_quantity": sold,
                "day_buy_quantity": bought,
                "day_sell_quantity": sold,
            })
        })
        .collect();
    success(&json!({ "net": rows, "day": rows }))
}

pub(super) fn holdings(_: &mut Call<'_>) -> Reply {
    success(&json!([]))
}

/// Unknown instruments are silently left out.
pub(super) fn ltp(call: &mut Call<'_>) -> Reply {
    let query = call.request.query_pairs();
    let mut data = Map::new();
    for name in query.all("i") {
        let row = name
            .split_once(':')
            .and_then(|(exchange, symbol)| call.state.market.by_kite(exchange, symbol));
        if let Some(row) = row {
            let price =
                json!({ "instrument_token": row.kite_token(), "last_price": row.ltp.rupees() });
            data.insert(name.to_owned(), price);
        }
    }
    success(&Value::Object(data))
}
