//! Angel One's prices: the last one, and the day's range.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{AngelOne, malformed};
use crate::broker::classify::Access;
use crate::broker::error::BrokerError;
use crate::broker::{Auth, Quote, json};
use crate::domain::instrument::Instrument;

impl AngelOne {
    /// The full form, since only it tells the day's range. What has no price is left out of the answer's
    /// list.
    pub(super) async fn read_quotes(
        &self,
        auth: Auth<'_>,
        instruments: &[Instrument],
    ) -> Result<Vec<Option<Quote>>, BrokerError> {
        let mut tokens: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for instrument in instruments {
            tokens.entry(instrument.exchange.code()).or_default().push(&instrument.token);
        }
        let body = json!({ "mode": "FULL", "exchangeTokens": tokens });
        let data = self.post(auth, &["market", "v1", "quote"], &body, Access::Read).await?;
        let fetched = data.get("fetched").and_then(Value::as_array).ok_or_else(malformed)?;
        Ok(instruments.iter().map(|instrument| find(fetched, instrument)).collect())
    }
}

fn find(rows: &[Value], instrument: &Instrument) -> Option<Quote> {
    let has = |row: &&Value, field, wanted: &str| json::text(row, field).as_deref() == Some(wanted);
    let row = rows.iter().find(|row| {
        has(row, "symbolToken", &instrument.token)
            && has(row, "exchange", instrument.exchange.code())
    });
    json::quote(row?, ["ltp", "lowerCircuit", "upperCircuit"])
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::Paise;

    use super::*;

    #[test]
    fn a_quote_is_of_the_instrument_asked_for() {
        let sbin = crate::broker::tests::order().instrument;
        let row = |exchange: &str, token: &str, ltp: Value| {
            json!({ "exchange": exchange, "symbolToken": token, "ltp": ltp,
                    "lowerCircuit": 731.2, "upperCircuit": "893.65" })
        };
        let rows = [row("BSE", "3045", json!(1)), row("NSE", "3045", json!("812.40"))];
        let (lower, upper) = (Some(Paise(73_120)), Some(Paise(89_365)));
        assert_eq!(find(&rows, &sbin), Some(Quote { last: Paise(81_240), lower, upper }));
        assert_eq!(find(&rows[..1], &sbin), None);
        assert_eq!(find(&[row("NSE", "3045", json!(0))], &sbin), None);
    }
}
