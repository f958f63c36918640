//! Every path of an intent.

use muster_protocol::ids::OrderId;
use muster_protocol::time::Timestamp;

use super::super::book::{OrderState, Progress};
use super::*;

const AT: Timestamp = Timestamp::from_millis(1_000);

fn cause() -> Cause {
    Cause { kind: FailureKind::InDoubt, says: None, ip_seen: None }
}

fn every_event() -> Vec<IntentEvent> {
    let order_id = OrderId("1".to_owned());
    vec![
        IntentEvent::Sending { attempt: Attempt(1), at: AT },
        IntentEvent::Accepted { order_id: order_id.clone(), at: AT },
        IntentEvent::Refused { cause: cause(), at: AT },
        IntentEvent::NotSent { cause: cause(), at: AT },
        IntentEvent::Doubted { cause: cause(), at: AT },
        IntentEvent::Missing { at: AT },
        IntentEvent::Found { order_id: order_id.clone(), at: AT },
        IntentEvent::Absent { at: AT },
        IntentEvent::Followed { progress: progress(OrderState::Filled, 20), at: AT },
        IntentEvent::Duplicated { order_id, at: AT },
        IntentEvent::Cancelling { by: "uid 0".to_owned(), at: AT },
        IntentEvent::Missed { at: AT },
        IntentEvent::Rehearsed { at: AT },
    ]
}

fn progress(state: OrderState, filled: u32) -> Progress {
    Progress { state, filled, average: None, text: None }
}

fn after(events: &[IntentEvent]) -> Intent {
    let planned = Intent::planned(OrderTag("T".to_owned()));
    events.iter().fold(planned, |intent, event| intent.next(event).unwrap())
}

#[test]
fn i1_no_path_leads_to_a_second_send() {
    // Every reachable state within five events: none that was ever sent accepts Sending again.
    let mut frontier = vec![(after(&[]), false)];
    for _ in 0..5 {
        let mut next = Vec::new();
        for (intent, sent) in &frontier {
            for event in every_event() {
                let Ok(moved) = intent.next(&event) else { continue };
                let sends = matches!(event, IntentEvent::Sending { .. });
                assert!(!(sends && *sent), "{intent:?} was sent again");
                next.push((moved, *sent || sends));
            }
        }
        frontier.extend(next);
        frontier.dedup();
    }
    assert!(frontier.len() > 8);
}

#[test]
fn i6_only_the_book_moves_an_order_out_of_doubt() {
    let doubt = after(&[every_event()[0].clone(), every_event()[4].clone()]);
    for event in every_event() {
        match (&event, doubt.next(&event)) {
            (IntentEvent::Found { .. }, Ok(moved)) => {
                assert_eq!(moved.status(), IntentStatus::Accepted);
            }
            (IntentEvent::Missing { .. } | IntentEvent::Absent { .. }, Ok(moved)) => {
                assert_eq!(moved.status(), IntentStatus::InDoubt);
            }
            (_, Err(_)) => {}
            (event, Ok(moved)) => panic!("{event:?} led to {moved:?}"),
        }
    }
}

#[test]
fn a_second_attempt_needs_a_person_a_new_tag_and_the_next_number() {
    let doubt = after(&[every_event()[0].clone(), every_event()[4].clone()]);
    let retried = |attempt, tag: &str| IntentEvent::Retried {
        attempt: Attempt(attempt),
        tag: OrderTag(tag.to_owned()),
        by: "uid 0".to_owned(),
        at: AT,
    };
    assert!(doubt.next(&retried(2, "T")).is_err(), "the old tag again");
    assert!(doubt.next(&retried(3, "U")).is_err(), "a number left out");
    let again = doubt.next(&retried(2, "U")).unwrap();
    assert_eq!((again.status(), again.tag.0.as_str()), (IntentStatus::Planned, "U"));
    assert!(again.next(&IntentEvent::Sending { attempt: Attempt(1), at: AT }).is_err());
    assert!(again.next(&IntentEvent::Sending { attempt: Attempt(2), at: AT }).is_ok());
    assert!(after(&[]).next(&retried(2, "U")).is_err(), "nothing is in doubt");
}

#[test]
fn what_is_at_the_broker_only_takes_what_the_book_tells() {
    let accepted = after(&[every_event()[0].clone(), every_event()[1].clone()]);
    for event in every_event() {
        let told = matches!(
            event,
            IntentEvent::Followed { .. }
                | IntentEvent::Duplicated { .. }
                | IntentEvent::Cancelling { .. }
        );
        assert_eq!(accepted.next(&event).is_ok(), told, "{event:?}");
    }
    let told = |state, filled| {
        let followed = IntentEvent::Followed { progress: progress(state, filled), at: AT };
        accepted.next(&followed).unwrap().status()
    };
    assert_eq!(told(OrderState::Pending, 0), IntentStatus::Accepted);
    assert_eq!(told(OrderState::Open, 0), IntentStatus::Open);
    assert_eq!(told(OrderState::Open, 5), IntentStatus::PartlyFilled);
    assert_eq!(told(OrderState::Filled, 20), IntentStatus::Filled);
    assert_eq!(told(OrderState::Rejected, 0), IntentStatus::Rejected);
    assert_eq!(told(OrderState::Cancelled, 5), IntentStatus::Cancelled);
}

/// A late answer finds the order settled and changes nothing; the book is evidence whenever it comes.
#[test]
fn a_finished_order_is_raised_by_the_book_and_by_nothing_else() {
    let refused = after(&[every_event()[0].clone(), every_event()[2].clone()]);
    let not_sent = after(&[every_event()[3].clone()]);
    let missed = after(&[IntentEvent::Missed { at: AT }]);
    for finished in [refused, not_sent, missed] {
        for event in every_event() {
            let found = matches!(event, IntentEvent::Found { .. });
            assert_eq!(finished.next(&event).is_ok(), found, "{finished:?} {event:?}");
        }
    }
}
