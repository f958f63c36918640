//! The instrument master: one JSON array of rows whose values are all texts. The real one is on a
//! host of its own and needs no headers.

use hyper::StatusCode;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::sandbox::exchange::market::{Instrument, Kind, Underlying};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::net::message::Reply;
use crate::sandbox::world::Call;

pub(super) fn master(call: &mut Call<'_>) -> Reply {
    let rows = call.state.market.listed(call.now).map(row);
    let rows: Vec<Value> = INDICES.iter().map(index).chain(rows).collect();
    let reply = Reply::json(StatusCode::OK, &Value::Array(rows));
    if call.state.rules.list_etags { reply.unless_known(call.request) } else { reply }
}

fn row(instrument: &Instrument) -> Value {
    let (kind, expiry, strike) = match instrument.kind {
        Kind::Share => ("", String::new(), no_strike()),
        Kind::Future { on: Underlying::Index, expiry } => ("FUTIDX", day(expiry), no_strike()),
        Kind::Future { on: Underlying::Share, expiry } => ("FUTSTK", day(expiry), no_strike()),
        Kind::Option { on: Underlying::Index, expiry, strike, .. } => {
            ("OPTIDX", day(expiry), six_places(strike))
        }
        Kind::Option { on: Underlying::Share, expiry, strike, .. } => {
            ("OPTSTK", day(expiry), six_places(strike))
        }
    };
    json!({
        "token": instrument.token.to_string(),
        "symbol": instrument.angel_symbol,
        "name": instrument.name,
        "expiry": expiry,
        "strike": strike,
        "lotsize": instrument.lot.to_string(),
        "instrumenttype": kind,
        "exch_seg": instrument.exchange,
        "tick_size": six_places(instrument.tick),
    })
}

fn index(&(token, symbol, name): &(&str, &str, &str)) -> Value {
    json!({
        "token": token,
        "symbol": symbol,
        "name": name,
        "expiry": "",
        "strike": "0.000000",
        "lotsize": "1",
        "instrumenttype": "AMXIDX",
        "exch_seg": "NSE",
        "tick_size": "0.000000",
    })
}

/// Strikes and ticks are in paise, with decimals that say nothing.
fn six_places(amount: Paise) -> String {
    format!("{}.000000", amount.0)
}

fn no_strike() -> String {
    NO_STRIKE.to_owned()
}

/// `29DEC2026`.
fn day(expiry: Date) -> String {
    expiry.strftime("%d%b%Y").to_string().to_ascii_uppercase()
}

const NO_STRIKE: &str = "-1.000000";

/// Token, symbol and name. Only the first token is documented; that of the second, the symbols and
/// the values in an index row are guesses.
const INDICES: [(&str, &str, &str); 2] =
    [("99926000", "Nifty 50", "NIFTY"), ("99926009", "Nifty Bank", "BANKNIFTY")];
