//! What Kite's own clients in Go and Rust ask for beside the documents: the whole profile, and holdings
//! in short. The fields are those clients'; the values are made up.

use serde_json::{Value, json};

use super::{BROKER, portfolio, success};
use crate::sandbox::exchange::money::Paise;
use crate::sandbox::net::message::Reply;
use crate::sandbox::world::Call;

/// The profile with what is nobody's business.
pub(super) fn profile(call: &mut Call<'_>) -> Reply {
    let mut whole = portfolio::person(&call.account);
    let more = json!({
        "phone": "*9999",
        "twofa_type": "totp",
        "bank_accounts": [{ "name": "Sandbox Bank", "branch": "Main", "account": "*0001" }],
        "dp_ids": ["1208160000000001"],
        "pan": "*000A",
        "tags": [],
        "password_timestamp": "2026-01-02 10:00:00",
        "twofa_timestamp": "2026-01-02 10:00:00",
        "meta": { "poa": "ddpi", "silo": "", "account_blocks": [] },
    });
    if let (Some(whole), Some(more)) = (whole.as_object_mut(), more.as_object()) {
        whole.extend(more.clone());
    }
    success(&whole)
}

/// What all holdings come to.
pub(super) fn summary(call: &mut Call<'_>) -> Reply {
    let (mut invested, mut worth, mut today) = (Paise::ZERO, Paise::ZERO, Paise::ZERO);
    let held = call.broker_account(BROKER).map(|account| account.holdings.clone());
    for held in held.unwrap_or_default() {
        let Some(row) = call.state.market.by_kite(&held.exchange, &held.symbol) else { continue };
        let average: Paise = held.average_price.parse().unwrap_or_default();
        invested = invested.plus(average.times(held.quantity));
        worth = worth.plus(row.ltp().times(held.quantity));
        today = today.plus(row.prices.change().times(held.quantity));
    }
    let profit = worth.minus(invested);
    success(&json!({
        "total_pnl": profit.rupees(),
        "total_pnl_percent": percent(profit, invested),
        "today_pnl": today.rupees(),
        "today_pnl_percent": percent(today, worth.minus(today)),
        "invested_amount": invested.rupees(),
        "current_value": worth.rupees(),
    }))
}

fn percent(part: Paise, whole: Paise) -> f64 {
    if whole == Paise::ZERO { 0.0 } else { part.rupees() / whole.rupees() * 100.0 }
}

/// How much is held, without prices.
pub(super) fn compact(call: &mut Call<'_>) -> Reply {
    const SHOWN: [&str; 5] =
        ["exchange", "tradingsymbol", "instrument_token", "t1_quantity", "quantity"];
    let short = |row: &Value| {
        let fields = SHOWN.iter().filter_map(|name| Some(((*name).to_owned(), row.get(*name)?)));
        fields.map(|(name, value)| (name, value.clone())).collect::<serde_json::Map<_, _>>()
    };
    let rows = portfolio::holding_rows(call);
    success(&rows.iter().map(|row| Value::Object(short(row))).collect())
}

/// No share here is ever in an auction.
pub(super) fn auctions(_: &mut Call<'_>) -> Reply {
    success(&json!([]))
}
