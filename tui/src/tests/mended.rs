//! Defects people met, and for each the test that would have found it.

use muster_protocol::event::Delta;
use muster_protocol::ids::OrderId;
use muster_protocol::time::{DAY, MINUTE, Timestamp};
use ratatui::style::Color;

use super::screens::{at, screen, shown, with};
use super::world;
use crate::app::key::Key;
use crate::app::keymap;
use crate::app::model::Model;
use crate::app::msg::{LinkNews, Msg, Notice};
use crate::app::update::update;

fn typed(words: &str) -> Vec<Key> {
    words.chars().map(Key::Char).collect()
}

/// The cursor of a line longer than the screen was outside it: one typed blindly.
#[test]
fn a_line_longer_than_the_screen_moves_with_its_cursor() {
    let line = format!("/{}END", "x".repeat(100));
    let model = at(world::model(), 80, 24, &typed(&line));
    assert!(shown(&model).contains("xEND "), "{}", shown(&model));
    let user = format!("{}END", "x".repeat(100));
    let keys = [vec![Key::Char('2'), Key::Enter, Key::Tab], typed(&user)].concat();
    let model = at(world::model(), 80, 24, &keys);
    assert!(shown(&model).contains("xEND "), "{}", shown(&model));
}

/// Enter changed nothing that could be seen where the details stood beside the list already.
#[test]
fn enter_shows_more_of_an_account_at_every_size() {
    for (width, height) in [(80, 24), (40, 12), (120, 40), (200, 50)] {
        let list = shown(&at(world::model(), width, height, &[]));
        let page = shown(&at(world::model(), width, height, &[Key::Enter]));
        assert_ne!(list, page);
        assert!(page.contains("Account 1 of 7"), "{page}");
    }
}

/// A notice about one page hid the keys of the next.
#[test]
fn a_notice_stays_with_its_page_and_good_news_goes_with_the_next_key() {
    let mut model = world::model();
    update(&mut model, Timestamp::from_millis(0), Msg::Notice(Notice::bad("cannot be done")));
    assert!(shown(&at(model.clone(), 80, 24, &[])).contains("cannot be done"));
    let next = shown(&at(model.clone(), 80, 24, &[Key::Char('4')]));
    assert!(!next.contains("cannot be done") && next.contains("space pause"), "{next}");
    let closed = shown(&at(model, 80, 24, &[Key::Esc]));
    assert!(!closed.contains("cannot be done"), "{closed}");
    let mut model = world::model();
    update(&mut model, Timestamp::from_millis(0), Msg::Notice(Notice::good("done")));
    assert!(at(model, 80, 24, &[Key::Down]).notice.is_none());
}

/// `15:10 in 1d23h` did not say which day.
#[test]
fn a_run_of_another_day_has_its_day_in_the_header() {
    let first = |days: i64| {
        let model = with(|snapshot| {
            let next = snapshot.status.next_run.as_mut().unwrap();
            next.at = next.at.plus(days * DAY);
        });
        shown(&model).lines().next().unwrap().to_owned()
    };
    assert!(first(0).contains("btst 15:10 in 5:48"), "{}", first(0));
    assert!(first(1).contains("btst Tue 15:10 in 1d0h"), "{}", first(1));
    assert!(first(10).contains("btst Thu 03 Dec 15:10 in 10d0h"), "{}", first(10));
}

/// An address seen yesterday was as green as one seen just now.
#[test]
fn an_address_that_was_not_seen_lately_is_not_green() {
    let mark = |minutes: i64| {
        let model = with(|snapshot| {
            let seen = snapshot.status.egress[0].observed.as_mut().unwrap();
            seen.at = world::now().plus(-minutes * MINUTE);
        });
        let model = at(model, 80, 24, &[Key::Char('5')]);
        let terminal = screen(&model);
        let buffer = terminal.backend().buffer();
        let text: Vec<_> = shown(&model).lines().map(str::to_owned).collect();
        let row =
            text.iter().position(|row| row.contains("98.88.173.81") && row.contains("observed"));
        let row = u16::try_from(row.unwrap()).unwrap();
        (0..80).filter_map(|x| buffer.cell((x, row))).any(|cell| cell.fg == Color::Green)
    };
    assert!(mark(1) && !mark(60));
}

/// `b` and `r` were offered while a person was to log in, and refused when pressed.
#[test]
fn only_keys_that_do_something_are_offered_on_a_test() {
    let model = world::waiting_for_login();
    let labels = |model: &Model| -> Vec<_> {
        keymap::footer(model.stack(), model.rights()).iter().map(|b| b.label).collect()
    };
    let offered = labels(&model);
    assert!(offered.contains(&"new link") && !offered.contains(&"again"), "{offered:?}");
    assert!(!offered.contains(&"form"), "{offered:?}");
    let mut running = world::login_check();
    running.outcome = muster_protocol::check::CheckOutcome::Running;
    let mut model = model;
    let moved = Msg::Link(LinkNews::Deltas(vec![Delta::Check(running)]));
    update(&mut model, Timestamp::from_millis(0), moved);
    let offered = labels(&model);
    assert!(!offered.contains(&"new link") && !offered.contains(&"form"), "{offered:?}");
}

/// With every field missing, the last ones were below the screen.
#[test]
fn an_empty_form_that_was_sent_shows_every_complaint_at_once() {
    let model = at(world::model(), 80, 24, &[Key::Char('2'), Key::Enter, Key::Enter]);
    let shown = shown(&model);
    assert_eq!(shown.matches("missing: ").count(), 5, "{shown}");
    for words in ["WARNING", "98.88.173.81", "API secret", "Egress"] {
        assert!(shown.contains(words), "{shown}");
    }
}

/// Up on the first broker chose the last.
#[test]
fn the_choice_of_the_broker_has_two_ends() {
    let second = |keys: &[Key]| at(world::model(), 80, 24, keys).connect.second_broker;
    assert!(!second(&[Key::Char('2'), Key::Up]));
    assert!(second(&[Key::Char('2'), Key::Down, Key::Down]));
}

/// Zerodha's long order numbers pushed the latency off the row.
#[test]
fn the_time_an_order_took_is_never_cut() {
    let (run, mut intents) = world::firing();
    for intent in &mut intents {
        intent.order_id = Some(OrderId("2611230000012345678901234567890".to_owned()));
    }
    let model = with(|snapshot| {
        snapshot.runs.push(run);
        snapshot.intents = intents;
    });
    let shown = shown(&at(model, 80, 24, &[Key::Char('3'), Key::Enter]));
    assert!(shown.contains("173ms") && shown.contains("80ms"), "{shown}");
}

/// An entry of Friday looked like one of today.
#[test]
fn every_day_of_the_journal_has_its_date() {
    let model = with(|snapshot| {
        snapshot.journal[0].at = world::now().plus(-3 * DAY);
    });
    let shown = shown(&at(model, 80, 24, &[Key::Char('4')]));
    assert!(shown.contains(" Fri 20 Nov ─") && shown.contains(" Mon 23 Nov ─"), "{shown}");
}
