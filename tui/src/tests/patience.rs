//! A daemon that does not answer, a key that does nothing, a page that goes on below: each is said.

use muster_protocol::check::{CheckOutcome, CheckView, StepVerdict, StepView};
use muster_protocol::event::{Delta, JournalEntry};
use muster_protocol::ids::AccountId;
use muster_protocol::reply::{Role, Touched};
use muster_protocol::status::VaultState;
use muster_protocol::time::Timestamp;

use super::screens::{at, shown, with};
use super::update::{asked, press, text};
use super::world;
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::model::Model;
use crate::app::msg::{Answer, CallId, LinkNews, Msg};
use crate::app::screens::connect::Stage;
use crate::app::update::update;

fn said(model: &Model) -> &str {
    model.notice.as_ref().map_or("", |notice| notice.text.as_str())
}

/// The rows that are marked as waiting.
fn waiting(model: &Model) -> usize {
    model.pending.values().map(|pending| pending.rows.len()).sum()
}

fn after(model: &mut Model, ms: i64) -> Vec<Effect> {
    let now = model.local.plus(ms);
    update(model, now, Msg::Tick)
}

#[test]
fn what_is_not_answered_in_half_a_minute_is_given_up_and_said() {
    let mut model = world::model();
    press(&mut model, &text("t"));
    assert_eq!(waiting(&model), 1);
    after(&mut model, 29_999);
    assert_eq!((waiting(&model), said(&model)), (1, ""));
    after(&mut model, 1);
    assert!(
        model.pending.is_empty() && said(&model).contains("no answer in 30 s"),
        "{}",
        said(&model)
    );
    // An answer that comes after all changes nothing and says nothing.
    let touched = Touched { accounts: vec![AccountId(1)] };
    let before = said(&model).to_owned();
    let now = model.local;
    update(&mut model, now, Msg::Reply { id: CallId(0), answer: Ok(Answer::Touched(touched)) });
    assert_eq!(said(&model), before);
}

#[test]
fn a_connection_that_is_not_begun_in_time_leaves_the_form_to_go_back_to() {
    let mut model = world::model();
    press(&mut model, &text("jjjl"));
    assert!(matches!(model.connect.stage, Stage::Check { ticket: None, refusal: None, .. }));
    after(&mut model, 30_000);
    let Stage::Check { refusal: Some(why), .. } = &model.connect.stage else { panic!() };
    assert!(why.contains("no answer"), "{why}");
    assert!(asked(&press(&mut model, &text("r"))).is_some(), "it can be tried again");
}

#[test]
fn esc_stops_waiting_and_the_next_esc_does_what_it_does() {
    let mut model = world::model();
    press(&mut model, &text("/asha"));
    press(&mut model, &[Key::Enter]);
    press(&mut model, &text("t"));
    press(&mut model, &[Key::Esc]);
    assert!(
        model.pending.is_empty() && said(&model).contains("not waited for"),
        "{}",
        said(&model)
    );
    press(&mut model, &[Key::Esc]);
    assert_eq!((said(&model), model.accounts.filter.as_str()), ("", "asha"));
    press(&mut model, &[Key::Esc]);
    assert_eq!(model.accounts.filter, "");
}

#[test]
fn a_letter_that_does_nothing_says_so_and_why() {
    let mut model = world::model();
    press(&mut model, &text("z"));
    assert_eq!(said(&model), "z does nothing here; ? shows the keys that do");
    // Only Zerodha wants a person to log in: the key is not offered, and pressed all the same.
    assert!(!shown(&model).contains(" l log in"), "{}", shown(&model));
    press(&mut model, &text("l"));
    assert!(said(&model).starts_with("only Zerodha needs a person"), "{}", said(&model));
    model.only_look = true;
    press(&mut model, &text("T"));
    assert_eq!(said(&model), "T changes something, and this client is read-only");
    model.only_look = false;
    model.welcome.as_mut().unwrap().role = Role::User { user: "asha.k".parse().unwrap() };
    press(&mut model, &text("D"));
    assert_eq!(said(&model), "D changes something that your role only looks at");
    press(&mut model, &[Key::Char('2'), Key::Enter, Key::Char('x')]);
    assert_eq!(said(&model), "nothing is typed here; tab goes to the next field");
    press(&mut model, &[Key::Tab, Key::Tab, Key::Char('x')]);
    assert_eq!(
        model.connect.form.client_id.text(),
        "",
        "a secret's letter goes to its store alone"
    );
}

#[test]
fn the_login_is_offered_where_a_person_is_needed() {
    let mut model = world::model();
    let offers = |model: &Model| {
        let mut all = crate::app::keymap::in_force(model.stack(), model.rights());
        all.any(|binding| binding.label == "log in")
    };
    assert!(!offers(&model), "asha.k is at Angel One");
    press(&mut model, &text("jj"));
    assert!(offers(&model), "chitra.r is at Zerodha");
    press(&mut model, &[Key::Enter]);
    assert!(offers(&model), "on the account's own page, too");
}

#[test]
fn another_version_stands_on_the_first_line() {
    let mut model = world::model();
    let first =
        |model: &Model| shown(&at(model.clone(), 120, 24, &[])).lines().next().unwrap().to_owned();
    assert!(!first(&model).contains("daemon 9.9.9"));
    let mut welcome = world::welcome();
    welcome.build = "9.9.9".to_owned();
    update(&mut model, Timestamp::from_millis(0), Msg::Link(LinkNews::Connected(welcome)));
    assert!(first(&model).contains("daemon 9.9.9"), "{}", first(&model));
}

#[test]
fn entries_that_never_came_are_counted_but_not_to_whom_only_some_are_told() {
    let jump = |model: &mut Model| {
        let entry = |seq| JournalEntry { seq, ..world::journal()[0].clone() };
        let deltas = [5, 9].map(|seq| Delta::Journal(entry(seq))).to_vec();
        update(model, Timestamp::from_millis(0), Msg::Link(LinkNews::Deltas(deltas)));
        model.world.skipped
    };
    let mut model = world::model();
    assert_eq!(jump(&mut model), 3);
    let screen = shown(&at(model, 120, 24, &[Key::Char('4')]));
    assert!(screen.lines().next().unwrap().contains("3 skipped"), "{screen}");
    let mut own = world::model();
    let mut welcome = world::welcome();
    welcome.role = Role::User { user: "asha.k".parse().unwrap() };
    update(&mut own, Timestamp::from_millis(0), Msg::Link(LinkNews::Connected(welcome)));
    assert_eq!(jump(&mut own), 0);
}

#[test]
fn a_page_that_goes_on_below_says_so_until_its_end_is_seen() {
    let mut model = at(world::model(), 80, 16, &[Key::Char('5')]);
    assert!(shown(&model).contains("more below: j"), "{}", shown(&model));
    press(&mut model, &text("G"));
    let end = shown(&model);
    assert!(!end.contains("more below") && end.contains("callback"), "{end}");
    let narrow = super::gates::with_gates(40, 12);
    assert!(shown(&narrow).contains("… · 18 more below: pgdn"), "{}", shown(&narrow));
    let mut model = at(world::model(), 80, 24, &[Key::Down, Key::Enter]);
    assert!(shown(&model).contains("more below: pgdn"), "{}", shown(&model));
    press(&mut model, &[Key::PageDown, Key::PageDown]);
    assert!(!shown(&model).contains("more below"), "{}", shown(&model));
}

/// On a low screen what is in doubt took all the room, and the accounts below it could not be reached.
#[test]
fn the_board_of_a_run_is_reached_on_a_low_screen() {
    let (run, intents) = world::firing();
    let model = with(|snapshot| {
        snapshot.runs.push(run.clone());
        snapshot.intents.clone_from(&intents);
    });
    for (width, height) in [(40, 12), (80, 16), (80, 24)] {
        let mut model = at(model.clone(), width, height, &[Key::Char('3')]);
        press(&mut model, &text("G"));
        let screen = shown(&model);
        assert!(screen.contains("deepak.s"), "{width}x{height}\n{screen}");
        press(&mut model, &text("g"));
        assert!(shown(&model).contains("IN DOUBT"), "{width}x{height}");
    }
}

/// What is loud took the clock off the first line; now it takes the day alone.
#[test]
fn the_clock_stays_on_the_first_line_beside_what_is_loud() {
    let model = with(|snapshot| snapshot.status.vault = VaultState::Sealed);
    let first = shown(&model).lines().next().unwrap().to_owned();
    assert!(first.contains("VAULT SEALED: V opens it") && first.contains("15:04:12"), "{first}");
}

/// At Zerodha the form said that a redirect URL is needed, and not which.
#[test]
fn the_form_of_zerodha_names_the_redirect_url() {
    let keys = [Key::Char('2'), Key::Down, Key::Enter];
    let screen = shown(&at(world::model(), 80, 24, &keys));
    assert!(screen.contains("redirect URL: http://127.0.0.1:8912"), "{screen}");
    let none = with(|snapshot| snapshot.status.callback = None);
    assert!(shown(&at(none, 80, 24, &keys)).contains("any page; its address is pasted here"));
}

/// Resized and back faster than it is told, the terminal has lost what it showed although its size is what
/// it was: only what had changed was drawn, and the screen stayed torn.
#[test]
fn another_size_paints_everything_anew_even_if_it_is_the_same() {
    let mut model = world::model();
    let size = model.size;
    let now = model.local;
    assert_eq!(update(&mut model, now, Msg::Resize(size)), [Effect::Repaint]);
}

/// After a flood the daemon begins anew with its newest entries: what came before stays, and what is
/// missing in between is counted.
#[test]
fn a_snapshot_that_does_not_join_up_leaves_a_counted_gap() {
    let entry = |seq| JournalEntry { seq, ..world::journal()[0].clone() };
    let mut model = world::model();
    let begin = |model: &mut Model, seqs: [u64; 2]| {
        let mut snapshot = world::snapshot();
        snapshot.journal = seqs.map(entry).to_vec();
        let now = model.local;
        update(model, now, Msg::Link(LinkNews::Snapshot(Box::new(snapshot))));
        (model.world.journal.len(), model.world.skipped)
    };
    assert_eq!(begin(&mut model, [10, 11]), (6, 5));
    assert_eq!(begin(&mut model, [11, 12]), (7, 5), "this one joins up");
    assert_eq!(begin(&mut model, [3, 4]), (2, 0), "an older store was put back: another journal");
}

/// The Connect page with this test of the form's connection on it.
fn testing(check: CheckView) -> Model {
    let mut model = with(|snapshot| snapshot.checks.push(check));
    model.page = crate::app::model::Page::Connect;
    let ticket = Some(muster_protocol::ids::TicketId(7));
    model.connect.stage = Stage::Check { ticket, login: None, refusal: None };
    model
}

fn check_of(outcome: CheckOutcome, steps: Vec<StepView>) -> CheckView {
    CheckView { outcome, steps, ..world::refused_check(world::login_check().target) }
}

/// `q` is one level up everywhere; on a test under way it left the client, and the test went on unseen.
#[test]
fn q_on_a_test_gives_it_up_and_does_not_leave_the_client() {
    let mut model = testing(check_of(CheckOutcome::Running, world::steps(2, None)));
    let effects = press(&mut model, &text("q"));
    assert!(matches!(asked(&effects), Some(crate::app::effect::Ask::Abandon(_))), "{effects:?}");
    assert!(!effects.contains(&Effect::Quit) && model.connect.stage == Stage::Choose);
}

#[test]
fn whoever_was_just_connected_is_selected_when_the_test_is_closed() {
    let mut check = check_of(CheckOutcome::Passed, world::steps(6, None));
    check.saved_as = Some(AccountId(6));
    let mut model = testing(check);
    model.accounts.filter = "asha".to_owned();
    assert!(shown(&model).contains("once auto-execute is on: a on Accounts"), "{}", shown(&model));
    press(&mut model, &[Key::Enter]);
    assert_eq!(model.accounts.selected, Some(AccountId(6)));
    assert!(shown(&model).contains("> farhan.a"), "{}", shown(&model));
}

#[test]
fn a_step_under_way_counts_and_a_login_that_waits_for_its_code_says_so() {
    let mut steps = world::steps(2, None);
    steps[2].verdict = StepVerdict::Running;
    let mut check = check_of(CheckOutcome::Running, steps);
    check.started = world::now().plus(-12_129);
    let screen = shown(&testing(check));
    assert!(screen.contains("12s…   each one-time code is used once"), "{screen}");
}

#[test]
fn a_question_that_was_not_put_again_is_no_doubt() {
    let mut steps = world::steps(6, None);
    (steps[5].verdict, steps[5].detail) =
        (StepVerdict::Unknown, "not asked again: the last verdict stands".to_owned());
    let asked = shown(&testing(check_of(CheckOutcome::Passed, steps.clone())));
    assert!(asked.contains("not asked again") && !asked.contains("cannot tell"), "{asked}");
    steps[5].detail = "an answer nobody knows".to_owned();
    let unclear = shown(&testing(check_of(CheckOutcome::Passed, steps)));
    assert!(unclear.contains("cannot tell: an answer nobody knows"), "{unclear}");
}

/// The reason of a refusal was cut at the screen's edge though half the page was empty.
#[test]
fn what_went_wrong_is_said_whole_where_there_is_room() {
    let (run, mut intents) = world::firing();
    let why = "MarginException Insufficient funds. Required margin is 20442.50 but available margin is 670.00.";
    for intent in &mut intents {
        intent.status = muster_protocol::run::IntentStatus::Filled;
    }
    intents[2].status = muster_protocol::run::IntentStatus::Refused;
    intents[2].failure.as_mut().unwrap().broker_says = Some(why.to_owned());
    let model = with(|snapshot| {
        snapshot.runs.push(muster_protocol::run::RunView {
            counts: muster_protocol::run::RunCounts::default(),
            ..run.clone()
        });
        snapshot.intents.clone_from(&intents);
    });
    for (width, height, whole) in [(80, 24, true), (40, 12, false)] {
        let screen = shown(&at(model.clone(), width, height, &[Key::Char('3')]));
        assert_eq!(screen.contains("670.00"), whole, "{width}x{height}\n{screen}");
    }
}

/// Cut, a link is none: on a narrow screen it goes over two rows.
#[test]
fn the_brokers_link_is_whole_on_a_narrow_screen() {
    let keys = [Key::Char('2'), Key::Enter, Key::PageDown, Key::PageDown];
    let screen = shown(&at(world::model(), 40, 12, &keys));
    let rows: String = screen.lines().map(|row| row.trim_matches(['"', ' '])).collect();
    assert!(rows.contains("https://smartapi.angelone.in/new/apps"), "{screen}");
}

/// Who starts it for the first time is told what to press, and not what does nothing yet.
#[test]
fn the_first_screen_offers_what_can_be_done_on_it() {
    let fresh = with(|snapshot| snapshot.accounts.clear());
    let screen = shown(&fresh);
    assert!(screen.contains("press c to connect the first"), "{screen}");
    let footer = screen.lines().last().unwrap();
    assert!(footer.contains("c connect") && !footer.contains("t test"), "{footer}");
    let board = shown(&at(fresh.clone(), 80, 24, &[Key::Char('3')]));
    assert!(board.contains("no account takes part yet: 2 connects one"), "{board}");
    let mut model = fresh;
    press(&mut model, &text("c"));
    assert_eq!(model.page, crate::app::model::Page::Connect);
}
