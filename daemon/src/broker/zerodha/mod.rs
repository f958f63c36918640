//! Zerodha (Kite Connect): a person logs in at Kite's page once a day.

mod auth;
mod instruments;
#[cfg(test)]
mod mutated;
mod orders;
mod price;
mod probe;
pub mod redirect;
#[cfg(test)]
mod sheet;
pub(super) mod table;
mod wire;

use async_trait::async_trait;
use muster_protocol::ids::OrderId;
use muster_protocol::money::Paise;
use muster_protocol::order::Broker;
use muster_protocol::time::Timestamp;
use serde_json::Value;
use url::Url;

use self::wire::Signing;
use super::base_url::BaseUrl;
use super::catalog::{Downloaded, Validators};
use super::classify::{Access, Fault};
use super::error::malformed;
use super::http::{Call, Http};
use super::registry::Endpoints;
use super::{
    Adapter, Auth, BookRow, BrokerError, Opened, Order, Probed, Profile, Proof, Quote, Reached,
    Trade, reach,
};
use crate::credential::Credential;
use crate::domain::instrument::Instrument;

/// Zerodha over one client.
#[derive(Debug)]
pub struct Zerodha {
    base: BaseUrl,
    login: BaseUrl,
    /// Where orders are placed.
    orders: Url,
    http: Http,
}

impl Zerodha {
    /// The adapter over this client.
    pub fn new(endpoints: &Endpoints, http: Http) -> Self {
        let (base, login) = (endpoints.zerodha.clone(), endpoints.zerodha_login.clone());
        Self { orders: base.with(&["orders", "regular"]), base, login, http }
    }

    async fn get(&self, auth: Auth<'_>, path: &[&str]) -> Result<Value, Fault> {
        self.signed(auth, Call::get(self.base.with(path)), Access::Read).await
    }

    async fn signed(&self, auth: Auth<'_>, call: Call, access: Access) -> Result<Value, Fault> {
        let signing = Signing::of(auth)?;
        let sent = self.http.send(signing.sign(call)).await;
        let reply = sent.map_err(|error| Fault::unsent(error, access))?;
        wire::data(&reply, access, &signing.secrets())
    }
}

#[async_trait]
impl Adapter for Zerodha {
    fn broker(&self) -> Broker {
        Broker::Zerodha
    }

    fn login_page(&self, credential: &Credential, state: &str) -> Option<String> {
        self.page(credential, state)
    }

    async fn reach(&self, now: Timestamp) -> Result<Reached, BrokerError> {
        reach::reach(&self.http, &self.base, now).await
    }

    async fn login(
        &self,
        credential: &Credential,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Opened, BrokerError> {
        self.open(credential, proof, now).await
    }

    async fn profile(&self, auth: Auth<'_>) -> Result<Profile, BrokerError> {
        self.who(auth).await
    }

    async fn funds(&self, auth: Auth<'_>) -> Result<Paise, BrokerError> {
        self.money(auth).await
    }

    async fn probe_order_permission(&self, auth: Auth<'_>) -> Result<Probed, BrokerError> {
        self.ask_permission(auth).await
    }

    async fn quotes(
        &self,
        auth: Auth<'_>,
        instruments: &[Instrument],
    ) -> Result<Vec<Option<Quote>>, BrokerError> {
        self.read_quotes(auth, instruments).await
    }

    async fn place(&self, auth: Auth<'_>, order: &Order) -> Result<OrderId, BrokerError> {
        self.send_order(auth, order).await
    }

    async fn order_book(&self, auth: Auth<'_>) -> Result<Vec<BookRow>, BrokerError> {
        self.read_book(auth).await
    }

    async fn trades(&self, auth: Auth<'_>) -> Result<Vec<Trade>, BrokerError> {
        self.read_trades(auth).await
    }

    async fn cancel(&self, auth: Auth<'_>, order_id: &OrderId) -> Result<(), BrokerError> {
        Ok(self.send_cancel(auth, order_id, Access::Write).await?)
    }

    async fn logout(&self, auth: Auth<'_>) -> Result<(), BrokerError> {
        self.close(auth).await
    }

    async fn list(
        &self,
        auth: Option<Auth<'_>>,
        known: Option<&Validators>,
    ) -> Result<Option<Downloaded>, BrokerError> {
        self.read_dump(auth, known).await
    }
}
