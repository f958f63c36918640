//! A trading day without crashes.

use muster_protocol::run::RunState;

use super::super::flight::{MAX_IN_FLIGHT, MAX_OPEN};
use super::*;

const MONDAY: &str = "btst@2026-11-23";

#[test]
fn every_fit_account_gets_its_orders_at_ten_past_three() {
    let mut day = Day::new(50, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:59.999+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Frozen));
    assert!(day.sends.is_empty(), "I4: nothing leaves before the time");
    day.pass("2026-11-23T15:10:10+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 100]);
    assert_eq!(day.book.len(), 100);
    assert!(day.most_in_flight <= MAX_IN_FLIGHT);
    day.assert_at_most_once();
    // Nothing more on that day, nothing on the holiday, and the next on Wednesday.
    day.pass("2026-11-25T15:09:00+05:30");
    assert_eq!(day.book.len(), 100);
    assert_eq!(day.model.runs.len(), 1);
}

#[test]
fn sells_leave_before_buys_of_the_same_account() {
    let mut day = Day::new(3, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    for account in 1..=3 {
        let legs: Vec<u8> =
            day.sends.iter().filter(|id| id.account.0 == account).map(|id| id.leg.0).collect();
        assert_eq!(legs, [0, 1]);
    }
}

#[test]
fn an_order_in_doubt_is_found_by_its_tag_and_never_sent_again() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.fates.insert((AccountId(1), 0), Fate::AcceptSilently);
    day.fates.insert((AccountId(2), 0), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!(
        day.statuses(MONDAY),
        [
            IntentStatus::Accepted,
            IntentStatus::Accepted,
            IntentStatus::InDoubt,
            IntentStatus::Accepted
        ]
    );
    assert_eq!(day.sends.len(), 4);
    assert_eq!(day.run_state(MONDAY), Some(RunState::Firing));
    // The run is closed with the doubt counted, and the doubt stays: I6.
    day.pass("2026-11-23T16:00:00+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
    assert_eq!(day.statuses(MONDAY)[2], IntentStatus::InDoubt);
    assert_eq!(day.sends.len(), 4);
}

#[test]
fn one_leg_at_a_time_also_while_an_earlier_one_is_looked_up_again() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    let mut three = plan();
    let mut third = three.legs[0].clone();
    third.side = muster_protocol::order::Side::Buy;
    three.legs.push(third);
    let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
    let put = PlanEvent::Put { no: 1, spec: three, at: day.now };
    let armed = PlanEvent::Armed { mode: Mode::Live, at: day.now };
    let records = [put, armed].map(|event| Record::Plan(name.clone(), event));
    day.take(vec![Msg::Committed(records.to_vec())], usize::MAX);
    day.fates.insert((AccountId(1), 0), Fate::Lose);
    day.fates.insert((AccountId(1), 1), Fate::Hang);
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    let legs: Vec<u8> = day.sends.iter().map(|id| id.leg.0).collect();
    assert_eq!(legs, [0, 1], "the third waits for the second's answer");
}

#[test]
fn a_refusal_stops_only_its_own_leg() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.fates.insert((AccountId(1), 0), Fate::Refuse);
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::Refused, IntentStatus::Accepted]);
}

#[test]
fn a_dry_run_sends_nothing() {
    let mut day = Day::new(5, Mode::DryRun, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Rehearsed; 10]);
    assert!(day.sends.is_empty() && day.book.is_empty());
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
}

#[test]
fn i5_what_is_sent_is_what_was_frozen() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:45+05:30");
    let mut edited = plan();
    edited.legs.truncate(1);
    let put = PlanEvent::Put { no: 1, spec: edited, at: day.now };
    let record = Record::Plan("btst".parse().unwrap(), put);
    day.take(vec![Msg::Committed(vec![record])], usize::MAX);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.sends.len(), 2, "the frozen plan has two legs");
}

#[test]
fn disarming_is_instant_before_and_during_the_run() {
    let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
    let mut day = Day::new(3, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:45+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Frozen));
    let disarmed = PlanEvent::Armed { mode: Mode::DryRun, at: day.now };
    day.take(vec![Msg::Committed(vec![Record::Plan(name.clone(), disarmed)])], usize::MAX);
    day.pass("2026-11-23T15:20:00+05:30");
    assert!(day.sends.is_empty());
    assert!(matches!(day.run_state(MONDAY), Some(RunState::Missed { .. })));

    let mut day = Day::new(3, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:10:00.050+05:30");
    assert_eq!(day.sends.len(), 3, "the second legs wait for their spacing");
    let removed = PlanEvent::Removed { at: day.now };
    day.take(vec![Msg::Committed(vec![Record::Plan(name, removed)])], usize::MAX);
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(day.sends.len(), 3);
    let missed = day.statuses(MONDAY).into_iter().filter(|s| *s == IntentStatus::Missed).count();
    assert_eq!(missed, 3);
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
}

#[test]
fn an_account_switched_off_after_the_freeze_sends_nothing() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:45+05:30");
    let off = AccountEvent::AutoExecute { on: false, at: day.now };
    day.take(vec![Msg::Committed(vec![Record::Account(AccountId(1), off)])], usize::MAX);
    day.pass("2026-11-23T15:11:00+05:30");
    assert!(day.sends.iter().all(|id| id.account == AccountId(2)), "{:?}", day.sends);
    let not_sent = day.statuses(MONDAY).into_iter().filter(|s| *s == IntentStatus::NotSent);
    assert_eq!(not_sent.count(), 2);
}

#[test]
fn a_record_that_does_not_fit_has_no_effect_live_and_none_at_replay() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    let run: RunId = MONDAY.to_owned().try_into().unwrap();
    let wrong = Record::Run(run, super::super::run::RunEvent::Fired { at: day.now, late_us: None });
    day.store.push(wrong.clone());
    day.take(vec![Msg::Committed(vec![wrong])], usize::MAX);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 2]);
}

#[test]
fn the_same_day_replays_to_the_same_model() {
    let mut day = Day::new(10, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.fates.insert((AccountId(3), 1), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:20:00+05:30");
    let again = Day::restarted(day.store.clone(), day.book.clone(), day.now);
    assert_eq!(again.model.intents, day.model.intents);
    assert_eq!(again.model.runs, day.model.runs);
    assert_eq!(again.model.accounts, day.model.accounts);
    assert_eq!(again.model.counts, day.model.counts);
}

#[test]
fn i7_accounts_whose_broker_hangs_delay_nobody_else_s_first_order() {
    let (all, hang) = (u32::try_from(MAX_OPEN).unwrap(), u32::try_from(MAX_IN_FLIGHT).unwrap());
    let mut day = Day::new(all, Mode::Live, "2026-11-23T12:00:00+05:30");
    // They come first, take every place, and never get an answer.
    for account in 1..=hang {
        day.fates.insert((AccountId(account), 0), Fate::Hang);
    }
    day.start();
    day.pass("2026-11-23T15:10:00.050+05:30");
    let first: BTreeSet<AccountId> = day.sends.iter().map(|id| id.account).collect();
    assert_eq!(first.len(), MAX_OPEN, "everybody's first order left within 50 ms");
    assert!(day.most_in_flight <= MAX_OPEN);
}

/// The run of hundreds comes first by its name, and its broker answers nobody: the places that come free are
/// for both.
#[test]
fn i7_a_run_of_many_does_not_keep_another_s_orders_back() {
    let mut day = Day::new(800, Mode::Live, "2026-11-23T12:00:00+05:30");
    for account in 1..=800 {
        day.fates.insert((AccountId(account), 0), Fate::Hang);
    }
    for (no, name, accounts) in [(1, "btst", 1..=400), (2, "other", 401..=800)] {
        let mut spec = plan();
        spec.name = name.parse().unwrap();
        spec.accounts = muster_protocol::plan::Takers::Ids(accounts.map(AccountId).collect());
        let put = PlanEvent::Put { no, spec, at: day.now };
        let armed = PlanEvent::Armed { mode: Mode::Live, at: day.now };
        let records = [put, armed].map(|event| Record::Plan(name.parse().unwrap(), event));
        day.take(vec![Msg::Committed(records.to_vec())], usize::MAX);
    }
    day.start();
    day.pass("2026-11-23T15:10:00.100+05:30");
    let second = day.sends.iter().filter(|id| id.account.0 > 400).count();
    let (least, all) = (MAX_OPEN / 4, day.sends.len());
    assert!(second >= least && all - second >= least, "{second} of {all}");
}

#[test]
fn i8_two_runs_at_one_time_keep_the_account_s_rate() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    let mut second = plan();
    second.name = "other".parse().unwrap();
    let name = second.name.clone();
    let put = PlanEvent::Put { no: 2, spec: second, at: day.now };
    let armed = PlanEvent::Armed { mode: Mode::Live, at: day.now };
    let records = [put, armed].map(|event| Record::Plan(name.clone(), event));
    day.take(vec![Msg::Committed(records.to_vec())], usize::MAX);
    day.start();
    day.pass("2026-11-23T15:10:00.124+05:30");
    assert_eq!(day.sends.len(), 2, "one each: {:?}", day.sends);
    day.pass("2026-11-23T15:10:00.249+05:30");
    assert_eq!(day.sends.len(), 4);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.sends.len(), 8);
}

#[test]
fn a_live_run_s_connections_are_opened_once_shortly_before_it() {
    for (mode, accounts) in [(Mode::Live, 3), (Mode::Live, 300), (Mode::DryRun, 3)] {
        let mut day = Day::new(accounts, mode, "2026-11-23T12:00:00+05:30");
        day.start();
        day.pass("2026-11-23T15:30:00+05:30");
        let wanted = usize::try_from(accounts).unwrap().min(MAX_IN_FLIGHT);
        let live = (mode == Mode::Live).then(|| (at("2026-11-23T15:09:58+05:30"), wanted));
        assert_eq!(day.warmed, Vec::from_iter(live));
    }
}
