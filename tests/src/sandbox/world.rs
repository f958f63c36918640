//! All there is in one sandbox, and the door through which a broker's requests come in.
//! The brokers themselves are plain functions from state, time and request to a reply.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use jiff::{SignedDuration, Timestamp};

use super::exchange::book::{Book, View};
use super::exchange::clock::{SandboxClock, ist, rfc3339};
use super::exchange::hours::{self, Phase};
use super::exchange::market::{Instrument, Market};
use super::exchange::money::Paise;
use super::exchange::order::Order;
use super::fault::{Fault, FaultKind, Faults};
use super::kite::postback::{self, Report};
use super::net::message::{Reply, Request};
use super::net::route::{Access, Operation, Route};
use super::net::{Answer, App};
use super::people::account::{Account, AccountDefaults, AccountFields, Broker};
use super::people::limit::{Excess, Limiter};
use super::people::session::Sessions;
use super::random::Random;
use super::rules::{BookOrder, MarketHours, Rules};
use super::truth::{Log, PostbackRecord, RequestRecord};
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
    pub(crate) places: Places,
    pub(crate) sessions: Sessions,
    pub(crate) book: Book,
    pub(crate) market: Market,
    pub(crate) faults: Faults,
    pub(crate) limiter: Limiter,
    pub(crate) log: Log,
    pub(crate) postbacks: Vec<PostbackRecord>,
    pub(crate) rules: Rules,
    /// How often each call arrived, faulted ones too.
    pub(crate) calls: BTreeMap<(Broker, Operation), usize>,
    pub(crate) random: Random,
    pub(crate) defaults: AccountDefaults,
}

/// Half past five, in minutes.
const NIGHT_ENDS: i32 = 5 * 60 + 30;

/// Where an account stands in the list, by its id and by the key it was opened with.
#[derive(Debug, Default)]
pub(crate) struct Places {
    ids: HashMap<(Broker, String), usize>,
    keys: HashMap<(Broker, String), usize>,
    opened: HashMap<Broker, usize>,
}

/// One request on its way through a broker.
pub(crate) struct Call<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) now: Timestamp,
    pub(crate) request: &'a Request,
    /// What stood in the path's open places.
    pub(crate) captures: Vec<String>,
    pub(crate) operation: Operation,
    /// How old the books are that it is shown.
    pub(crate) stale: SignedDuration,
    /// How much later than it is answered a cancellation is done.
    pub(crate) late: Option<SignedDuration>,
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
    pub(crate) too_many: fn(Excess) -> Reply,
    pub(crate) outage: fn(StatusCode) -> Reply,
    /// A refusal with this code and these words.
    pub(crate) says: fn(&str, &str) -> Reply,
    /// An error the broker speaks of as its own.
    pub(crate) own_error: fn() -> Reply,
    /// What stands before the broker.
    pub(crate) firewall: fn() -> Reply,
    pub(crate) maintenance: fn() -> Reply,
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

impl World {
    /// The reports that are due; time does its work only where somebody wants them.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let wanted =
            postback::are_wanted(&self.state.lock().unwrap_or_else(PoisonError::into_inner));
        if !wanted {
            return Vec::new();
        }
        let (mut state, now) = self.lock();
        postback::due(&mut state, now)
    }

    pub(crate) fn reported(&self, url: String, answer: u16) {
        let (mut state, now) = self.lock();
        state.postbacks.push(PostbackRecord { at: rfc3339(now), url, answer });
    }
}

impl State {
    pub(crate) fn open_account(&mut self, broker: Broker, fields: AccountFields) -> Account {
        let opened = self.places.opened.entry(broker).or_default();
        *opened += 1;
        let number = *opened;
        let account = Account::open(broker, number, fields, &self.defaults, &mut self.random);
        let place = self.accounts.len();
        // The first of an id or a key counts, as it would in the list.
        self.places.ids.entry((broker, account.id.clone())).or_insert(place);
        self.places.keys.entry((broker, account.api_key.clone())).or_insert(place);
        self.accounts.push(account.clone());
        account
    }

    pub(crate) fn account(&mut self, broker: Broker, id: &str) -> Option<&mut Account> {
        let place = *self.places.ids.get(&(broker, id.to_owned()))?;
        self.accounts.get_mut(place)
    }

    pub(crate) fn account_by_key(&self, broker: Broker, key: &str) -> Option<&Account> {
        let is_its = |account: &&Account| account.broker == broker && account.api_key == key;
        let place = self.places.keys.get(&(broker, key.to_owned()));
        let known = place.and_then(|place| self.accounts.get(*place)).filter(is_its);
        // A key that was changed is looked for.
        known.or_else(|| self.accounts.iter().find(is_its))
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

    /// The market's phase for one instrument.
    pub(crate) fn phase(&self, row: &Instrument) -> Phase {
        if self.state.rules.market_hours == MarketHours::AlwaysOpen {
            return Phase::Continuous;
        }
        let day = hours::day(self.now, row.class(self.now));
        day.map_or(Phase::Closed, |day| day.phase(self.now))
    }

    /// The session's orders of the day as a book shows them: late, strange or in disorder where
    /// the rules or a fault say so.
    pub(crate) fn books(&mut self, broker: Broker) -> Vec<Order> {
        let lag = Duration::from_millis(self.state.rules.book_lag_ms);
        let lag = SignedDuration::try_from(lag).unwrap_or(SignedDuration::ZERO).max(self.stale);
        let as_of = self.now.checked_sub(lag).unwrap_or(self.now);
        let own = !self.state.rules.foreign_orders || self.operation != Operation::Book;
        let account = own.then_some(self.account.as_str());
        let mut orders = self.state.book.seen(View { broker, account, now: self.now, as_of });
        match self.state.rules.book_order {
            BookOrder::Arrival => {}
            BookOrder::NewestFirst => orders.reverse(),
            BookOrder::Shuffled => orders.sort_by_cached_key(|_| self.state.random.next()),
        }
        orders
    }

    /// The addresses registered for the session's account.
    pub(crate) fn allowed_ips(&mut self, broker: Broker) -> Vec<IpAddr> {
        self.broker_account(broker).map(|account| account.allowed_ips.clone()).unwrap_or_default()
    }
}

impl Door {
    fn perform(&self, call: &mut Call<'_>, route: &Route<Handler>) -> Reply {
        if let Err(excess) = self.check_rate(call) {
            return (self.manners.too_many)(excess);
        }
        if self.rests(call) {
            return (self.manners.maintenance)();
        }
        let mut reply = match (self.manners.admit)(call, route.access) {
            Ok(()) => (route.handler)(call),
            Err(refusal) => refusal,
        };
        if self.compresses(call) && reply.content_type == "application/json" {
            reply.gzip = true;
        }
        reply
    }

    fn compresses(&self, call: &Call<'_>) -> bool {
        let taken = call.request.header("accept-encoding").unwrap_or_default();
        let kite = self.manners.broker == Broker::Kite;
        kite && call.state.rules.gzip_replies && taken.contains("gzip")
    }

    /// Kite's order system has been seen under maintenance at night; when exactly is not known.
    fn rests(&self, call: &Call<'_>) -> bool {
        let order =
            matches!(call.operation, Operation::Place | Operation::Modify | Operation::Cancel);
        let night = || {
            let at = ist(call.now);
            (i32::from(at.hour()) * 60 + i32::from(at.minute())) < NIGHT_ENDS
        };
        let kite = self.manners.broker == Broker::Kite;
        call.state.rules.nightly_maintenance && kite && order && night()
    }

    /// Calls that name no account are not counted.
    fn check_rate(&self, call: &mut Call<'_>) -> Result<(), Excess> {
        let Some(account) = (self.manners.account_of)(call.state, call.request) else {
            return Ok(());
        };
        let at = (call.now, call.state.rules.rate_limits);
        call.state.limiter.admit(self.manners.broker, &account, call.operation, at)
    }

    fn with_fault(&self, fault: &Fault, call: &mut Call<'_>, route: &Route<Handler>) -> Answer {
        if let Some(answer) = fault.instead(self.manners, call.request) {
            return answer;
        }
        if fault.kind == FaultKind::TokenDeath
            && let Some(account) = (self.manners.account_of)(call.state, call.request)
        {
            call.state.sessions.end_all(self.manners.broker, &account);
        }
        if fault.kind == FaultKind::Stale {
            call.stale = SignedDuration::try_from(fault.wait(30.0)).unwrap_or(SignedDuration::MAX);
        }
        let before = call.state.book.len();
        let reply = self.perform(call, route);
        let late = call.late.and_then(|late| call.now.checked_add(late).ok());
        for order in call.state.book.since(before) {
            if let Some(at) = late {
                order.arrive_at(at);
            }
            if fault.kind == FaultKind::Reject {
                order.objection = Some("Adapter is Logged Off".to_owned());
            }
        }
        fault.spoil(reply, self.manners, call.request)
    }

    /// Answers a call of a known route, and writes down what was done.
    fn serve(&self, request: &Request, route: &Route<Handler>, captures: Vec<String>) -> Answer {
        let (mut state, now) = self.world.lock();
        let broker = self.manners.broker;
        let account = (self.manners.account_of)(&state, request);
        let operation = route.operation;
        let fault = state.faults.strike(broker, account.as_deref(), operation);
        *state.calls.entry((broker, operation)).or_default() += 1;
        let before = state.book.len();
        let mut call = Call {
            state: &mut state,
            now,
            request,
            captures,
            operation,
            stale: SignedDuration::ZERO,
            late: fault.as_ref().and_then(Fault::lateness),
            account: String::new(),
        };
        let answer = match &fault {
            Some(fault) => self.with_fault(fault, &mut call, route),
            None => Answer::Send(self.perform(&mut call, route)),
        };
        let placed = state.book.since(before).iter().map(|order| order.id.clone()).collect();
        let fault = fault.map(|fault| fault.kind);
        let record = RequestRecord::begin(broker, request, now).answered(&answer);
        let operation = Some(operation);
        state.log.add(RequestRecord { account, operation, fault, placed, ..record });
        answer
    }
}

impl App for Door {
    fn date(&self) -> Option<Timestamp> {
        Some(self.world.clock.now())
    }

    fn stall(&self) -> Option<Duration> {
        let fault = self.world.lock().0.faults.strike_connection(self.manners.broker);
        fault.map(|fault| fault.wait(60.0))
    }

    fn answer(&self, request: &Request) -> Answer {
        if let Some((route, captures)) = super::net::route::find(self.manners.routes, request) {
            return self.serve(request, route, captures);
        }
        let answer = Answer::Send((self.manners.no_route)(request));
        let (mut state, now) = self.world.lock();
        let record = RequestRecord::begin(self.manners.broker, request, now);
        state.log.add(record.answered(&answer));
        answer
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
