//! The muster board's gates: whose they are, when they are asked for, how they look.

use std::collections::BTreeMap;

use muster_protocol::account::Fitness;
use muster_protocol::event::Delta;
use muster_protocol::failure::FailureKind;
use muster_protocol::house::{BrokerFault, BrokerHealth};
use muster_protocol::ids::{AccountId, PlanId};
use muster_protocol::muster::{Gate, GateVerdict, GateView, MusterBoard, MusterRun};
use muster_protocol::order::Broker;
use muster_protocol::plan::{Mode, PlanView};
use muster_protocol::request::Selection;
use muster_protocol::status::NextRun;
use muster_protocol::time::{MINUTE, SECOND, TimeOfDay, Timestamp};

use super::screens::{at, shown, with};
use super::update::{asked, ids, press, text};
use super::world;
use crate::app::effect::{Ask, Effect};
use crate::app::key::Key;
use crate::app::layout::Split;
use crate::app::model::Model;
use crate::app::msg::{Answer, CallId, LinkNews, Msg};
use crate::app::screens::runs::board;
use crate::app::update::update;

/// Angel One has throttled twice and served all else; Zerodha has just been down.
pub(crate) fn health() -> Vec<BrokerHealth> {
    let ago = |ms: i64| world::now().plus(-ms);
    vec![
        BrokerHealth {
            broker: Broker::AngelOne,
            calls: 214,
            faults: BTreeMap::from([(FailureKind::RateLimited, 2)]),
            last_ok: Some(ago(3 * SECOND)),
            last_fault: Some(BrokerFault { kind: FailureKind::RateLimited, at: ago(19 * MINUTE) }),
        },
        BrokerHealth {
            broker: Broker::Zerodha,
            calls: 96,
            faults: BTreeMap::from([(FailureKind::Maintenance, 4), (FailureKind::Unreachable, 1)]),
            last_ok: Some(ago(6 * MINUTE)),
            last_fault: Some(BrokerFault { kind: FailureKind::Maintenance, at: ago(40 * SECOND) }),
        },
    ]
}

fn plan() -> PlanId {
    world::plan().spec.name
}

fn gate(gate: Gate, failed: bool) -> GateView {
    use GateVerdict::{Failed, Passed, Unknown, Warned};
    let now = world::now();
    let (verdict, age, detail) = match gate {
        Gate::Active => (Passed, None, "active, auto-execute on"),
        Gate::Vault => (Passed, None, "open"),
        Gate::Halt => (Passed, None, "nothing is halted"),
        Gate::Plan => (Passed, None, "btst LIVE, 3 legs, hash 7c1e5a0b"),
        Gate::Reach => (Passed, Some(4 * MINUTE), "TLS 1.3 to apiconnect.angelone.in"),
        Gate::Credential => (Passed, Some(4 * MINUTE), "accepted"),
        Gate::Session => (Passed, Some(360 * MINUTE), "until Mon 23 Nov 23:59:12"),
        Gate::Egress => (
            Warned,
            Some(10 * SECOND),
            "main 98.88.173.81 as registered; 4 people share it at Angel One",
        ),
        Gate::OrderPermission if failed => (
            Failed,
            Some(MINUTE),
            "refused, broker saw 98.88.173.81; AG7002 Access denied: Unregistered IP address. Register your IP before retrying.",
        ),
        Gate::OrderPermission => (Passed, Some(4 * MINUTE), "allowed from 98.88.173.81"),
        Gate::Clock => (Unknown, None, "the broker has not told its time yet"),
        Gate::Instruments => (Passed, Some(380 * MINUTE), "all 3 legs in today's list"),
        Gate::Segment => (Passed, Some(4 * MINUTE), "NFO NSE"),
        Gate::Funds => (
            Unknown,
            Some(4 * MINUTE),
            "\u{20b9} 1,20,450.00 available; what SELL NFO:NIFTY26NOVFUT takes cannot be told",
        ),
        Gate::Doubt => (Passed, None, "no order is in doubt"),
    };
    GateView { gate, verdict, known_at: age.map(|age| now.plus(-age)), detail: detail.to_owned() }
}

/// What the daemon says of one account.
pub(crate) fn of_account(id: u32) -> MusterBoard {
    let snapshot = world::snapshot();
    let mut board = world::board(&snapshot);
    board.rows.retain(|row| row.account == AccountId(id));
    for row in &mut board.rows {
        let failed = matches!(row.fitness, Fitness::Unfit { .. });
        row.gates = Gate::ALL.into_iter().map(|of| gate(of, failed)).collect();
    }
    let at = world::now().date().at(TimeOfDay::hm(15, 10));
    board.run = Some(MusterRun {
        plan: plan(),
        at,
        window_until: at.plus(4 * MINUTE),
        mode: Mode::Live,
        hash: world::plan().hash,
        frozen: false,
    });
    board.mustered = Some(world::now().plus(-4 * MINUTE));
    board
}

/// The daemon's answer to the question in `effects`.
pub(super) fn answer(model: &mut Model, effects: &[Effect], board: MusterBoard) -> Vec<Effect> {
    let sent = effects.iter().find_map(|effect| match effect {
        Effect::Send { id, ask: Ask::Muster { plan, account } } => Some((*id, plan, account)),
        _ => None,
    });
    let (id, plan, account) = sent.unwrap_or_else(|| panic!("nothing was asked: {effects:?}"));
    let (plan, one) = (plan.clone(), account.is_some());
    let board = Box::new(board);
    let now = model.local;
    update(model, now, Msg::Reply { id, answer: Ok(Answer::Muster { plan, one, board }) })
}

/// The board with one account's gates on it, as that fits the size.
pub(super) fn with_gates(width: u16, height: u16) -> Model {
    let mut model = at(world::model(), width, height, &[]);
    let mut effects = press(&mut model, &text("3"));
    if model.size.gates() == Split::One {
        effects = press(&mut model, &[Key::Enter]);
    }
    answer(&mut model, &effects, of_account(2));
    model
}

fn wants(account: u32) -> Ask {
    Ask::Muster { plan: plan(), account: Some(AccountId(account)) }
}

#[test]
fn gates_are_asked_for_when_they_are_looked_at_and_only_then() {
    let mut model = world::model();
    // At the design size the list has the page.
    assert_eq!(asked(&press(&mut model, &text("3"))), None);
    let opened = press(&mut model, &[Key::Enter]);
    assert_eq!(asked(&opened), Some(&wants(2)), "who is not fit stands first");
    assert!(matches!(board::gates(&model), board::Gates::Waiting));
    answer(&mut model, &opened, of_account(2));
    assert!(matches!(board::gates(&model), board::Gates::Known(..)));
    let now = model.local;
    let later = |model: &mut Model, ms| update(model, now.plus(ms), Msg::Tick);
    assert_eq!(later(&mut model, 4_000), []);
    assert_eq!(asked(&later(&mut model, 5_000)), Some(&wants(2)), "every five seconds anew");
    // Closed, nobody asks.
    press(&mut model, &[Key::Esc]);
    assert!(!model.runs.board.gates && later(&mut model, 60_000).is_empty());
}

#[test]
fn a_wide_screen_shows_the_gates_of_whoever_is_chosen_and_asks_one_question_at_a_time() {
    let mut model = at(world::model(), 200, 50, &[]);
    let first = press(&mut model, &text("3"));
    assert_eq!(asked(&first), Some(&wants(2)));
    // The choice moves on before the answer is there.
    assert_eq!(asked(&press(&mut model, &text("jj"))), None, "a question is on its way");
    let next = answer(&mut model, &first, of_account(2));
    assert_eq!(asked(&next), Some(&wants(5)), "whoever is chosen now");
    assert!(matches!(board::gates(&model), board::Gates::Waiting), "not the other one's gates");
    answer(&mut model, &next, of_account(5));
    assert!(
        matches!(board::gates(&model), board::Gates::Known(_, row) if row.account == AccountId(5))
    );
}

#[test]
fn what_changes_is_asked_about_at_once_but_not_more_than_once_a_second() {
    let mut model = at(world::model(), 200, 50, &[]);
    let first = press(&mut model, &text("3"));
    answer(&mut model, &first, of_account(2));
    let start = model.local;
    let change = || vec![Delta::Account(Box::new(world::accounts().remove(1)))];
    let told = |model: &mut Model, ms| {
        update(model, start.plus(ms), Msg::Link(LinkNews::Deltas(change())))
    };
    assert_eq!(asked(&told(&mut model, 500)), None);
    let again = told(&mut model, 1_000);
    assert_eq!(asked(&again), Some(&wants(2)));
    answer(&mut model, &again, of_account(2));
    assert_eq!(asked(&told(&mut model, 1_500)), None);
}

#[test]
fn the_choice_stays_with_its_account_and_moves_by_keys() {
    let mut model = world::model();
    press(&mut model, &text("3jj"));
    assert_eq!(model.runs.board.selected, Some(AccountId(5)));
    let gone = vec![Delta::AccountRemoved(AccountId(2))];
    let now = model.local;
    update(&mut model, now, Msg::Link(LinkNews::Deltas(gone)));
    assert_eq!(model.runs.board.selected, Some(AccountId(5)));
    press(&mut model, &text("G"));
    assert_eq!(model.runs.board.selected, Some(AccountId(7)), "who is off stands last");
    press(&mut model, &text("g"));
    assert_eq!(model.runs.board.selected, Some(AccountId(4)));
}

#[test]
fn the_chosen_account_is_tested_left_out_and_taken_back_from_the_board() {
    let mut model = world::model();
    press(&mut model, &text("3jjj"));
    assert_eq!(asked(&press(&mut model, &text("t"))), Some(&Ask::Test(ids(&[1]))));
    let out = press(&mut model, &text("a"));
    let accounts = Selection::Ids(vec![AccountId(1)]);
    assert_eq!(asked(&out), Some(&Ask::SetAuto { accounts: accounts.clone(), on: false }));
    let Some(Effect::Send { id, .. }) = out.first() else { panic!("{out:?}") };
    let touched = muster_protocol::reply::Touched { accounts: vec![AccountId(1)] };
    let now = model.local;
    update(&mut model, now, Msg::Reply { id: *id, answer: Ok(Answer::Touched(touched)) });
    let back = press(&mut model, &text("u"));
    assert_eq!(asked(&back), Some(&Ask::SetAuto { accounts, on: true }));
    assert_eq!(asked(&press(&mut model, &text("m"))), Some(&Ask::CallMuster));
}

/// Fitness comes with the accounts for the next run alone: another plan's board must not show it.
#[test]
fn another_plans_board_asks_who_is_fit_for_that_plan() {
    let other: PlanId = "other".parse().unwrap();
    let mut model = with(|snapshot| {
        let mut plan: PlanView = world::plan();
        plan.spec.name = other.clone();
        snapshot.plans.push(plan);
    });
    assert_eq!(asked(&press(&mut model, &text("3"))), None, "the next run's is known");
    assert!(shown(&model).contains("FIT 2 accounts"), "{}", shown(&model));
    let turned = press(&mut model, &text("l"));
    assert_eq!(asked(&turned), Some(&Ask::Muster { plan: other, account: None }));
    assert!(shown(&model).contains("asking about 7"), "{}", shown(&model));
    let mut board = world::board(&world::snapshot());
    for row in &mut board.rows {
        row.fitness = Fitness::Off;
    }
    answer(&mut model, &turned, board);
    let screen = shown(&model);
    assert!(screen.contains("FIT 0 accounts") && screen.contains("OFF 7"), "{screen}");
    assert!(screen.contains("off: not of this plan"), "{screen}");
    // Turned back, the next run's board stands there again without a question.
    press(&mut model, &text("h"));
    assert!(shown(&model).contains("FIT 2 accounts"), "{}", shown(&model));
}

#[test]
fn a_plan_that_runs_alone_or_not_at_all_has_the_fitness_that_came() {
    let mut model = with(|snapshot| snapshot.status.next_run = None);
    press(&mut model, &text("3"));
    assert!(shown(&model).contains("FIT 2 accounts"));
    let mut model = with(|snapshot| {
        let plan = "elsewhere".parse().unwrap();
        let at = world::now().plus(MINUTE);
        snapshot.status.next_run = Some(NextRun { plan, at, mode: Mode::Live });
    });
    assert!(asked(&press(&mut model, &text("3"))).is_some());
}

#[test]
fn a_daemon_that_would_not_say_is_told_so_and_asked_again() {
    let mut model = at(world::model(), 200, 50, &[]);
    press(&mut model, &text("3"));
    let now = model.local;
    let answer = Err("uid 7 may not use muster".to_owned());
    update(&mut model, now, Msg::Reply { id: CallId(0), answer });
    assert!(shown(&model).contains("uid 7 may not use muster"));
    assert_eq!(asked(&update(&mut model, now.plus(5_000), Msg::Tick)), Some(&wants(2)));
}

#[test]
fn nothing_is_asked_while_the_daemon_is_away_and_at_once_when_it_is_back() {
    let mut model = with_gates(200, 50);
    let now = model.local;
    let lost = crate::app::msg::Lost {
        attempt: 1,
        retry_in_ms: 250,
        stopped: true,
        reason: "gone".to_owned(),
    };
    update(&mut model, now, Msg::Link(LinkNews::Lost(lost)));
    assert_eq!(update(&mut model, now.plus(60_000), Msg::Tick), []);
    assert!(shown(&model).contains("order permission"), "what was known stays");
    let later = now.plus(61_000);
    update(&mut model, later, Msg::Link(LinkNews::Connected(world::welcome())));
    let snapshot = Box::new(world::snapshot());
    let back = update(&mut model, later, Msg::Link(LinkNews::Snapshot(snapshot)));
    assert_eq!(asked(&back), Some(&wants(2)));
}

#[test]
fn every_gate_has_its_verdict_and_its_age_on_the_page() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let screen = shown(&with_gates(width, height));
        for gate in Gate::ALL {
            assert!(screen.contains(gate.words()), "{width}x{height}: {}\n{screen}", gate.words());
        }
        for words in ["NO", "warn", "??", "4m ago", "6h ago", "Register your IP"] {
            assert!(screen.contains(words), "{width}x{height}: {words}\n{screen}");
        }
    }
}

#[test]
fn where_not_all_gates_fit_the_worst_stand_first_and_the_rest_is_scrolled_to() {
    let mut model = with_gates(40, 12);
    let screen = shown(&model);
    let place = |words: &str| screen.find(words);
    assert!(place("order permission") < place("egress"), "{screen}");
    assert!(place("in doubt").is_none(), "{screen}");
    press(&mut model, &[Key::PageDown, Key::PageDown, Key::PageDown, Key::PageDown]);
    assert!(shown(&model).contains("in doubt"), "{}", shown(&model));
    press(&mut model, &text("q"));
    assert!(!model.runs.board.gates);
}

/// With a run under way the page shows the run; the gates' page is no trap beneath it.
#[test]
fn a_run_that_fires_takes_the_page_over() {
    let mut model = with_gates(80, 24);
    let (run, _) = world::firing();
    let now = model.local;
    update(&mut model, now, Msg::Link(LinkNews::Deltas(vec![Delta::Run(run)])));
    assert!(!model.runs.board.gates && shown(&model).contains("FIRING"));
    assert_eq!(press(&mut model, &text("q")), [Effect::Quit]);
}

#[test]
fn a_crowd_is_scrolled_by_whoever_is_chosen() {
    let mut model = with(|snapshot| {
        let one = world::accounts().remove(0);
        snapshot.accounts = (1..=500_u32)
            .map(|n| muster_protocol::account::AccountView {
                id: AccountId(n),
                user: format!("p{n:03}").parse().unwrap(),
                ..one.clone()
            })
            .collect();
    });
    press(&mut model, &text("3"));
    for _ in 0..40 {
        press(&mut model, &[Key::Down]);
        let screen = shown(&model);
        let row = screen.lines().find(|row| row.contains('>')).unwrap_or_default().to_owned();
        let chosen = board::selected(&model).unwrap().user.to_string();
        assert!(row.contains(&chosen), "{chosen} in {screen}");
    }
    press(&mut model, &text("G"));
    assert!(shown(&model).contains("p500"));
    assert_eq!(model.local.since(Timestamp::from_millis(0)), 42_000);
}

/// The run is named before it is asked for, with the plan as it was seen; live, its name is typed.
#[test]
fn a_run_now_names_its_run_and_says_what_becomes_of_the_days() {
    use muster_protocol::run::CalledAs;
    let mut model = world::model();
    press(&mut model, &text("3B"));
    let screen = shown(&model);
    for words in ["Run btst@2026-11-23 now, LIVE?", "15:10:00", "Type btst@2026-11-23 and"] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    assert!(press(&mut model, &[Key::Enter]).is_empty(), "nothing was typed");
    press(&mut model, &text("B"));
    let done = press(&mut model, &[text("btst@2026-11-23").as_slice(), &[Key::Enter]].concat());
    let Some(Ask::RunNow { run, hash, mode: Mode::Live, called }) = asked(&done) else {
        panic!("{done:?}")
    };
    let at = world::plan().next_fire.unwrap();
    assert_eq!(
        (run.to_string().as_str(), called),
        ("btst@2026-11-23", &CalledAs::InsteadOf { at })
    );
    assert_eq!(*hash, world::plan().hash);
    // After today's run the next one bears the next number and is one more; a dry run asks for no name.
    let (run, _) = world::firing();
    let mut model = with(|snapshot| {
        snapshot.plans[0].mode = Mode::DryRun;
        snapshot.plans[0].next_fire = Some(at.plus(muster_protocol::time::DAY));
        snapshot.runs.push(run);
    });
    press(&mut model, &text("3B"));
    let done = press(&mut model, &[Key::Tab, Key::Enter]);
    let Some(Ask::RunNow { run, called: CalledAs::Extra, .. }) = asked(&done) else {
        panic!("{done:?}")
    };
    assert_eq!(run.to_string(), "btst@2026-11-23.2");
}
