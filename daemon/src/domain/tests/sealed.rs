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

/// Somebody seals while it becomes durable that somebody else unsealed: it said open, without a key.
#[test]
fn i20_sealed_while_it_is_being_unsealed_it_stays_sealed() {
    let mut day = Day::new(1, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    seal(&mut day);
    let unsealed = Record::Vault(VaultEvent::Unsealed { at: day.now });
    let effects = ask(&mut day, Ask::Seal);
    let sealed: Vec<Msg> = effects.into_iter().flat_map(|effect| day.perform(effect)).collect();
    day.take(vec![Msg::Committed(vec![unsealed])], usize::MAX);
    day.take(sealed, usize::MAX);
    assert_eq!(day.model.vault, VaultState::Sealed);
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

/// What an ask leads to at once, and what only when its audit is durable.
fn begun(effects: &[Effect]) -> (Vec<&Effect>, Vec<&Effect>) {
    let later = effects.iter().flat_map(|effect| {
        let Effect::Commit(commit) = effect else { return [].as_slice() };
        let audited = commit.then.is_empty() || !commit.audit.is_empty();
        assert!(audited, "nothing begins after a commit without an audit");
        commit.then.as_slice()
    });
    (effects.iter().filter(|effect| effect.waits_for_audit()).collect(), later.collect())
}

#[test]
fn i19_nothing_that_uses_a_secret_begins_before_its_audit_is_durable() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    let test = ask(&mut day, Ask::Test(muster_protocol::request::Selection::All));
    let (now, later) = begun(&test);
    assert_eq!((now.len(), later.len()), (0, 2));
    assert!(later.iter().all(|effect| matches!(effect, Effect::StartCheck(_))));
    // A list may be asked for with somebody's session.
    let muster = ask(&mut day, Ask::CallMuster);
    let (now, later) = begun(&muster);
    let lists = later.iter().filter(|effect| matches!(effect, Effect::LoadInstruments { .. }));
    assert_eq!((now.len(), lists.count()), (0, 1));
    for asked in [Ask::Backup("/tmp/b".to_owned()), Ask::Purge] {
        let what = asked.words().0;
        let effects = ask(&mut day, asked);
        let (now, later) = begun(&effects);
        assert_eq!((now.len(), later.len()), (0, 1), "{what}");
        let Some(Effect::Commit(commit)) = effects.last() else { panic!("{effects:?}") };
        assert_eq!(commit.audit[0].what, format!("asked for: {what}"));
        assert!(commit.ack.is_none(), "it is answered when it is done");
        // Durable, it begins.
        let follows = update(&mut day.model, day.now, Msg::Audited(commit.then.clone()));
        assert_eq!(follows, commit.then);
    }
    seal(&mut day);
    let unseal = ask(&mut day, Ask::Keys(muster_protocol::vault::KeyTask::Unseal));
    let (now, later) = begun(&unseal);
    assert!(now.is_empty() && matches!(later.as_slice(), [Effect::DeriveKeys { .. }]));
}

#[test]
fn a_store_is_not_purged_while_a_run_is_frozen() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:50+05:30");
    assert_eq!(day.run_state(MONDAY), Some(RunState::Frozen));
    assert_eq!(begun(&ask(&mut day, Ask::Purge)), (vec![], vec![]));
    day.pass("2026-11-23T16:00:00+05:30");
    assert_eq!(begun(&ask(&mut day, Ask::Purge)).1.len(), 1);
}

#[test]
fn a_run_missed_while_sealed_is_in_the_status_of_its_day() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    seal(&mut day);
    day.pass("2026-11-23T16:00:00+05:30");
    let status = |day: &Day| crate::domain::view::status(&day.model, day.now, None).missed;
    let missed = status(&day);
    assert_eq!(missed.len(), 1);
    assert_eq!(
        (missed[0].run.to_string().as_str(), missed[0].reason.as_str()),
        (MONDAY, "the vault is sealed")
    );
    day.pass("2026-11-24T00:10:00+05:30");
    assert_eq!(status(&day), []);
}

#[test]
fn sealing_ends_every_check_under_way() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    let asked = Ask::Test(muster_protocol::request::Selection::All);
    let asked = Asked { reply: ReplyTo(1), who: who("uid 0"), only: None, ask: asked };
    day.take(vec![Msg::Asked(asked)], usize::MAX);
    assert_eq!(day.model.checks.len(), 2);
    seal(&mut day);
    assert!(day.model.checks.is_empty());
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

/// The key could not be had when the tags were made: whoever was fit was in nobody's list.
#[test]
fn without_a_key_for_its_tags_an_account_is_left_out_and_it_is_said() {
    let mut day = Day::new(2, Mode::Live, "2026-11-23T12:00:00+05:30");
    day.start();
    day.pass("2026-11-23T15:09:29.999+05:30");
    day.now = at("2026-11-23T15:09:30+05:30");
    for effect in update(&mut day.model, day.now, Msg::Tick) {
        let msgs = if let Effect::MakeTags { run, .. } = effect {
            vec![Msg::TagsMade { run, tags: Vec::new() }]
        } else {
            day.perform(effect)
        };
        day.take(msgs, usize::MAX);
    }
    let run: RunId = "btst@2026-11-23".to_owned().try_into().unwrap();
    let fixed = &day.model.runs[&run].fixed;
    assert_eq!((fixed.participants.len(), fixed.excluded.len()), (0, 2));
    assert!(day.said.iter().any(|line| line.contains("left out")), "{:?}", day.said);
}
