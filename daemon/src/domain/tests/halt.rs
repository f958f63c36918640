//! The stop switch, and orders in doubt that a person settles.

use muster_protocol::halt::{HaltScope, Verdict};
use muster_protocol::run::RunState;

use super::super::effect::Answer;
use super::super::msg::{Ask, Asked, HaltChange, ReplyTo};
use super::*;

const MONDAY: &str = "btst@2026-11-23";

impl Day {
    /// Asks as an operator; what was answered, and whether it was answered at all.
    pub(super) fn ask(
        &mut self,
        ask: Ask,
    ) -> Option<Result<Answer, muster_protocol::frame::Failure>> {
        let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask };
        let mut answered = None;
        let mut queue = VecDeque::from([Msg::Asked(asked)]);
        while let Some(msg) = queue.pop_front() {
            for effect in update(&mut self.model, self.now, msg) {
                if let Effect::Reply(_, answer) = &effect {
                    answered = Some(answer.clone());
                }
                if let Effect::Commit(commit) = &effect
                    && let Some((_, answer)) = &commit.ack
                {
                    // The reply waits for durability; here that is at once.
                    answered = Some(Ok(answer.clone()));
                }
                queue.extend(self.perform(effect));
            }
        }
        answered
    }

    pub(super) fn halt(&mut self, scope: HaltScope, on: bool) {
        assert_eq!(
            self.ask(Ask::Halt(HaltChange { scope, on, cancel: false })),
            Some(Ok(Answer::Done))
        );
    }

    fn in_doubt(&self) -> IntentId {
        let mut intents = self.model.intents.iter();
        let found = intents.find(|(_, intent)| intent.status() == IntentStatus::InDoubt);
        found.map(|(id, _)| id.clone()).unwrap()
    }
}

#[test]
fn i10_after_a_halt_nothing_leaves_until_it_is_resumed() {
    let mut day = Day::new(3, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:10:00.050+05:30");
    assert_eq!(day.sends.len(), 3);
    day.halt(HaltScope::All, true);
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!(day.sends.len(), 3, "the second legs are held");
    // A restart changes nothing about it.
    let mut day = Day::restarted(day.store, day.book, day.now);
    day.start();
    day.pass("2026-11-23T15:12:30+05:30");
    assert!(day.sends.is_empty());
    day.halt(HaltScope::All, false);
    day.pass("2026-11-23T15:13:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 6]);
    day.assert_at_most_once();
}

#[test]
fn a_halt_that_outlasts_the_window_leaves_the_rest_missed() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.halt(HaltScope::Plan("btst".parse().unwrap()), true);
    day.pass("2026-11-23T15:30:00+05:30");
    assert!(day.sends.is_empty());
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Missed; 4]);
    assert_eq!(day.run_state(MONDAY), Some(RunState::Closed));
}

#[test]
fn a_halt_of_one_person_holds_nobody_else() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.halt(HaltScope::User("user1".parse().unwrap()), true);
    day.pass("2026-11-23T15:11:00+05:30");
    assert!(day.sends.iter().all(|id| id.account == AccountId(2)) && day.sends.len() == 2);
    let run: RunId = MONDAY.to_owned().try_into().unwrap();
    let excluded = &day.model.runs[&run].fixed.excluded;
    assert_eq!(excluded[0].reasons, [muster_protocol::account::Unfit::Halted]);
}

#[test]
fn a_person_settles_an_order_in_doubt_and_it_is_sent_again_only_on_their_word() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.fates.insert((AccountId(1), 0), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:10:30+05:30");
    let intent = day.in_doubt();
    day.fates.clear();
    let again = Ask::Resolve { intent: intent.clone(), verdict: Verdict::SendAgain };
    assert_eq!(day.ask(again), Some(Ok(Answer::Done)));
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 2]);
    let sent: Vec<&IntentId> = day.sends.iter().filter(|id| **id == intent).collect();
    assert_eq!(sent.len(), 2);
    day.assert_at_most_once();
    // What is settled cannot be settled again.
    let twice = day.ask(Ask::Resolve { intent, verdict: Verdict::NotPlaced });
    assert!(matches!(twice, Some(Err(_))), "{twice:?}");
}

/// What frees the account of another order says nothing of the one that is to leave once more.
#[test]
fn i1_what_leaves_once_more_waits_for_the_book_whatever_becomes_of_the_account_s_other_orders() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.fates.extend([((AccountId(1), 0), Fate::Lose), ((AccountId(1), 1), Fate::Lose)]);
    day.start();
    day.pass("2026-11-23T15:10:30+05:30");
    let doubted: Vec<IntentId> = day.model.intents.keys().cloned().collect();
    day.unreadable.insert(AccountId(1));
    for (intent, verdict) in doubted.into_iter().zip([Verdict::SendAgain, Verdict::NotPlaced]) {
        assert_eq!(day.ask(Ask::Resolve { intent, verdict }), Some(Ok(Answer::Done)));
    }
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::Planned, IntentStatus::NotSent]);
    assert_eq!(day.sends.len(), 2, "its book was not read");
    day.unreadable.clear();
    day.fates.clear();
    day.pass("2026-11-23T15:13:00+05:30");
    assert_eq!((day.statuses(MONDAY)[0], day.sends.len()), (IntentStatus::Accepted, 3));
}

#[test]
fn a_person_may_say_found_or_not_placed_and_not_send_again_after_the_window() {
    let number = OrderId("77".to_owned());
    let cases = [
        (Verdict::Found { order_id: number }, Some(IntentStatus::Accepted)),
        (Verdict::NotPlaced, Some(IntentStatus::NotSent)),
        (Verdict::SendAgain, None),
    ];
    for (verdict, expected) in cases {
        let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
        day.fates.insert((AccountId(1), 0), Fate::Lose);
        day.start();
        day.pass("2026-11-23T15:14:30+05:30");
        let intent = day.in_doubt();
        let answer = day.ask(Ask::Resolve { intent, verdict }).unwrap();
        assert_eq!(answer.is_ok(), expected.is_some(), "{answer:?}");
        let status = expected.unwrap_or(IntentStatus::InDoubt);
        assert_eq!(day.statuses(MONDAY)[0], status);
        assert_eq!(day.sends.len(), 2);
    }
}

fn open_day() -> Day {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    day.states.extend([(0, (OrderState::Open, 0)), (1, (OrderState::Open, 0))]);
    day.pass("2026-11-23T15:10:10+05:30");
    day
}

fn cancel_open(on: bool) -> Ask {
    Ask::Halt(HaltChange { scope: HaltScope::All, on, cancel: on })
}

/// The halt was durable and acknowledged, and the daemon died before it was recorded that an order is to be
/// cancelled of which something was just being recorded. Its book told nothing new, and it stayed open.
#[test]
fn i10_what_a_halt_that_cancels_passed_over_is_cancelled_in_the_next_life() {
    let mut day = open_day();
    let halt = Record::Halt { scope: HaltScope::All, on: true, cancel: true, at: day.now };
    day.store.push(halt);
    let mut next = Day { states: day.states, ..Day::restarted(day.store, day.book, day.now) };
    next.start();
    next.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(next.cancels.len(), 2, "once each");
    assert_eq!(next.statuses(MONDAY), vec![IntentStatus::Cancelled; 2]);
}

/// The broker refused the cancellations because of the address. A person put that right and asked again, and
/// nothing was asked for, since it had been once.
#[test]
fn a_person_who_halts_again_has_what_could_not_be_cancelled_asked_for_again() {
    for resumes in [false, true] {
        let mut day = open_day();
        (day.lost_cancels, day.cancel_fault) = (2, FailureKind::IpNotAllowed);
        day.ask(cancel_open(true));
        day.pass("2026-11-23T15:12:00+05:30");
        assert_eq!(day.cancels.len(), 2, "refused for good: not asked for again by itself");
        assert!(
            day.said.iter().filter(|text| text.contains("its cancellation failed")).count() == 2
        );
        if resumes {
            day.ask(cancel_open(false));
        }
        day.ask(cancel_open(true));
        day.pass("2026-11-23T15:12:30+05:30");
        assert_eq!(day.cancels.len(), 4, "once each");
        assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Cancelled; 2]);
    }
}

/// The clock was set back by an hour while a cancellation waited to be asked for again: it would have waited
/// for an hour.
#[test]
fn a_cancellation_that_is_to_be_asked_for_again_does_not_wait_for_a_clock_that_was_set_back() {
    let mut day = open_day();
    day.lost_cancels = 2;
    day.ask(cancel_open(true));
    day.pass("2026-11-23T15:10:12+05:30");
    assert_eq!(day.cancels.len(), 2);
    day.read(1_000, vec![]);
    day.now = day.now.plus(-3_600_000);
    day.read(1_001, vec![]);
    day.pass("2026-11-23T14:10:20+05:30");
    assert_eq!(day.cancels.len(), 4);
}

/// The broker took the cancellations, and the exchange did not do them: the orders stayed open under a halt that
/// said that what is open is cancelled.
#[test]
fn a_cancellation_that_was_taken_to_no_effect_is_asked_for_again_but_not_for_ever() {
    for for_ever in [false, true] {
        let mut day = open_day();
        day.ask(cancel_open(true));
        day.pass("2026-11-23T15:10:11+05:30");
        assert_eq!(day.cancels.len(), 2);
        let open = [(0, (OrderState::Open, 0)), (1, (OrderState::Open, 0))];
        for second in 12..3_000 {
            if for_ever || second < 20 {
                day.states.extend(open);
            }
            let (minute, second) = (10 + second / 60, second % 60);
            day.pass(&format!("2026-11-23T15:{minute}:{second:02}+05:30"));
        }
        let most = if for_ever { 50 } else { 4 };
        assert!((4..=most).contains(&day.cancels.len()), "{}", day.cancels.len());
        assert_eq!(day.cancels.len() > 10, for_ever);
        let said = day.said.iter().filter(|text| text.contains("and it is still open")).count();
        assert_eq!(said, day.cancels.len() - 2);
    }
}

#[test]
fn a_cancellation_that_takes_its_time_is_not_asked_for_again() {
    let mut day = open_day();
    day.ask(cancel_open(true));
    day.pass("2026-11-23T15:10:11+05:30");
    for second in 12..55 {
        let state = if second < 45 { OrderState::Open } else { OrderState::Cancelled };
        day.states.extend([(0, (state, 0)), (1, (state, 0))]);
        day.pass(&format!("2026-11-23T15:10:{second}+05:30"));
    }
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(day.cancels.len(), 2);
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Cancelled; 2]);
}
