//! Every page at four sizes, in Unicode and in ASCII, as it looks; and what must be seen at any width.

use muster_protocol::check::CheckTarget;
use muster_protocol::event::Snapshot;
use muster_protocol::halt::HaltScope;
use muster_protocol::house::HouseView;
use muster_protocol::ids::{AccountId, OrderId, TicketId};
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;
use muster_protocol::reply::Role;
use muster_protocol::run::{IntentView, RunState};
use muster_protocol::status::{
    AuditHead, ClockOffset, ClockStep, ClockView, FitCounts, HoldReason, Ntp, VaultState,
};
use muster_protocol::tally::TallyCounts;
use muster_protocol::time::{SECOND, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Modifier;

use super::{gates, world};
use crate::app::key::Key;
use crate::app::keymap::Need;
use crate::app::look::{Look, Theme};
use crate::app::model::{Model, Page};
use crate::app::msg::{LinkNews, Lost, Msg};
use crate::app::screens::connect::Stage;
use crate::app::update::update;

/// The model after keys, at a size.
pub(super) fn at(mut model: Model, width: u16, height: u16, keys: &[Key]) -> Model {
    update(&mut model, Timestamp::from_millis(0), Msg::Resize(world::size(width, height)));
    for key in keys {
        update(&mut model, Timestamp::from_millis(0), Msg::Key(*key));
    }
    model
}

pub(super) fn screen(model: &Model) -> Terminal<TestBackend> {
    let mut terminal =
        Terminal::new(TestBackend::new(model.size.width, model.size.height)).unwrap();
    terminal.draw(|frame| crate::view::draw(model, frame)).unwrap();
    terminal
}

pub(super) fn shown(model: &Model) -> String {
    screen(model).backend().to_string()
}

fn snap(name: &str, model: &Model, keys: &[Key]) {
    for (width, height) in SIZES {
        snap_at(name, &at(model.clone(), width, height, keys));
    }
}

/// The picture at the size the model has, in Unicode and in ASCII.
fn snap_at(name: &str, model: &Model) {
    let (width, height) = (model.size.width, model.size.height);
    let mut model = model.clone();
    insta::assert_snapshot!(format!("{name}-{width}x{height}"), shown(&model));
    model.look.ascii = true;
    let ascii = shown(&model);
    assert!(ascii.is_ascii(), "{ascii}");
    insta::assert_snapshot!(format!("{name}-ascii-{width}x{height}"), ascii);
}

/// The design size first; where two columns stand; where one pane is left.
const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 50), (40, 12)];

pub(super) fn with(change: impl FnOnce(&mut Snapshot)) -> Model {
    let mut snapshot = world::snapshot();
    change(&mut snapshot);
    world::model_of(snapshot)
}

#[test]
fn accounts() {
    snap("accounts", &world::model(), &[Key::Down]);
    snap("accounts-details", &world::model(), &[Key::Down, Key::Enter]);
}

/// What a person sees who has an account and nothing else.
#[test]
fn accounts_of_one_person() {
    let mut model = with(|snapshot| {
        snapshot.accounts.retain(|account| account.user.as_str() == "asha.k");
        snapshot.status.counts = FitCounts { fit: 1, unfit: 0, off: 0 };
    });
    model.welcome.as_mut().unwrap().role = Role::User { user: "asha.k".parse().unwrap() };
    snap("own-accounts", &model, &[]);
    let form = [Key::Char('2'), Key::Enter, Key::Tab];
    let form = at(model, 80, 24, &form);
    insta::assert_snapshot!("own-form-80x24", shown(&form));
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
    // At the design size the code is whole, with the line beneath that says how it is closed.
    let code = at(world::waiting_for_login(), 80, 24, &[Key::Char('v')]);
    assert!(shown(&code).contains("esc close") && shown(&code).contains('█'), "{}", shown(&code));
    insta::assert_snapshot!("connect-qr-80x24", shown(&code));
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
        snapshot.status.vault = VaultState::Sealed;
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
    for (width, height) in SIZES {
        snap_at("runs-gates", &gates::with_gates(width, height));
    }
    let dry = with(|snapshot| snapshot.plans[0].mode = Mode::DryRun);
    insta::assert_snapshot!("runs-dry-80x24", shown(&at(dry, 80, 24, &[Key::Char('3')])));
    let (run, intents) = world::firing();
    let firing = with(|snapshot| {
        snapshot.runs.push(run.clone());
        snapshot.intents.clone_from(&intents);
    });
    snap("runs-firing", &firing, &[Key::Char('3')]);
    snap("runs-orders", &firing, &[Key::Char('3'), Key::Enter]);
    let many = with(|snapshot| {
        snapshot.runs = world::past_runs();
        snapshot.runs.push(run.clone());
        snapshot.intents.clone_from(&intents);
    });
    snap("runs-history", &many, &[Key::Char('3'), Key::Char('v'), Key::Down]);
    snap("runs-none", &world::model(), &[Key::Char('3'), Key::Char('v')]);
    let crowd = with(|snapshot| {
        snapshot.runs.push(run.clone());
        snapshot.intents = crowd(&intents);
    });
    insta::assert_snapshot!("runs-crowd-120x40", shown(&at(crowd, 120, 40, &[Key::Char('3')])));
    let closed = with(|snapshot| {
        let mut over = run.clone();
        over.state = RunState::Closed;
        over.tally = Some(TallyCounts { pass: 2, diff: 1, unknown: 0 });
        snapshot.runs.push(over);
        snapshot.intents.clone_from(&intents);
        snapshot.intents[0].duplicates = vec![OrderId("261123000099".to_owned())];
        snapshot.intents[4].absent_since = Some(world::now());
    });
    snap("runs-closed", &closed, &[Key::Char('3')]);
    let missed = with(|snapshot| {
        let reason = "the daemon was down from 15:09 to 15:16".to_owned();
        let state = RunState::Missed { reason };
        snapshot.runs.push(muster_protocol::run::RunView { state, fired_at: None, ..run });
    });
    insta::assert_snapshot!("runs-missed-80x24", shown(&at(missed, 80, 24, &[Key::Char('3')])));
}

/// Two hundred orders that took as long as orders take.
fn crowd(intents: &[IntentView]) -> Vec<IntentView> {
    (0_u32..200)
        .map(|n| {
            let mut intent = intents[0].clone();
            intent.id.account = AccountId(n + 1);
            intent.user = format!("p{n:03}").parse().unwrap();
            let spread = (n * 37 % 101) * (n * 53 % 97) / 40;
            intent.took_ms = Some(60 + spread);
            intent
        })
        .collect()
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
    let words = "4#TOTP".chars().map(Key::Char).chain([Key::Enter]).collect::<Vec<_>>();
    snap("journal-search", &world::model(), &words);
    let ago = |ms: i64| world::now().plus(-ms);
    let mut system = with(|snapshot| {
        let of = |broker, offset_ms, ms| ClockOffset { broker, offset_ms, at: ago(ms) };
        snapshot.status.clock = ClockView {
            ntp: Ntp::Synchronised { at: ago(12 * SECOND) },
            offsets: vec![of(Broker::AngelOne, 200, 3_000), of(Broker::Zerodha, -90, 360_000)],
            set: None,
        };
    });
    system.system.house = Some(world::house());
    snap("system", &system, &[Key::Char('5')]);
    let mut trouble = with(|snapshot| {
        snapshot.status.vault = VaultState::Sealed;
        snapshot.status.held = Some(HoldReason::OlderStore);
        snapshot.status.halts = vec![HaltScope::All];
        snapshot.status.calendar_until = world::now().date();
        let mut other = snapshot.status.egress[0].clone();
        (other.name, other.shared_at) = ("fam-k".parse().unwrap(), Vec::new());
        other.observed.as_mut().unwrap().address = "203.0.113.7".to_owned();
        snapshot.status.egress.push(other);
        snapshot.status.clock = ClockView {
            ntp: Ntp::Unsynchronised,
            offsets: vec![ClockOffset {
                broker: Broker::AngelOne,
                offset_ms: -3_400,
                at: ago(3_000),
            }],
            set: Some(ClockStep { at: ago(60_000), by_ms: 3_400 }),
        };
        snapshot.status.audit = Some(AuditHead { entries: 1_204, hash: "9f2c41aa".repeat(8) });
    });
    trouble.system.house = Some(HouseView { backup: None, slots: Vec::new(), ..world::house() });
    snap("system-trouble", &trouble, &[Key::Char('5')]);
}

#[test]
fn overlays() {
    snap("help", &world::model(), &[Key::Char('?')]);
    snap("palette", &world::model(), &[Key::Char(':')]);
    snap("remove", &world::model(), &[Key::Char('D')]);
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
        let lines = crate::view::help(stack, Need::Operate, 74, pen);
        let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
        for binding in crate::app::keymap::in_force(stack, Need::Operate) {
            assert!(text.iter().any(|line| line.ends_with(binding.help)), "{binding:?}");
        }
    }
}

#[test]
fn the_selection_is_reversed_and_the_address_stands_alone() {
    let mono = |model: &mut Model| model.look = Look { theme: Theme::Mono, ..Look::default() };
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
