//! Things that go wrong on purpose: which call they hit, how often, and what then happens.

use std::time::Duration;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::net::Answer;
use super::net::message::Reply;
use super::net::route::Operation;
use super::people::account::Broker;
use super::random::Random;

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
    /// Real seconds for the kinds that wait.
    #[serde(default)]
    pub seconds: Option<f64>,
}

/// What an armed fault does. The `accept_then` kinds do the work first and spoil the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Close the connection, do nothing.
    Drop,
    /// Do nothing and stay silent for `seconds` (60), then close.
    Hang,
    /// Do nothing and answer with `status` (503) and an HTML page.
    RefuseStatus,
    /// Do nothing and answer as the broker does when called too often.
    RefuseRateLimited,
    /// The session dies before the call is looked at.
    TokenDeath,
    /// Answer properly, `seconds` (3) late.
    Slow,
    /// Do it, then close without an answer.
    AcceptThenClose,
    /// Do it, stay silent for `seconds` (60), then close.
    AcceptThenHang,
    /// Do it, then answer with `status` (502) and the broker's text for it.
    AcceptThenStatus,
    /// Do it, then answer 200 with the firewall's HTML page.
    AcceptThenHtml,
    /// Do it, then answer 200 with nothing in it.
    AcceptThenEmpty,
    /// Do it, then answer success without an order id.
    AcceptThenNoId,
    /// Do it, then answer with the first half of the JSON.
    AcceptThenTruncated,
    /// Do it, then break the connection in the middle of the body.
    AcceptThenCut,
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
        let mut live = self.0.iter_mut().filter(|armed| armed.left > 0);
        live.find_map(|armed| {
            let hits = armed.fault.matches(broker, account, operation)
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
            seconds: None,
        }
    }

    fn matches(&self, broker: Broker, account: Option<&str>, operation: Operation) -> bool {
        self.broker == broker
            && self.operation.is_none_or(|wanted| wanted == operation)
            && self.account.as_deref().is_none_or(|wanted| account == Some(wanted))
    }

    /// The answer that needs no work from the broker, if this kind is one.
    pub(crate) fn instead(&self, rate_limited: impl FnOnce() -> Reply) -> Option<Answer> {
        match self.kind {
            FaultKind::Drop => Some(Answer::Close),
            FaultKind::Hang => Some(Answer::Hang(self.wait(60.0))),
            FaultKind::RefuseStatus => Some(Answer::Send(outage(self.status_or(503)))),
            FaultKind::RefuseRateLimited => Some(Answer::Send(rate_limited())),
            _ => None,
        }
    }

    /// Spoils the reply of a call that has been done.
    pub(crate) fn spoil(
        &self,
        mut reply: Reply,
        rate_limited: impl FnOnce() -> Reply,
        status: impl FnOnce(StatusCode) -> Reply,
    ) -> Answer {
        match self.kind {
            FaultKind::Slow => return Answer::Later(self.wait(3.0), reply),
            FaultKind::AcceptThenClose => return Answer::Close,
            FaultKind::AcceptThenHang => return Answer::Hang(self.wait(60.0)),
            FaultKind::AcceptThenCut => return Answer::Cut(reply),
            FaultKind::AcceptThenStatus => reply = status(self.status_or(502)),
            FaultKind::AcceptThenHtml => reply = Reply::html(StatusCode::OK, FIREWALL_PAGE),
            FaultKind::AcceptThenEmpty => reply.body.clear(),
            FaultKind::AcceptThenNoId => reply.body = without_ids(&reply.body),
            FaultKind::AcceptThenTruncated => reply.body = first_half(&reply.body),
            FaultKind::AcceptThenRateLimited => reply = rate_limited(),
            FaultKind::AcceptThenTimedOut => reply = timed_out(),
            FaultKind::Drop
            | FaultKind::Hang
            | FaultKind::RefuseStatus
            | FaultKind::RefuseRateLimited
            | FaultKind::TokenDeath => {}
        }
        Answer::Send(reply)
    }

    fn wait(&self, usual: f64) -> Duration {
        Duration::try_from_secs_f64(self.seconds.unwrap_or(usual)).unwrap_or_default()
    }

    fn status_or(&self, usual: u16) -> StatusCode {
        let status = StatusCode::from_u16(self.status.unwrap_or(usual));
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// What a proxy in front of a dead back end says.
pub(crate) fn outage(status: StatusCode) -> Reply {
    let page = format!(
        "<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    );
    Reply::html(status, page)
}

fn without_ids(body: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    if let Some(data) = value.get_mut("data").and_then(Value::as_object_mut) {
        data.retain(|key, _| !matches!(key.as_str(), "orderid" | "uniqueorderid" | "order_id"));
    }
    value.to_string()
}

fn first_half(body: &str) -> String {
    body.chars().take(body.chars().count() / 2).collect()
}

fn timed_out() -> Reply {
    let text =
        "Order request timed out. Please check the order book and confirm before placing again.";
    let body = serde_json::json!({
        "status": "error", "message": text, "data": null, "error_type": "NetworkException",
    });
    Reply::json(StatusCode::BAD_REQUEST, &body)
}

const FIREWALL_PAGE: &str = "<html><head><title>Request Rejected</title></head><body>\
The requested URL was rejected. Please consult with your administrator.<br><br>\
Your support ID is: 4823913041239017512</body></html>\n";
