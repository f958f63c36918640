//! Days on which the vault is sealed.

use muster_protocol::run::RunState;
use muster_protocol::status::{HoldReason, VaultState};

use super::*;
use crate::domain::msg::{Ask, Asked, ReplyTo};
use crate::domain::record::{HoldEvent, VaultEvent};

const MONDAY: &str = "btst@2026-11-23";

fn ask(day: &mut Day, ask: Ask) -> Vec<Effect> {
    let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask };
    update(&mut day.model, day.now, Msg::Asked(asked))
}

fn seal(day: &mut Day) {
    let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask: Ask::Seal };
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

#[test]
fn i18_after_an_old_store_was_put_back_runs_are_held_until_a_person_says_go() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    let held = HoldEvent::Held { reason: HoldReason::OlderStore, at: day.now };
    day.model.apply(&Record::Hold(held)).unwrap();
    day.start();
    day.pass("2026-11-23T15:11:00+05:30");
    assert_eq!((day.run_state(MONDAY), day.sends.len()), (None, 0));
    let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask: Ask::Release };
    day.take(vec![Msg::Asked(asked)], usize::MAX);
    day.pass("2026-11-23T15:12:00+05:30");
    assert_eq!(day.statuses(MONDAY), vec![IntentStatus::Accepted; 4]);
}

#[test]
fn i19_whatever_is_answered_is_in_the_audit_of_the_same_commit() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    let everyone = || muster_protocol::request::Selection::All;
    for asked in [
        Ask::Seal,
        Ask::Release,
        Ask::Test(everyone()),
        Ask::SetActive(everyone(), false),
        Ask::Abandon { ticket: muster_protocol::ids::TicketId(1) },
        Ask::Reencrypt("nobody".parse().unwrap()),
    ] {
        let what = asked.words().0;
        let effects = ask(&mut day, asked);
        let answered_bare = |effect: &Effect| matches!(effect, Effect::Reply(_, Ok(_)));
        assert!(!effects.iter().any(answered_bare), "{what} is answered before it is durable");
        let audits = effects.iter().filter_map(|effect| {
            let Effect::Commit(commit) = effect else { return None };
            commit.audit.first().map(|entry| (entry, commit))
        });
        let audits: Vec<_> = audits.collect();
        let [(entry, commit)] = audits.as_slice() else { panic!("{what}: {effects:?}") };
        assert_eq!((entry.what.as_str(), entry.by.as_str()), (what.as_str(), "uid 0"));
        assert_eq!(entry.done, commit.ack.is_some(), "{what}");
    }
}
