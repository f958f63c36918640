//! Fixed values the lines are made of: one person, one plan, one day.

use std::collections::BTreeMap;

use muster_protocol::account::{
    AccountStatus, AccountView, Fitness, LastRun, PastCheck, SessionView, Unfit,
};
use muster_protocol::check::{
    CheckOutcome, CheckStep, CheckTarget, CheckView, OrderPermission, StepVerdict, StepView,
};
use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::halt::HaltScope;
use muster_protocol::house::{BrokerFault, BrokerHealth};
use muster_protocol::ids::{
    AccountId, IntentId, LegNo, OrderId, OrderTag, RunId, TicketId, UserId,
};
use muster_protocol::money::{Paise, Quantity};
use muster_protocol::muster::{Gate, GateVerdict, GateView, MusterBoard, MusterRow, MusterRun};
use muster_protocol::order::{Broker, Exchange, Leg, PriceRule, Product, Side, Validity};
use muster_protocol::plan::{
    Ambiguity, Caps, Finding, Mode, PlanCheck, PlanSpec, PlanView, Share, Takers, Weight,
};
use muster_protocol::run::{
    Called, CalledAs, IntentStatus, IntentView, LeftOut, RunCounts, RunState, RunView,
};
use muster_protocol::status::{
    ClockOffset, ClockStep, ClockView, EgressState, EgressView, FitCounts, MarketPhase, NextRun,
    Ntp, Observed, StatusView, VaultState,
};
use muster_protocol::tally::TallyCounts;
use muster_protocol::time::{TimeOfDay, Timestamp, TradingDate, Weekday};

pub(crate) const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

pub(crate) fn at(clock: &str) -> Timestamp {
    format!("2026-11-23T{clock}+05:30").parse().unwrap()
}

pub(crate) fn user() -> UserId {
    "asha".parse().unwrap()
}

pub(crate) fn run_id() -> RunId {
    "btst@2026-11-23".to_owned().try_into().unwrap()
}

pub(crate) fn date() -> TradingDate {
    "2026-11-23".parse().unwrap()
}

pub(crate) fn status() -> StatusView {
    StatusView {
        version: "0.1.0".to_owned(),
        started: at("08:00:00"),
        now: at("12:00:00"),
        vault: VaultState::Open,
        market: MarketPhase::Open,
        calendar_until: date(),
        calendar_warning: None,
        halts: vec![HaltScope::User(user())],
        next_run: Some(NextRun {
            plan: "btst".parse().unwrap(),
            at: at("15:10:00"),
            mode: Mode::Live,
        }),
        egress: vec![EgressView {
            name: "main".parse().unwrap(),
            address: "203.0.113.7".to_owned(),
            observed: Some(Observed { address: "203.0.113.7".to_owned(), at: at("11:59:00") }),
            accounts: 2,
            shared_at: vec![Broker::Zerodha],
            state: EgressState::AsRegistered,
            bind: Some("10.0.0.5".to_owned()),
            proxied: false,
            trouble: Some("no answer in the time allowed".to_owned()),
        }],
        counts: FitCounts { fit: 1, unfit: 1, off: 0 },
        held: None,
        missed: Vec::new(),
        audit: None,
        clock: clock(),
        mustered: Some(at("09:05:00")),
        callback: Some("127.0.0.1:8912".to_owned()),
    }
}

fn clock() -> ClockView {
    ClockView {
        ntp: Ntp::Synchronised { at: at("11:58:00") },
        offsets: vec![ClockOffset { broker: Broker::Zerodha, offset_ms: -120, at: at("11:59:59") }],
        set: Some(ClockStep { at: at("09:00:00"), by_ms: -700 }),
    }
}

/// One broker that has served everything, one that has not.
pub(crate) fn health() -> Vec<BrokerHealth> {
    let faults = [(FailureKind::RateLimited, 2), (FailureKind::Maintenance, 1)];
    let well = BrokerHealth {
        broker: Broker::AngelOne,
        calls: 0,
        faults: BTreeMap::new(),
        last_ok: None,
        last_fault: None,
    };
    let ill = BrokerHealth {
        broker: Broker::Zerodha,
        calls: 214,
        faults: BTreeMap::from(faults),
        last_ok: Some(at("14:59:00")),
        last_fault: Some(BrokerFault { kind: FailureKind::Maintenance, at: at("14:58:00") }),
    };
    vec![well, ill]
}

/// A board with one line, its gates in each verdict there is.
pub(crate) fn board() -> MusterBoard {
    let verdicts =
        [GateVerdict::Passed, GateVerdict::Warned, GateVerdict::Unknown, GateVerdict::Failed];
    let gates = Gate::ALL.into_iter().zip(verdicts.into_iter().cycle());
    let gates = gates.map(|(gate, verdict)| GateView {
        gate,
        verdict,
        known_at: (gate == Gate::Egress).then(|| at("11:59:00")),
        detail: if gate == Gate::Egress { "main 203.0.113.7" } else { "" }.to_owned(),
    });
    MusterBoard {
        now: at("15:00:00"),
        run: Some(MusterRun {
            plan: "btst".parse().unwrap(),
            at: at("15:10:00"),
            window_until: at("15:14:00"),
            mode: Mode::Live,
            hash: HASH.to_owned(),
            frozen: true,
        }),
        held: None,
        mustered: Some(at("14:59:00")),
        next_muster: Some(at("15:05:00")),
        checking: 1,
        counts: FitCounts { fit: 0, unfit: 1, off: 0 },
        rows: vec![MusterRow {
            account: AccountId(7),
            user: user(),
            broker: Broker::Zerodha,
            client_id: "ZS0001".to_owned(),
            fitness: Fitness::Unfit { reasons: vec![Unfit::InDoubt { orders: 1 }] },
            gates: gates.collect(),
        }],
    }
}

pub(crate) fn leg(price: PriceRule) -> Leg {
    Leg {
        exchange: Exchange::Nse,
        symbol: "SBIN".to_owned(),
        side: Side::Buy,
        quantity: Quantity::try_from(20).unwrap(),
        product: Product::Delivery,
        price,
        validity: Validity::Day,
    }
}

pub(crate) fn spec() -> PlanSpec {
    PlanSpec {
        name: "btst".parse().unwrap(),
        at: [TimeOfDay::hm(9, 20), TimeOfDay::hm(15, 10)].into_iter().collect(),
        window_until: [TimeOfDay::hm(9, 25), TimeOfDay::hm(15, 14)].into_iter().collect(),
        weekdays: vec![Weekday::Mon, Weekday::Fri],
        special_sessions: false,
        accounts: Takers::Labels(vec!["family".parse().unwrap()]),
        multiplier: 2,
        caps: Caps { orders: Some(4), quantity: None, value: None },
        shares: vec![Share {
            accounts: Takers::Ids(vec![AccountId(7)]),
            multiplier: Some(3),
            caps: Caps {
                orders: None,
                quantity: Some(Quantity::try_from(100).unwrap()),
                value: Some(Paise(10_000_000)),
            },
        }],
        sells_first: true,
        ambiguity: Ambiguity::ResendOnce,
        legs: vec![leg(PriceRule::Limit { price: Paise(84_215) }), leg(PriceRule::Market)],
    }
}

pub(crate) fn plan() -> PlanView {
    PlanView {
        spec: spec(),
        mode: Mode::Live,
        hash: HASH.to_owned(),
        next_fire: Some(at("15:10:00")),
        no_fire_because: None,
        unchanged_run: Some(run_id()),
        findings: vec![Finding {
            weight: Weight::Warning,
            leg: Some(1),
            broker: Some(Broker::Zerodha),
            text: "the list has not come".to_owned(),
        }],
    }
}

pub(crate) fn plan_check() -> PlanCheck {
    PlanCheck {
        good: false,
        hash: HASH.to_owned(),
        next_fire: Some(at("15:10:00")),
        accounts: 2,
        findings: vec![Finding {
            weight: Weight::Error,
            leg: None,
            broker: None,
            text: "name at least one weekday".to_owned(),
        }],
    }
}

pub(crate) fn explained() -> Explained {
    Explained {
        kind: FailureKind::IpNotAllowed,
        broker_says: Some("IP (198.51.100.4) is not allowed".to_owned()),
        means: "The address is not on the list of this key.".to_owned(),
        action: "Register 203.0.113.7.".to_owned(),
        ip_seen: Some("198.51.100.4".to_owned()),
        ip_to_register: Some("203.0.113.7".to_owned()),
    }
}

pub(crate) fn check(target: CheckTarget, outcome: CheckOutcome) -> CheckView {
    let steps = CheckStep::ALL.into_iter().map(|step| StepView {
        step,
        verdict: StepVerdict::Passed,
        took_ms: (step == CheckStep::Reach).then_some(41),
        detail: if step == CheckStep::Egress { "203.0.113.7" } else { "" }.to_owned(),
    });
    CheckView {
        target,
        user: user(),
        broker: Broker::Zerodha,
        started: at("11:00:00"),
        steps: steps.collect(),
        outcome,
        saved_as: None,
    }
}

/// An account with every field filled.
pub(crate) fn account() -> AccountView {
    AccountView {
        id: AccountId(7),
        user: user(),
        broker: Broker::Zerodha,
        client_id: "ZS0001".to_owned(),
        holder: "Asha K".to_owned(),
        egress: "main".parse().unwrap(),
        active: true,
        auto_execute: true,
        labels: vec!["family".parse().unwrap()],
        status: AccountStatus::Active,
        permission: OrderPermission::Allowed,
        permission_at: Some(at("11:00:01")),
        session: SessionView::Live { since: at("09:00:00"), until: at("23:59:59") },
        last_ok: Some(at("11:00:01")),
        latency_ms: Some(38),
        fitness: Fitness::Fit,
        last_run: Some(LastRun { run: run_id(), counts: Some(counts()) }),
        last_check: Some(check(CheckTarget::Account(AccountId(7)), CheckOutcome::Passed)),
        history: vec![
            PastCheck { at: at("10:00:00"), failed: None, took_ms: Vec::new() },
            PastCheck {
                at: at("09:00:00"),
                failed: Some(FailureKind::Unreachable),
                took_ms: vec![Some(41), Some(2_000), None, None, None, None],
            },
        ],
        connected_at: at("08:30:00"),
    }
}

/// An account of which little is known.
pub(crate) fn fresh_account(status: AccountStatus, fitness: Fitness) -> AccountView {
    AccountView {
        id: AccountId(8),
        broker: Broker::AngelOne,
        auto_execute: false,
        status,
        permission: OrderPermission::Untested,
        permission_at: None,
        session: SessionView::None,
        last_ok: None,
        latency_ms: None,
        fitness,
        last_run: None,
        last_check: None,
        history: Vec::new(),
        ..account()
    }
}

pub(crate) fn counts() -> RunCounts {
    RunCounts { accepted: 1, in_doubt: 1, ..RunCounts::default() }
}

pub(crate) fn run(state: RunState) -> RunView {
    RunView {
        id: run_id(),
        mode: Mode::Live,
        state,
        fire_at: at("15:10:00"),
        fired_at: Some(at("15:10:00.004")),
        late_us: Some(4_120),
        closed_at: Some(at("15:10:02")),
        called: Some(Called {
            by: "uid 1000".to_owned(),
            run: CalledAs::InsteadOf { at: at("15:20:00") },
        }),
        hash: HASH.to_owned(),
        legs: spec().legs,
        ambiguity: Ambiguity::Hold,
        accounts: 1,
        left_out: vec![LeftOut {
            account: AccountId(8),
            user: user(),
            broker: Broker::AngelOne,
            reasons: vec![Unfit::LoginDue],
        }],
        counts: counts(),
        tally: Some(TallyCounts { pass: 1, diff: 0, unknown: 1 }),
    }
}

pub(crate) fn intent(status: IntentStatus) -> IntentView {
    IntentView {
        id: IntentId { run: run_id(), account: AccountId(7), leg: LegNo(1) },
        user: user(),
        broker: Broker::Zerodha,
        leg: leg(PriceRule::Market),
        broker_symbol: Some("SBIN".to_owned()),
        status,
        tag: Some(OrderTag("1YD0100070111ABCDEF".to_owned())),
        order_id: Some(OrderId("1953341975595868160".to_owned())),
        sent_at: Some(at("15:10:00.010")),
        took_ms: Some(55),
        lookups: 1,
        filled: 12,
        average: Some(Paise(84_210)),
        book_says: Some("partly filled".to_owned()),
        absent_since: Some(at("15:10:34")),
        duplicates: vec![OrderId("1953341975595868161".to_owned())],
        failure: Some(explained()),
    }
}

/// An entry of which everything is known, and one of which only what has to be.
pub(crate) fn entry(full: bool) -> JournalEntry {
    JournalEntry {
        seq: 4,
        at: at("15:10:00"),
        level: Level::Warn,
        area: Area::Order,
        user: full.then(user),
        account: full.then_some(AccountId(7)),
        broker: full.then_some(Broker::Zerodha),
        run: full.then(run_id),
        text: "an order is in doubt".to_owned(),
    }
}

pub(crate) const TICKET: TicketId = TicketId(1_795_415_400_001);
