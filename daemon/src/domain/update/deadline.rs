//! The next instant at which time alone changes something.

use muster_protocol::check::CheckOutcome;
use muster_protocol::status::VaultState;
use muster_protocol::time::Timestamp;

use super::super::limits::MAX_IN_FLIGHT;
use super::super::model::{ListState, Model};
use super::super::run::Stage;
use super::super::schedule;
use super::LOOK_OUT_EVERY_MS;
use super::books::room;
use super::freeze::{due_fire, next_run, resolve_until};

/// When the model wants a tick: the earliest of everything that waits for time. Never earlier than
/// what a tick at `now` would settle, so the loop does not spin.
pub fn next_deadline(model: &Model, now: Timestamp) -> Option<Timestamp> {
    let barred = model.barred().is_some();
    let sessions = model.session_ends().map(|(_, until)| until);
    let tickets = model.tickets.values().map(|ticket| match &ticket.check.view().outcome {
        CheckOutcome::AwaitingLogin { expires, .. } => *expires,
        CheckOutcome::Running
        | CheckOutcome::Passed
        | CheckOutcome::Failed { .. }
        | CheckOutcome::Abandoned { .. } => ticket.expires,
    });
    let muster = schedule::next_of(&model.settings.muster_times, &model.calendar, model.mustered);
    let plans = model.plans.iter().filter_map(|(id, plan)| {
        let fire = due_fire(model, id, plan.kept()?)?;
        let run = next_run(model, id, &fire);
        let waits = barred && model.warned.contains(&run);
        let freeze = fire.at.plus(-model.settings.freeze_lead_ms);
        Some(if waits { fire.window_until.plus(1) } else { freeze })
    });
    let runs = model.runs_open().filter_map(|(id, run)| match run.stage {
        Stage::Frozen if barred && model.warned.contains(id) => {
            Some(run.fixed.window_until.plus(1))
        }
        Stage::Frozen => Some(run.fixed.fire_at),
        Stage::Firing { .. } if now < run.fixed.window_until => Some(run.fixed.window_until),
        Stage::Firing { .. } => Some(resolve_until(run)),
        Stage::Closed { .. } | Stage::Missed { .. } => None,
    });
    let free = model.in_flight.len() < MAX_IN_FLIGHT;
    let sends = model.firing.values().filter(|_| free && !barred);
    let sends = sends.filter_map(|firing| firing.ready.first().map(|(due, _)| *due));
    let lists = model.lists.values().filter_map(|state| match state {
        ListState::Failed { again } => Some(*again),
        ListState::Loading | ListState::Loaded => None,
    });
    let open = model.vault == VaultState::Open;
    let reads = model.watches.next_due(room(model)).filter(|_| open);
    let cancels = model.cancelling.first().map(|(due, _)| *due).filter(|_| open);
    let waiting = sessions.chain(tickets).chain(muster).chain(plans).chain(runs);
    let look_out = model.looked_out.plus(LOOK_OUT_EVERY_MS);
    waiting.chain(sends).chain(reads).chain(cancels).chain(lists).chain([look_out]).min()
}
