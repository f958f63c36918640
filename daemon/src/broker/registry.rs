//! Which adapter serves which broker, and where the brokers are.

use std::sync::Arc;

use muster_protocol::order::Broker;

use super::Adapter;
use super::angel_one::AngelOne;
use super::base_url::BaseUrl;
use super::http::Http;
use super::zerodha::Zerodha;

/// The brokers' addresses; the real ones by default, a sandbox's in tests.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Angel One's REST root.
    pub angel_one: BaseUrl,
    /// Angel One's instrument master, the whole URL.
    pub angel_one_instruments: BaseUrl,
    /// Zerodha's REST root.
    pub zerodha: BaseUrl,
    /// Zerodha's login page, the whole URL.
    pub zerodha_login: BaseUrl,
}

impl Default for Endpoints {
    fn default() -> Self {
        let real = |text| BaseUrl::parse(text).expect("the four literals below are https URLs");
        Self {
            angel_one: real("https://apiconnect.angelone.in"),
            angel_one_instruments: real(
                "https://margincalculator.angelone.in/OpenAPI_File/files/OpenAPIScripMaster.json",
            ),
            zerodha: real("https://api.kite.trade"),
            zerodha_login: real("https://kite.zerodha.com/connect/login"),
        }
    }
}

/// The adapter of a broker over this client.
pub fn adapter(broker: Broker, endpoints: &Endpoints, http: Http) -> Arc<dyn Adapter> {
    match broker {
        Broker::AngelOne => Arc::new(AngelOne::new(endpoints, http)),
        Broker::Zerodha => Arc::new(Zerodha::new(endpoints, http)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_addresses_are_the_default() {
        let endpoints = Endpoints::default();
        assert_eq!(endpoints.zerodha.contact_words(), "TLS to api.kite.trade");
        assert_eq!(endpoints.angel_one.contact_words(), "TLS to apiconnect.angelone.in");
    }
}
