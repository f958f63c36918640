//! Somebody else sends the same orders: it is seen in the books, said aloud, and stops the rest.

use muster_protocol::status::HoldReason;
use muster_protocol::tally::TallyVerdict;

use super::super::msg::Ask;
use super::super::report;
use super::*;

const MONDAY: &str = "btst@2026-11-23";
const LEGS: u32 = 40;

/// A plan of so many legs that the books are read while it still sends.
fn long(accounts: u32) -> Day {
    let mut day = Day::new(accounts, Mode::Live, "2026-11-23T12:00:00+05:30");
    let mut spec = plan();
    let leg = spec.legs[1].clone();
    let legs = (1..=LEGS).map(|units| {
        let quantity = units.try_into().unwrap();
        Leg { quantity, ..leg.clone() }
    });
    spec.legs = legs.collect();
    let name: muster_protocol::ids::PlanId = "btst".parse().unwrap();
    let put = PlanEvent::Put { no: 1, spec, at: day.now };
    let armed = PlanEvent::Armed { mode: Mode::Live, at: day.now };
    let records = [put, armed].map(|event| Record::Plan(name.clone(), event));
    day.store.extend(records.iter().cloned());
    day.take(vec![Msg::Committed(records.to_vec())], usize::MAX);
    day.start();
    day
}

impl Day {
    /// The twin sends what this daemon has sent for these accounts.
    fn twin_sends(&mut self, accounts: &[u32]) {
        let intents = self.model.intents.iter().filter(|(id, intent)| {
            accounts.contains(&id.account.0) && intent.status() != IntentStatus::Planned
        });
        let tags: Vec<OrderTag> = intents.map(|(_, intent)| intent.tag.clone()).collect();
        self.book.extend(tags);
    }

    fn sent_for(&self, account: u32) -> usize {
        self.sends.iter().filter(|id| id.account.0 == account).count()
    }

    fn told(&self, words: &str) -> usize {
        self.said.iter().filter(|line| line.contains(words)).count()
    }
}

#[test]
fn an_order_twice_for_two_accounts_holds_every_run_until_a_person_has_looked() {
    let mut day = long(3);
    day.pass("2026-11-23T15:10:01+05:30");
    day.twin_sends(&[1, 2]);
    day.pass("2026-11-23T15:10:02.500+05:30");
    assert_eq!(day.model.hold_reason(), Some(HoldReason::SecondSender));
    assert!(day.told("DUPLICATE") >= 2 && day.told("SECOND SENDER: 2 accounts") == 1);
    let sent = day.sends.len();
    day.pass("2026-11-23T15:11:00+05:30");
    assert!(sent < 3 * LEGS as usize && day.sends.len() == sent, "{sent}");
    assert!(day.cancels.is_empty(), "which of the two is whose nobody knows");
    // A restart changes nothing about it.
    let mut day = Day::restarted(day.store, day.book, day.now);
    day.start();
    day.pass("2026-11-23T15:11:30+05:30");
    assert!(day.sends.is_empty());
    assert_eq!(day.model.hold_reason(), Some(HoldReason::SecondSender));
    // A person says go: those that were not sent for twice go on, and it is not held anew for what is known.
    assert!(matches!(day.ask(Ask::Release), Some(Ok(_))));
    day.pass("2026-11-23T15:13:50+05:30");
    assert_eq!(day.model.hold_reason(), None);
    assert_eq!((day.sent_for(1), day.sent_for(2)), (0, 0));
    assert!(day.sent_for(3) > 0);
    let run: RunId = MONDAY.to_owned().try_into().unwrap();
    let of_first = day.model.legs_of(&run, AccountId(1));
    let not_sent = of_first.filter(|(_, intent)| intent.status() == IntentStatus::NotSent);
    assert!(not_sent.count() > 0, "said, not left open");
}

/// One account's broker may show anything: it stops that account and nobody else.
#[test]
fn an_order_twice_for_one_account_stops_that_account_alone() {
    let mut day = long(3);
    day.pass("2026-11-23T15:10:01+05:30");
    day.twin_sends(&[2]);
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.model.hold_reason(), None);
    assert!(day.sent_for(2) < LEGS as usize);
    assert_eq!((day.sent_for(1), day.sent_for(3)), (LEGS as usize, LEGS as usize));
}

#[test]
fn what_had_not_left_when_the_book_was_read_and_is_there_is_somebody_else_s() {
    let mut day = long(2);
    day.pass("2026-11-23T15:10:01+05:30");
    // Legs that are still to be sent.
    for account in 1..=2 {
        let run: RunId = MONDAY.to_owned().try_into().unwrap();
        let legs = day.model.legs_of(&run, AccountId(account));
        let last = legs.last().map(|(_, intent)| intent.tag.clone()).unwrap();
        day.book.push(last);
    }
    day.pass("2026-11-23T15:10:30+05:30");
    assert_eq!(day.model.hold_reason(), Some(HoldReason::SecondSender));
    assert_eq!(day.told("already at the broker as"), 2);
}

#[test]
fn orders_of_muster_that_the_store_does_not_know_are_said_once_and_stand_in_the_tally() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:10:01+05:30");
    let mut other = day.book[0].0.clone();
    other.replace_range(3..19, "07ZZZZ001QWERTYU");
    day.book.push(OrderTag(other));
    // A person's own tag, and Muster's of another day, say nothing.
    day.book.push(OrderTag("1XYMINE".to_owned()));
    let mut yesterday = day.book[0].0.clone();
    yesterday.replace_range(0..3, "1XX");
    day.book.push(OrderTag(yesterday));
    for place in 0..2 {
        day.states.insert(place, (OrderState::Filled, [5, 20][place]));
    }
    day.pass("2026-11-23T15:20:00+05:30");
    assert_eq!(day.told("STRANGE: 1 orders"), 1, "{:?}", day.said);
    assert_eq!(day.told("of another installation"), 1);
    assert_eq!(day.model.hold_reason(), None);
    let report = report::daily(&day.model, day.now, None);
    let line = &report.runs[0].tally[0];
    assert!(line.verdict == TallyVerdict::Diff && line.notes[0].contains("STRANGE"), "{line:?}");
}

/// The other daemon counts the day's firings otherwise, or runs other plans: its tags are of this
/// installation and of no intent here.
#[test]
fn orders_of_this_installation_that_appear_after_the_book_was_read_hold_runs_too() {
    let mut day = long(2);
    day.pass("2026-11-23T15:10:01+05:30");
    for account in 1..=2 {
        let run: RunId = MONDAY.to_owned().try_into().unwrap();
        let first = day.model.legs_of(&run, AccountId(account)).next().unwrap();
        let mut tag = first.1.tag.0.clone();
        tag.replace_range(3..5, "0Z");
        day.book.push(OrderTag(tag));
    }
    day.pass("2026-11-23T15:10:30+05:30");
    assert!(day.told("of this installation") >= 1, "{:?}", day.said);
    assert_eq!(day.model.hold_reason(), Some(HoldReason::SecondSender));
}

/// A store put back: what it does not know was there before, and is said, and holds nothing by itself.
#[test]
fn orders_of_this_installation_that_were_there_before_are_said_and_hold_nothing() {
    let mut day = long(2);
    for account in 1..=2_u32 {
        let parts = crate::domain::tag::TagParts {
            date: day.now.date(),
            plan: 7,
            firing: 1,
            account: AccountId(account),
            leg: muster_protocol::ids::LegNo(0),
            attempt: muster_protocol::ids::Attempt(1),
        };
        day.book.push(parts.tag(Shift::from_bytes([7; 4]), &[7; 32]));
    }
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!(day.told("STRANGE"), 2, "{:?}", day.said);
    assert_eq!((day.model.hold_reason(), day.sends.len()), (None, 2 * LEGS as usize));
}
