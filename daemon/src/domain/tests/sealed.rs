//! Days on which the vault is sealed.

use muster_protocol::run::RunState;
use muster_protocol::status::VaultState;

use super::*;
use crate::domain::msg::{Ask, Asked, ReplyTo};
use crate::domain::record::VaultEvent;

const MONDAY: &str = "btst@2026-11-23";

fn seal(day: &mut Day) {
    let asked = Asked { reply: ReplyTo(1), by: "uid 0".to_owned(), only: None, ask: Ask::Seal };
    day.take(vec![Msg::Asked(asked)], usize::MAX);
    assert_eq!(day.model.vault, VaultState::Sealed);
}

fn unseal(day: &mut Day) {
    let unsealed = Record::Vault(VaultEvent::Unsealed { at: day.now });
    day.take(vec![Msg::Committed(vec![unsealed])], usize::MAX);
    assert_eq!(day.model.vault, VaultState::Open);
}

fn missed(day: &Day) -> bool {
    let state = day.run_state(MONDAY);
    matches!(state, Some(RunState::Missed { reason }) if reason == "the vault is sealed")
}

#[test]
fn i3_a_run_that_comes_due_while_sealed_is_missed_and_says_why() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    seal(&mut day);
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!((day.run_state(MONDAY), day.model.warned.len()), (None, 1));
    day.pass("2026-11-23T16:00:00+05:30");
    assert!(missed(&day) && day.sends.is_empty());
    // The next day is another day.
    unseal(&mut day);
    day.pass("2026-11-25T16:00:00+05:30");
    assert!(day.run_state("btst@2026-11-25").is_some());
}

#[test]
fn unsealed_inside_the_window_the_run_happens_late() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    seal(&mut day);
    day.pass("2026-11-23T15:11:00+05:30");
    unseal(&mut day);
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
    day.assert_at_most_once();
}

#[test]
fn sealed_after_the_freeze_nothing_is_sent_and_the_run_is_missed() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:50+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Frozen));
    seal(&mut day);
    day.pass("2026-11-23T16:00:00+05:30");
    assert!(missed(&day) && day.sends.is_empty());
}
