//! Each gate by itself: what opens it, what closes it, what it cannot tell.

use std::collections::BTreeSet;

use muster_protocol::account::Fitness;
use muster_protocol::check::{CheckStep, OrderPermission, StepVerdict, StepView};
use muster_protocol::failure::{Explained, FailureKind};
use muster_protocol::ids::EgressName;
use muster_protocol::money::Paise;
use muster_protocol::order::{Broker, Exchange};
use muster_protocol::status::{ClockOffset, Ntp, Observed, VaultState};

use super::super::account::{AccountEvent, Identity};
use super::super::calendar::Calendar;
use super::super::check::EndedCheck;
use super::super::clock_guard::{Measured, Reading};
use super::super::egress::{STALE_AFTER_MS, Trouble};
use super::super::instrument::Instrument;
use super::super::model::{EgressSettings, ListState, Settings};
use super::super::plan::PlanEvent;
use super::super::record::Record;
use super::super::session::SessionEvent;
use super::*;

const ONE: AccountId = AccountId(1);

fn at(clock: &str) -> Timestamp {
    format!("2026-11-23T{clock}+05:30").parse().unwrap()
}

fn check() -> EndedCheck {
    EndedCheck {
        started: at("15:00:00"),
        ended: at("15:00:00"),
        steps: vec![],
        failed: None,
        permission: Some(OrderPermission::Allowed),
        funds: Some(Paise(200_000)),
        latency_ms: Some(40),
        probed_from: Some("192.0.2.1".to_owned()),
        exchanges: Some(vec![Exchange::Nse]),
        otp_step: None,
    }
}

fn failed(step: CheckStep, kind: FailureKind) -> EndedCheck {
    let failure = Explained {
        kind,
        broker_says: Some("no".to_owned()),
        means: String::new(),
        action: String::new(),
        ip_seen: None,
        ip_to_register: None,
    };
    let verdict = StepVerdict::Failed;
    let step = StepView { step, verdict, took_ms: None, detail: String::new() };
    EndedCheck { steps: vec![step], failed: Some(failure), permission: None, ..check() }
}

/// Ten minutes before the run, one account at Zerodha: fit at every gate.
fn fit() -> Model {
    let egress = EgressSettings {
        name: "main".parse().unwrap(),
        address: "192.0.2.1".to_owned(),
        bind: None,
        proxied: false,
    };
    let settings = Settings { egress: vec![egress], ..Settings::default() };
    let mut model = Model::new(settings, Calendar::built_in(), at("09:00:00"));
    let identity = Identity {
        client_id: "XX0001".to_owned(),
        holder: String::new(),
        egress: "main".parse().unwrap(),
    };
    let (user, broker, since) = ("asha".parse().unwrap(), Broker::Zerodha, at("09:00:00"));
    let spec = serde_json::json!({
        "name": "btst",
        "legs": [{"exchange": "NSE", "symbol": "SBIN", "side": "BUY", "quantity": 2,
                  "product": "delivery", "price": {"rule": "limit", "price": 90_000}}]
    });
    let put = PlanEvent::Put { no: 1, spec: serde_json::from_value(spec).unwrap(), at: since };
    let armed = PlanEvent::Armed { mode: muster_protocol::plan::Mode::Live, at: since };
    let until = at("23:59:59");
    for record in [
        Record::Account(ONE, AccountEvent::Connected { user, broker, identity, at: since }),
        Record::Account(ONE, AccountEvent::AutoExecute { on: true, at: since }),
        Record::Session(ONE, SessionEvent::Opened { since, until }),
        Record::Check(ONE, check()),
        Record::Plan("btst".parse().unwrap(), put),
        Record::Plan("btst".parse().unwrap(), armed),
    ] {
        model.apply(&record).unwrap();
    }
    let instrument = Instrument {
        exchange: Exchange::Nse,
        symbol: "SBIN".to_owned(),
        broker_symbol: "SBIN".to_owned(),
        token: "1".to_owned(),
        tick: Paise(5),
        lot: 1.try_into().unwrap(),
    };
    model.instruments.insert((broker, Exchange::Nse, "SBIN".to_owned()), instrument);
    model.lists.insert(broker, ListState::Loaded { checked: at("15:00:00") });
    sees(&mut model, "192.0.2.1", "15:00:00");
    offset(&mut model, 100);
    model
}

fn sees(model: &mut Model, address: &str, when: &str) {
    let name: EgressName = "main".parse().unwrap();
    let observed = Observed { address: address.to_owned(), at: at(when) };
    model.seen.entry(name).or_default().took(Ok(observed));
}

fn offset(model: &mut Model, offset_ms: i64) {
    let offset = ClockOffset { broker: Broker::Zerodha, offset_ms, at: at("15:00:00") };
    let reading = Reading {
        wall_us: at("15:00:00").millis() * 1_000,
        steady_ms: 1,
        awake_ms: 1,
        ntp: Ntp::Unknown,
        offsets: vec![Measured { offset, steady_ms: 1 }],
    };
    model.clock.read(at("15:00:00"), &reading);
}

fn row(model: &Model) -> MusterRow {
    let now = at("15:00:10");
    let ahead = Ahead::next(model, now);
    assert!(ahead.due.is_some(), "the run is due");
    board(model, now, ahead, Shown::default()).rows.remove(0)
}

/// The gates that are not passed.
fn odd(model: &Model) -> Vec<(Gate, GateVerdict)> {
    let gates = row(model).gates.into_iter().filter(|gate| gate.verdict != GateVerdict::Passed);
    gates.map(|gate| (gate.gate, gate.verdict)).collect()
}

/// What changes, and the one gate that does not pass any more.
fn only(change: impl FnOnce(&mut Model), gate: Gate, verdict: GateVerdict) {
    let mut model = fit();
    change(&mut model);
    let row = row(&model);
    assert_eq!(odd(&model), [(gate, verdict)], "{row:#?}");
    let out = !matches!(row.fitness, Fitness::Fit);
    assert_eq!(out, verdict == GateVerdict::Failed, "{gate:?} {:?}", row.fitness);
}

fn apply(record: Record) -> impl FnOnce(&mut Model) {
    move |model| model.apply(&record).unwrap()
}

#[test]
fn every_gate_is_shown_in_order_with_its_age_and_its_words() {
    let row = row(&fit());
    assert_eq!(row.gates.iter().map(|gate| gate.gate).collect::<Vec<_>>(), Gate::ALL);
    assert!(row.gates.iter().all(|gate| gate.verdict == GateVerdict::Passed), "{row:#?}");
    assert_eq!(row.fitness, Fitness::Fit);
    for gate in [Gate::Credential, Gate::Egress, Gate::OrderPermission, Gate::Clock, Gate::Funds] {
        let view = row.gates.iter().find(|view| view.gate == gate).unwrap();
        assert_eq!(view.known_at, Some(at("15:00:00")), "{gate:?}");
    }
    let words: BTreeSet<&str> = Gate::ALL.iter().map(|gate| gate.words()).collect();
    assert_eq!(words.len(), Gate::ALL.len());
    assert!(row.gates.iter().all(|gate| !gate.detail.is_empty()), "{row:#?}");
}

#[test]
fn what_a_failed_check_proves_is_told_at_its_gate() {
    use CheckStep as S;
    use FailureKind as K;
    for (step, kind, gate) in [
        (S::Egress, K::IpNotAllowed, Gate::Egress),
        (S::Reach, K::Unreachable, Gate::Reach),
        (S::Login, K::OtpRejected, Gate::Credential),
        (S::Profile, K::CredentialsRejected, Gate::Credential),
        (S::Profile, K::SessionExpired, Gate::Session),
        (S::Funds, K::Maintenance, Gate::Funds),
        (S::OrderPermission, K::IpNotAllowed, Gate::OrderPermission),
    ] {
        let mut model = fit();
        let check = EndedCheck { ended: at("15:00:05"), ..failed(step, kind) };
        model.apply(&Record::Check(ONE, check)).unwrap();
        let row = row(&model);
        let Fitness::Unfit { reasons } = &row.fitness else { panic!("{step:?} {kind:?}: fit") };
        let said = Unfit::CheckFailed { kind, detail: "no".to_owned() };
        assert_eq!(reasons.as_slice(), [said], "{step:?}");
        let bad = row.gates.iter().filter(|gate| gate.verdict == GateVerdict::Failed);
        assert_eq!(bad.map(|gate| gate.gate).collect::<Vec<_>>(), [gate], "{step:?} {kind:?}");
    }
}

#[test]
fn each_gate_fails_for_what_is_known_to_be_bad_and_for_nothing_else() {
    use GateVerdict::{Failed, Unknown, Warned};
    only(|model| model.vault = VaultState::Sealed, Gate::Vault, Failed);
    only(
        |model| assert!(model.halts.insert(muster_protocol::halt::HaltScope::All)),
        Gate::Halt,
        Failed,
    );
    let ended = SessionEvent::Ended { at: at("14:00:00") };
    only(apply(Record::Session(ONE, ended)), Gate::Session, Failed);
    let early = SessionEvent::Opened { since: at("14:00:00"), until: at("15:12:00") };
    only(apply(Record::Session(ONE, early)), Gate::Session, Failed);
    only(|model| offset(model, -2_001), Gate::Clock, Failed);
    only(|model| model.instruments.clear(), Gate::Instruments, Failed);
    let again =
        ListState::Failed { again: at("15:01:00"), tries: 1, checked: None, wants_login: false };
    only(
        move |model| {
            model.lists.insert(Broker::Zerodha, again);
        },
        Gate::Instruments,
        Failed,
    );
    only(
        |model| {
            model.lists.insert(Broker::Zerodha, ListState::Loading { checked: None, tries: 0 });
            model.instruments.clear();
        },
        Gate::Instruments,
        Unknown,
    );
    let bse = EndedCheck { exchanges: Some(vec![Exchange::Bse]), ..check() };
    only(apply(Record::Check(ONE, bse)), Gate::Segment, Failed);
    let poor = EndedCheck { funds: Some(Paise(179_999)), ..check() };
    only(apply(Record::Check(ONE, poor)), Gate::Funds, Failed);
    let yesterday = |model: &mut Model| {
        let before = at("15:00:00").plus(-muster_protocol::time::DAY);
        model.accounts.get_mut(&ONE).unwrap().funds = Some((Paise(1), before));
    };
    only(yesterday, Gate::Funds, Unknown);
    let unclear = OrderPermission::CannotTell { why: "HTML".to_owned() };
    let unclear = EndedCheck { permission: Some(unclear), ..check() };
    only(apply(Record::Check(ONE, unclear)), Gate::OrderPermission, Unknown);
    let none = EndedCheck { permission: Some(OrderPermission::NoIpRegistered), ..check() };
    only(apply(Record::Check(ONE, none)), Gate::OrderPermission, Failed);
    let elsewhere = EndedCheck { probed_from: Some("192.0.2.7".to_owned()), ..check() };
    only(apply(Record::Check(ONE, elsewhere)), Gate::OrderPermission, Failed);
    let old = |model: &mut Model| {
        let before = at("15:00:00").plus(-muster_protocol::time::DAY);
        model.accounts.get_mut(&ONE).unwrap().permission_at = Some(before);
    };
    only(old, Gate::OrderPermission, Warned);
    let dry = PlanEvent::Armed { mode: muster_protocol::plan::Mode::DryRun, at: at("15:00:00") };
    only(apply(Record::Plan("btst".parse().unwrap(), dry)), Gate::Plan, Warned);
}

#[test]
fn an_observation_ages_and_an_address_that_is_gone_closes_the_gate() {
    use GateVerdict::{Failed, Unknown};
    let long_ago = at("15:00:10").plus(-STALE_AFTER_MS - 1).clock();
    only(move |model| sees(model, "192.0.2.1", &long_ago), Gate::Egress, Unknown);
    let name = || -> EgressName { "main".parse().unwrap() };
    let gone = Trouble { why: "gone".to_owned(), gone: true, at: at("15:00:00") };
    only(move |model| model.seen.entry(name()).or_default().took(Err(gone)), Gate::Egress, Failed);
    let silent = Trouble { why: "no answer".to_owned(), gone: false, at: at("15:00:00") };
    let mut model = fit();
    model.seen.entry(name()).or_default().took(Err(silent));
    assert_eq!(odd(&model), [], "one look that failed changes nothing yet");
    only(|model| model.settings.egress.clear(), Gate::Egress, Failed);
    let mut model = fit();
    model.seen.clear();
    assert_eq!(odd(&model), [(Gate::Egress, Unknown)]);
}

#[test]
fn an_account_that_is_off_is_neither_fit_nor_unfit() {
    let mut model = fit();
    model.vault = VaultState::Sealed;
    model
        .apply(&Record::Account(ONE, AccountEvent::Active { on: false, at: at("12:00:00") }))
        .unwrap();
    let row = row(&model);
    assert_eq!(row.fitness, Fitness::Off);
    assert_eq!(row.gates[0].detail, "inactive");
}

#[test]
fn a_new_account_says_every_reason() {
    let mut model = fit();
    let account = model.accounts.get_mut(&ONE).unwrap();
    let event = AccountEvent::Connected {
        user: account.user.clone(),
        broker: account.broker,
        identity: account.identity.clone(),
        at: at("14:00:00"),
    };
    *account = Account::next(None, &event).unwrap().unwrap();
    account.auto_execute = true;
    let Fitness::Unfit { reasons } = row(&model).fitness else { panic!("fit without a check") };
    let untested = Unfit::OrderPermission { permission: OrderPermission::Untested };
    assert_eq!(reasons, [Unfit::Untested, Unfit::LoginDue, untested]);
}

#[test]
fn a_person_sees_their_own_line_and_counts_only() {
    let model = fit();
    let now = at("15:00:10");
    let other = "other".parse().unwrap();
    let theirs = Shown { only: Some(&other), ..Shown::default() };
    let seen = board(&model, now, Ahead::next(&model, now), theirs);
    assert!(seen.rows.is_empty() && seen.counts == FitCounts::default());
}

#[test]
fn one_row_or_rows_without_gates_can_be_asked_for_and_the_counts_are_everybodys() {
    let model = fit();
    let now = at("15:00:10");
    let ahead = Ahead::next(&model, now);
    let id = row(&model).account;
    let all = board(&model, now, ahead, Shown::default());
    let one = board(&model, now, ahead, Shown { account: Some(id), ..Shown::default() });
    assert_eq!((&one.rows, one.counts), (&all.rows, all.counts));
    let nobody = Shown { account: Some(AccountId(id.0 + 1)), ..Shown::default() };
    let nobody = board(&model, now, ahead, nobody);
    assert_eq!((nobody.rows.len(), nobody.counts), (0, all.counts));
    let brief = board(&model, now, ahead, Shown { brief: true, ..Shown::default() });
    assert!(brief.rows[0].gates.is_empty() && brief.rows[0].fitness == all.rows[0].fitness);
}
