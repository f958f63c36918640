//! Angel One's last traded price of one instrument.

use muster_protocol::money::Paise;
use serde_json::{Value, json};

use super::{AngelOne, malformed};
use crate::broker::classify::Access;
use crate::broker::error::BrokerError;
use crate::broker::{Auth, json};
use crate::domain::instrument::Instrument;

impl AngelOne {
    /// Documented as a text, seen as a number.
    pub(super) async fn read_price(
        &self,
        auth: Auth<'_>,
        instrument: &Instrument,
    ) -> Result<Paise, BrokerError> {
        let body = json!({
            "exchange": instrument.exchange.code(),
            "tradingsymbol": instrument.broker_symbol,
            "symboltoken": instrument.token,
        });
        let data = self.post(auth, &["order", "v1", "getLtpData"], &body, Access::Read).await?;
        last(&data).ok_or_else(malformed)
    }
}

fn last(data: &Value) -> Option<Paise> {
    json::rupees(data, "ltp").filter(|price| price.0 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_more_than_nothing() {
        assert_eq!(last(&json!({"ltp": 812.4})), Some(Paise(81_240)));
        assert_eq!(last(&json!({"ltp": "812.40"})), Some(Paise(81_240)));
        for bad in [json!({"ltp": 0}), json!({"ltp": -1}), json!({}), json!(null)] {
            assert_eq!(last(&bad), None, "{bad}");
        }
    }
}
