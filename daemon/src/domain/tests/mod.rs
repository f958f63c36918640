//! The domain as a whole: days that pass in microseconds, against a scripted broker.

mod any;
pub(crate) mod archive;
mod books;
mod calendar;
mod called_off;
mod clock;
mod day;
mod foreign;
mod halt;
mod lists;
mod muster;
mod plans;
mod quiet;
mod recovery;
mod run_now;
mod sealed;
mod tagged;
mod twins;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use muster_protocol::check::OrderPermission;
use muster_protocol::failure::FailureKind;
use muster_protocol::ids::{AccountId, IntentId, OrderId, OrderTag, RunId};
use muster_protocol::order::{Broker, Exchange, Leg};
use muster_protocol::plan::{Mode, PlanSpec};
use muster_protocol::run::IntentStatus;
use muster_protocol::time::Timestamp;

use super::account::{AccountEvent, Identity};
use super::book::{BookRow, OrderState, Trade};
use super::calendar::Calendar;
use super::check::EndedCheck;
use super::effect::{CheckJob, Effect, SendJob};
use super::instrument::Instrument;
use super::intent::Cause;
use super::model::{EgressSettings, FREEZE_LEAD_MS, LOGIN_TTL_MS, MUSTER_TIMES, Model, Settings};
use super::msg::{ListLoaded, Msg, Read};
use super::plan::PlanEvent;
use super::record::Record;
use super::session::SessionEvent;
use super::tag::Shift;
use super::update::{next_deadline, update};

/// What the scripted broker does with one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Accept,
    Refuse,
    /// Takes it, and the answer is lost.
    AcceptSilently,
    /// Never sees it, and the answer is lost.
    Lose,
    /// Takes it, and does not answer while the test lasts.
    Hang,
}

/// A day: the model, its store, the broker's book, and a clock that jumps to the next deadline.
struct Day {
    model: Model,
    store: Vec<Record>,
    now: Timestamp,
    book: Vec<OrderTag>,
    fates: BTreeMap<(AccountId, u8), Fate>,
    sends: Vec<IntentId>,
    most_in_flight: usize,
    /// What became of the book's orders, by their place in it, and how much of them filled.
    states: BTreeMap<usize, (OrderState, u32)>,
    /// What the book's orders are of, by their place in it, where it tells.
    looks: BTreeMap<usize, Leg>,
    /// Accounts whose book cannot be read.
    unreadable: BTreeSet<AccountId>,
    reads: Vec<(Timestamp, AccountId)>,
    cancels: Vec<OrderId>,
    /// So many cancellations do not arrive.
    lost_cancels: usize,
    cancel_fault: FailureKind,
    /// The checks that were begun, and the lines of the journal.
    checks: Vec<CheckJob>,
    warmed: Vec<(Timestamp, usize)>,
    said: Vec<String>,
    /// Instruments that the brokers' lists have otherwise than usual.
    listed: BTreeMap<(Exchange, String), Instrument>,
    /// Lists that are asked for do not come while the test lasts.
    slow_lists: bool,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn who(name: &str) -> super::msg::Who {
    super::msg::Who { name: name.to_owned(), role: "operator".to_owned() }
}

fn instrument(exchange: Exchange, symbol: &str) -> Instrument {
    Instrument {
        exchange,
        symbol: symbol.to_owned(),
        broker_symbol: format!("{symbol}-EQ"),
        token: "1".to_owned(),
        tick: muster_protocol::money::Paise(5),
        lot: 1.try_into().unwrap(),
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        version: "test".to_owned(),
        egress: vec![EgressSettings {
            name: "main".parse().unwrap(),
            address: "192.0.2.1".to_owned(),
            bind: None,
            proxied: false,
        }],
        muster_times: MUSTER_TIMES.to_vec(),
        freeze_lead_ms: FREEZE_LEAD_MS,
        login_ttl_ms: LOGIN_TTL_MS,
        ..Settings::default()
    }
}

pub(crate) fn plan() -> PlanSpec {
    serde_json::from_value(serde_json::json!({
        "name": "btst",
        "legs": [
            {"exchange": "NSE", "symbol": "INFY", "side": "SELL", "quantity": 5,
             "product": "delivery", "price": {"rule": "limit", "price": 150_000}},
            {"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 20,
             "product": "delivery", "price": {"rule": "limit", "price": 84_215}},
        ]
    }))
    .unwrap()
}

/// The records of so many accounts, fit for the day, and of a plan.
pub(crate) fn records(accounts: u32, mode: Mode, since: Timestamp) -> Vec<Record> {
    let mut records = Vec::new();
    for number in 1..=accounts {
        let id = AccountId(number);
        let identity = Identity {
            client_id: format!("A{number}"),
            holder: String::new(),
            egress: "main".parse().unwrap(),
        };
        let user = format!("user{number}").parse().unwrap();
        let broker = Broker::AngelOne;
        let connected = AccountEvent::Connected { user, broker, identity, at: since };
        records.push(Record::Account(id, connected));
        records.push(Record::Account(id, AccountEvent::AutoExecute { on: true, at: since }));
        let until = since.date().tomorrow().at(muster_protocol::time::TimeOfDay::hm(0, 0));
        records.push(Record::Session(id, SessionEvent::Opened { since, until }));
        let check = EndedCheck {
            started: since,
            ended: since,
            steps: vec![],
            failed: None,
            permission: Some(OrderPermission::Allowed),
            funds: None,
            latency_ms: None,
            probed_from: None,
            exchanges: None,
            otp_step: None,
        };
        records.push(Record::Check(id, check));
    }
    let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
    records.push(Record::Plan(name.clone(), PlanEvent::Put { no: 1, spec: plan(), at: since }));
    records.push(Record::Plan(name, PlanEvent::Armed { mode, at: since }));
    records
}

impl Day {
    fn new(accounts: u32, mode: Mode, since: &str) -> Self {
        Self::restarted(records(accounts, mode, at(since)), Vec::new(), at(since))
    }

    /// A daemon that starts on this store, with this book at the broker.
    fn restarted(store: Vec<Record>, book: Vec<OrderTag>, now: Timestamp) -> Self {
        let mut model = Model::new(settings(), Calendar::built_in(), now);
        for record in &store {
            model.apply(record).unwrap();
        }
        for symbol in ["INFY", "SBIN"] {
            let instrument = instrument(Exchange::Nse, symbol);
            let key = (Broker::AngelOne, instrument.exchange, symbol.to_owned());
            model.instruments.insert(key, instrument);
        }
        Self {
            model,
            store,
            now,
            book,
            fates: BTreeMap::new(),
            sends: vec![],
            most_in_flight: 0,
            states: BTreeMap::new(),
            looks: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            reads: vec![],
            cancels: vec![],
            lost_cancels: 0,
            cancel_fault: FailureKind::Unreachable,
            checks: vec![],
            warmed: vec![],
            said: vec![],
            listed: BTreeMap::new(),
            slow_lists: false,
        }
    }

    /// The book as it is read: each account sees all of it, other people's orders in it.
    fn rows(&self) -> Vec<BookRow> {
        let row = |(place, tag): (usize, &OrderTag)| {
            let (state, filled) =
                self.states.get(&place).copied().unwrap_or((OrderState::Pending, 0));
            let leg = self.looks.get(&place);
            BookRow {
                order_id: OrderId(place.to_string()),
                tags: vec![tag.0.clone()],
                exchange: leg.map(|leg| leg.exchange),
                symbol: leg.map(|leg| instrument(leg.exchange, &leg.symbol).broker_symbol),
                token: None,
                state,
                status: String::new(),
                filled,
                quantity: leg.map(|leg| leg.quantity),
                average: None,
                side: leg.map(|leg| leg.side),
                text: None,
            }
        };
        self.book.iter().enumerate().map(row).collect()
    }

    /// Takes the messages and everything that follows; stops early, as a kill does, after so many
    /// effects.
    fn take(&mut self, msgs: Vec<Msg>, mut effects_left: usize) -> bool {
        let mut queue = VecDeque::from(msgs);
        while let Some(msg) = queue.pop_front() {
            for effect in update(&mut self.model, self.now, msg) {
                if effects_left == 0 {
                    return false;
                }
                effects_left -= 1;
                queue.extend(self.perform(effect));
            }
            self.most_in_flight = self.most_in_flight.max(self.model.in_flight.len());
        }
        true
    }

    fn list_of(&self, broker: Broker, wanted: BTreeSet<(Exchange, String)>) -> Option<Msg> {
        let found = wanted.iter().map(|key| {
            let usual = || instrument(key.0, &key.1);
            self.listed.get(key).cloned().unwrap_or_else(usual)
        });
        let found = found.collect();
        let (checked, failed) = (Some(self.now), None);
        let loaded = ListLoaded { wanted, found, checked, size: 2, failed, lent: None };
        (!self.slow_lists).then_some(Msg::Instruments { broker, loaded })
    }

    fn perform(&mut self, effect: Effect) -> Vec<Msg> {
        let follows = match effect {
            Effect::Commit(commit) => {
                self.store.extend(commit.records.iter().cloned());
                self.said.extend(commit.journal.iter().map(|entry| entry.text.clone()));
                let begun = (!commit.then.is_empty()).then_some(Msg::Audited(commit.then));
                return std::iter::once(Msg::Committed(commit.records)).chain(begun).collect();
            }
            Effect::PackRuns { runs } => Some(archive::seen::packed(&self.store, runs)),
            Effect::MakeTags { run, parts } => {
                let tags = parts.into_iter().map(|(account, legs)| {
                    (
                        account,
                        legs.into_iter()
                            .map(|parts| parts.tag(Shift::from_bytes([7; 4]), &[7; 32]))
                            .collect(),
                    )
                });
                Some(Msg::TagsMade { run, tags: tags.collect() })
            }
            Effect::MakeTag { intent, parts, by, reply } => {
                let (attempt, tag) =
                    (parts.attempt, parts.tag(Shift::from_bytes([7; 4]), &[7; 32]));
                Some(Msg::TagMade { intent, attempt, tag, by, reply })
            }
            Effect::Send(job) => self.broker(job),
            Effect::ReadBook { account, trades, .. } => {
                self.reads.push((self.now, account));
                if self.unreadable.contains(&account) {
                    let says = Some("no answer".to_owned());
                    let cause = Cause { kind: FailureKind::Unreachable, says, ip_seen: None };
                    return vec![Msg::BookRead { account, read: Err(cause) }];
                }
                let rows = self.rows();
                let fills = rows.iter().filter(|row| row.filled > 0);
                let fills =
                    fills.map(|row| Trade { order_id: row.order_id.clone(), quantity: row.filled });
                let trades = trades.then(|| Ok(fills.collect()));
                Some(Msg::BookRead { account, read: Ok(Read { rows, trades }) })
            }
            Effect::Cancel { intent, order_id, .. } => {
                self.cancels.push(order_id.clone());
                if self.cancels.len() <= self.lost_cancels {
                    let cause = Cause { kind: self.cancel_fault, says: None, ip_seen: None };
                    return vec![Msg::Cancelled { intent, outcome: Err(cause) }];
                }
                let place: usize = order_id.0.parse().unwrap();
                self.states.insert(place, (OrderState::Cancelled, 0));
                Some(Msg::Cancelled { intent, outcome: Ok(()) })
            }
            Effect::StartCheck(job) => {
                self.checks.push(job);
                None
            }
            Effect::Reply(..)
            | Effect::Publish(_)
            | Effect::DropTicket(_)
            | Effect::DeriveKeys { .. }
            | Effect::OpenVault
            | Effect::SealVault
            | Effect::Backup(_)
            | Effect::Purge(_)
            | Effect::PackJournal
            | Effect::ObserveEgresses => None,
            Effect::Warm { connections, .. } => {
                self.warmed.push((self.now, connections));
                None
            }
            Effect::LoadInstruments { broker, wanted, .. } => self.list_of(broker, wanted),
        };
        follows.into_iter().collect()
    }

    fn broker(&mut self, job: SendJob) -> Option<Msg> {
        // I2: the record that says so is durable before an order leaves.
        let attempt = self.model.intents[&job.intent].attempt;
        let event = super::intent::IntentEvent::Sending { attempt, at: self.now };
        let durable = Record::Intent(job.intent.clone(), event);
        assert!(self.store.contains(&durable), "{:?} left before it was durable", job.intent);
        self.sends.push(job.intent.clone());
        let fate = self.fates.get(&(job.intent.account, job.intent.leg.0)).copied();
        let fate = fate.unwrap_or(Fate::Accept);
        if matches!(fate, Fate::Accept | Fate::AcceptSilently | Fate::Hang) {
            self.looks.insert(self.book.len(), job.leg);
            self.book.push(job.tag);
        }
        let cause = |kind| Cause { kind, says: None, ip_seen: None };
        let outcome = match fate {
            Fate::Accept => Ok(OrderId((self.book.len() - 1).to_string())),
            Fate::Refuse => Err(cause(FailureKind::Refused)),
            Fate::AcceptSilently | Fate::Lose => Err(cause(FailureKind::InDoubt)),
            Fate::Hang => return None,
        };
        Some(Msg::Outcome { intent: job.intent, outcome })
    }

    fn start(&mut self) {
        self.take(vec![Msg::Started], usize::MAX);
    }

    /// Lets time pass until `until`, deadline by deadline.
    fn pass(&mut self, until: &str) {
        let until = at(until);
        for _ in 0..100_000 {
            match next_deadline(&self.model, self.now) {
                Some(due) if due <= until => self.now = self.now.max(due),
                _ => {
                    self.now = until;
                    self.take(vec![Msg::Tick], usize::MAX);
                    return;
                }
            }
            self.take(vec![Msg::Tick], usize::MAX);
        }
        panic!("the deadlines do not move: {:?}", next_deadline(&self.model, self.now));
    }

    fn statuses(&self, run: &str) -> Vec<IntentStatus> {
        let run: RunId = run.to_owned().try_into().unwrap();
        self.model.intents_of(&run).map(|(_, intent)| intent.status()).collect()
    }

    fn run_state(&self, run: &str) -> Option<muster_protocol::run::RunState> {
        let run: RunId = run.to_owned().try_into().unwrap();
        self.model.runs.get(&run).map(super::run::Run::state)
    }

    /// No order twice: neither sent nor in the book.
    fn assert_at_most_once(&self) {
        let mut tags = self.book.clone();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), self.book.len(), "an order is in the book twice");
    }
}
