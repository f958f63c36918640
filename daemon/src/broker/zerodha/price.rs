//! Kite's prices: the last one, and the day's range. An app without market data is refused them.

use serde_json::Value;

use super::{Zerodha, malformed};
use crate::broker::classify::Access;
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::broker::{Auth, Quote, json};
use crate::domain::instrument::Instrument;

impl Zerodha {
    /// The full form, since only it tells the day's range. An instrument that Kite does not know is
    /// silently missing from the answer.
    pub(super) async fn read_quotes(
        &self,
        auth: Auth<'_>,
        instruments: &[Instrument],
    ) -> Result<Vec<Option<Quote>>, BrokerError> {
        let mut url = self.base.with(&["quote"]);
        for instrument in instruments {
            url.query_pairs_mut().append_pair("i", &name(instrument));
        }
        let data = self.signed(auth, Call::get(url), Access::Read).await?;
        if !data.is_object() {
            return Err(malformed());
        }
        Ok(instruments.iter().map(|instrument| quote(&data, &name(instrument))).collect())
    }
}

fn name(instrument: &Instrument) -> String {
    format!("{}:{}", instrument.exchange.code(), instrument.broker_symbol)
}

fn quote(data: &Value, name: &str) -> Option<Quote> {
    json::quote(data.get(name)?, ["last_price", "lower_circuit_limit", "upper_circuit_limit"])
}

#[cfg(test)]
mod tests {
    use muster_protocol::money::Paise;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_quote_is_of_the_instrument_asked_for() {
        let data = json!({"NSE:M&M": {"instrument_token": 1, "last_price": 812.4,
                                      "lower_circuit_limit": 0, "upper_circuit_limit": 893.65}});
        let upper = Some(Paise(89_365));
        let wanted = Quote { last: Paise(81_240), lower: None, upper };
        assert_eq!(quote(&data, "NSE:M&M"), Some(wanted));
        assert_eq!(quote(&data, "NSE:SBIN"), None);
        assert_eq!(quote(&json!({"NSE:SBIN": {"last_price": 0}}), "NSE:SBIN"), None);
    }
}
