//! A list that a broker gives only to who is logged in.

use muster_protocol::failure::FailureKind;
use muster_protocol::ids::AccountId;
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;

use super::super::effect::Effect;
use super::super::intent::Cause;
use super::super::model::ListState;
use super::super::msg::{ListLoaded, Msg};
use super::super::record::Record;
use super::super::session::SessionEvent;
use super::super::update::{next_deadline, update};
use super::{Day, at};

/// A day on which the list is asked for and does not come.
fn day(accounts: u32) -> Day {
    let mut day = Day::new(accounts, Mode::DryRun, "2026-11-23T09:30:00+05:30");
    day.slow_lists = true;
    day.start();
    day
}

fn refused(lent: Option<AccountId>) -> Msg {
    let says = Some("Incorrect `api_key` or `access_token`.".to_owned());
    let cause = Cause { kind: FailureKind::SessionExpired, says, ip_seen: None };
    let (wanted, found) = ([].into(), vec![]);
    let (checked, size, failed) = (None, 0, Some(cause));
    let loaded = ListLoaded { wanted, found, checked, size, failed, lent };
    Msg::Instruments { broker: Broker::AngelOne, loaded }
}

/// Whose session each request for the list may use.
fn lenders(effects: &[Effect]) -> Vec<Option<AccountId>> {
    let asked = effects.iter().filter_map(|effect| {
        let Effect::LoadInstruments { lender, .. } = effect else { return None };
        Some(lender.as_ref().map(|(id, _)| *id))
    });
    asked.collect()
}

fn session(day: &mut Day, id: u32, on: bool) -> Vec<Effect> {
    let since = day.now;
    let event = if on {
        SessionEvent::Opened { since, until: at("2026-11-24T00:00:00+05:30") }
    } else {
        SessionEvent::Ended { at: since }
    };
    let records = vec![Record::Session(AccountId(id), event)];
    update(&mut day.model, day.now, Msg::Committed(records))
}

#[test]
fn the_next_login_brings_the_list_and_no_login_after_it_asks_again() {
    let mut day = day(2);
    for id in [1, 2] {
        session(&mut day, id, false);
    }
    day.take(vec![refused(None)], usize::MAX);
    let state = day.model.lists[&Broker::AngelOne];
    assert!(matches!(state, ListState::Failed { wants_login: true, .. }), "{state:?}");
    let why = day.model.list_reason(Broker::AngelOne, day.now).unwrap().words();
    assert!(why.contains("log in at Angel One"), "{why}");
    assert!(day.said.iter().any(|text| text.contains("as soon as somebody logs in")));
    assert_eq!(lenders(&session(&mut day, 2, true)), [Some(AccountId(2))]);
    assert_eq!(lenders(&session(&mut day, 1, true)), [], "it is on its way");
}

#[test]
fn who_logged_in_while_it_was_asked_for_is_not_made_to_wait() {
    let mut day = day(1);
    session(&mut day, 1, false);
    session(&mut day, 1, true);
    day.take(vec![refused(None)], usize::MAX);
    assert_eq!(next_deadline(&day.model, day.now), Some(day.now), "asked again at once");
    day.take(vec![Msg::Tick], usize::MAX);
    // Once: if no session helps, it waits as for any other failure.
    day.take(vec![refused(None)], usize::MAX);
    assert!(next_deadline(&day.model, day.now) > Some(day.now));
}

#[test]
fn a_session_that_does_not_help_gives_its_place_to_another() {
    let mut day = day(2);
    let mut asked = Vec::new();
    for _ in 0..3 {
        let lent = day.model.lender(Broker::AngelOne, day.now).map(|(id, _)| id);
        asked.push(lent);
        day.take(vec![refused(lent)], usize::MAX);
        let ListState::Failed { again, .. } = day.model.lists[&Broker::AngelOne] else { panic!() };
        day.now = again;
        day.take(vec![Msg::Tick], usize::MAX);
    }
    assert_eq!(asked, [Some(AccountId(2)), Some(AccountId(1)), Some(AccountId(2))]);
}
