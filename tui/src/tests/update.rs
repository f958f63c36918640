//! Keys in, effects out.

use muster_protocol::account::AccountStatus;
use muster_protocol::check::CheckTarget;
use muster_protocol::event::Delta;
use muster_protocol::ids::{AccountId, TicketId};
use muster_protocol::plan::Mode;
use muster_protocol::reply::{Role, Ticket};
use muster_protocol::request::Selection;
use muster_protocol::time::Timestamp;

use super::world;
use crate::app::effect::{Ask, Effect};
use crate::app::key::Key;
use crate::app::model::{Link, Model, Page};
use crate::app::msg::{Answer, CallId, LinkNews, Lost, Msg};
use crate::app::screens::connect::Stage;
use crate::app::update::update;

/// Presses keys a second apart; what the last one led to.
pub(super) fn press(model: &mut Model, keys: &[Key]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys {
        let now = model.local.plus(1_000);
        effects = update(model, now, Msg::Key(*key));
    }
    effects
}

pub(super) fn text(keys: &str) -> Vec<Key> {
    keys.chars().map(Key::Char).collect()
}

pub(super) fn asked(effects: &[Effect]) -> Option<&Ask> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send { ask, .. } => Some(ask),
        _ => None,
    })
}

pub(super) fn ids(ids: &[u32]) -> Selection {
    Selection::Ids(ids.iter().copied().map(AccountId).collect())
}

#[test]
fn a_test_is_for_the_marked_or_else_the_selected() {
    let mut model = world::model();
    let one = press(&mut model, &text("jt"));
    assert_eq!(asked(&one), Some(&Ask::Test(ids(&[2]))));
    let marked = press(&mut model, &text(" j t"));
    assert_eq!(asked(&marked), Some(&Ask::Test(ids(&[2, 4]))));
    assert_eq!(asked(&press(&mut model, &text("T"))), Some(&Ask::Test(Selection::All)));
}

#[test]
fn the_selection_stays_with_the_account_when_rows_come_and_go() {
    let mut model = world::model();
    press(&mut model, &text("jj"));
    assert_eq!(model.accounts.selected, Some(AccountId(3)));
    let gone = |id| vec![Delta::AccountRemoved(AccountId(id))];
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Deltas(gone(1))));
    assert_eq!(model.accounts.selected, Some(AccountId(3)));
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Deltas(gone(3))));
    assert!(model.accounts.selected.is_some());
}

#[test]
fn a_filter_works_while_it_is_typed_and_esc_puts_it_back() {
    let mut model = world::model();
    press(&mut model, &text("/zerod"));
    assert_eq!(crate::app::screens::accounts::rows(&model).len(), 4);
    press(&mut model, &[Key::Esc]);
    assert_eq!(crate::app::screens::accounts::rows(&model).len(), 7);
    press(&mut model, &text("/asha"));
    press(&mut model, &[Key::Enter]);
    assert_eq!(model.accounts.selected, Some(AccountId(1)));
}

#[test]
fn removing_needs_the_name_and_keys_typed_too_soon_do_nothing() {
    let mut model = world::model();
    press(&mut model, &text("D"));
    let now = model.local.plus(100);
    update(&mut model, now, Msg::Key(Key::Char('x')));
    press(&mut model, &text("asha"));
    assert!(press(&mut model, &[Key::Enter]).is_empty());
    let done = press(&mut model, &[text(".k").as_slice(), &[Key::Enter]].concat());
    let remove = Ask::Remove { account: AccountId(1), user: "asha.k".parse().unwrap() };
    assert_eq!(asked(&done), Some(&remove));
}

/// The guard is against doing something by mistake; Esc does nothing, and closes at once.
#[test]
fn esc_closes_a_question_however_soon_it_comes() {
    let mut model = world::model();
    press(&mut model, &text("D"));
    assert!(model.overlay.is_some());
    let now = model.local.plus(1);
    update(&mut model, now, Msg::Key(Key::Esc));
    assert!(model.overlay.is_none());
}

#[test]
fn deactivating_asks_and_cancel_is_chosen_first() {
    let mut model = world::model();
    assert!(press(&mut model, &[Key::Char('A'), Key::Enter]).is_empty());
    let done = press(&mut model, &[Key::Char('A'), Key::Tab, Key::Enter]);
    assert_eq!(asked(&done), Some(&Ask::SetActive { accounts: ids(&[1]), on: false }));
}

#[test]
fn going_live_needs_the_plans_name_and_carries_the_hash_that_was_seen() {
    let mut snapshot = world::snapshot();
    snapshot.plans[0].mode = Mode::DryRun;
    let mut model = world::model_of(snapshot);
    press(&mut model, &text("3L"));
    assert!(press(&mut model, &[Key::Enter]).is_empty());
    press(&mut model, &text("L"));
    let done = press(&mut model, &[text("btst").as_slice(), &[Key::Enter]].concat());
    let Some(Ask::Arm { mode: Mode::Live, hash, .. }) = asked(&done) else { panic!("{done:?}") };
    assert_eq!(*hash, world::plan().hash);
}

#[test]
fn a_viewer_and_a_read_only_client_have_no_keys_that_act() {
    let mut model = world::model();
    model.only_look = true;
    assert!(press(&mut model, &text("tTaAD")).is_empty());
    let mut model = world::model();
    model.welcome.as_mut().unwrap().role = Role::Viewer;
    assert!(press(&mut model, &text("T")).is_empty());
}

#[test]
fn the_clock_is_the_daemons_and_goes_on_between_its_words() {
    let mut model = world::model();
    update(&mut model, Timestamp::from_millis(2_500), Msg::Tick);
    assert_eq!(model.now(), Some(world::now().plus(2_500)));
    // A rehearsal's clock runs faster; each word of the daemon sets it anew.
    let mut status = world::snapshot().status;
    status.now = world::now().plus(600_000);
    let heard = vec![Delta::Status(status)];
    update(&mut model, Timestamp::from_millis(3_000), Msg::Link(LinkNews::Deltas(heard)));
    assert_eq!(model.now(), Some(world::now().plus(600_000)));
}

#[test]
fn data_stay_when_the_daemon_goes_and_r_tries_again() {
    let mut model = world::model();
    let lost = Lost { attempt: 4, retry_in_ms: 3_000, stopped: false, reason: "cut".to_owned() };
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Lost(lost)));
    assert!(model.is_stale() && model.world.accounts.len() == 7);
    assert_eq!(press(&mut model, &[Key::Ctrl('r')]), [Effect::RetryNow]);
    let snapshot = Box::new(world::snapshot());
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Snapshot(snapshot)));
    assert_eq!(model.link, Link::Live);
}

#[test]
fn a_login_turns_by_itself_when_the_check_moves() {
    let mut model = world::model();
    press(&mut model, &text("jjjl"));
    let began = Ticket { ticket: TicketId(7), link: None, expires: None };
    let reply = Msg::Reply { id: CallId(0), answer: Ok(Answer::Ticket(began)) };
    update(&mut model, Timestamp::from_millis(0), reply);
    let mut check = world::login_check();
    let waits = vec![Delta::Check(check.clone())];
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Deltas(waits)));
    press(&mut model, &text("v"));
    assert!(model.overlay.is_some());
    check.outcome = muster_protocol::check::CheckOutcome::Running;
    let runs = vec![Delta::Check(check)];
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Deltas(runs)));
    assert!(model.overlay.is_none());
    let left = press(&mut model, &[Key::Esc]);
    assert_eq!(asked(&left), Some(&Ask::Abandon(TicketId(7))));
    assert_eq!(model.page, Page::Accounts);
}

#[test]
fn a_connection_the_restarted_daemon_has_dropped_is_said_to_be_gone() {
    let mut model = world::waiting_for_login();
    let snapshot = Box::new(world::snapshot());
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Snapshot(snapshot)));
    let Stage::Check { refusal: Some(why), .. } = &model.connect.stage else { panic!() };
    assert!(why.contains("restarted"));
    let again = press(&mut model, &text("r"));
    assert_eq!(asked(&again), Some(&Ask::Login(AccountId(4))));
}

#[test]
fn a_test_that_has_ended_stays_on_the_screen_when_the_daemon_forgets_it() {
    let mut snapshot = world::snapshot();
    snapshot.checks.push(world::refused_check(CheckTarget::Ticket(TicketId(7))));
    let mut model = world::model_of(snapshot);
    model.page = Page::Connect;
    model.connect.stage = Stage::Check { ticket: Some(TicketId(7)), login: None, refusal: None };
    let later = Box::new(world::snapshot());
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Snapshot(later)));
    assert!(crate::app::screens::connect::check(&model).is_some());
    assert!(matches!(model.connect.stage, Stage::Check { refusal: None, .. }));
}

#[test]
fn an_answer_that_comes_after_esc_is_given_up() {
    let mut model = world::model();
    press(&mut model, &text("jjjl"));
    press(&mut model, &[Key::Esc]);
    let began = Ticket { ticket: TicketId(9), link: None, expires: None };
    let reply = Msg::Reply { id: CallId(0), answer: Ok(Answer::Ticket(began)) };
    let effects = update(&mut model, Timestamp::from_millis(0), reply);
    assert_eq!(asked(&effects), Some(&Ask::Abandon(TicketId(9))));
}

#[test]
fn a_refused_test_keeps_the_form_and_esc_drops_it() {
    let mut snapshot = world::snapshot();
    snapshot.checks.push(world::refused_check(CheckTarget::Ticket(TicketId(7))));
    let mut model = world::model_of(snapshot);
    model.page = Page::Connect;
    model.connect.stage = Stage::Check { ticket: Some(TicketId(7)), login: None, refusal: None };
    press(&mut model, &text("b"));
    assert_eq!(model.connect.stage, Stage::Form);
    assert_eq!(press(&mut model, &[Key::Esc]), [Effect::ForgetSecrets]);
}

#[test]
fn y_copies_the_address_and_in_a_field_it_is_a_letter() {
    let mut model = world::model();
    let copied = [Effect::Copy("98.88.173.81".to_owned())];
    press(&mut model, &[Key::Char('2'), Key::Enter]);
    assert_eq!(press(&mut model, &text("y")), copied);
    press(&mut model, &[Key::Tab, Key::Char('y')]);
    assert_eq!(model.connect.form.user.text(), "y");
    assert_eq!(press(&mut model, &[Key::Ctrl('y')]), copied);
}

#[test]
fn leaving_a_form_that_holds_something_asks_once() {
    let mut model = world::model();
    press(&mut model, &[Key::Char('2'), Key::Enter, Key::Tab, Key::Char('x')]);
    assert!(press(&mut model, &[Key::Ctrl('c')]).is_empty());
    assert_eq!(press(&mut model, &[Key::Ctrl('c')]), [Effect::Quit]);
    let mut model = world::model();
    assert_eq!(press(&mut model, &text("q")), [Effect::Quit]);
}

#[test]
fn the_palette_does_what_its_row_says() {
    let mut model = world::model();
    press(&mut model, &text(":test every"));
    assert_eq!(asked(&press(&mut model, &[Key::Enter])), Some(&Ask::Test(Selection::All)));
}

#[test]
fn scrolling_up_holds_the_journal_and_f_follows_again() {
    let mut model = world::model();
    for seq in 5..200 {
        let entry = muster_protocol::event::JournalEntry { seq, ..world::journal()[0].clone() };
        model.world.apply(Delta::Journal(entry));
    }
    press(&mut model, &text("4kk"));
    let held = model.journal.held_at.unwrap();
    assert_eq!(held, 197);
    assert_eq!(crate::app::screens::journal::unseen(&model), 2);
    press(&mut model, &text("f"));
    assert!(model.journal.held_at.is_none());
    let save = press(&mut model, &[Key::Char('s'), Key::Enter]);
    let Some(Effect::Save { path, lines }) = save.first() else { panic!("{save:?}") };
    assert!(path.to_string_lossy().starts_with("muster-journal-2026-11-23-1"));
    assert_eq!(lines.len(), 199);
}

#[test]
fn below_the_least_size_only_leaving_works() {
    let mut model = world::model();
    update(&mut model, Timestamp::from_millis(0), Msg::Resize(world::size(38, 9)));
    assert!(press(&mut model, &text("T")).is_empty());
    assert_eq!(press(&mut model, &text("q")), [Effect::Quit]);
    assert_eq!(model.world.accounts[&AccountId(1)].status, AccountStatus::Active);
}

#[test]
fn halting_is_one_key_and_enter_and_resuming_asks_for_the_word() {
    let mut model = world::model();
    let done = press(&mut model, &[Key::Char('H'), Key::Enter]);
    let everything = muster_protocol::halt::HaltScope::All;
    assert_eq!(asked(&done), Some(&Ask::Halt { scope: everything.clone(), on: true }));
    let mut snapshot = world::snapshot();
    snapshot.status.halts = vec![everything.clone()];
    let mut model = world::model_of(snapshot);
    assert!(press(&mut model, &[Key::Char('H'), Key::Enter]).is_empty());
    press(&mut model, &[Key::Esc]);
    let word = [text("HRESUME").as_slice(), &[Key::Enter]].concat();
    let done = press(&mut model, &word);
    assert_eq!(asked(&done), Some(&Ask::Halt { scope: everything, on: false }));
}

#[test]
fn the_house_is_asked_about_while_it_is_looked_at_and_no_more() {
    let mut model = world::model();
    let asks = |effects: &[Effect]| asked(effects) == Some(&Ask::House);
    assert!(asks(&press(&mut model, &text("5"))));
    assert!(!asks(&press(&mut model, &text("j"))));
    let now = model.local.plus(30_000);
    assert!(asks(&update(&mut model, now, Msg::Tick)));
    let answer = Ok(Answer::House(Box::new(world::house())));
    update(&mut model, now, Msg::Reply { id: CallId(1), answer });
    assert_eq!(model.system.house, Some(world::house()));
    press(&mut model, &text("1"));
    assert!(update(&mut model, now.plus(90_000), Msg::Tick).is_empty());
}

#[test]
fn a_run_of_the_past_is_opened_from_the_list() {
    let mut snapshot = world::snapshot();
    snapshot.runs = world::past_runs();
    let mut model = world::model_of(snapshot);
    press(&mut model, &text("3v"));
    let newest = world::run_id("btst@2026-11-20");
    assert_eq!(model.runs.chosen.as_ref(), Some(&newest));
    let opened = press(&mut model, &[Key::Down, Key::Enter]);
    let before = world::run_id("btst@2026-11-19");
    assert_eq!(asked(&opened), Some(&Ask::ShowRun(before.clone())));
    assert!(!model.runs.history && model.runs.shown == Some(before));
    // A run that vanishes while it is chosen leaves the choice on another.
    press(&mut model, &text("vG"));
    model.world.runs.remove(&world::run_id("btst@2026-11-16"));
    update(&mut model, Timestamp::from_millis(0), Msg::Tick);
    assert!(model.runs.chosen.as_ref().is_some_and(|id| model.world.runs.contains_key(id)));
    press(&mut model, &[Key::Esc]);
    assert!(!model.runs.history);
}

#[test]
fn only_what_the_plan_and_its_run_allow_is_offered() {
    let offered = |model: &Model| -> Vec<&str> {
        crate::app::keymap::in_force(model.stack(), model.rights()).map(|b| b.label).collect()
    };
    let mut model = world::model();
    press(&mut model, &text("3"));
    let live = offered(&model);
    assert!(live.contains(&"disarm") && !live.contains(&"go live") && !live.contains(&"found"));
    let (run, intents) = world::firing();
    let mut snapshot = world::snapshot();
    snapshot.plans[0].mode = Mode::DryRun;
    (snapshot.runs, snapshot.intents) = (vec![run], intents);
    let mut model = world::model_of(snapshot);
    press(&mut model, &text("3"));
    let doubt = offered(&model);
    assert!(
        doubt.contains(&"go live") && doubt.contains(&"found") && doubt.contains(&"send again")
    );
    model.welcome.as_mut().unwrap().role = Role::User { user: "asha.k".parse().unwrap() };
    let own = offered(&model);
    assert!(own.contains(&"test all"), "{own:?}");
    for operators in ["go live", "disarm", "halt", "found", "not placed", "send again"] {
        assert!(!own.contains(&operators), "{operators}");
    }
}
