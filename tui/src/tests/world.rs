//! A made-up morning, six minutes before the run.

use muster_protocol::account::{
    AccountStatus, AccountView, Fitness, LastRun, PastCheck, SessionView, Unfit,
};
use muster_protocol::check::{
    CheckOutcome, CheckStep, CheckTarget, CheckView, OrderPermission, StepVerdict, StepView,
};
use muster_protocol::event::{Area, JournalEntry, Level, Snapshot};
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::house::HouseView;
use muster_protocol::ids::{AccountId, RunId, TicketId};
use muster_protocol::muster::{MusterBoard, MusterRow};
use muster_protocol::order::{Broker, Exchange, Leg, PriceRule, Product, Side, Validity};
use muster_protocol::plan::{Mode, PlanSpec, PlanView};
use muster_protocol::reply::{Role, Welcome};
use muster_protocol::run::RunCounts;
use muster_protocol::status::{
    ClockView, EgressState, EgressView, FitCounts, MarketPhase, NextRun, Observed, StatusView,
    VaultState,
};
use muster_protocol::time::{DAY, MINUTE, SECOND, TimeOfDay, Timestamp};
use muster_protocol::vault::{SlotKind, SlotView};
use muster_protocol::version::ProtocolVersion;

pub(crate) use super::firing::{firing, past_runs};
use crate::app::layout::Size;
use crate::app::look::Look;
use crate::app::model::{Model, Page};
use crate::app::msg::{LinkNews, Msg};
use crate::app::screens::connect::Stage;
use crate::app::update::update;

/// 23 November 2026, 15:04:12 at the exchange.
pub(crate) fn now() -> Timestamp {
    "2026-11-23T15:04:12+05:30".parse().unwrap()
}

pub(crate) fn size(width: u16, height: u16) -> Size {
    Size { width, height }
}

/// A model that has heard the snapshot, at 80x24.
pub(crate) fn model() -> Model {
    model_of(snapshot())
}

pub(crate) fn model_of(snapshot: Snapshot) -> Model {
    let mut model = Model::new(size(80, 24), Look::default(), false);
    let at = Timestamp::from_millis(0);
    update(&mut model, at, Msg::Link(LinkNews::Connected(welcome())));
    update(&mut model, at, Msg::Link(LinkNews::Snapshot(Box::new(snapshot))));
    model
}

/// The Connect page while a Zerodha login is waited for.
pub(crate) fn waiting_for_login() -> Model {
    let mut snapshot = snapshot();
    snapshot.checks.push(login_check());
    let mut model = model_of(snapshot);
    model.page = Page::Connect;
    model.connect.stage =
        Stage::Check { ticket: Some(TicketId(7)), login: Some(AccountId(4)), refusal: None };
    model
}

pub(crate) fn welcome() -> Welcome {
    Welcome {
        protocol: ProtocolVersion::CURRENT,
        build: env!("CARGO_PKG_VERSION").to_owned(),
        role: Role::Operator,
        now: now(),
    }
}

/// The store and what guards it.
pub(crate) fn house() -> HouseView {
    let slot = |slot, kind| SlotView { slot, kind, cost: None };
    HouseView {
        store_bytes: Some(18_874_368),
        records: 1_204,
        journal: 214_220,
        slots: vec![slot(0, SlotKind::Passphrase), slot(1, SlotKind::Recovery)],
        backup: Some(now().plus(-754 * MINUTE)),
        brokers: super::gates::health(),
    }
}

pub(crate) fn login_check() -> CheckView {
    let link = "https://kite.zerodha.com/connect/login?v=3&api_key=ab12cd34ef56gh78&redirect_params=state%3DAgAAAaH4E6swAGdB7Fro7CjgoqFv4ga3Q7idQtTogV";
    CheckView {
        target: CheckTarget::Ticket(TicketId(7)),
        user: "deepak.s".parse().unwrap(),
        broker: Broker::Zerodha,
        started: now().plus(-19 * SECOND),
        steps: steps(0, None),
        outcome: CheckOutcome::AwaitingLogin {
            link: link.to_owned(),
            expires: now().plus(9 * MINUTE + 41 * SECOND),
        },
        saved_as: None,
    }
}

pub(crate) fn refused_check(target: CheckTarget) -> CheckView {
    CheckView {
        target,
        user: "bharat.m".parse().unwrap(),
        broker: Broker::AngelOne,
        started: now().plus(-MINUTE),
        steps: steps(5, Some((CheckStep::OrderPermission, "REFUSED: this address is not registered"))),
        outcome: CheckOutcome::Failed {
            failure: Explained {
                kind: FailureKind::IpNotAllowed,
                broker_says: Some("AG7002 Access denied: Unregistered IP address".to_owned()),
                means: "Login works from anywhere; orders only from a registered address, and 98.88.173.81 is not one of A123456's.".to_owned(),
                action: "Register 98.88.173.81 in the SmartAPI app, wait up to ten minutes, then test again.".to_owned(),
                ip_seen: Some("98.88.173.81".to_owned()),
                ip_to_register: Some("98.88.173.81".to_owned()),
            },
        },
        saved_as: None,
    }
}

/// The first `passed` steps good, then perhaps a bad one.
pub(crate) fn steps(passed: usize, failed: Option<(CheckStep, &str)>) -> Vec<StepView> {
    const FOUND: [&str; 6] = [
        "the world sees 98.88.173.81 (IPv4)",
        "TLS 1.3 to apiconnect.angelone.in",
        "TOTP accepted, clock offset +0.2 s",
        "client A123456, BHARAT M",
        "\u{20b9} 1,20,450.00 available",
        "orders accepted from here",
    ];
    let took = [41, 88, 310, 96, 104, 92];
    let of = |(at, step): (usize, CheckStep)| match failed {
        Some((bad, why)) if bad == step => StepView {
            step,
            verdict: StepVerdict::Failed,
            took_ms: Some(took[at]),
            detail: why.to_owned(),
        },
        _ if at < passed => StepView {
            step,
            verdict: StepVerdict::Passed,
            took_ms: Some(took[at]),
            detail: FOUND[at].to_owned(),
        },
        _ => StepView { step, verdict: StepVerdict::Waiting, took_ms: None, detail: String::new() },
    };
    CheckStep::ALL.into_iter().enumerate().map(of).collect()
}

fn past(at: Timestamp, failed: Option<FailureKind>) -> PastCheck {
    PastCheck { at, failed, took_ms: [41, 88, 310, 96, 104, 92].map(Some).to_vec() }
}

fn account(id: u32, user: &str, broker: Broker) -> AccountView {
    let at = now();
    AccountView {
        id: AccountId(id),
        user: user.parse().unwrap(),
        broker,
        client_id: format!("A12345{id}"),
        holder: user.to_uppercase().replace('.', " "),
        egress: "main".parse().unwrap(),
        active: true,
        auto_execute: true,
        labels: Vec::new(),
        status: AccountStatus::Active,
        permission: OrderPermission::Allowed,
        permission_at: Some(at.plus(-4 * MINUTE)),
        session: SessionView::Live {
            since: at.plus(-6 * 60 * MINUTE),
            until: at.plus(535 * MINUTE),
        },
        last_ok: Some(at.plus(-12 * SECOND)),
        latency_ms: Some(88 + id),
        fitness: Fitness::Fit,
        last_run: Some(LastRun {
            run: run_id("btst@2026-11-20"),
            counts: Some(RunCounts { accepted: 3, ..RunCounts::default() }),
        }),
        last_check: Some(CheckView {
            target: CheckTarget::Account(AccountId(id)),
            user: user.parse().unwrap(),
            broker,
            started: at.plus(-4 * MINUTE),
            steps: steps(6, None),
            outcome: CheckOutcome::Passed,
            saved_as: None,
        }),
        history: vec![past(at.plus(-4 * MINUTE), None), past(at.plus(-3 * DAY), None)],
        connected_at: at.plus(-31 * DAY),
    }
}

fn failing(id: u32, user: &str, broker: Broker, status: AccountStatus, why: Unfit) -> AccountView {
    AccountView {
        status,
        fitness: Fitness::Unfit { reasons: vec![why] },
        permission: OrderPermission::Untested,
        permission_at: None,
        last_ok: Some(now().plus(-9 * DAY)),
        last_check: None,
        last_run: Some(LastRun { run: run_id("btst@2026-11-20"), counts: None }),
        ..account(id, user, broker)
    }
}

pub(crate) fn accounts() -> Vec<AccountView> {
    let refused = OrderPermission::Refused { seen: Some("98.88.173.81".to_owned()) };
    let mut bharat = failing(
        2,
        "bharat.m",
        Broker::AngelOne,
        AccountStatus::Failed(FailureKind::IpNotAllowed),
        Unfit::OrderPermission { permission: refused.clone() },
    );
    bharat.permission = refused;
    bharat.last_check = Some(refused_check(CheckTarget::Account(AccountId(2))));
    bharat.history = vec![
        past(now().plus(-MINUTE), Some(FailureKind::IpNotAllowed)),
        past(now().plus(-3 * DAY), None),
    ];
    let mut deepak =
        failing(4, "deepak.s", Broker::Zerodha, AccountStatus::LoginDue, Unfit::LoginDue);
    deepak.session = SessionView::Ended { at: now().plus(-9 * 60 * MINUTE) };
    let mut esha = failing(
        5,
        "esha.v",
        Broker::AngelOne,
        AccountStatus::Failed(FailureKind::OtpRejected),
        Unfit::CheckFailed {
            kind: FailureKind::OtpRejected,
            detail: "not tried again by itself".to_owned(),
        },
    );
    esha.session = SessionView::None;
    let off = |active| AccountView {
        active,
        auto_execute: false,
        status: if active { AccountStatus::Active } else { AccountStatus::Inactive },
        fitness: Fitness::Off,
        ..account(
            if active { 6 } else { 7 },
            if active { "farhan.a" } else { "gita.p" },
            Broker::Zerodha,
        )
    };
    let chitra = account(3, "chitra.r", Broker::Zerodha);
    vec![
        account(1, "asha.k", Broker::AngelOne),
        bharat,
        chitra,
        deepak,
        esha,
        off(true),
        off(false),
    ]
}

pub(crate) fn run_id(text: &str) -> RunId {
    RunId::try_from(text.to_owned()).unwrap()
}

fn leg(side: Side, exchange: Exchange, symbol: &str, quantity: u32) -> Leg {
    Leg {
        exchange,
        symbol: symbol.to_owned(),
        side,
        quantity: quantity.try_into().unwrap(),
        product: Product::Delivery,
        price: PriceRule::Market,
        validity: Validity::Day,
    }
}

pub(crate) fn legs() -> Vec<Leg> {
    vec![
        leg(Side::Sell, Exchange::Nfo, "NIFTY26NOVFUT", 75),
        leg(Side::Buy, Exchange::Nse, "INFY", 10),
        leg(Side::Buy, Exchange::Nse, "SBIN", 20),
    ]
}

pub(crate) fn plan() -> PlanView {
    PlanView {
        spec: PlanSpec {
            window_until: TimeOfDay::hm(15, 14).into(),
            ..PlanSpec::new("btst".parse().unwrap(), legs())
        },
        mode: Mode::Live,
        hash: "7c1e5a0bb2".to_owned(),
        next_fire: Some(now().date().at(TimeOfDay::hm(15, 10))),
        no_fire_because: None,
        unchanged_run: None,
        findings: Vec::new(),
    }
}

pub(crate) fn journal() -> Vec<JournalEntry> {
    let entry = |seq: u64, level, area, user: Option<&str>, text: &str| JournalEntry {
        seq,
        at: now().plus(-MINUTE + i64::try_from(seq).unwrap() * 113),
        level,
        area,
        user: user.map(|user| user.parse().unwrap()),
        account: None,
        broker: user.map(|_| Broker::AngelOne),
        run: None,
        text: text.to_owned(),
    };
    vec![
        entry(1, Level::Info, Area::Daemon, None, "started, 7 accounts, vault open"),
        entry(2, Level::Warn, Area::Check, Some("bharat.m"), "order permission refused (AG7002)"),
        entry(
            3,
            Level::Error,
            Area::Session,
            Some("esha.v"),
            "TOTP rejected (AB1050); not tried again by itself, because brokers lock accounts after a few attempts",
        ),
        entry(4, Level::Info, Area::Plan, None, "btst frozen, 3 legs, 2 accounts, hash 7c1e5a0b"),
    ]
}

pub(crate) fn snapshot() -> Snapshot {
    let at = now();
    Snapshot {
        status: StatusView {
            halts: Vec::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: at.plus(-12 * DAY),
            now: at,
            vault: VaultState::Open,
            market: MarketPhase::Open,
            calendar_until: "2026-12-31".parse().unwrap(),
            calendar_warning: None,
            next_run: Some(NextRun {
                plan: "btst".parse().unwrap(),
                at: at.date().at(TimeOfDay::hm(15, 10)),
                mode: Mode::Live,
            }),
            egress: vec![EgressView {
                name: "main".parse().unwrap(),
                address: "98.88.173.81".to_owned(),
                observed: Some(Observed {
                    address: "98.88.173.81".to_owned(),
                    at: at.plus(-10 * SECOND),
                }),
                accounts: 7,
                shared_at: vec![Broker::AngelOne],
                state: EgressState::AsRegistered,
                bind: None,
                proxied: false,
                trouble: None,
            }],
            counts: FitCounts { fit: 2, unfit: 3, off: 2 },
            held: None,
            missed: Vec::new(),
            audit: None,
            clock: ClockView::default(),
            mustered: None,
            callback: Some("127.0.0.1:8912".to_owned()),
        },
        accounts: accounts(),
        plans: vec![plan()],
        runs: Vec::new(),
        intents: Vec::new(),
        checks: Vec::new(),
        journal: journal(),
    }
}

/// The board that belongs to a snapshot, without gates.
pub(crate) fn board(snapshot: &Snapshot) -> MusterBoard {
    let row = |account: &AccountView| MusterRow {
        account: account.id,
        user: account.user.clone(),
        broker: account.broker,
        client_id: account.client_id.clone(),
        fitness: account.fitness.clone(),
        gates: Vec::new(),
    };
    MusterBoard {
        now: snapshot.status.now,
        run: None,
        held: None,
        mustered: None,
        next_muster: None,
        checking: 0,
        counts: snapshot.status.counts,
        rows: snapshot.accounts.iter().map(row).collect(),
    }
}
