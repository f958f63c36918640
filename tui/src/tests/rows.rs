//! The accounts' rows and the journal's entries: sorted, marked, switched and taken back, searched.

use muster_protocol::event::{Delta, JournalEntry};
use muster_protocol::ids::AccountId;
use muster_protocol::reply::{Role, Touched};
use muster_protocol::request::Selection;
use muster_protocol::time::Timestamp;

use super::update::{asked, ids, press, text};
use super::world;
use crate::app::effect::{Ask, Effect};
use crate::app::key::Key;
use crate::app::model::Model;
use crate::app::msg::{Answer, CallId, LinkNews, Msg};
use crate::app::screens::accounts::{self, Sort};
use crate::app::update::update;

fn order(model: &Model) -> Vec<u32> {
    accounts::rows(model).map(|id| id.0).collect()
}

fn touched(model: &mut Model, call: u64, ids: &[u32]) {
    let accounts = ids.iter().copied().map(AccountId).collect();
    let answer = Ok(Answer::Touched(Touched { accounts }));
    let now = model.local;
    update(model, now, Msg::Reply { id: CallId(call), answer });
}

#[test]
fn rows_are_sorted_by_each_column_and_the_other_way_round() {
    let mut model = world::model();
    assert_eq!(order(&model), [1, 2, 3, 4, 5, 6, 7]);
    press(&mut model, &text("S"));
    assert_eq!(order(&model), [7, 6, 5, 4, 3, 2, 1]);
    press(&mut model, &text("s"));
    assert_eq!((model.accounts.sort, model.accounts.turned), (Sort::Trouble, false));
    assert_eq!(order(&model)[..3], [2, 4, 5], "who is not fit comes first");
    let mut seen = vec![model.accounts.sort];
    loop {
        press(&mut model, &text("s"));
        if model.accounts.sort == Sort::User {
            break;
        }
        let mut all = order(&model);
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7], "{:?}", model.accounts.sort);
        seen.push(model.accounts.sort);
    }
    assert_eq!(seen.len(), 9);
}

#[test]
fn rows_follow_what_changes_and_the_selection_its_account() {
    let mut model = world::model();
    press(&mut model, &text("ssssssssss"));
    assert_eq!(model.accounts.sort, Sort::User);
    press(&mut model, &text("sssssssssG"));
    assert_eq!(model.accounts.sort, Sort::Latency);
    let last = model.accounts.selected;
    let mut slow = world::accounts().remove(0);
    slow.latency_ms = Some(9_999);
    let news = vec![Delta::Account(Box::new(slow))];
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Deltas(news)));
    assert_eq!(order(&model)[0], 1, "the slowest is first");
    assert_eq!(model.accounts.selected, last);
}

#[test]
fn every_shown_row_is_marked_and_unmarked_by_one_key() {
    let mut model = world::model();
    press(&mut model, &text("/zerodha"));
    press(&mut model, &[Key::Enter, Key::Char('*')]);
    assert_eq!(asked(&press(&mut model, &text("t"))), Some(&Ask::Test(ids(&[3, 4, 6, 7]))));
    press(&mut model, &text("*"));
    assert!(model.accounts.marked.is_empty());
}

/// Taking back touches exactly what the switch has touched.
#[test]
fn a_switch_is_taken_back_for_ten_seconds() {
    let mut model = world::model();
    press(&mut model, &text("*"));
    let on = press(&mut model, &text("a"));
    let off_before = ids(&[6, 7]);
    assert_eq!(asked(&on), Some(&Ask::SetAuto { accounts: off_before.clone(), on: true }));
    touched(&mut model, 0, &[6, 7]);
    let notice = model.notice.as_ref().map(|notice| notice.text.clone()).unwrap();
    assert!(notice.contains("2 accounts") && notice.contains("u takes it back"), "{notice}");
    let back = press(&mut model, &text("u"));
    assert_eq!(asked(&back), Some(&Ask::SetAuto { accounts: off_before, on: false }));

    press(&mut model, &text("a"));
    touched(&mut model, 2, &[6, 7]);
    let now = model.local.plus(10_001);
    update(&mut model, now, Msg::Tick);
    assert!(asked(&press(&mut model, &text("u"))).is_none());
    assert!(model.notice.as_ref().is_some_and(|notice| notice.bad));
}

#[test]
fn a_switch_that_touched_nothing_is_not_taken_back() {
    let mut model = world::model();
    press(&mut model, &text("a"));
    touched(&mut model, 0, &[]);
    assert!(model.undo.is_none());
}

#[test]
fn r_takes_the_keys_that_act_away_and_gives_them_back() {
    let mut model = world::model();
    press(&mut model, &text("R"));
    assert!(press(&mut model, &text("tTaAD")).is_empty());
    press(&mut model, &text("R"));
    assert!(asked(&press(&mut model, &text("t"))).is_some());
    model.only_look = true;
    press(&mut model, &text("R"));
    assert!(asked(&press(&mut model, &text("t"))).is_none(), "a flag is not taken back by a key");
}

#[test]
fn a_person_enters_their_own_account_and_nobody_elses() {
    let mut model = world::model();
    model.welcome.as_mut().unwrap().role = Role::User { user: "asha.k".parse().unwrap() };
    press(&mut model, &[Key::Char('c'), Key::Down, Key::Enter, Key::Tab, Key::Char('x')]);
    let form = &model.connect.form;
    assert_eq!(form.user.text(), "asha.k");
    assert!(form.fields().all(|field| field != crate::app::form::FieldName::User));
    let removes = press(&mut model, &[Key::Esc, Key::Char('1'), Key::Char('D')]);
    assert!(removes.is_empty() && model.overlay.is_none(), "only an operator removes");
}

fn long() -> Model {
    let mut model = world::model();
    for seq in 5..200 {
        let text = if seq % 50 == 0 { format!("Timeout {seq}") } else { format!("entry {seq}") };
        let entry = JournalEntry { seq, text, ..world::journal()[0].clone() };
        model.world.apply(Delta::Journal(entry));
    }
    model
}

#[test]
fn a_search_goes_from_match_to_match_and_says_where_it_ends() {
    let mut model = long();
    press(&mut model, &text("4#timeout"));
    press(&mut model, &[Key::Enter]);
    assert_eq!(model.journal.found, Some(150));
    press(&mut model, &text("n"));
    assert_eq!((model.journal.found, model.journal.held_at), (Some(100), Some(100)));
    press(&mut model, &text("N"));
    assert_eq!(model.journal.found, Some(150));
    press(&mut model, &text("N"));
    assert!(model.notice.as_ref().is_some_and(|notice| notice.bad), "there is no newer one");
    assert_eq!(model.journal.found, Some(150));
    let copied = press(&mut model, &text("y"));
    assert!(matches!(copied.as_slice(), [Effect::Copy(line)] if line.ends_with("Timeout 150")));
    press(&mut model, &[Key::Esc, Key::Esc]);
    assert!(model.journal.search.is_empty());
}

#[test]
fn a_search_stays_within_the_filter() {
    let mut model = long();
    press(&mut model, &text("4/100"));
    press(&mut model, &[Key::Enter]);
    press(&mut model, &text("#timeout"));
    press(&mut model, &[Key::Enter]);
    assert_eq!(model.journal.found, Some(100));
    let all = Selection::All;
    assert_ne!(asked(&press(&mut model, &text("n"))), Some(&Ask::Test(all)));
    assert_eq!(model.journal.found, Some(100));
}
