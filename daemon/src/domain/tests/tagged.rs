//! Another order under an intent's tag, as after an older store was put back: it is never taken for the
//! intent's own, nothing is sent in its sight, and it is said aloud.

use muster_protocol::money::Quantity;
use muster_protocol::order::Side;
use muster_protocol::status::HoldReason;
use muster_protocol::tally::TallyVerdict;

use super::super::intent::Stage;
use super::super::report;
use super::books::resending;
use super::*;

const MONDAY: &str = "btst@2026-11-23";

fn units(number: u32) -> Quantity {
    number.try_into().unwrap()
}

impl Day {
    /// Somebody's order under the tag of the account's leg, otherwise as the leg but for the change.
    fn another(&mut self, (account, leg): (u32, usize), change: impl FnOnce(&mut Leg)) -> OrderId {
        let run: RunId = MONDAY.to_owned().try_into().unwrap();
        let id = AccountId(account);
        let tag = self.model.legs_of(&run, id).nth(leg).unwrap().1.tag.clone();
        let number = muster_protocol::ids::LegNo(leg.try_into().unwrap());
        let mut looks = self.model.runs[&run].leg_of(id, number).unwrap();
        change(&mut looks);
        self.looks.insert(self.book.len(), looks);
        self.book.push(tag);
        OrderId((self.book.len() - 1).to_string())
    }

    fn lines_with(&self, words: &str) -> usize {
        self.said.iter().filter(|line| line.contains(words)).count()
    }
}

/// The morning's store is put back in the afternoon, and the plan is entered anew with another quantity:
/// its firing has the number of the one that has happened.
#[test]
fn i18_a_new_plan_under_old_tags_takes_no_old_order_for_its_own_and_adds_none() {
    let mut first = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    let mut store = first.store.clone();
    first.start();
    first.pass("2026-11-23T15:10:30+05:30");
    assert_eq!(first.book.len(), 4);
    let mut spec = plan();
    spec.legs[1].quantity = units(21);
    let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
    let morning = at("2026-11-23T12:00:00+05:30");
    let put = PlanEvent::Put { no: 1, spec, at: morning };
    let armed = PlanEvent::Armed { mode: Mode::Live, at: morning };
    store.extend([put, armed].map(|event| Record::Plan(name.clone(), event)));
    let mut again = Day::restarted(store, first.book.clone(), at("2026-11-23T15:11:00+05:30"));
    again.looks = first.looks.clone();
    let filled = |leg: &Leg| (OrderState::Filled, leg.quantity.get());
    again.states = again.looks.iter().map(|(place, leg)| (*place, filled(leg))).collect();
    again.start();
    again.pass("2026-11-23T15:20:00+05:30");
    assert!(again.sends.is_empty(), "{:?}", again.sends);
    // The leg that is as it was is there already; the other is neither there nor sent.
    let legs = [IntentStatus::Filled, IntentStatus::NotSent];
    assert_eq!(again.statuses(MONDAY), [legs, legs].concat());
    assert_eq!(again.lines_with("NSE SBIN-EQ BUY 20, where NSE SBIN-EQ BUY 21 is wanted"), 4);
    assert_eq!((again.lines_with("NOT OURS"), again.lines_with("place it by hand")), (2, 2));
    assert_eq!(again.model.hold_reason(), None, "it was there before");
    let report = report::daily(&again.model, again.now, None);
    let line = &report.runs[0].tally[0];
    assert_eq!(line.verdict, TallyVerdict::Diff);
    assert!(line.notes.iter().any(|note| note.contains("its tag is on another order")), "{line:?}");
}

/// The order is lost on its way, and what the book shows under its tag is another: that is no proof that
/// it is there, and none that it is not.
#[test]
fn i1_another_order_under_its_tag_neither_finds_an_order_in_doubt_nor_has_it_sent_again() {
    let changes: [fn(&mut Leg); 4] = [
        |leg| leg.quantity = 19.try_into().unwrap(),
        |leg| leg.side = Side::Sell,
        |leg| leg.symbol = "INFY".to_owned(),
        |leg| leg.exchange = Exchange::Bse,
    ];
    for change in changes {
        let mut day = resending(1);
        day.fates.insert((AccountId(1), 1), Fate::Lose);
        day.start();
        day.pass("2026-11-23T15:10:01+05:30");
        day.another((1, 1), change);
        day.pass("2026-11-23T15:13:30+05:30");
        assert_eq!(day.statuses(MONDAY), [IntentStatus::Accepted, IntentStatus::InDoubt]);
        assert_eq!(day.sends.len(), 2, "the plan sends once more only what is proven absent");
        assert_eq!(day.lines_with("NOT OURS"), 1, "{:?}", day.said);
        assert!(day.lines_with("only another order has its tag") > 1);
        // Its own comes to light late, and is found.
        let own = day.another((1, 1), |_| {});
        day.pass("2026-11-23T15:14:30+05:30");
        let run: RunId = MONDAY.to_owned().try_into().unwrap();
        let intent = day.model.legs_of(&run, AccountId(1)).nth(1).unwrap().1;
        let found = matches!(&intent.stage, Stage::Accepted { order_id, order, .. }
            if *order_id == own && order.duplicates.is_empty());
        assert!(found, "{:?}", intent.stage);
    }
}

/// It is proven absent, the second attempt is on its way to the gate, and another order is seen first.
#[test]
fn a_second_attempt_does_not_leave_in_sight_of_another_order_under_its_tag() {
    let mut day = resending(1);
    day.fates.insert((AccountId(1), 1), Fate::Lose);
    day.start();
    day.pass("2026-11-23T15:10:33+05:30");
    assert_eq!(day.sends.len(), 2);
    day.another((1, 1), |leg| leg.side = Side::Sell);
    day.pass("2026-11-23T15:14:30+05:30");
    assert_eq!(day.sends.len(), 2, "{:?}", day.said);
}

/// Under the tags of orders that have left, somebody else's appear: they are no duplicates, and stop the
/// rest all the same.
#[test]
fn another_order_that_appears_under_a_tag_is_a_second_sender_and_no_duplicate() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    for account in 1..=2 {
        day.another((account, 0), |leg| leg.quantity = units(6));
    }
    day.pass("2026-11-23T15:10:30+05:30");
    assert_eq!(day.lines_with("DUPLICATE"), 0, "{:?}", day.said);
    assert_eq!(day.lines_with("NOT OURS"), 2);
    assert_eq!(day.model.hold_reason(), Some(HoldReason::SecondSender));
    let placed = [IntentStatus::Accepted; 4];
    assert_eq!(day.statuses(MONDAY), placed, "by the broker's numbers");
}

/// By the broker's number an order is known whatever it says of itself: a person may have changed it.
#[test]
fn an_order_that_a_person_changed_is_still_its_own() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    day.looks.get_mut(&0).unwrap().quantity = units(3);
    day.states.insert(0, (OrderState::Filled, 3));
    day.pass("2026-11-23T15:10:30+05:30");
    assert_eq!(day.statuses(MONDAY), [IntentStatus::Filled, IntentStatus::Accepted]);
    assert_eq!(day.lines_with("NOT OURS"), 0);
}
