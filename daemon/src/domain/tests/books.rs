//! What the brokers' order books tell: before a run, in doubt, until the end, and for the tally.

use muster_protocol::halt::HaltScope;
use muster_protocol::run::RunState;
use muster_protocol::tally::TallyVerdict;

use super::super::intent::{IntentEvent, Stage};
use super::super::msg::{Ask, Asked, HaltChange, ReplyTo};
use super::super::report;
use super::super::update::next_deadline;
use super::*;

const MONDAY: &str = "btst@2026-11-23";

fn noon(accounts: u32) -> Day {
    Day::new(accounts, Mode::Live, "2026-11-23T12:00:00+05:30")
}

impl Day {
    fn tally(&self) -> Vec<(TallyVerdict, Vec<String>)> {
        let report = report::daily(&self.model, self.now, None);
        let lines = report.runs.first().map(|run| run.tally.clone()).unwrap_or_default();
        lines.into_iter().map(|line| (line.verdict, line.notes)).collect()
    }

    fn absent(&self) -> usize {
        let proven = |intent: &&super::super::intent::Intent| {
            matches!(intent.stage, Stage::InDoubt { absent: Some(_), .. })
        };
        self.model.intents.values().filter(proven).count()
    }
}

#[test]
fn every_account_is_read_before_its_first_order_leaves() {
    let mut day = noon(5);
    day.start();
    day.pass("2026-11-23T15:09:59+05:30");
    let read: BTreeSet<AccountId> = day.reads.iter().map(|(_, account)| *account).collect();
    assert_eq!((read.len(), day.sends.len()), (5, 0));
    assert!(day.reads.iter().all(|(when, _)| *when >= at("2026-11-23T15:09:30+05:30")));
}

/// A store restored from a backup, or a second daemon: the orders are there already, under the very
/// tags this one would send.
#[test]
fn i18_what_is_at_the_broker_already_is_not_sent_again() {
    let mut first = noon(3);
    let noon_store = first.store.clone();
    first.start();
    first.pass("2026-11-23T15:10:30+05:30");
    assert_eq!(first.book.len(), 6);
    let mut twin = Day::restarted(noon_store, first.book.clone(), at("2026-11-23T15:11:00+05:30"));
    twin.start();
    twin.pass("2026-11-23T15:20:00+05:30");
    assert!(twin.sends.is_empty(), "{:?}", twin.sends);
    assert_eq!(twin.statuses(MONDAY), vec![IntentStatus::Accepted; 6]);
}

#[test]
fn an_account_whose_book_cannot_be_read_sends_nothing_and_holds_nobody_else_up() {
    let mut day = noon(3);
    day.unreadable.insert(AccountId(2));
    day.start();
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!(day.sends.len(), 4);
    assert!(day.sends.iter().all(|id| id.account != AccountId(2)));
    day.unreadable.clear();
    day.pass("2026-11-23T15:13:30+05:30");
    assert_eq!(day.sends.len(), 6, "read in time after all");
    let mut day = noon(2);
    day.unreadable.insert(AccountId(1));
    day.start();
    day.pass("2026-11-23T15:20:00+05:30");
    let missed = day.statuses(MONDAY).into_iter().filter(|s| *s == IntentStatus::Missed).count();
    assert_eq!(missed, 2, "and the window's end says so");
}

#[test]
fn a_lost_order_is_proven_absent_and_stays_in_doubt_for_a_person() {
    let mut day = noon(1);
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:10:30+05:30");
    assert_eq!((day.absent(), day.sends.len()), (0, 2), "not before it has settled");
    day.pass("2026-11-23T15:10:40+05:30");
    assert_eq!(day.absent(), 1, "the first leg is the witness");
    day.pass("2026-11-23T15:30:00+05:30");
    assert_eq!(day.sends.len(), 2, "held, not sent again");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::Accepted, IntentStatus::InDoubt]);
}

#[test]
fn without_a_witness_absence_takes_a_third_read() {
    let mut day = noon(1);
    day.fates.insert((AccountId(1), 0), Fate::Lose);
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:10:50+05:30");
    assert_eq!(day.absent(), 0);
    day.pass("2026-11-23T15:11:20+05:30");
    assert_eq!(day.absent(), 2);
}

/// An old copy of the book: it has neither the lost order nor one that was accepted with it. Nor does an
/// order of long before say how old it is.
#[test]
fn i6_only_an_order_of_that_time_that_the_book_shows_is_a_witness() {
    for (shown, sent, proven) in
        [(true, "15:10:01", 1), (false, "15:10:01", 0), (true, "15:11:30", 0)]
    {
        let mut day = noon(1);
        day.fates.insert((AccountId(1), 1), Fate::Lose);
        day.start();
        day.pass("2026-11-23T15:10:00.050+05:30");
        // The second leg leaves when the halt ends.
        day.halt(HaltScope::All, true);
        day.pass(&format!("2026-11-23T{sent}+05:30"));
        day.halt(HaltScope::All, false);
        day.pass(&format!("2026-11-23T{sent}.600+05:30"));
        assert_eq!(day.statuses(MONDAY)[1], IntentStatus::InDoubt, "{sent}");
        if !shown {
            day.book.clear();
        }
        let until = day.now.plus(50_000).to_string();
        day.pass(&until);
        assert_eq!(day.absent(), proven, "shown: {shown}, sent at {sent}");
    }
}

#[test]
fn orders_are_followed_to_their_end_and_the_day_is_tallied() {
    let mut day = noon(1);
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    day.states.insert(0, (OrderState::Open, 2));
    day.states.insert(1, (OrderState::Filled, 20));
    day.pass("2026-11-23T15:10:04+05:30");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::PartlyFilled, IntentStatus::Filled]);
    assert!(day.tally().is_empty(), "one is still working");
    day.states.insert(0, (OrderState::Filled, 5));
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Filled; 2]);
    assert_eq!(day.tally(), [(TallyVerdict::Pass, vec![])]);
    let reads = day.reads.len();
    day.pass("2026-11-23T18:00:00+05:30");
    assert_eq!(day.reads.len(), reads, "nothing is read when all is known");
    // The same after a restart, from the records alone.
    let again = Day::restarted(day.store.clone(), day.book.clone(), day.now);
    assert_eq!(again.tally(), [(TallyVerdict::Pass, vec![])]);
    assert!(again.model.open_runs.is_empty());
}

#[test]
fn an_order_that_never_ends_is_tallied_when_the_day_does() {
    let mut day = noon(1);
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    day.states.insert(0, (OrderState::Open, 0));
    day.states.insert(1, (OrderState::Open, 0));
    day.pass("2026-11-23T16:00:00+05:30");
    assert!(day.tally().is_empty());
    day.pass("2026-11-23T16:10:00+05:30");
    assert_eq!(day.tally(), [(TallyVerdict::Pass, vec![])]);
}

#[test]
fn a_second_order_of_one_intent_is_an_alarm_and_a_difference() {
    let mut day = noon(1);
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    // The same intent's next attempt, from somewhere else: all but the attempt and the MAC is equal.
    let mut late = day.book[1].0.clone();
    late.replace_range(11..19, "2AAAAAAA");
    day.book.push(OrderTag(late));
    for (place, filled) in [5, 20, 20].into_iter().enumerate() {
        day.states.insert(place, (OrderState::Filled, filled));
    }
    day.pass("2026-11-23T15:20:00+05:30");
    let second = day.model.intents.values().nth(1).unwrap();
    let Stage::Accepted { order, .. } = &second.stage else { panic!("{second:?}") };
    assert_eq!(order.duplicates, [OrderId("2".to_owned())]);
    assert!(day.cancels.is_empty(), "it might be somebody's own");
    let tally = day.tally();
    assert!(tally[0].0 == TallyVerdict::Diff && tally[0].1[0].contains("DUPLICATE"), "{tally:?}");
}

#[test]
fn a_day_that_ends_without_the_books_is_tallied_as_unknown() {
    let mut day = noon(1);
    day.start();
    day.pass("2026-11-23T15:10:30+05:30");
    day.unreadable.insert(AccountId(1));
    day.pass("2026-11-23T16:30:00+05:30");
    assert_eq!(day.tally()[0].0, TallyVerdict::Unknown);
    // The daemon was down from the run to the next morning.
    let mut day = noon(1);
    day.start();
    day.pass("2026-11-23T15:10:30+05:30");
    let mut next = Day::restarted(day.store, day.book, at("2026-11-25T09:00:00+05:30"));
    next.start();
    let run = &next.model.runs[&MONDAY.to_owned().try_into().unwrap()];
    let lines = &run.tally().unwrap().lines;
    assert_eq!(lines[0].verdict, TallyVerdict::Unknown);
    assert!(next.reads.is_empty(), "no broker tells of yesterday");
}

#[test]
fn a_halt_that_cancels_asks_once_for_each_open_order_and_again_after_a_restart() {
    let mut day = noon(2);
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    day.states.insert(0, (OrderState::Filled, 5));
    day.pass("2026-11-23T15:10:10+05:30");
    let halt = HaltChange { scope: HaltScope::All, on: true, cancel: true };
    let ask = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask: Ask::Halt(halt) };
    // Killed between the record and the first call.
    let effects = update(&mut day.model, day.now, Msg::Asked(ask));
    for effect in effects {
        day.perform(effect);
    }
    let mut day = Day { states: day.states, ..Day::restarted(day.store, day.book, day.now) };
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    let mut cancelled: Vec<&str> = day.cancels.iter().map(|id| id.0.as_str()).collect();
    cancelled.sort_unstable();
    assert_eq!(cancelled, ["1", "2", "3"], "all but the filled one, once each");
    let ended = day.statuses(MONDAY).into_iter().filter(|s| *s == IntentStatus::Cancelled);
    assert_eq!(ended.count(), 3);
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
    assert!(next_deadline(&day.model, day.now).is_some());
}

/// The halt said that what is open is cancelled, and the broker could not be reached at that moment: the
/// order stayed open for the rest of the day.
#[test]
fn a_cancellation_that_did_not_arrive_is_asked_for_again_while_the_halt_holds() {
    for resumed in [false, true] {
        let mut day = noon(1);
        day.start();
        day.pass("2026-11-23T15:10:10+05:30");
        day.lost_cancels = 2;
        let halt = |on, cancel| Ask::Halt(HaltChange { scope: HaltScope::All, on, cancel });
        day.ask(halt(true, true));
        day.take(vec![Msg::Tick], usize::MAX);
        day.pass("2026-11-23T15:10:12+05:30");
        assert_eq!(day.cancels.len(), 2);
        if resumed {
            day.ask(halt(false, false));
        }
        day.pass("2026-11-23T15:11:00+05:30");
        // What had been put on its way before the halt ended still goes.
        assert_eq!(day.cancels.len(), 4, "resumed: {resumed}");
        let cancelled = day.statuses(MONDAY).into_iter().filter(|s| *s == IntentStatus::Cancelled);
        assert_eq!(cancelled.count(), 2);
        day.pass("2026-11-23T15:20:00+05:30");
        assert_eq!(day.cancels.len(), 4, "once it is cancelled it is let be");
    }
}

/// The broker refuses to cancel what it is just sending on to the exchange; a moment later the order rests
/// there, and a halt that cancels had passed it over.
#[test]
fn a_cancellation_that_is_refused_is_asked_for_again_but_not_for_ever() {
    let halt = || Ask::Halt(HaltChange { scope: HaltScope::All, on: true, cancel: true });
    for (refused, asked) in [(3, 5), (1_000, 50)] {
        let mut day = noon(1);
        day.start();
        day.pass("2026-11-23T15:10:10+05:30");
        (day.lost_cancels, day.cancel_fault) = (refused, FailureKind::Refused);
        day.ask(halt());
        day.pass("2026-11-23T15:14:00+05:30");
        assert_eq!(day.cancels.len(), asked);
        // Given up, and a person asks once more; of what was cancelled nothing is asked.
        day.ask(halt());
        day.pass("2026-11-23T15:18:00+05:30");
        assert_eq!(day.cancels.len(), if refused == 3 { asked } else { 2 * asked });
        // What has come to its end meanwhile is let be.
        let mut day = noon(1);
        day.start();
        day.pass("2026-11-23T15:10:10+05:30");
        (day.lost_cancels, day.cancel_fault) = (refused, FailureKind::Refused);
        day.states.extend([(0, (OrderState::Filled, 5)), (1, (OrderState::Filled, 20))]);
        day.ask(halt());
        day.pass("2026-11-23T15:14:00+05:30");
        assert!(day.cancels.len() <= 4, "{}", day.cancels.len());
    }
}

/// What the book told of the order was on its way to the disk when the halt was asked for: it was passed
/// over, and stayed open. Found by the drill that kills around a cancellation.
#[test]
fn a_halt_that_cancels_passes_over_no_order_of_which_something_is_just_being_recorded() {
    for halt_is_durable_first in [true, false] {
        let mut day = noon(1);
        day.start();
        day.pass("2026-11-23T15:10:01+05:30");
        for place in 0..2 {
            day.states.insert(place, (OrderState::Open, 0));
        }
        day.now = at("2026-11-23T15:10:02.500+05:30");
        let mut told = Vec::new();
        for effect in update(&mut day.model, day.now, Msg::Tick) {
            for msg in day.perform(effect) {
                let effects = update(&mut day.model, day.now, msg);
                told.extend(effects.into_iter().flat_map(|effect| day.perform(effect)));
            }
        }
        assert!(!told.is_empty());
        let halt = HaltChange { scope: HaltScope::All, on: true, cancel: true };
        let ask = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask: Ask::Halt(halt) };
        let effects = update(&mut day.model, day.now, Msg::Asked(ask));
        let halted: Vec<Msg> = effects.into_iter().flat_map(|effect| day.perform(effect)).collect();
        let (first, second) = if halt_is_durable_first { (halted, told) } else { (told, halted) };
        day.take(first, usize::MAX);
        day.take(second, usize::MAX);
        day.pass("2026-11-23T15:11:00+05:30");
        assert_eq!(day.cancels.len(), 2, "the halt is durable first: {halt_is_durable_first}");
    }
}

/// The book tells two things at once of an order that was in doubt: where it is, and that it is open.
#[test]
fn an_order_that_is_found_under_a_halt_that_cancels_is_cancelled_once() {
    let mut day = noon(1);
    day.fates.insert((AccountId(1), 0), Fate::AcceptSilently);
    day.start();
    day.pass("2026-11-23T15:10:00.050+05:30");
    day.states.insert(0, (OrderState::Open, 0));
    day.ask(Ask::Halt(HaltChange { scope: HaltScope::All, on: true, cancel: true }));
    day.pass("2026-11-23T15:11:00+05:30");
    let asked = |r: &&Record| matches!(r, Record::Intent(_, IntentEvent::Cancelling { .. }));
    let asked = day.store.iter().filter(asked).count();
    assert_eq!((asked, day.cancels.len()), (1, 1));
}

pub(super) fn resending(accounts: u32) -> Day {
    let mut day = noon(accounts);
    let mut spec = plan();
    spec.ambiguity = muster_protocol::plan::Ambiguity::ResendOnce;
    let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
    let put = PlanEvent::Put { no: 1, spec, at: day.now };
    let armed = PlanEvent::Armed { mode: Mode::Live, at: day.now };
    let records = [put, armed].map(|event| Record::Plan(name.clone(), event));
    day.store.extend(records.iter().cloned());
    day.take(vec![Msg::Committed(records.to_vec())], usize::MAX);
    day
}

#[test]
fn i1_an_order_is_sent_once_more_only_when_it_is_proven_absent_and_only_once() {
    let mut day = resending(1);
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:10:30+05:30");
    assert_eq!(day.sends.len(), 2, "nothing is proven yet");
    day.pass("2026-11-23T15:10:40+05:30");
    assert_eq!(day.sends.len(), 3);
    day.pass("2026-11-23T15:30:00+05:30");
    assert_eq!(day.sends.len(), 3, "lost again: now a person decides");
    assert_eq!((day.absent(), day.book.len()), (1, 1));

    // The second one arrives; the first one's tag is another.
    let mut day = resending(1);
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:10:30+05:30");
    day.fates.clear();
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!((day.sends.len(), day.book.len()), (3, 2));
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 2]);
    day.assert_at_most_once();
}

#[test]
fn nothing_is_sent_once_more_after_the_window_or_under_a_halt() {
    let mut late = resending(1);
    late.fates.insert((AccountId(1), 1), Fate::Lose);
    late.now = at("2026-11-23T15:13:45+05:30");
    late.start();
    late.pass("2026-11-23T15:20:00+05:30");
    assert_eq!((late.sends.len(), late.absent()), (2, 1), "proven after 15:14");
    let mut halted = resending(1);
    halted.fates.insert((AccountId(1), 1), Fate::Lose);
    halted.start();
    halted.pass("2026-11-23T15:10:10+05:30");
    halted.halt(HaltScope::All, true);
    halted.pass("2026-11-23T15:20:00+05:30");
    assert_eq!((halted.sends.len(), halted.absent()), (2, 1));
}
