//! Kite's last traded price of one instrument. An app without market data is refused it.

use muster_protocol::failure::FailureKind;
use muster_protocol::money::Paise;
use serde_json::Value;

use super::Zerodha;
use crate::broker::classify::Access;
use crate::broker::error::BrokerError;
use crate::broker::http::Call;
use crate::broker::{Auth, json};
use crate::domain::instrument::Instrument;

impl Zerodha {
    /// An instrument that Kite does not know is silently missing from the answer.
    pub(super) async fn read_price(
        &self,
        auth: Auth<'_>,
        instrument: &Instrument,
    ) -> Result<Paise, BrokerError> {
        let name = format!("{}:{}", instrument.exchange.code(), instrument.broker_symbol);
        let mut url = self.base.with(&["quote", "ltp"]);
        url.query_pairs_mut().append_pair("i", &name);
        let data = self.signed(auth, Call::get(url), Access::Read).await?;
        last(&data, &name).ok_or_else(|| {
            BrokerError::says(FailureKind::Malformed, "the answer has no last price of it")
        })
    }
}

fn last(data: &Value, name: &str) -> Option<Paise> {
    json::rupees(data.get(name)?, "last_price").filter(|price| price.0 > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_price_is_of_the_instrument_asked_for() {
        let data = json!({"NSE:M&M": {"instrument_token": 1, "last_price": 812.4}});
        assert_eq!(last(&data, "NSE:M&M"), Some(Paise(81_240)));
        assert_eq!(last(&data, "NSE:SBIN"), None);
        assert_eq!(last(&json!({"NSE:SBIN": {"last_price": 0}}), "NSE:SBIN"), None);
    }
}
