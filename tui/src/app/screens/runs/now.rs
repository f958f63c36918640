//! A run that a person calls for: named before it is asked for, so that asked for twice it happens once.

use muster_protocol::ids::RunId;
use muster_protocol::order::Leg;
use muster_protocol::plan::{Mode, PlanView};
use muster_protocol::run::CalledAs;
use muster_protocol::time::{Timestamp, TradingDate};

use super::{current_plan, terms};
use crate::app::effect::Ask;
use crate::app::field::TextField;
use crate::app::model::Model;
use crate::app::msg::Notice;
use crate::app::overlay::{Overlay, Question, Then};

/// Asks whether the plan is to run now. Live, the run's name has to be typed.
pub(super) fn ask(model: &mut Model) {
    let (Some(plan), Some(now)) = (current_plan(model), model.now()) else {
        return model.say(Notice::bad("there is no plan to run yet"));
    };
    let run = next_of(model, &plan, now.date());
    let later = plan.next_fire.filter(|at| at.date() == now.date());
    let live = plan.mode == Mode::Live;
    let called = later.map_or(CalledAs::Extra, |at| CalledAs::InsteadOf { at });
    let name = run.to_string();
    let done = format!("{name} fires, {}", plan.mode.words());
    model.overlay = Some(Overlay::Confirm(Question {
        title: format!("Run {name} now, {}?", plan.mode.words()),
        body: words(model, &plan, later),
        yes: "Run now",
        then: Then::Ask(Ask::RunNow { run, hash: plan.hash, mode: plan.mode, called }, done),
        name: live.then_some(name),
        typed: TextField::default(),
        on_yes: false,
        opened: model.local,
    }));
}

/// The name the run will have: the next firing of today.
fn next_of(model: &Model, plan: &PlanView, date: TradingDate) -> RunId {
    let runs = model.world.runs.keys();
    let of_today = runs.filter(|run| run.plan == plan.spec.name && run.date == date);
    let last = of_today.map(|run| run.firing).max().unwrap_or(0);
    RunId { plan: plan.spec.name.clone(), date, firing: last.saturating_add(1) }
}

/// What happens, and what becomes of today's firing.
fn words(model: &Model, plan: &PlanView, later: Option<Timestamp>) -> String {
    let legs: Vec<String> = plan.spec.legs.iter().map(Leg::words).collect();
    let (legs, terms) = (legs.join(", "), terms(&plan.spec));
    let fit = model.runs.board.counts.fit;
    let what = match plan.mode {
        Mode::Live => format!(
            "At once {legs} will be placed for each fit account ({fit} now){terms}, with their own money."
        ),
        Mode::DryRun => format!("At once everything is done but the send: {legs}{terms}."),
    };
    let stays = match later {
        Some(at) => format!(
            " It is in the place of today's firing at {}, which does not happen then; for one more say muster run now {} --extra.",
            at.clock(),
            plan.spec.name
        ),
        None => String::new(),
    };
    format!("{what}{stays}")
}
