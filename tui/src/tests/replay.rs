//! Random days at random sizes: nothing panics, and what is selected exists.

use muster_protocol::event::Delta;
use muster_protocol::ids::AccountId;
use muster_protocol::time::Timestamp;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::world;
use crate::app::form::{FieldName, SecretFacts, SecretField, Shape};
use crate::app::key::Key;
use crate::app::look::{Look, Theme};
use crate::app::model::{Model, Page};
use crate::app::msg::{Answer, CallId, LinkNews, Lost, Msg, Notice};
use crate::app::screens::accounts;
use crate::app::update::update;

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        6 => any::<char>().prop_map(Key::Char),
        30 => "[1-5a-zA-Z/:?#*\\[\\] ]".prop_map(|s| Key::Char(s.chars().next().unwrap())),
        4 => "[a-z]".prop_map(|s| Key::Ctrl(s.chars().next().unwrap())),
        30 => prop::sample::select(vec![
            Key::Enter, Key::Esc, Key::Tab, Key::BackTab, Key::Backspace, Key::Delete, Key::Left,
            Key::Right, Key::Up, Key::Down, Key::Home, Key::End, Key::PageUp, Key::PageDown,
        ]),
    ]
}

fn delta() -> impl Strategy<Value = Delta> {
    let (run, intents) = world::firing();
    let past = world::past_runs();
    let mut closed = run.clone();
    closed.state = muster_protocol::run::RunState::Closed;
    let mut all = vec![
        Delta::Status(world::snapshot().status),
        Delta::Plan(world::plan()),
        Delta::PlanRemoved(world::plan().spec.name),
        Delta::Run(run),
        Delta::Run(closed),
        Delta::Check(world::login_check()),
        Delta::Check(world::refused_check(world::login_check().target)),
    ];
    all.extend(past.into_iter().map(Delta::Run));
    all.extend(world::accounts().into_iter().map(|a| Delta::Account(Box::new(a))));
    all.extend((1..8).map(|id| Delta::AccountRemoved(AccountId(id))));
    all.extend(intents.into_iter().map(|i| Delta::Intent(Box::new(i))));
    all.extend(world::journal().into_iter().map(Delta::Journal));
    prop::sample::select(all)
}

fn msg() -> impl Strategy<Value = Msg> {
    let lost = || Lost { attempt: 3, retry_in_ms: 900, stopped: true, reason: "gone".to_owned() };
    let ticket = || muster_protocol::reply::Ticket {
        ticket: muster_protocol::ids::TicketId(7),
        link: None,
        expires: None,
    };
    prop_oneof![
        20 => key().prop_map(Msg::Key),
        2 => (1_u16..=220, 1_u16..=60).prop_map(|(w, h)| Msg::Resize(world::size(w, h))),
        2 => ".{0,40}".prop_map(Msg::Paste),
        1 => Just(()).prop_map(|()| Msg::PasteIgnored),
        1 => ".{0,40}".prop_map(|text| Msg::Fill { field: FieldName::ClientId, text }),
        1 => (0_usize..9, 0_usize..3).prop_map(|(filled, odd)| Msg::Filled { filled, odd }),
        1 => (0_u64..30).prop_map(|id| {
            let answer = Ok(Answer::House(Box::new(world::house())));
            Msg::Reply { id: CallId(id), answer }
        }),
        3 => (0_u64..30, 1_u32..9, any::<bool>()).prop_map(|(id, account, one)| {
            let plan = world::plan().spec.name;
            let board = Box::new(super::gates::of_account(account));
            Msg::Reply { id: CallId(id), answer: Ok(Answer::Muster { plan, one, board }) }
        }),
        2 => (0_u64..30, prop::collection::vec(1_u32..9, 0..4)).prop_map(|(id, ids)| {
            let accounts = ids.into_iter().map(AccountId).collect();
            let answer = Ok(Answer::Touched(muster_protocol::reply::Touched { accounts }));
            Msg::Reply { id: CallId(id), answer }
        }),
        1 => (0_usize..40).prop_map(|typed| Msg::SecretChanged {
            field: SecretField::Mpin,
            facts: SecretFacts { typed, shape: Shape::NotFour },
        }),
        2 => Just(()).prop_map(|()| Msg::Tick),
        1 => Just(()).prop_map(|()| Msg::Link(LinkNews::Connecting)),
        1 => Just(()).prop_map(|()| Msg::Link(LinkNews::Connected(world::welcome()))),
        1 => Just(()).prop_map(|()| Msg::Link(LinkNews::Snapshot(Box::new(world::snapshot())))),
        6 => prop::collection::vec(delta(), 1..6).prop_map(|d| Msg::Link(LinkNews::Deltas(d))),
        1 => Just(()).prop_map(move |()| Msg::Link(LinkNews::Lost(lost()))),
        1 => (0_u64..30).prop_map(|id| Msg::Reply { id: CallId(id), answer: Ok(Answer::Done) }),
        2 => (0_u64..30).prop_map(move |id| Msg::Reply { id: CallId(id), answer: Ok(Answer::Ticket(ticket())) }),
        1 => (0_u64..30).prop_map(|id| Msg::Reply { id: CallId(id), answer: Err("no".to_owned()) }),
        1 => Just(()).prop_map(|()| Msg::Notice(Notice::bad("something"))),
    ]
}

fn check(model: &Model) {
    let rows: Vec<AccountId> = accounts::rows(model).collect();
    assert!(rows.iter().all(|id| model.world.accounts.contains_key(id)));
    match model.accounts.selected {
        Some(id) => assert!(rows.contains(&id)),
        None => assert!(rows.is_empty()),
    }
    if model.page == Page::Runs {
        match model.runs.board.selected {
            Some(id) => assert!(model.world.accounts.contains_key(&id)),
            None => assert!(model.world.accounts.is_empty() || model.runs.plan.is_none()),
        }
    }
    let runs = crate::app::screens::runs::history::runs(model);
    match &model.runs.chosen {
        Some(id) => assert!(runs.iter().any(|run| run.id == *id)),
        None => assert!(runs.is_empty()),
    }
    assert!(model.runs.plan.as_ref().is_none_or(|id| model.world.plans.contains_key(id)));
    assert!(model.runs.shown.as_ref().is_none_or(|id| model.world.runs.contains_key(id)));
}

fn draw(model: &Model) {
    let mut terminal =
        Terminal::new(TestBackend::new(model.size.width, model.size.height)).unwrap();
    terminal.draw(|frame| crate::view::draw(model, frame)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn no_day_makes_it_panic_and_the_selection_exists(
        size in (1_u16..=220, 1_u16..=60),
        looks in (any::<bool>(), prop::sample::select(Theme::ALL.to_vec()), any::<bool>()),
        heard in any::<bool>(),
        messages in prop::collection::vec((msg(), 0_i64..5_000), 1..60),
    ) {
        let mut model = if heard {
            world::model()
        } else {
            Model::new(world::size(80, 24), Look::default(), false)
        };
        model.look = Look { ascii: looks.0, theme: looks.1, links: looks.2 };
        let mut now = Timestamp::from_millis(1_000);
        update(&mut model, now, Msg::Resize(world::size(size.0, size.1)));
        for (msg, passed) in messages {
            now = now.plus(passed);
            update(&mut model, now, msg);
            check(&model);
            draw(&model);
        }
    }
}

#[test]
fn every_page_is_drawn_at_every_size() {
    let mut model = world::waiting_for_login();
    let (run, intents) = world::firing();
    model.world.runs.insert(run.id.clone(), run);
    model.world.intents = intents.into_iter().map(|i| (i.id.clone(), i)).collect();
    for page in Page::ALL {
        model.page = page;
        for width in (1..=220).step_by(7) {
            for height in (1..=60).step_by(3) {
                model.size = world::size(width, height);
                draw(&model);
            }
        }
    }
}
