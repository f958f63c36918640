//! Runs that a person calls for: once, and never a firing doubled in silence.

use muster_protocol::halt::HaltScope;
use muster_protocol::run::{CalledAs, RunState};

use super::super::effect::Answer;
use super::super::msg::{Ask, RunCall};
use super::*;

const MONDAY: &str = "btst@2026-11-23";
const SECOND: &str = "btst@2026-11-23.2";
const AT_TEN_PAST: &str = "2026-11-23T15:10:00+05:30";

fn instead() -> CalledAs {
    CalledAs::InsteadOf { at: at(AT_TEN_PAST) }
}

impl Day {
    /// Calls for this run; what was refused, if it was.
    fn call(&mut self, run: &str, called: CalledAs) -> Option<String> {
        let kept = self.model.plans[&"btst".parse().unwrap()].kept().unwrap();
        let (hash, mode) = (kept.hash.clone(), kept.mode);
        self.call_as(RunCall { run: run.to_owned().try_into().unwrap(), hash, mode, called })
    }

    fn call_as(&mut self, call: RunCall) -> Option<String> {
        match self.ask(Ask::RunNow(call)) {
            Some(Ok(Answer::RunCalled(_))) => {
                self.take(vec![Msg::Tick], usize::MAX);
                None
            }
            Some(Err(failure)) => Some(failure.message),
            other => panic!("{other:?}"),
        }
    }

    fn hears(&self, words: &str) -> bool {
        self.said.iter().any(|line| line.contains(words))
    }
}

fn two_o_clock(mode: Mode) -> Day {
    let mut day = Day::new(2, mode, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T14:00:00+05:30");
    day
}

#[test]
fn one_more_says_so_and_the_firing_of_the_day_stays() {
    let mut day = two_o_clock(Mode::Live);
    assert_eq!(day.call(MONDAY, CalledAs::Extra), None);
    day.pass("2026-11-23T14:00:10+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
    assert!(day.hears("called for by uid 0, one more, LIVE"), "{:?}", day.said);
    let reads = day.reads.iter().filter(|(when, _)| *when >= at("2026-11-23T14:00:00+05:30"));
    assert!(reads.count() >= 2, "each book was read first");
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!(day.statuses(SECOND), vec![IntentStatus::Accepted; 4]);
    day.assert_at_most_once();
    let called: Vec<bool> = day.model.runs.values().map(|run| run.fixed.called.is_some()).collect();
    assert_eq!(called, [true, false]);
}

#[test]
fn i4_in_its_place_the_firing_of_the_day_does_not_happen_and_the_next_day_s_does() {
    let mut day = two_o_clock(Mode::Live);
    assert_eq!(day.call(MONDAY, instead()), None);
    day.pass("2026-11-23T16:30:00+05:30");
    assert_eq!((day.book.len(), day.model.runs.len()), (4, 1));
    assert!(day.hears("in the place of the firing of 15:10:00"));
    // The same after a restart, from the records alone.
    let mut again =
        Day::restarted(day.store.clone(), day.book.clone(), at("2026-11-23T15:00:00+05:30"));
    again.start();
    again.pass("2026-11-23T15:30:00+05:30");
    assert_eq!((again.sends.len(), again.model.runs.len()), (0, 1));
    again.pass("2026-11-25T15:11:00+05:30");
    assert!(again.run_state("btst@2026-11-25").is_some());
}

#[test]
fn i1_asked_for_twice_it_happens_once() {
    let mut day = two_o_clock(Mode::Live);
    assert_eq!(day.call(MONDAY, CalledAs::Extra), None);
    let under_way = day.call(MONDAY, CalledAs::Extra).unwrap();
    assert!(under_way.contains("under way"), "{under_way}");
    day.pass("2026-11-23T14:06:00+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
    // A script that did not hear the answer asks again, for the same run.
    let again = day.call(MONDAY, CalledAs::Extra).unwrap();
    assert!(again.contains("the next run of btst is btst@2026-11-23.2"), "{again}");
    assert_eq!((day.book.len(), day.model.runs.len()), (4, 1));
}

/// Two people press the key in the same moment: the second asks before the first's word is durable.
#[test]
fn i1_asked_for_before_the_first_is_durable_it_happens_once() {
    let mut day = two_o_clock(Mode::Live);
    let kept = day.model.plans[&"btst".parse().unwrap()].kept().unwrap();
    let (hash, mode) = (kept.hash.clone(), kept.mode);
    let ask = |day: &mut Day| {
        let run = MONDAY.to_owned().try_into().unwrap();
        let call = RunCall { run, hash: hash.clone(), mode, called: CalledAs::Extra };
        let reply = crate::domain::msg::ReplyTo(1);
        let asked = crate::domain::msg::Asked {
            reply,
            who: who("uid 0"),
            only: None,
            ask: Ask::RunNow(call),
        };
        update(&mut day.model, day.now, Msg::Asked(asked))
    };
    let first = ask(&mut day);
    let second = ask(&mut day);
    assert!(second.iter().any(|effect| matches!(effect, Effect::Reply(_, Err(_)))), "{second:?}");
    for effect in first.into_iter().chain(second) {
        let msgs = day.perform(effect);
        day.take(msgs, usize::MAX);
    }
    day.pass("2026-11-23T14:10:00+05:30");
    assert_eq!((day.book.len(), day.model.runs.len()), (4, 1));
}

#[test]
fn what_cannot_be_is_refused_with_the_reason_and_nothing_follows() {
    let wrong = |now: &str, called, before: fn(&mut Day), says: &str| {
        let mut day = Day::new(2, Mode::Live, "2026-11-23T07:00:00+05:30");
        day.start();
        day.pass(now);
        before(&mut day);
        let run = format!("btst@{}", &now[..10]);
        let refused = day.call(&run, called).unwrap();
        assert!(refused.contains(says), "{refused}");
        assert_eq!(day.sends.len(), 0);
        assert!(day.run_state(&run).is_none_or(|state| state == RunState::Frozen));
    };
    let nothing: fn(&mut Day) = |_| {};
    let two = "2026-11-23T14:00:00+05:30";
    let other = CalledAs::InsteadOf { at: at("2026-11-23T15:20:00+05:30") };
    wrong(two, other, nothing, "no firing at Mon 23 Nov 15:20:00");
    wrong(
        "2026-11-23T08:30:00+05:30",
        CalledAs::Extra,
        nothing,
        "NSE takes no orders now: from 09:00",
    );
    wrong(two, CalledAs::Extra, |day| day.halt(HaltScope::All, true), "halted: everything");
    let plan_halted: fn(&mut Day) = |day| day.halt(HaltScope::Plan("btst".parse().unwrap()), true);
    wrong(two, CalledAs::Extra, plan_halted, "halted: plan btst");
    wrong("2026-11-23T15:09:35+05:30", instead(), nothing, "under way");
    let dead: fn(&mut Day) = |day| {
        for account in day.model.accounts.values_mut() {
            account.active = false;
        }
    };
    wrong(two, CalledAs::Extra, dead, "nobody is fit");
    let held: fn(&mut Day) = |day| {
        day.model.held = Some(muster_protocol::status::HoldReason::OlderStore);
    };
    wrong(two, CalledAs::Extra, held, "HELD");
    // The 24th is a holiday.
    let mut day = Day::new(2, Mode::Live, "2026-11-24T10:00:00+05:30");
    day.start();
    let refused = day.call("btst@2026-11-24", CalledAs::Extra).unwrap();
    assert!(refused.contains("holiday"), "{refused}");
}

#[test]
fn a_plan_that_is_not_as_the_person_saw_it_is_not_run() {
    let mut day = two_o_clock(Mode::Live);
    let run: RunId = MONDAY.to_owned().try_into().unwrap();
    let call = |mode, hash: &str| RunCall {
        run: run.clone(),
        hash: hash.to_owned(),
        mode,
        called: CalledAs::Extra,
    };
    let hash = day.model.plans[&run.plan].kept().unwrap().hash.clone();
    assert!(day.call_as(call(Mode::Live, "another")).unwrap().contains("has changed"));
    assert!(day.call_as(call(Mode::DryRun, &hash)).unwrap().contains("is LIVE by now"));
    assert!(day.model.runs.is_empty());
}

#[test]
fn a_dry_run_now_sends_nothing() {
    let mut day = two_o_clock(Mode::DryRun);
    assert_eq!(day.call(MONDAY, instead()), None);
    day.pass("2026-11-23T14:01:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Rehearsed; 4]);
    assert!(day.sends.is_empty());
}

#[test]
fn killed_after_it_was_answered_it_happens_once_inside_its_window_and_is_missed_after_it() {
    for (restart, books, runs) in [
        ("2026-11-23T14:02:00+05:30", 4, 1),
        // MISSED: then it stood in nothing's place, and the firing of the day happens.
        ("2026-11-23T14:10:00+05:30", 4, 2),
    ] {
        let mut day = two_o_clock(Mode::Live);
        let kept = day.model.plans[&"btst".parse().unwrap()].kept().unwrap();
        let (hash, mode) = (kept.hash.clone(), kept.mode);
        let run = MONDAY.to_owned().try_into().unwrap();
        let called = RunCall { run, hash, mode, called: instead() };
        // Answered, and killed before the next tick.
        assert!(matches!(day.ask(Ask::RunNow(called)), Some(Ok(_))));
        let mut day = Day::restarted(day.store, day.book, at(restart));
        day.start();
        day.pass("2026-11-23T15:30:00+05:30");
        assert_eq!((day.book.len(), day.model.runs.len()), (books, runs), "{restart}");
        day.assert_at_most_once();
        let missed = matches!(day.run_state(MONDAY), Some(RunState::Missed { .. }));
        assert_eq!(missed, runs == 2);
    }
}

/// The run of the day has fired; the clock is set back, and a person calls for a run that would be the
/// earlier one: the day's would look as if it were still to come.
#[test]
fn i4_with_the_clock_set_back_no_run_is_called_for_and_none_comes_again() {
    let mut day = two_o_clock(Mode::Live);
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(day.book.len(), 4);
    day.now = at("2026-11-23T14:00:00+05:30");
    let refused = day.call(SECOND, CalledAs::Extra).unwrap();
    assert!(refused.contains("earlier time than at its last run"), "{refused}");
    day.pass("2026-11-23T16:00:00+05:30");
    assert_eq!((day.book.len(), day.model.runs.len()), (4, 1));
}

#[test]
fn one_more_shortly_before_a_firing_is_over_before_that_is_frozen() {
    let mut day = two_o_clock(Mode::Live);
    day.pass("2026-11-23T15:08:00+05:30");
    day.unreadable.insert(AccountId(1));
    assert_eq!(day.call(MONDAY, CalledAs::Extra), None);
    let run: RunId = MONDAY.to_owned().try_into().unwrap();
    let until = day.model.runs[&run].fixed.window_until;
    assert_eq!(until, at("2026-11-23T15:09:30+05:30"));
    day.pass("2026-11-23T15:09:45+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
    assert_eq!(day.run_state(SECOND), Some(RunState::Frozen));
}

#[test]
fn disarmed_before_it_is_frozen_it_does_not_happen() {
    let mut day = two_o_clock(Mode::Live);
    let kept = day.model.plans[&"btst".parse().unwrap()].kept().unwrap();
    let (hash, mode) = (kept.hash.clone(), kept.mode);
    let run = MONDAY.to_owned().try_into().unwrap();
    let call = RunCall { run, hash: hash.clone(), mode, called: instead() };
    assert!(matches!(day.ask(Ask::RunNow(call)), Some(Ok(_))));
    let disarm = Ask::Arm { plan: "btst".parse().unwrap(), mode: Mode::DryRun, hash };
    assert!(matches!(day.ask(disarm), Some(Ok(_))));
    day.pass("2026-11-23T14:30:00+05:30");
    assert!(day.model.runs.is_empty() && day.sends.is_empty());
}
