//! Things that go wrong on purpose: which call they hit, how often, and what then happens.

use std::time::Duration;

use hyper::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::net::route::Operation;
use super::people::account::Broker;
use super::random::Random;

mod effect;

pub(crate) use self::effect::{FIREWALL_PAGE, outage};

/// An armed fault. What is absent matches everything.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which broker.
    pub broker: Broker,
    /// Client code or user id.
    #[serde(default)]
    pub account: Option<String>,
    /// Which call.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// What happens.
    pub kind: FaultKind,
    /// How many calls it hits; 1 when absent, unless a probability is given.
    #[serde(default)]
    pub times: Option<u32>,
    /// Hits each matching call with this probability (0 to 1).
    #[serde(default)]
    pub probability: Option<f64>,
    /// Makes the probability repeatable.
    #[serde(default)]
    pub seed: Option<u64>,
    /// HTTP status for the kinds that answer with one.
    #[serde(default)]
    pub status: Option<u16>,
    /// The code or type of the kinds that say something.
    #[serde(default)]
    pub code: Option<String>,
    /// Its words.
    #[serde(default)]
    pub message: Option<String>,
    /// Real seconds for the kinds that wait.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Exchange seconds after the answer at which the order arrives in the book, or its cancellation is done.
    #[serde(default)]
    pub late_seconds: Option<f64>,
}

/// What an armed fault does. The `accept_then` kinds do the work first and spoil the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Close the connection, do nothing.
    Drop,
    /// Reset the connection, do nothing.
    Reset,
    /// Do nothing and stay silent for `seconds` (60), then close.
    Hang,
    /// Take the connection and stay silent before its first byte, so that a TLS handshake stalls.
    Stall,
    /// Do nothing and answer with `status` (503) and an HTML page.
    RefuseStatus,
    /// Do nothing and answer as the broker does when called too often.
    RefuseRateLimited,
    /// Do nothing and answer with the broker's word for an error of its own.
    RefuseError,
    /// Do nothing and answer with `status` (400) and nothing in it.
    RefuseEmpty,
    /// Do nothing and answer in the broker's form with `code`, `message` and `status`.
    RefuseSaid,
    /// Do nothing and send the caller to the same address again, with `status` (307).
    Redirect,
    /// Do nothing and answer with the page of the firewall in front.
    Firewall,
    /// Do nothing and answer that there is maintenance.
    Maintenance,
    /// The session dies before the call is looked at.
    TokenDeath,
    /// Answer properly, `seconds` (3) late.
    Slow,
    /// Answer properly, a few bytes at a time, over `seconds` (10).
    Trickle,
    /// Answer properly, with a `Date` that is `seconds` (3600) ahead.
    WrongDate,
    /// Answer with what was true `seconds` (30) of exchange time ago.
    Stale,
    /// Take the order, and have the exchange reject it.
    Reject,
    /// Do it, then close without an answer.
    AcceptThenClose,
    /// Do it, then reset the connection.
    AcceptThenReset,
    /// Do it, stay silent for `seconds` (60), then close.
    AcceptThenHang,
    /// Do it, then answer with `status` (502) and the broker's text for it.
    AcceptThenStatus,
    /// Do it, then answer with the broker's word for an error of its own.
    AcceptThenError,
    /// Do it, then send the caller to the same address again, with `status` (307).
    AcceptThenRedirect,
    /// Do it, then answer 200 with the firewall's HTML page.
    AcceptThenHtml,
    /// Do it, then answer 200 with nothing in it.
    AcceptThenEmpty,
    /// Do it, then answer success without an order id.
    AcceptThenNoId,
    /// Do it, then answer with the first half of the JSON.
    AcceptThenTruncated,
    /// Do it, then answer with something that is no JSON.
    AcceptThenGarbage,
    /// Do it, then answer with ten mebibytes of it.
    AcceptThenHuge,
    /// Do it, then break the connection in the middle of the body.
    AcceptThenCut,
    /// Do it, then answer in the broker's form with `code`, `message` and `status`.
    AcceptThenSaid,
    /// Do it, then refuse as if called too often.
    AcceptThenRateLimited,
    /// Do it, then answer 400 with a text that says the order timed out (Kite).
    AcceptThenTimedOut,
}

/// The armed faults of one sandbox.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Armed>);

#[derive(Debug)]
struct Armed {
    fault: Fault,
    left: u32,
    dice: Random,
}

impl Faults {
    pub(crate) fn arm(&mut self, fault: Fault) {
        let unlimited = if fault.probability.is_some() { u32::MAX } else { 1 };
        let left = fault.times.unwrap_or(unlimited);
        let dice = fault.seed.map_or_else(Random::fresh, Random::seeded);
        self.0.push(Armed { fault, left, dice });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The faults that may still strike.
    pub(crate) fn armed(&self) -> Vec<Fault> {
        let live = self.0.iter().filter(|armed| armed.left > 0);
        live.map(|armed| Fault { times: Some(armed.left), ..armed.fault.clone() }).collect()
    }

    /// The first armed fault that hits this call; it is used up by one.
    pub(crate) fn strike(
        &mut self,
        broker: Broker,
        account: Option<&str>,
        operation: Operation,
    ) -> Option<Fault> {
        self.find(|fault| {
            fault.kind != FaultKind::Stall && fault.matches(broker, account, operation)
        })
    }

    /// The first fault that hits a new connection, before it is known who calls.
    pub(crate) fn strike_connection(&mut self, broker: Broker) -> Option<Fault> {
        self.find(|fault| fault.kind == FaultKind::Stall && fault.broker == broker)
    }

    fn find(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut live = self.0.iter_mut().filter(|armed| armed.left > 0);
        live.find_map(|armed| {
            let hits = fits(&armed.fault)
                && armed.fault.probability.is_none_or(|chance| armed.dice.chance(chance));
            armed.left -= u32::from(hits);
            hits.then(|| armed.fault.clone())
        })
    }
}

impl Fault {
    /// A fault of `kind` that hits the next such call of anybody once.
    pub fn once(broker: Broker, operation: Operation, kind: FaultKind) -> Self {
        Self {
            broker,
            account: None,
            operation: Some(operation),
            kind,
            times: None,
            probability: None,
            seed: None,
            status: None,
            code: None,
            message: None,
            seconds: None,
            late_seconds: None,
        }
    }

    fn matches(&self, broker: Broker, account: Option<&str>, operation: Operation) -> bool {
        self.broker == broker
            && self.operation.is_none_or(|wanted| wanted == operation)
            && self.account.as_deref().is_none_or(|wanted| account == Some(wanted))
    }

    pub(crate) fn wait(&self, usual: f64) -> Duration {
        Duration::try_from_secs_f64(self.seconds.unwrap_or(usual)).unwrap_or_default()
    }

    /// How much later the order arrives, or is cancelled, than it is answered for.
    pub(crate) fn lateness(&self) -> Option<SignedDuration> {
        let late = Duration::try_from_secs_f64(self.late_seconds?).ok()?;
        SignedDuration::try_from(late).ok()
    }

    fn status_or(&self, usual: u16) -> StatusCode {
        let status = StatusCode::from_u16(self.status.unwrap_or(usual));
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
