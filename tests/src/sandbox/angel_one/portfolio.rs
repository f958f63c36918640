//! Who the client is, what they have, and what things cost.

use serde_json::{Value, json};

use super::orders::array_or_null;
use super::{BROKER, success};
use crate::sandbox::exchange::market::{Instrument, Market, isin};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::exchange::position::{self, Position};
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
    let orders = call.books(BROKER);
    let market = &call.state.market;
    let rows = position::of(orders.iter()).iter().map(|row| position_row(row, market)).collect();
    success(&array_or_null(rows))
}

/// All texts. What concerns the day before is zero here.
fn position_row(position: &Position, market: &Market) -> Value {
    let row = position.row(market);
    let lot = row.map_or(1, |row| row.lot).to_string();
    let net_value = position.sell_value.minus(position.buy_value);
    let profit = position.profit(market).to_string();
    let mut data = json!({
        "exchange": position.exchange,
        "symboltoken": position.token.to_string(),
        "producttype": position.product,
        "tradingsymbol": position.symbol,
        "symbolname": row.map_or("", |row| row.name),
        "instrumenttype": "",
        "priceden": "1",
        "pricenum": "1",
        "genden": "1",
        "gennum": "1",
        "precision": "2",
        "multiplier": "-1",
        "boardlotsize": "1",
        "symbolgroup": "EQ",
        "strikeprice": "-1",
        "optiontype": "",
        "expirydate": "",
        "lotsize": lot,
        "buyqty": position.bought.to_string(),
        "sellqty": position.sold.to_string(),
        "buyamount": position.buy_value.to_string(),
        "sellamount": position.sell_value.to_string(),
        "buyavgprice": position.buy_price().to_string(),
        "sellavgprice": position.sell_price().to_string(),
        "avgnetprice": position.average().to_string(),
        "netvalue": spaced(net_value),
        "netqty": position.net().to_string(),
        "totalbuyvalue": position.buy_value.to_string(),
        "totalsellvalue": position.sell_value.to_string(),
        "totalbuyavgprice": position.buy_price().to_string(),
        "totalsellavgprice": position.sell_price().to_string(),
        "netprice": position.average().to_string(),
        "ltp": row.map(Instrument::ltp).unwrap_or_default().to_string(),
        "pnl": profit,
        "realised": if position.net() == 0 { profit.as_str() } else { "0.00" },
        "unrealised": if position.net() == 0 { "0.00" } else { profit.as_str() },
    });
    for name in CARRIED {
        data[name] = json!(if name.ends_with("qty") { "0" } else { "0.00" });
    }
    data
}

/// The documents' samples have a blank after the minus.
fn spaced(amount: Paise) -> String {
    amount.to_string().replace('-', "- ")
}

pub(super) fn holdings(call: &mut Call<'_>) -> Reply {
    success(&Value::Array(holding_rows(call)))
}

/// The same rows with their sum.
pub(super) fn all_holdings(call: &mut Call<'_>) -> Reply {
    let rows = holding_rows(call);
    let sum = |key: &str| rows.iter().filter_map(|row| row[key].as_f64()).sum::<f64>();
    let invested: f64 = rows
        .iter()
        .filter_map(|row| Some(row["averageprice"].as_f64()? * row["quantity"].as_f64()?))
        .sum();
    let profit = sum("profitandloss");
    let total = json!({
        "totalholdingvalue": invested + profit,
        "totalinvvalue": invested,
        "totalprofitandloss": profit,
        "totalpnlpercentage": if invested > 0.0 { profit / invested * 100.0 } else { 0.0 },
    });
    let total = if rows.is_empty() { Value::Null } else { total };
    success(&json!({ "holdings": rows, "totalholding": total }))
}

fn holding_rows(call: &mut Call<'_>) -> Vec<Value> {
    let held = call.broker_account(BROKER).map(|account| account.holdings.clone());
    let market = &call.state.market;
    let rows = held.unwrap_or_default().into_iter().filter_map(|held| {
        let row = market.by_angel(&held.exchange, &held.symbol)?;
        let average: Paise = held.average_price.parse().unwrap_or_default();
        let profit = row.ltp().minus(average).times(held.quantity);
        Some(json!({
            "tradingsymbol": row.angel_symbol,
            "exchange": row.exchange,
            "isin": isin(row.token),
            "t1quantity": 0,
            "realisedquantity": held.quantity,
            "quantity": held.quantity,
            "authorisedquantity": 0,
            "product": "DELIVERY",
            "collateralquantity": null,
            "collateraltype": null,
            "haircut": 0.0,
            "averageprice": average.rupees(),
            "ltp": row.ltp().rupees(),
            "symboltoken": row.token.to_string(),
            "close": row.prices.close.rupees(),
            "profitandloss": profit.rupees(),
            "pnlpercentage": Paise(profit.0 * 10_000 / average.times(held.quantity).0.max(1)).rupees(),
        }))
    });
    rows.collect()
}

const CARRIED: [&str; 6] =
    ["cfbuyqty", "cfsellqty", "cfbuyamount", "cfsellamount", "cfbuyavgprice", "cfsellavgprice"];
