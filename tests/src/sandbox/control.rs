//! The control port: plain JSON over HTTP by which a rehearsal looks behind the brokers
//! and steers them. It also holds the observer, which tells a caller its own address.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::by_hand::{self, ByHand};
use super::exchange::clock::{ist, rfc3339};
use super::exchange::money::Paise;
use super::fault::Fault;
use super::kite::{BrowserLogin, browser_login};
use super::net::message::{Reply, Request};
use super::net::{Answer, App};
use super::people::account::{Account, AccountFields, Broker};
use super::rules::Rules;
use super::summary::AccountSummary;
use super::world::{State, World};

/// The control listener.
pub(crate) struct Control(pub(crate) Arc<World>);

/// The what-is-my-address listener.
pub(crate) struct Observer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    now: Option<String>,
    speed: Option<f64>,
    frozen: Option<bool>,
}

#[derive(Deserialize)]
struct NewAccount {
    broker: Broker,
    #[serde(flatten)]
    fields: AccountFields,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetPrice {
    exchange: String,
    symbol: String,
    ltp: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Fault>),
    One(Box<Fault>),
}

impl App for Control {
    fn answer(&self, request: &Request) -> Answer {
        Answer::Send(self.reply(request).unwrap_or_else(|refusal| refusal))
    }
}

impl App for Observer {
    fn answer(&self, request: &Request) -> Answer {
        let reply = match request.method {
            Method::GET => Reply::text(StatusCode::OK, request.source_ip().to_string()),
            _ => Reply::text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"),
        };
        Answer::Send(reply)
    }
}

impl Control {
    fn reply(&self, request: &Request) -> Result<Reply, Reply> {
        let path: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["orders"]) => ok(&self.0.lock().0.book.records()),
            ("POST", ["orders"]) => self.order_by_hand(body(request)?),
            ("GET", ["requests"]) => ok(&self.0.lock().0.log.records()),
            ("GET", ["truth"]) => self.truth(),
            ("GET", ["clock"]) => ok(&self.0.clock.reading()),
            ("POST", ["clock"]) => self.set_clock(&body(request)?),
            ("GET", ["faults"]) => ok(&self.0.lock().0.faults.armed()),
            ("POST", ["faults"]) => self.arm(body(request)?),
            ("DELETE", ["faults"]) => self.disarm(),
            ("GET", ["rules"]) => ok(&self.0.lock().0.rules),
            ("POST", ["rules"]) => self.set_rules(request),
            ("POST", ["market"]) => self.set_price(&body(request)?),
            ("GET", ["accounts"]) => self.accounts(),
            ("POST", ["accounts"]) => self.add_account(body(request)?),
            ("PATCH" | "POST", ["accounts", id]) => self.change_account(id, body(request)?),
            ("POST", ["accounts", id, "allowed-ips"]) => self.set_allowed_ips(id, body(request)?),
            ("POST", ["accounts", id, "unblock"]) => self.unblock(id),
            ("POST", ["kite-login"]) => self.kite_login(&body(request)?),
            _ => Err(refusal(StatusCode::NOT_FOUND, "no such control call")),
        }
    }

    /// Everything a checker needs, at one moment.
    fn truth(&self) -> Result<Reply, Reply> {
        let (state, now) = self.0.lock();
        ok(&json!({
            "now": rfc3339(now),
            "orders": state.book.records(),
            "requests": state.log.records(),
            "postbacks": state.postbacks,
        }))
    }

    /// An order the person placed in the broker's own app.
    fn order_by_hand(&self, wanted: ByHand) -> Result<Reply, Reply> {
        let (mut state, now) = self.0.lock();
        let order = by_hand::place(&mut state, now, wanted);
        let order = order.map_err(|text| refusal(StatusCode::NOT_FOUND, text))?;
        ok(&json!({ "order_id": order }))
    }

    fn set_clock(&self, wanted: &SetClock) -> Result<Reply, Reply> {
        if wanted.speed.is_some_and(|speed| !speed.is_finite() || speed < 0.0) {
            return Err(refusal(StatusCode::BAD_REQUEST, "speed must be 0 or more"));
        }
        let now = wanted.now.as_deref().map(str::parse::<Timestamp>).transpose();
        let now = now.map_err(|error| refusal(StatusCode::BAD_REQUEST, &error.to_string()))?;
        self.0.clock.set(now, wanted.speed, wanted.frozen);
        ok(&self.0.clock.reading())
    }

    fn arm(&self, wanted: OneOrMany) -> Result<Reply, Reply> {
        let wanted = match wanted {
            OneOrMany::Many(faults) => faults,
            OneOrMany::One(fault) => vec![*fault],
        };
        let (mut state, _) = self.0.lock();
        for fault in wanted {
            state.faults.arm(fault);
        }
        ok(&state.faults.armed())
    }

    fn disarm(&self) -> Result<Reply, Reply> {
        self.0.lock().0.faults.clear();
        ok(&json!([]))
    }

    /// The body names only the switches that change.
    fn set_rules(&self, request: &Request) -> Result<Reply, Reply> {
        let (mut state, _) = self.0.lock();
        let mut merged = serde_json::to_value(&state.rules).unwrap_or_default();
        let changes = request.json().ok_or_else(|| refusal(StatusCode::BAD_REQUEST, "not JSON"))?;
        if let Some(merged) = merged.as_object_mut() {
            merged.extend(changes);
        }
        state.rules =
            serde_json::from_value::<Rules>(merged).map_err(|error| unreadable(&error))?;
        ok(&state.rules)
    }

    fn set_price(&self, wanted: &SetPrice) -> Result<Reply, Reply> {
        let ltp: Paise = wanted
            .ltp
            .parse()
            .map_err(|_| refusal(StatusCode::BAD_REQUEST, "ltp must be a decimal text"))?;
        if !self.0.lock().0.market.set_ltp(&wanted.exchange, &wanted.symbol, ltp) {
            return Err(refusal(StatusCode::NOT_FOUND, "no such instrument"));
        }
        ok(&json!({ "exchange": wanted.exchange, "symbol": wanted.symbol, "ltp": ltp.rupees() }))
    }

    fn accounts(&self) -> Result<Reply, Reply> {
        let (state, _) = self.0.lock();
        ok(&state.accounts.iter().map(AccountSummary::from).collect::<Vec<_>>())
    }

    fn add_account(&self, wanted: NewAccount) -> Result<Reply, Reply> {
        let (mut state, _) = self.0.lock();
        let taken = wanted
            .fields
            .id
            .as_deref()
            .is_some_and(|id| state.account(wanted.broker, id).is_some());
        if taken {
            return Err(refusal(StatusCode::CONFLICT, "that account exists"));
        }
        ok(&AccountSummary::from(&state.open_account(wanted.broker, wanted.fields)))
    }

    /// The body names only the fields that change.
    fn change_account(&self, id: &str, fields: AccountFields) -> Result<Reply, Reply> {
        if fields.id.is_some() {
            return Err(refusal(StatusCode::BAD_REQUEST, "an id cannot be changed"));
        }
        let (mut state, _) = self.0.lock();
        let account = named(&mut state, id)?;
        if !account.change(fields) {
            return Err(refusal(StatusCode::BAD_REQUEST, "funds must be a decimal text"));
        }
        ok(&AccountSummary::from(&*account))
    }

    /// Forgets an account's wrong logins.
    fn unblock(&self, id: &str) -> Result<Reply, Reply> {
        let (mut state, _) = self.0.lock();
        let account = named(&mut state, id)?;
        account.wrong_logins = 0;
        ok(&AccountSummary::from(&*account))
    }

    fn set_allowed_ips(&self, id: &str, ips: Vec<IpAddr>) -> Result<Reply, Reply> {
        let (mut state, now) = self.0.lock();
        let (locks, unique) = (state.rules.weekly_ip_lock, state.rules.unique_ips);
        let of_angel = |account: &&Account| account.broker == Broker::AngelOne;
        let others = state.accounts.iter().filter(of_angel).filter(|account| account.id != id);
        let taken = others.flat_map(|other| &other.allowed_ips).any(|ip| ips.contains(ip));
        let account = named(&mut state, id)?;
        if unique && taken && account.broker == Broker::AngelOne {
            let text = "Primary static IP is already associated with another app.";
            return Err(refusal(StatusCode::CONFLICT, text));
        }
        if account.broker == Broker::Kite && ips.len() > KITE_IPS {
            return Err(refusal(StatusCode::BAD_REQUEST, "two addresses are allowed"));
        }
        // Weeks begin on Mondays: a guess.
        let week = |at| {
            let date = ist(at).date().iso_week_date();
            (date.year(), date.week())
        };
        if locks && account.ips_changed.is_some_and(|at| week(at) == week(now)) {
            let text = "the addresses were changed this week; once a calendar week is allowed";
            return Err(refusal(StatusCode::CONFLICT, text));
        }
        account.allowed_ips = ips;
        account.ips_changed = Some(now);
        ok(&AccountSummary::from(&*account))
    }

    fn kite_login(&self, login: &BrowserLogin) -> Result<Reply, Reply> {
        let (mut state, now) = self.0.lock();
        let url = browser_login(&mut state, now, login)
            .map_err(|text| refusal(StatusCode::BAD_REQUEST, text))?;
        ok(&json!({ "redirect_url": url }))
    }
}

fn named<'s>(state: &'s mut State, id: &str) -> Result<&'s mut Account, Reply> {
    let mut accounts = state.accounts.iter_mut();
    let found = accounts.find(|account| account.id == id);
    found.ok_or_else(|| refusal(StatusCode::NOT_FOUND, "no such account"))
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, Reply> {
    serde_json::from_slice(&request.body).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Reply {
    refusal(StatusCode::BAD_REQUEST, &error.to_string())
}

fn refusal(status: StatusCode, text: &str) -> Reply {
    Reply::json(status, &json!({ "error": text }))
}

#[expect(clippy::unnecessary_wraps, reason = "every arm of the dispatch has the same type")]
fn ok<T: Serialize + ?Sized>(value: &T) -> Result<Reply, Reply> {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    Ok(Reply::json(StatusCode::OK, &value))
}

/// A primary and a secondary one (documented).
const KITE_IPS: usize = 2;
