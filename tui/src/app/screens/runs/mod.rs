//! Page 3: plans, the board before, during and after a run.

pub(crate) mod board;
pub(crate) mod history;
mod now;

use std::collections::BTreeMap;

use muster_protocol::ids::{AccountId, IntentId, PlanId, RunId};
use muster_protocol::plan::{Mode, PlanSpec, PlanView, Takers};
use muster_protocol::request::Selection;
use muster_protocol::run::{IntentStatus, IntentView, RunState, RunView};

use crate::app::effect::{Ask, Effect};
use crate::app::field::TextField;
use crate::app::keymap::{Cmd, Context};
use crate::app::model::Model;
use crate::app::msg::Notice;
use crate::app::overlay::{Overlay, Question, Then};
use crate::app::screens::stop;

use self::board::BoardScreen;

/// What the page remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RunsScreen {
    /// By name, never by place.
    pub(crate) plan: Option<PlanId>,
    /// A run of the past, while one is looked at.
    pub(crate) shown: Option<RunId>,
    /// The list of runs, instead of one run.
    pub(crate) history: bool,
    /// The run chosen in it, by id.
    pub(crate) chosen: Option<RunId>,
    /// One line per order instead of one per account.
    pub(crate) orders: bool,
    pub(crate) scroll: usize,
    /// The order in doubt whose number is being typed.
    pub(crate) resolving: Option<IntentId>,
    /// The muster board.
    pub(crate) board: BoardScreen,
}

/// What the board shows.
#[derive(Debug)]
pub(crate) enum Board<'a> {
    /// There is no plan.
    Nothing,
    /// Before the run: who is fit. The run, if its legs are frozen already.
    Muster(&'a PlanView, Option<&'a RunView>),
    /// During and after it.
    Run(&'a RunView),
}

/// What there is to show now.
pub(crate) fn board(model: &Model) -> Board<'_> {
    if let Some(run) = model.runs.shown.as_ref().and_then(|id| model.world.runs.get(id)) {
        return Board::Run(run);
    }
    let plan = model.runs.plan.as_ref().and_then(|id| model.world.plans.get(id));
    let Some(plan) = plan else { return Board::Nothing };
    let today = model.now().map(muster_protocol::time::Timestamp::date);
    match model.world.newest_run(&plan.spec.name) {
        Some(run) if run.state == RunState::Frozen => Board::Muster(plan, Some(run)),
        Some(run) if run.state == RunState::Firing || Some(run.id.date) == today => Board::Run(run),
        _ => Board::Muster(plan, None),
    }
}

/// The intents of a run by account, those that need a person first.
pub(crate) fn by_account<'a>(
    model: &'a Model,
    run: &'a RunView,
) -> Vec<(AccountId, Vec<&'a IntentView>)> {
    let mut groups: BTreeMap<AccountId, Vec<&IntentView>> = BTreeMap::new();
    for intent in model.world.intents_of(&run.id) {
        groups.entry(intent.id.account).or_default().push(intent);
    }
    let mut rows: Vec<_> = groups.into_iter().collect();
    rows.sort_by_key(|(id, intents)| (intents.iter().map(|i| urgency(i.status)).min(), *id));
    rows
}

/// Which status the eye must find first.
pub(crate) const fn urgency(status: IntentStatus) -> u8 {
    match status {
        IntentStatus::InDoubt => 0,
        IntentStatus::Refused | IntentStatus::Rejected => 1,
        IntentStatus::Missed => 2,
        IntentStatus::NotSent => 3,
        IntentStatus::Cancelled => 4,
        IntentStatus::Sending => 5,
        IntentStatus::Planned => 6,
        IntentStatus::PartlyFilled => 7,
        IntentStatus::Open => 8,
        IntentStatus::Accepted | IntentStatus::Filled | IntentStatus::Rehearsed => 9,
    }
}

/// Does a command of this page.
pub(crate) fn act(model: &mut Model, cmd: Cmd) -> Vec<Effect> {
    if model.runs.history {
        return history::act(model, cmd);
    }
    let on_list = matches!(board(model), Board::Muster(..));
    let page = usize::from(model.size.body()).saturating_sub(2);
    match cmd {
        Cmd::History => {
            model.runs.history = true;
            model.runs.chosen = shown_run(model);
        }
        Cmd::Left => step_plan(model, false),
        Cmd::Right => step_plan(model, true),
        Cmd::Older => return step_run(model, false),
        Cmd::Newer => return step_run(model, true),
        Cmd::Orders => model.runs.orders = !model.runs.orders,
        Cmd::TestAll => return vec![model.ask(Ask::Test(Selection::All), "test begun")],
        Cmd::Arm => ask_to_arm(model),
        Cmd::Disarm => ask_to_disarm(model),
        Cmd::RunNow => now::ask(model),
        _ if on_list => return board::act(model, cmd),
        Cmd::Found => stop::ask_for_number(model),
        Cmd::NotPlaced => stop::ask_not_placed(model),
        Cmd::SendAgain => stop::ask_to_send_again(model),
        Cmd::Back => {
            model.runs.shown = None;
            model.runs.scroll = 0;
        }
        Cmd::Up => model.runs.scroll = model.runs.scroll.saturating_sub(1),
        Cmd::Down => model.runs.scroll = model.runs.scroll.saturating_add(1),
        Cmd::PageUp => model.runs.scroll = model.runs.scroll.saturating_sub(page),
        Cmd::PageDown => model.runs.scroll = model.runs.scroll.saturating_add(page),
        Cmd::Top => model.runs.scroll = 0,
        Cmd::Bottom => model.runs.scroll = usize::MAX,
        _ => {}
    }
    Vec::new()
}

/// Keeps plan, run and scroll on something that exists.
pub(crate) fn settle(model: &mut Model) {
    let screen = &mut model.runs;
    if screen.plan.as_ref().is_none_or(|id| !model.world.plans.contains_key(id)) {
        let next = model.world.status.as_ref().and_then(|s| s.next_run.as_ref());
        let next = next.map(|run| run.plan.clone()).filter(|id| model.world.plans.contains_key(id));
        screen.plan = next.or_else(|| model.world.plans.keys().next().cloned());
    }
    if screen.shown.as_ref().is_some_and(|id| !model.world.runs.contains_key(id)) {
        screen.shown = None;
    }
    history::settle(model);
    board::settle(model);
    let rows = match board(model) {
        Board::Nothing | Board::Muster(..) => 0,
        Board::Run(run) => {
            let orders = model.world.intents_of(&run.id).count();
            // On a low screen what stands above the board scrolls with it.
            let doubts = usize::try_from(run.counts.in_doubt).unwrap_or(usize::MAX);
            let above: usize = if model.size.height < 20 || doubts > 1 { 12 } else { 0 };
            let above = above.saturating_add(doubts.saturating_mul(5));
            orders.saturating_add(run.left_out.len()).saturating_add(above)
        }
    };
    model.runs.scroll = model.runs.scroll.min(rows.saturating_sub(1));
}

fn step_plan(model: &mut Model, forward: bool) {
    let names: Vec<PlanId> = model.world.plans.keys().cloned().collect();
    let at = model.runs.plan.as_ref().and_then(|id| names.iter().position(|other| other == id));
    let at = at.unwrap_or(0);
    let to = if forward { at.saturating_add(1) } else { at.saturating_sub(1) };
    model.runs.plan = names.get(to.min(names.len().saturating_sub(1))).cloned();
    model.runs.shown = None;
    model.runs.scroll = 0;
    model.runs.board.gates = false;
}

fn step_run(model: &mut Model, forward: bool) -> Vec<Effect> {
    let Some(plan) = model.runs.plan.clone() else { return Vec::new() };
    let runs: Vec<RunId> = model.world.runs.keys().filter(|id| id.plan == plan).cloned().collect();
    let current = shown_run(model);
    let at = current.and_then(|id| runs.iter().position(|other| *other == id));
    let to = match (at, forward) {
        (None, false) => runs.len().checked_sub(1),
        (None, true) => None,
        (Some(at), false) => at.checked_sub(1),
        (Some(at), true) => Some(at.saturating_add(1)),
    };
    let Some(next) = to.and_then(|to| runs.get(to)) else {
        if forward {
            model.runs.shown = None;
        } else {
            model.say(Notice::bad("there is no older run"));
        }
        return Vec::new();
    };
    let next = next.clone();
    model.runs.shown = Some(next.clone());
    model.runs.scroll = 0;
    vec![model.ask(Ask::ShowRun(next), "")]
}

/// The run the board shows.
fn shown_run(model: &Model) -> Option<RunId> {
    match board(model) {
        Board::Run(run) => Some(run.id.clone()),
        Board::Muster(..) | Board::Nothing => None,
    }
}

/// The contexts whose keys are in force, by what is shown and how the plan stands.
pub(crate) fn contexts(model: &Model) -> &'static [Context] {
    use Context::{
        Always, Doubt, DryRun, Gates, Global, History, List, Live, Muster, Roll, Run, Runs,
    };
    if model.runs.history {
        return &[History, List, Global, Always];
    }
    let plan = model.runs.plan.as_ref().and_then(|id| model.world.plans.get(id));
    let live = plan.is_some_and(|plan| plan.mode == Mode::Live);
    let doubt = stop::doubt(model).is_some();
    match (board(model), live) {
        (Board::Nothing, _) => &[Runs, List, Global, Always],
        (Board::Muster(..), true) if model.runs.board.gates => {
            &[Gates, Muster, Live, Runs, List, Global, Always]
        }
        (Board::Muster(..), false) if model.runs.board.gates => {
            &[Gates, Muster, DryRun, Runs, List, Global, Always]
        }
        (Board::Muster(..), true) => &[Roll, Muster, Live, Runs, List, Global, Always],
        (Board::Muster(..), false) => &[Roll, Muster, DryRun, Runs, List, Global, Always],
        (Board::Run(_), true) if doubt => &[Doubt, Run, Live, Runs, List, Global, Always],
        (Board::Run(_), false) if doubt => &[Doubt, Run, DryRun, Runs, List, Global, Always],
        (Board::Run(_), true) => &[Run, Live, Runs, List, Global, Always],
        (Board::Run(_), false) => &[Run, DryRun, Runs, List, Global, Always],
    }
}

fn current_plan(model: &Model) -> Option<PlanView> {
    model.runs.plan.as_ref().and_then(|id| model.world.plans.get(id)).cloned()
}

fn ask_to_arm(model: &mut Model) {
    let Some(plan) = current_plan(model) else { return };
    let name = plan.spec.name.to_string();
    if plan.mode == Mode::Live {
        return model.say(Notice::good(format!("{name} is live already")));
    }
    let fit = model.world.status.as_ref().map_or(0, |status| status.counts.fit);
    let legs: Vec<String> = plan.spec.legs.iter().map(muster_protocol::order::Leg::words).collect();
    model.overlay = Some(Overlay::Confirm(Question {
        title: format!("Send {name}'s orders for real?"),
        body: format!(
            "At {} on the next trading day {} will be placed for each fit account ({fit} now){}, with their own money.",
            plan.spec.at,
            legs.join(", "),
            terms(&plan.spec)
        ),
        yes: "Go live",
        then: Then::Ask(
            Ask::Arm { plan: plan.spec.name, mode: Mode::Live, hash: plan.hash },
            format!("{name} is LIVE"),
        ),
        name: Some(name),
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    }));
}

/// Whose orders, and how many times the quantity, if that is not plain.
fn terms(spec: &PlanSpec) -> String {
    let of = (spec.accounts != Takers::All).then(|| format!(" of {}", spec.accounts.words()));
    let times = (spec.multiplier != 1).then(|| format!(", {} times over", spec.multiplier));
    let own = (!spec.shares.is_empty()).then(|| ", some with a share of their own".to_owned());
    [of, times, own].into_iter().flatten().collect()
}

fn ask_to_disarm(model: &mut Model) {
    let Some(plan) = current_plan(model) else { return };
    let name = plan.spec.name.to_string();
    if plan.mode == Mode::DryRun {
        return model.say(Notice::good(format!("{name} is dry-run already")));
    }
    model.overlay = Some(Overlay::Confirm(Question {
        title: format!("Disarm {name}?"),
        body: "It goes back to dry-run at once: a run that is frozen does not fire, one that fires sends nothing more."
            .to_owned(),
        yes: "Disarm",
        then: Then::Ask(
            Ask::Arm { plan: plan.spec.name, mode: Mode::DryRun, hash: plan.hash },
            format!("{name} is dry-run"),
        ),
        name: None,
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    }));
}
