//! The instrument dumps: CSV of twelve columns, always compressed.

use super::{admit, bad_input};
use crate::sandbox::exchange::market::{Instrument, Kind};
use crate::sandbox::net::message::Reply;
use crate::sandbox::net::route::Access;
use crate::sandbox::rules::ListLogin;
use crate::sandbox::world::Call;

pub(super) fn all(call: &mut Call<'_>) -> Reply {
    dump(call, |_| true)
}

/// What an unknown exchange gets is a guess.
pub(super) fn of_exchange(call: &mut Call<'_>) -> Reply {
    let wanted = call.captures.first().cloned().unwrap_or_default();
    if !EXCHANGES.contains(&wanted.as_str()) {
        return bad_input("Invalid `exchange`.");
    }
    dump(call, |exchange| exchange == wanted)
}

fn dump(call: &mut Call<'_>, wanted: impl Fn(&str) -> bool) -> Reply {
    if call.state.rules.list_login == ListLogin::Needed
        && let Err(refusal) = admit(call, Access::Session)
    {
        return refusal;
    }
    let mut text = format!("{HEADER}\n");
    for line in INDICES.iter().filter(|_| wanted("NSE")) {
        text.push_str(line);
        text.push('\n');
    }
    for instrument in call.state.market.listed(call.now).filter(|row| wanted(row.exchange)) {
        text.push_str(&row(instrument));
        text.push('\n');
    }
    let reply = Reply::gzip_csv(text);
    if call.state.rules.list_etags { reply.unless_known(call.request) } else { reply }
}

fn row(instrument: &Instrument) -> String {
    let (kind, part, strike) = match instrument.kind {
        Kind::Share => ("EQ", "", "0".to_owned()),
        Kind::Future { .. } => ("FUT", "-FUT", "0".to_owned()),
        Kind::Option { strike, right, .. } => (right, "-OPT", strike.rupees().to_string()),
    };
    let expiry = instrument.kind.expiry().map(|day| day.to_string()).unwrap_or_default();
    format!(
        "{},{},{},\"{}\",0,{expiry},{strike},{},{},{kind},{}{part},{}",
        instrument.kite_token(),
        instrument.token,
        instrument.kite_symbol,
        instrument.name,
        instrument.tick.rupees(),
        instrument.lot,
        instrument.exchange,
        instrument.exchange,
    )
}

const HEADER: &str = "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,\
                      tick_size,lot_size,instrument_type,segment,exchange";
const INDICES: [&str; 2] = [
    "256265,1001,NIFTY 50,\"NIFTY 50\",0,,0,0,0,EQ,INDICES,NSE",
    "260105,1016,NIFTY BANK,\"NIFTY BANK\",0,,0,0,0,EQ,INDICES,NSE",
];
const EXCHANGES: [&str; 7] = ["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"];
