//! The brokers: one adapter trait, one error taxonomy, one folder a broker.
//! Knows no storage and no other account than the one it is called for.

pub mod angel_one;
pub mod base_url;
mod book;
pub mod catalog;
mod classify;
pub mod error;
pub mod explain;
pub mod http;
mod json;
mod probe;
mod reach;
pub mod registry;
pub mod scrub;
pub mod zerodha;

#[cfg(test)]
mod mutations;
#[cfg(test)]
pub(crate) mod peer;
#[cfg(test)]
mod reuse;
#[cfg(test)]
mod sheets;
#[cfg(test)]
mod stopped;
#[cfg(test)]
pub(crate) mod tests;

use async_trait::async_trait;
use muster_protocol::check::OrderPermission;
use muster_protocol::ids::{OrderId, OrderTag};
use muster_protocol::money::Paise;
use muster_protocol::order::Exchange;
use muster_protocol::order::{Broker, Leg};
use muster_protocol::time::Timestamp;

use self::catalog::{Downloaded, Validators};
use crate::credential::{Credential, SecretText, SessionSecret};
use crate::domain::instrument::Instrument;

pub use crate::domain::book::{BookRow, Trade};
pub use crate::domain::price::Quote;

pub use self::book::TAG_PREFIX;
pub use self::error::BrokerError;
pub use self::http::Leave;
pub use self::registry::{Endpoints, adapter};

/// What signs a call: the app's key and the day's session.
#[derive(Clone, Copy)]
pub struct Auth<'a> {
    /// The credential the session came from.
    pub credential: &'a Credential,
    /// The session.
    pub session: &'a SessionSecret,
}

/// The most instruments in one question for prices: Angel One's limit, Kite's is higher (documented).
pub const QUOTES: usize = 50;

/// What proves the person to the broker at login, beside the credential.
pub enum Proof<'a> {
    /// The one-time code for this instant, made from the credential (Angel One).
    OneTimeCode {
        /// The broker's clock.
        now: Timestamp,
    },
    /// The request token a browser login ended with (Zerodha).
    RequestToken(&'a SecretText),
}

/// A session just opened.
pub struct Opened {
    /// Its secret.
    pub secret: SessionSecret,
    /// When the broker's daily flush ends it.
    pub until: Timestamp,
    /// Who the broker says it is, where login tells (Zerodha's user id).
    pub client_id: Option<String>,
}

/// What the broker says of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The client id at the broker.
    pub client_id: String,
    /// The person's name.
    pub holder: String,
    /// Where it may trade, if the broker says so in words we know.
    pub exchanges: Option<Vec<Exchange>>,
}

/// What a first contact found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// In words, for example `TLS to apiconnect.angelone.in`.
    pub detail: String,
    /// The broker's clock minus ours in milliseconds, from the `Date` header, if it sent one.
    pub clock_offset_ms: Option<i64>,
}

/// What the permission probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The verdict.
    pub permission: OrderPermission,
    /// The broker's words it rests on, scrubbed.
    pub says: Option<String>,
}

/// One order to place.
#[derive(Debug, Clone)]
pub struct Order {
    /// What is ordered.
    pub leg: Leg,
    /// The instrument at this broker.
    pub instrument: Instrument,
    /// The tag it carries.
    pub tag: OrderTag,
    /// Whether it may leave still, asked right before its first byte.
    pub leave: Leave,
}

/// One broker through one egress. Calls are never repeated inside; a call takes at most the
/// configured timeout. On a write, anything but a proven refusal is [`FailureKind::InDoubt`].
///
/// [`FailureKind::InDoubt`]: muster_protocol::failure::FailureKind::InDoubt
#[async_trait]
pub trait Adapter: Send + Sync {
    /// Which broker.
    fn broker(&self) -> Broker;

    /// The page a person must log in at, carrying `state` back; `None` where login needs no person.
    fn login_page(&self, credential: &Credential, state: &str) -> Option<String>;

    /// Name lookup, TCP and TLS, without a credential.
    async fn reach(&self, now: Timestamp) -> Result<Reached, BrokerError>;

    /// Opens the day's session. Never retried: brokers block accounts after a few attempts.
    async fn login(
        &self,
        credential: &Credential,
        proof: Proof<'_>,
        now: Timestamp,
    ) -> Result<Opened, BrokerError>;

    /// Whose session it is.
    async fn profile(&self, auth: Auth<'_>) -> Result<Profile, BrokerError>;

    /// The money available to trade.
    async fn funds(&self, auth: Auth<'_>) -> Result<Paise, BrokerError>;

    /// Whether order calls are taken from this egress: cancels an order id that cannot exist and
    /// reads whether the refusal names the address or the order. An error means the question
    /// could not be put (unreachable, session over).
    async fn probe_order_permission(&self, auth: Auth<'_>) -> Result<Probed, BrokerError>;

    /// The prices of these instruments, in their order; `None` for what the broker does not know. One
    /// call, for as many as [`QUOTES`].
    async fn quotes(
        &self,
        auth: Auth<'_>,
        instruments: &[Instrument],
    ) -> Result<Vec<Option<Quote>>, BrokerError>;

    /// Places the order: one POST, never a second. A marketable price must have been worked out.
    async fn place(&self, auth: Auth<'_>, order: &Order) -> Result<OrderId, BrokerError>;

    /// Today's orders of the account, also those placed elsewhere. Unsorted; may lag.
    async fn order_book(&self, auth: Auth<'_>) -> Result<Vec<BookRow>, BrokerError>;

    /// Today's trades of the account, also of orders placed elsewhere. Unsorted; may lag.
    async fn trades(&self, auth: Auth<'_>) -> Result<Vec<Trade>, BrokerError>;

    /// The rows whose tag begins with the tag's part before the attempt ([`Self::order_book`], filtered).
    async fn find_by_tag(
        &self,
        auth: Auth<'_>,
        tag: &OrderTag,
    ) -> Result<Vec<BookRow>, BrokerError> {
        Ok(book::matching(self.order_book(auth).await?, tag))
    }

    /// Cancels an order: one call, never a second.
    async fn cancel(&self, auth: Auth<'_>, order_id: &OrderId) -> Result<(), BrokerError>;

    /// Ends the session at the broker.
    async fn logout(&self, auth: Auth<'_>) -> Result<(), BrokerError>;

    /// The broker's list of all its instruments; `None` if it is still the one that is known. Asked
    /// for without a signature first; with one where the broker refuses that.
    async fn list(
        &self,
        auth: Option<Auth<'_>>,
        known: Option<&Validators>,
    ) -> Result<Option<Downloaded>, BrokerError>;
}
