//! The next instant at which time alone changes something.

use muster_protocol::check::CheckOutcome;
use muster_protocol::ids::RunId;
use muster_protocol::order::Broker;
use muster_protocol::status::VaultState;
use muster_protocol::time::Timestamp;

use super::super::egress::LOOK_OUT_EVERY_MS;
use super::super::model::{Firing, ListState, Model};
use super::super::run::Stage;
use super::super::schedule::{self, LIST_AT};
use super::before_run::call_at;
use super::books::room;
use super::freeze::{due_fire, next_run, resolve_until};
use super::warm::warm_at;

/// When the model wants a tick: the earliest of everything that waits for time. Never earlier than
/// what a tick at `now` would settle, so the loop does not spin.
pub fn next_deadline(model: &Model, now: Timestamp) -> Option<Timestamp> {
    let barred = model.barred().is_some();
    let sessions = model.session_ends.first().map(|(until, _)| model.clock.shows(*until));
    let sessions = sessions.into_iter();
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
        let next = if waits { model.clock.shows(fire.window_until.plus(1)) } else { freeze };
        Some(call_at(model, id, &fire).map_or(next, |at| at.min(next)))
    });
    let runs = model.runs_open().filter_map(|(id, run)| match run.stage {
        Stage::Frozen if barred && model.warned.contains(id) => {
            Some(model.clock.shows(run.fixed.window_until.plus(1)))
        }
        Stage::Frozen => Some(warm_at(model, id, run).unwrap_or(run.fixed.fire_at)),
        Stage::Firing { .. } if model.clock.surely(now) < run.fixed.window_until => {
            Some(model.clock.shows(run.fixed.window_until))
        }
        Stage::Firing { .. } if model.clock.surely(now) < resolve_until(run) => {
            Some(model.clock.shows(resolve_until(run)))
        }
        // Of one that fires, what is on its way is waited for, not time.
        Stage::Firing { .. } | Stage::Closed { .. } | Stage::Missed { .. } => None,
    });
    let of_broker = |(run, firing): (&RunId, &Firing), broker| {
        let due = firing.next_due(broker)?.max(model.in_flight.room_at(broker, now)?);
        // Later than its own time only where the clock was set back.
        Some(due.max(model.runs.get(run)?.fixed.fire_at))
    };
    let firing = model.firing.iter().filter(|_| !barred);
    let sends =
        firing.flat_map(|firing| Broker::ALL.into_iter().filter_map(move |b| of_broker(firing, b)));
    let lists = model.lists.values().filter_map(|state| match state {
        ListState::Failed { again, .. } => Some(*again),
        ListState::Loaded { .. } => schedule::next_of(&[LIST_AT], &model.calendar, now),
        ListState::Loading { .. } => None,
    });
    let checks = model.checking.iter().map(|check| check.until);
    let open = model.vault == VaultState::Open;
    let reads = model.watches.next_due(room(model)).filter(|_| open);
    let cancels = model.cancelling.first().map(|(due, _)| *due).filter(|_| open);
    let waiting = sessions.chain(tickets).chain(muster).chain(plans).chain(runs);
    let look_out = model.looked_out.plus(LOOK_OUT_EVERY_MS);
    let mark = model.clock.next_mark();
    let archive = model.archiving.look_at;
    let reads = reads.into_iter().chain(cancels);
    let more = lists.chain(checks).chain(mark).chain([look_out, archive]);
    waiting.chain(sends).chain(reads).chain(more).min()
}
