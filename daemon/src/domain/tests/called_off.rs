//! Disarming and removing are instant, whatever is on its way to the disk, and whenever the process dies.

use muster_protocol::calendar::CalendarChange;
use muster_protocol::run::RunState;

use super::super::msg::{Ask, Asked, ReplyTo};
use super::*;

const MONDAY: &str = "btst@2026-11-23";

fn noon(accounts: u32) -> Day {
    Day::new(accounts, Mode::Live, "2026-11-23T12:00:00+05:30")
}

impl Day {
    /// What is asked becomes durable, and the process dies before anything follows from that.
    fn asked_and_killed(mut self, ask: Ask) -> Self {
        self.store_only(ask);
        Self::restarted(self.store, self.book, self.now)
    }

    /// What is asked becomes durable; the records come back later.
    pub(super) fn store_only(&mut self, ask: Ask) -> Vec<Msg> {
        let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask };
        let effects = update(&mut self.model, self.now, Msg::Asked(asked));
        effects.into_iter().flat_map(|effect| self.perform(effect)).collect()
    }

    fn disarming(&self) -> Ask {
        let plan: muster_protocol::ids::PlanId = "btst".parse().unwrap();
        let hash = self.model.plans[&plan].kept().unwrap().hash.clone();
        Ask::Arm { plan, mode: Mode::DryRun, hash }
    }
}

/// The word of a person was durable and answered; the next life went on with the run.
#[test]
fn disarmed_and_killed_in_the_middle_of_a_run_nothing_more_is_sent() {
    let mut day = noon(3);
    day.start();
    day.pass("2026-11-23T15:10:00.050+05:30");
    assert_eq!(day.sends.len(), 3);
    let disarm = day.disarming();
    let mut day = day.asked_and_killed(disarm);
    day.start();
    day.pass("2026-11-23T15:13:00+05:30");
    assert!(day.sends.is_empty(), "{:?}", day.sends);
    let missed = day.statuses(MONDAY).into_iter().filter(|s| *s == IntentStatus::Missed);
    assert_eq!(missed.count(), 3);
    assert!(day.said.iter().any(|line| line.contains("the plan was disarmed")), "{:?}", day.said);
}

#[test]
fn disarmed_and_killed_before_a_frozen_run_s_time_it_does_not_fire() {
    let mut day = noon(2);
    day.start();
    day.pass("2026-11-23T15:09:50+05:30");
    let disarm = day.disarming();
    let mut day = day.asked_and_killed(disarm);
    day.start();
    day.pass("2026-11-23T15:20:00+05:30");
    assert!(day.sends.is_empty());
    let Some(RunState::Missed { reason }) = day.run_state(MONDAY) else { panic!("it fired") };
    assert_eq!(reason, "the plan was disarmed");
}

/// The record that the run fires, or is frozen, was on its way to the disk when the plan was disarmed.
#[test]
fn disarmed_while_the_run_is_being_frozen_or_fired_nothing_more_is_sent() {
    for moment in ["2026-11-23T15:09:30+05:30", "2026-11-23T15:10:00+05:30"] {
        for first in [true, false] {
            let mut day = noon(2);
            day.start();
            day.pass(&at(moment).plus(-1).to_string());
            let disarm = day.disarming();
            day.now = at(moment);
            let mut msgs = if first { day.store_only(disarm) } else { Vec::new() };
            let effects = update(&mut day.model, day.now, Msg::Tick);
            let mut queue: Vec<Effect> = effects;
            while let Some(effect) = queue.pop() {
                for msg in day.perform(effect) {
                    if matches!(msg, Msg::Committed(_)) {
                        msgs.push(msg);
                    } else {
                        queue.extend(update(&mut day.model, day.now, msg));
                    }
                }
            }
            if !first {
                let disarm = day.disarming();
                msgs.extend(day.store_only(disarm));
            }
            day.take(msgs, usize::MAX);
            day.pass("2026-11-23T15:20:00+05:30");
            // With the record that it fires go those of its first orders; the disarming comes after them.
            let before =
                if at(moment) == at("2026-11-23T15:10:00+05:30") && !first { 2 } else { 0 };
            assert_eq!(day.sends.len(), before, "{moment} {first}: {:?}", day.sends);
        }
    }
}

/// The order was proven absent after the plan was disarmed; the plan sent it once more.
#[test]
fn a_disarmed_plan_sends_nothing_once_more() {
    let mut day = books::resending(1);
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:10:10+05:30");
    let disarm = day.disarming();
    assert!(matches!(day.ask(disarm), Some(Ok(_))));
    day.pass("2026-11-23T15:13:00+05:30");
    assert_eq!(day.sends.len(), 2, "{:?}", day.sends);
}

#[test]
fn a_holiday_said_and_killed_a_frozen_run_does_not_fire() {
    let mut day = noon(2);
    day.start();
    day.pass("2026-11-23T15:09:50+05:30");
    let change = CalendarChange::Holiday { date: day.now.date(), name: "Election".to_owned() };
    let mut day = day.asked_and_killed(Ask::Amend { change, reason: "CMTR".to_owned() });
    day.start();
    day.pass("2026-11-23T15:20:00+05:30");
    assert!(day.sends.is_empty());
    let Some(RunState::Missed { reason }) = day.run_state(MONDAY) else { panic!("it fired") };
    assert!(reason.contains("Election"), "{reason}");
}

/// The book is read before an order leaves a second time: whoever said that it is not there was too early.
#[test]
fn i1_an_order_that_arrives_late_is_found_before_it_is_sent_again() {
    for by_person in [true, false] {
        let mut day = books::resending(1);
        day.fates.insert((AccountId(1), 1), Fate::Lose);
        day.start();
        day.pass("2026-11-23T15:10:30+05:30");
        let id = day.model.intents.keys().nth(1).unwrap().clone();
        let tag = day.model.intents[&id].tag.clone();
        if by_person {
            let verdict = muster_protocol::halt::Verdict::SendAgain;
            let msgs = day.store_only(Ask::Resolve { intent: id.clone(), verdict });
            day.book.push(tag);
            day.take(msgs, usize::MAX);
        } else {
            // Proven absent, and there after all a moment later.
            while day.model.intents[&id].attempt.0 == 1 {
                day.now = day.now.plus(100);
                day.take(vec![Msg::Tick], usize::MAX);
                assert!(day.now < at("2026-11-23T15:13:00+05:30"));
            }
            day.book.push(tag);
        }
        day.pass("2026-11-23T15:12:00+05:30");
        assert_eq!((day.sends.len(), day.book.len()), (2, 2), "by a person: {by_person}");
        assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 2]);
    }
}
