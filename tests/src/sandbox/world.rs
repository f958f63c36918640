//! All there is in one sandbox, and the door through which a broker's requests come in.
//! The brokers themselves are plain functions from state, time and request to a reply.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::StatusCode;
use jiff::Timestamp;

use super::account::{Account, AccountDefaults, AccountFields, Broker};
use super::book::Book;
use super::clock::SandboxClock;
use super::fault::{Fault, FaultKind, Faults};
use super::limit::Limiter;
use super::market::Market;
use super::money::Paise;
use super::net::message::{Reply, Request};
use super::net::route::{Access, Operation, Route};
use super::net::{Answer, App};
use super::random::Random;
use super::rules::Rules;
use super::session::Sessions;
use super::{angel_one, kite};

/// The shared part: a clock and the state under one short lock.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: SandboxClock,
    state: Mutex<State>,
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) accounts: Vec<Account>,
    pub(crate) sessions: Sessions,
    pub(crate) book: Book,
    pub(crate) market: Market,
    pub(crate) faults: Faults,
    pub(crate) limiter: Limiter,
    pub(crate) rules: Rules,
    /// How often each call arrived, faulted ones too.
    pub(crate) calls: BTreeMap<(Broker, Operation), usize>,
    pub(crate) random: Random,
    pub(crate) defaults: AccountDefaults,
}

/// One request on its way through a broker.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: Timestamp,
    pub(crate) request: &'a Request,
    /// What stood in the path's open places.
    pub(crate) captures: Vec<String>,
    pub(crate) operation: Operation,
    /// The account of the session, once that has been checked; empty on open routes.
    pub(crate) account: String,
}

/// What serves a route.
pub(crate) type Handler = fn(&mut Call<'_>) -> Reply;

/// The parts in which the brokers differ before a handler is asked.
pub(crate) struct Manners {
    pub(crate) broker: Broker,
    pub(crate) routes: &'static [Route<Handler>],
    /// Whose request this is, as far as it says.
    pub(crate) account_of: fn(&State, &Request) -> Option<String>,
    /// Puts the session's account into the call, or refuses.
    pub(crate) admit: fn(&mut Call<'_>, Access) -> Result<(), Reply>,
    pub(crate) no_route: fn(&Request) -> Reply,
    pub(crate) rate_limited: fn() -> Reply,
    pub(crate) outage: fn(StatusCode) -> Reply,
}

/// One broker's listener.
pub(crate) struct Door {
    pub(crate) world: Arc<World>,
    pub(crate) manners: &'static Manners,
}

impl World {
    pub(crate) fn new(clock: SandboxClock, state: State) -> Self {
        Self { clock, state: Mutex::new(state) }
    }

    /// The state, after time has done its work up to now.
    pub(crate) fn lock(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let mut guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let state = &mut *guard;
        state.market.roll(now);
        state.book.advance(now, &state.rules, &state.market);
        state.sessions.expire(now);
        (guard, now)
    }
}

impl State {
    pub(crate) fn open_account(&mut self, broker: Broker, fields: AccountFields) -> Account {
        let number = self.accounts.iter().filter(|account| account.broker == broker).count() + 1;
        let account = Account::open(broker, number, fields, &self.defaults, &mut self.random);
        self.accounts.push(account.clone());
        account
    }

    pub(crate) fn account(&mut self, broker: Broker, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.broker == broker && account.id == id)
    }

    pub(crate) fn account_by_key(&self, broker: Broker, key: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.broker == broker && account.api_key == key)
    }

    /// Funds less what today's orders hold, and what they hold.
    pub(crate) fn funds(&mut self, broker: Broker, id: &str, now: Timestamp) -> (Paise, Paise) {
        let used = self.book.used(broker, id, now, &self.market);
        let funds = self.account(broker, id).map_or(Paise::ZERO, |account| account.funds);
        (funds.minus(used), used)
    }
}

impl Call<'_> {
    pub(crate) fn broker_account(&mut self, broker: Broker) -> Option<&mut Account> {
        self.state.account(broker, &self.account)
    }

    /// The addresses registered for the session's account.
    pub(crate) fn allowed_ips(&mut self, broker: Broker) -> Vec<IpAddr> {
        self.broker_account(broker).map(|account| account.allowed_ips.clone()).unwrap_or_default()
    }
}

impl Door {
    fn perform(&self, call: &mut Call<'_>, route: &Route<Handler>) -> Reply {
        if !self.within_rate(call) {
            return (self.manners.rate_limited)();
        }
        match (self.manners.admit)(call, route.access) {
            Ok(()) => (route.handler)(call),
            Err(refusal) => refusal,
        }
    }

    /// Calls that name no account are not counted.
    fn within_rate(&self, call: &mut Call<'_>) -> bool {
        let Some(account) = (self.manners.account_of)(call.state, call.request) else {
            return true;
        };
        let at = (call.now, call.state.rules.rate_limits);
        call.state.limiter.admit(self.manners.broker, &account, call.operation, at)
    }

    fn with_fault(&self, fault: &Fault, call: &mut Call<'_>, route: &Route<Handler>) -> Answer {
        if let Some(answer) = fault.instead(self.manners.rate_limited) {
            return answer;
        }
        if fault.kind == FaultKind::TokenDeath
            && let Some(account) = (self.manners.account_of)(call.state, call.request)
        {
            call.state.sessions.end_all(self.manners.broker, &account);
        }
        let reply = self.perform(call, route);
        fault.spoil(reply, self.manners.rate_limited, self.manners.outage)
    }
}

impl App for Door {
    fn date(&self) -> Option<Timestamp> {
        Some(self.world.clock.now())
    }

    fn answer(&self, request: &Request) -> Answer {
        let Some((route, captures)) = super::net::route::find(self.manners.routes, request) else {
            return Answer::Send((self.manners.no_route)(request));
        };
        let (mut state, now) = self.world.lock();
        let account = (self.manners.account_of)(&state, request);
        let broker = self.manners.broker;
        let fault = state.faults.strike(broker, account.as_deref(), route.operation);
        let operation = route.operation;
        *state.calls.entry((broker, operation)).or_default() += 1;
        let state = &mut *state;
        let mut call = Call { state, now, request, captures, operation, account: String::new() };
        match fault {
            Some(fault) => self.with_fault(&fault, &mut call, route),
            None => Answer::Send(self.perform(&mut call, route)),
        }
    }
}

impl Broker {
    pub(crate) const fn manners(self) -> &'static Manners {
        match self {
            Self::AngelOne => &angel_one::MANNERS,
            Self::Kite => &kite::MANNERS,
        }
    }
}
