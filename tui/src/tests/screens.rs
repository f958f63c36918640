//! Every page at three sizes, as it looks; and what must be seen at any width.

use muster_protocol::check::CheckTarget;
use muster_protocol::event::Snapshot;
use muster_protocol::ids::TicketId;
use muster_protocol::plan::Mode;
use muster_protocol::run::RunState;
use muster_protocol::time::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use super::world;
use crate::app::key::Key;
use crate::app::model::{Look, Model, Page};
use crate::app::msg::{LinkNews, Lost, Msg};
use crate::app::screens::connect::Stage;
use crate::app::update::update;

/// The model after keys, at a size.
fn at(mut model: Model, width: u16, height: u16, keys: &[Key]) -> Model {
    update(&mut model, Timestamp::from_millis(0), Msg::Resize(world::size(width, height)));
    for key in keys {
        update(&mut model, Timestamp::from_millis(0), Msg::Key(*key));
    }
    model
}

fn screen(model: &Model) -> Terminal<TestBackend> {
    let mut terminal =
        Terminal::new(TestBackend::new(model.size.width, model.size.height)).unwrap();
    terminal.draw(|frame| crate::view::draw(model, frame)).unwrap();
    terminal
}

fn shown(model: &Model) -> String {
    screen(model).backend().to_string()
}

fn snap(name: &str, model: &Model, keys: &[Key]) {
    for (width, height) in [(80, 24), (120, 40), (40, 12)] {
        let model = at(model.clone(), width, height, keys);
        insta::assert_snapshot!(format!("{name}-{width}x{height}"), shown(&model));
    }
}

fn with(change: impl FnOnce(&mut Snapshot)) -> Model {
    let mut snapshot = world::snapshot();
    change(&mut snapshot);
    world::model_of(snapshot)
}

#[test]
fn accounts() {
    snap("accounts", &world::model(), &[Key::Down]);
    snap("accounts-details", &world::model(), &[Key::Down, Key::Enter]);
}

#[test]
fn before_the_daemon_answers_and_after_it_has_gone() {
    snap("no-daemon", &Model::new(world::size(80, 24), Look::default(), false), &[]);
    let mut model = world::model();
    let lost = Lost { attempt: 4, retry_in_ms: 3_000, stopped: true, reason: "gone".to_owned() };
    update(&mut model, Timestamp::from_millis(7_000), Msg::Link(LinkNews::Lost(lost)));
    update(&mut model, Timestamp::from_millis(8_000), Msg::Tick);
    insta::assert_snapshot!("stale-80x24", shown(&model));
}

#[test]
fn connect_forms() {
    snap("connect-choose", &world::model(), &[Key::Char('2')]);
    snap("connect-angel", &world::model(), &[Key::Char('2'), Key::Enter]);
    let wrong = [Key::Char('2'), Key::Enter, Key::Tab, Key::Char('h'), Key::Tab, Key::Tab];
    snap("connect-angel-wrong", &world::model(), &wrong);
    snap("connect-zerodha", &world::model(), &[Key::Char('2'), Key::Down, Key::Enter]);
}

#[test]
fn connect_tests() {
    snap("connect-waiting", &world::waiting_for_login(), &[]);
    let mut model = with(|snapshot| {
        snapshot.checks.push(world::refused_check(CheckTarget::Ticket(TicketId(7))));
    });
    model.page = Page::Connect;
    model.connect.stage = Stage::Check { ticket: Some(TicketId(7)), login: None, refusal: None };
    snap("connect-refused", &model, &[]);
}

#[test]
fn a_sealed_vault() {
    let sealed = with(|snapshot| {
        snapshot.status.vault = muster_protocol::status::VaultState::Sealed;
    });
    snap("sealed", &sealed, &[]);
    let asked = at(sealed, 80, 24, &[Key::Char('V')]);
    insta::assert_snapshot!("sealed-unseal-80x24", shown(&asked));
    insta::assert_snapshot!(
        "open-seal-80x24",
        shown(&at(world::model(), 80, 24, &[Key::Char('V')]))
    );
    let mut looking = world::model();
    looking.only_look = true;
    assert!(
        at(looking, 80, 24, &[Key::Char('V')]).overlay.is_none(),
        "who may only look asks nothing"
    );
}

#[test]
fn runs() {
    snap("runs-muster", &world::model(), &[Key::Char('3')]);
    let dry = with(|snapshot| snapshot.plans[0].mode = Mode::DryRun);
    insta::assert_snapshot!("runs-dry-80x24", shown(&at(dry, 80, 24, &[Key::Char('3')])));
    let (run, intents) = world::firing();
    let firing = with(|snapshot| {
        snapshot.runs.push(run.clone());
        snapshot.intents.clone_from(&intents);
    });
    snap("runs-firing", &firing, &[Key::Char('3')]);
    snap("runs-orders", &firing, &[Key::Char('3'), Key::Enter]);
    let missed = with(|snapshot| {
        let reason = "the daemon was down from 15:09 to 15:16".to_owned();
        let state = RunState::Missed { reason };
        snapshot.runs.push(muster_protocol::run::RunView { state, fired_at: None, ..run });
    });
    insta::assert_snapshot!("runs-missed-80x24", shown(&at(missed, 80, 24, &[Key::Char('3')])));
}

/// Once its legs are frozen, the daemon's next time for the plan is another day's.
#[test]
fn a_frozen_run_is_counted_down_to_its_own_time() {
    let (run, _) = world::firing();
    let today = world::plan().next_fire.unwrap();
    let frozen = with(|snapshot| {
        snapshot.plans[0].next_fire = Some(today.plus(muster_protocol::time::DAY));
        let run = muster_protocol::run::RunView { state: RunState::Frozen, fire_at: today, ..run };
        snapshot.runs.push(run);
    });
    let shown = shown(&at(frozen, 80, 24, &[Key::Char('3')]));
    assert!(shown.contains("btst · LIVE · 15:10:00 in 5:"), "{shown}");
}

#[test]
fn journal_and_system() {
    snap("journal", &world::model(), &[Key::Char('4')]);
    snap("system", &world::model(), &[Key::Char('5')]);
}

#[test]
fn overlays() {
    snap("help", &world::model(), &[Key::Char('?')]);
    snap("palette", &world::model(), &[Key::Char(':')]);
    snap("remove", &world::model(), &[Key::Char('D')]);
}

#[test]
fn ascii_is_ascii() {
    for key in ['1', '2', '3', '4', '5', '?'] {
        let mut model = at(world::model(), 80, 24, &[Key::Char(key)]);
        model.look.ascii = true;
        let shown = shown(&model);
        assert!(shown.is_ascii(), "{shown}");
    }
    let mut model = at(world::model(), 80, 24, &[Key::Down]);
    model.look.ascii = true;
    insta::assert_snapshot!("ascii-80x24", shown(&model));
}

#[test]
fn the_footer_keeps_help_first_at_every_width() {
    for width in 40..=200 {
        for key in ['1', '2', '3', '4', '5'] {
            let shown = shown(&at(world::model(), width, 24, &[Key::Char(key)]));
            let footer = shown.lines().last().unwrap().to_owned();
            assert!(footer.starts_with("\" ? help"), "{width}: {footer}");
        }
    }
}

#[test]
fn every_binding_in_force_is_in_help() {
    let pen = crate::view::pen(&world::model());
    for stack in crate::app::keymap::Context::stacks() {
        let lines = crate::view::help(stack, false, pen);
        let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
        for binding in crate::app::keymap::in_force(stack, false) {
            assert!(text.iter().any(|line| line.ends_with(binding.help)), "{binding:?}");
        }
    }
}

#[test]
fn the_selection_is_reversed_and_the_address_stands_alone() {
    let mono = |model: &mut Model| model.look = Look { mono: true, ..Look::default() };
    let mut model = world::model();
    mono(&mut model);
    let terminal = screen(&model);
    let row = terminal.backend().buffer().content.iter().skip(80 * 4).take(80);
    assert!(row.clone().all(|cell| cell.modifier.contains(Modifier::REVERSED)));
    let mut form = at(world::model(), 80, 24, &[Key::Char('2'), Key::Enter]);
    mono(&mut form);
    let text = shown(&form);
    let line = text.lines().find(|line| line.contains("98.88.173.81")).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("║") && line.contains("98.88.173.81"))
        .unwrap_or(line);
    let bare: String = line.chars().filter(|c| !matches!(c, '"' | '║' | ' ')).collect();
    assert_eq!(bare, "98.88.173.81");
}

#[test]
fn a_small_terminal_says_what_it_needs() {
    let model = at(world::model(), 38, 9, &[]);
    let shown = shown(&model);
    assert!(shown.contains("terminal too small") && shown.contains("40x10"), "{shown}");
}
