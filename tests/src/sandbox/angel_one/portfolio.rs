//! Who the client is, what they have, and what things cost.

use serde_json::{Value, json};

use super::orders::array_or_null;
use super::{BROKER, refused, success, text, went_wrong};
use crate::sandbox::exchange::order::Side;
use crate::sandbox::net::message::Reply;
use crate::sandbox::world::Call;

pub(super) fn profile(call: &mut Call<'_>) -> Reply {
    success(&json!({
        "clientcode": call.account,
        "name": format!("SANDBOX CLIENT {}", call.account),
        "email": "",
        "mobileno": "",
        "exchanges": ["nse_fo", "nse_cm", "cde_fo", "ncx_fo", "bse_fo", "bse_cm", "mcx_fo"],
        "products": ["MARGIN", "MIS", "NRML", "CNC", "CO", "BO"],
        "lastlogintime": "",
        "broker": "",
    }))
}

/// Decimal strings with four places; some fields are null on live accounts.
pub(super) fn funds(call: &mut Call<'_>) -> Reply {
    let (free, used) = call.state.funds(BROKER, &call.account, call.now);
    let four_places = |amount| format!("{amount}00");
    success(&json!({
        "net": four_places(free),
        "availablecash": four_places(free),
        "availableintradaypayin": "0.0000",
        "availablelimitmargin": "0.0000",
        "collateral": "0.0000",
        "m2munrealized": "0.0000",
        "m2mrealized": "0.0000",
        "utiliseddebits": four_places(used),
        "utilisedspan": null,
        "utilisedoptionpremium": "0.0000",
        "utilisedholdingsales": "0.0000",
        "utilisedexposure": null,
        "utilisedturnover": "0.0000",
        "utilisedpayout": "0.0000",
    }))
}

pub(super) fn positions(call: &mut Call<'_>) -> Reply {
    let rows: Vec<Value> = call
        .state
        .book
        .today(BROKER, &call.account, call.now)
        .filter(|order| order.filled > 0)
        .map(|order| {
            let wanted = &order.wanted;
            let (bought, sold, sign) = match wanted.side {
                Side::Buy => (order.filled, 0, ""),
                Side::Sell => (0, order.filled, "-"),
            };
            let ltp = call.state.market.ltp(&wanted.exchange, wanted.token).unwrap_or_default();
            json!({
                "exchange": wanted.exchange,
                "symboltoken": wanted.token.to_string(),
                "producttype": wanted.product,
                "tradingsymbol": wanted.symbol,
                "symbolname": wanted.symbol.trim_end_matches("-EQ"),
                "instrumenttype": "",
                "boardlotsize": "1",
                "lotsize": "1",
                "buyqty": bought.to_string(),
                "sellqty": sold.to_string(),
                "buyamount": order.average.times(bought).to_string(),
                "sellamount": order.average.times(sold).to_string(),
                "cfbuyqty": "0",
                "cfsellqty": "0",
                "avgnetprice": order.average.to_string(),
                "netprice": order.average.to_string(),
                "netqty": format!("{sign}{}", order.filled),
                "ltp": ltp.to_string(),
                "pnl": "0.00",
                "realised": "0.00",
                "unrealised": "0.00",
            })
        })
        .collect();
    success(&array_or_null(rows))
}

pub(super) fn holdings(_: &mut Call<'_>) -> Reply {
    success(&json!([]))
}

pub(super) fn ltp(call: &mut Call<'_>) -> Reply {
    let Some(body) = call.request.json() else { return went_wrong() };
    let (exchange, symbol) = (text(&body, "exchange"), text(&body, "tradingsymbol"));
    let Some(row) = call.state.market.by_angel(&exchange, &symbol) else {
        return refused("AB1018", "Failed to Get Symbol Details");
    };
    let price = row.ltp.rupees();
    success(&json!({
        "exchange": exchange,
        "tradingsymbol": symbol,
        "symboltoken": row.token.to_string(),
        "open": price,
        "high": price,
        "low": price,
        "close": price,
        "ltp": price,
    }))
}
