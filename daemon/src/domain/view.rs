//! The model as clients see it.

use muster_protocol::account::{AccountView, LastRun};
use muster_protocol::check::{CheckOutcome, CheckTarget, CheckView};
use muster_protocol::event::Snapshot;
use muster_protocol::failure::Explained;
use muster_protocol::ids::{AccountId, IntentId, PlanId, RunId, UserId};
use muster_protocol::plan::PlanView;
use muster_protocol::run::{IntentView, LeftOut, RunCounts, RunView};
use muster_protocol::status::{MissedRun, NextRun, StatusView};
use muster_protocol::time::{DAY, Timestamp};

use super::account::Account;
use super::check::EndedCheck;
use super::egress;
use super::intent::{Cause, Intent, Stage};
use super::model::Model;
use super::muster::{self, Ahead};
use super::person;
use super::run;
use super::update::due_fire;

/// Runs of so many days are shown.
const RUN_DAYS_MS: i64 = 7 * DAY;

/// The daemon at a glance; a person held to their own accounts sees counts of those only.
pub fn status(model: &Model, now: Timestamp, only: Option<&UserId>) -> StatusView {
    let view = StatusView {
        version: model.settings.version.clone(),
        started: model.started,
        now,
        vault: model.vault,
        market: model.calendar.phase(now),
        calendar_until: model.calendar.valid_until(),
        calendar_warning: model.calendar.warning(now.date()),
        halts: model.halts.iter().cloned().collect(),
        next_run: next_run(model, now),
        egress: model.settings.egress.iter().map(|way| egress::view(model, now, way)).collect(),
        counts: muster::counts(model, now, only),
        held: model.hold_reason(),
        missed: missed(model, now),
        audit: Some(model.audit.clone()),
        clock: model.clock.view(),
        mustered: model.called,
        callback: model.settings.callback.clone(),
    };
    person::status(model, view, only)
}

fn missed(model: &Model, now: Timestamp) -> Vec<MissedRun> {
    let today = model.runs.iter().filter(|(id, _)| id.date == now.date());
    let missed = today.filter_map(|(id, run)| match &run.stage {
        run::Stage::Missed { reason } => {
            Some(MissedRun { run: id.clone(), reason: reason.clone() })
        }
        run::Stage::Frozen | run::Stage::Firing { .. } | run::Stage::Closed { .. } => None,
    });
    missed.collect()
}

fn next_run(model: &Model, now: Timestamp) -> Option<NextRun> {
    let plans = model.plans.iter().filter_map(|(id, plan)| {
        let kept = plan.kept()?;
        let frozen = model.runs.iter().rev().find(|(run, _)| run.plan == *id);
        let frozen = frozen.filter(|(_, run)| matches!(run.stage, run::Stage::Frozen));
        let at = match frozen {
            Some((_, run)) => run.fixed.fire_at,
            None => due_fire(model, id, kept)?.at,
        };
        (at >= now).then(|| NextRun { plan: id.clone(), at, mode: kept.mode })
    });
    plans.min_by_key(|next| next.at)
}

/// Every account, as a peer may see it.
pub fn accounts(model: &Model, now: Timestamp, only: Option<&UserId>) -> Vec<AccountView> {
    let ahead = Ahead::next(model, now);
    model.accounts_of(only).filter_map(|(id, _)| account(model, now, id, ahead)).collect()
}

/// One account, before the run it is to be fit for.
pub fn account(
    model: &Model,
    now: Timestamp,
    id: AccountId,
    ahead: Ahead<'_>,
) -> Option<AccountView> {
    let kept = model.accounts.get(&id)?;
    let running = model.checks.get(&id);
    let testing = running.is_some();
    let last = kept.last_check.as_ref().map(|check| ended(id, kept, check));
    Some(AccountView {
        id,
        user: kept.user.clone(),
        broker: kept.broker,
        client_id: kept.identity.client_id.clone(),
        holder: kept.identity.holder.clone(),
        egress: kept.identity.egress.clone(),
        active: kept.active,
        auto_execute: kept.auto_execute,
        labels: kept.labels.clone(),
        status: kept.status(now, testing),
        permission: kept.permission.clone(),
        permission_at: kept.permission_at,
        session: kept.session.view(),
        last_ok: kept.last_ok,
        latency_ms: kept.last_check.as_ref().and_then(|check| check.latency_ms),
        fitness: muster::fitness(model, now, id, ahead),
        last_run: kept.last_run.as_ref().map(|run| last_run(model, run, (id, kept))),
        last_check: running.map(|check| check.view().clone()).or(last),
        history: kept.history.iter().cloned().collect(),
        connected_at: kept.connected_at,
    })
}

fn last_run(model: &Model, run: &RunId, (id, account): (AccountId, &Account)) -> LastRun {
    let counts: RunCounts = match account.last_counts {
        Some(counts) => counts,
        None => model.legs_of(run, id).map(|(_, intent)| intent.status()).collect(),
    };
    LastRun { run: run.clone(), counts: (counts.total() > 0).then_some(counts) }
}

fn ended(id: AccountId, account: &Account, check: &EndedCheck) -> CheckView {
    let outcome = match &check.failed {
        Some(failure) => CheckOutcome::Failed { failure: failure.clone() },
        None => CheckOutcome::Passed,
    };
    CheckView {
        target: CheckTarget::Account(id),
        user: account.user.clone(),
        broker: account.broker,
        started: check.started,
        steps: check.steps.clone(),
        outcome,
        saved_as: None,
    }
}

/// One plan, unless it was removed.
pub fn plan(model: &Model, now: Timestamp, id: &PlanId) -> Option<PlanView> {
    let kept = model.plans.get(id)?.kept()?;
    let fire = due_fire(model, id, kept);
    let why = match super::schedule::next_fire(&kept.spec, &model.calendar, kept.since) {
        Err(why) if fire.is_none() => Some(why.to_string()),
        Ok(_) | Err(_) => None,
    };
    let newest = model.runs.iter().rev().find(|(run, _)| run.plan == *id);
    let unchanged = newest.filter(|(_, run)| {
        let open = matches!(run.stage, run::Stage::Frozen | run::Stage::Firing { .. });
        open && run.fixed.hash != kept.hash
    });
    Some(PlanView {
        spec: kept.spec.clone(),
        mode: kept.mode,
        hash: kept.hash.clone(),
        next_fire: fire.map(|fire| fire.at),
        no_fire_because: why,
        unchanged_run: unchanged.map(|(run, _)| run.clone()),
        findings: model.findings(&kept.spec, now),
    })
}

/// Every plan, as a peer may see it.
pub fn plans(model: &Model, now: Timestamp, only: Option<&UserId>) -> Vec<PlanView> {
    let views = model.plans.keys().filter_map(|id| plan(model, now, id));
    views.map(|view| person::plan(model, view, only)).collect()
}

/// One run; of an archived one nothing, since what is here of it is not all there is to show.
pub fn run(model: &Model, id: &RunId) -> Option<RunView> {
    let kept = model.runs.get(id).filter(|run| run.archived.is_none())?;
    let (fired_at, closed_at) = match kept.stage {
        run::Stage::Frozen | run::Stage::Missed { .. } => (None, None),
        run::Stage::Firing { at, .. } => (Some(at), None),
        run::Stage::Closed { fired_at, at, .. } => (Some(fired_at), Some(at)),
    };
    let left_out = kept.fixed.excluded.iter().map(|out| LeftOut {
        account: out.account,
        user: out.user.clone(),
        broker: out.broker,
        reasons: out.reasons.clone(),
    });
    Some(RunView {
        id: id.clone(),
        mode: kept.fixed.mode,
        state: kept.state(),
        fire_at: kept.fixed.fire_at,
        fired_at,
        late_us: kept.late_us(),
        closed_at,
        called: kept.fixed.called.clone(),
        hash: kept.fixed.hash.clone(),
        legs: kept.fixed.legs.clone(),
        ambiguity: kept.fixed.ambiguity,
        accounts: u32::try_from(kept.fixed.participants.len()).unwrap_or(u32::MAX),
        left_out: left_out.collect(),
        counts: model.counts.get(id).copied().unwrap_or_default(),
        tally: kept.tally().map(|tally| tally.lines.iter().collect()),
    })
}

/// One intent.
pub fn intent(model: &Model, id: &IntentId) -> Option<IntentView> {
    let kept = model.intents.get(id)?;
    let run = model.runs.get(&id.run)?;
    let part = run.part(id.account)?;
    let leg = run.leg_of(id.account, id.leg)?;
    let instrument = model.instrument(run, part.broker, &leg);
    let mut view = IntentView {
        id: id.clone(),
        user: part.user.clone(),
        broker: part.broker,
        broker_symbol: instrument.ok().map(|found| found.broker_symbol.clone()),
        leg,
        status: kept.status(),
        tag: Some(kept.tag.clone()),
        order_id: None,
        sent_at: None,
        took_ms: None,
        lookups: 0,
        filled: 0,
        average: None,
        book_says: None,
        absent_since: None,
        duplicates: Vec::new(),
        failure: None,
    };
    stage(&mut view, kept);
    Some(view)
}

fn stage(view: &mut IntentView, intent: &Intent) {
    let took = |from: Timestamp, to: Timestamp| u32::try_from(to.since(from)).ok();
    match &intent.stage {
        Stage::Planned | Stage::Missed | Stage::Rehearsed => {}
        Stage::Sending(sent) => view.sent_at = Some(sent.at),
        Stage::Accepted { sent, order_id, at, lookups, order } => {
            view.duplicates.clone_from(&order.duplicates);
            if let Some(progress) = &order.progress {
                view.filled = progress.filled;
                view.average = progress.average;
                view.book_says.clone_from(&progress.text);
            }
            view.sent_at = Some(sent.at);
            view.order_id = Some(order_id.clone());
            view.took_ms = took(sent.at, *at);
            view.lookups = *lookups;
        }
        Stage::Refused { sent, cause, at } => {
            view.sent_at = Some(sent.at);
            view.took_ms = took(sent.at, *at);
            view.failure =
                Some(explained(cause, "The broker refused the order.", "see the broker's words"));
        }
        Stage::NotSent { cause } => {
            let means = "It never left the server, so the broker cannot have it.";
            view.failure = Some(explained(cause, means, "place it by hand if it is still wanted"));
        }
        Stage::InDoubt { sent, cause, lookups, absent, .. } => {
            view.absent_since = *absent;
            view.sent_at = Some(sent.at);
            view.lookups = *lookups;
            let (means, action) = match absent {
                None => (
                    "It is not known whether the broker has it. It will not be sent again by itself.",
                    "look for its tag in the broker's order book before doing anything else",
                ),
                Some(_) => (
                    "The broker does not have it: its order book was read after the order could have arrived.",
                    "send it again while the window is open, or say that it is not placed",
                ),
            };
            view.failure = Some(explained(cause, means, action));
        }
    }
}

fn explained(cause: &Cause, means: &str, action: &str) -> Explained {
    Explained {
        kind: cause.kind,
        broker_says: cause.says.clone(),
        means: means.to_owned(),
        action: action.to_owned(),
        ip_seen: cause.ip_seen.clone(),
        ip_to_register: None,
    }
}

/// The runs of the last days, oldest first.
pub fn runs(model: &Model, now: Timestamp) -> Vec<RunView> {
    let recent = model.runs.iter().filter(|(_, run)| is_recent(run, now));
    let mut views: Vec<RunView> = recent.filter_map(|(id, _)| run(model, id)).collect();
    views.sort_by_key(|view| view.fire_at);
    views
}

fn is_recent(run: &run::Run, now: Timestamp) -> bool {
    run.fixed.fire_at >= now.plus(-RUN_DAYS_MS)
}

/// Everything a client shows, its journal left empty for the store to fill.
pub fn snapshot(model: &Model, now: Timestamp, only: Option<&UserId>) -> Snapshot {
    // Of a removed plan as long as its run is in the list.
    let shown = |plan: &PlanId, run: &run::Run| {
        model.plans.get(plan).is_some_and(|plan| plan.kept().is_some()) || is_recent(run, now)
    };
    let newest = model.plans.keys().filter_map(|plan| {
        let newest = model.newest_run(plan).filter(|(_, run)| shown(plan, run));
        newest.map(|(id, _)| id.clone())
    });
    let mine = |id: &AccountId| {
        only.is_none_or(|user| model.accounts.get(id).is_some_and(|a| a.user == *user))
    };
    let intents = newest.flat_map(|run| {
        let of_run = model.intents_of(&run).filter(|(id, _)| mine(&id.account));
        of_run.filter_map(|(id, _)| intent(model, id)).collect::<Vec<_>>()
    });
    Snapshot {
        status: status(model, now, only),
        accounts: accounts(model, now, only),
        plans: plans(model, now, only),
        intents: intents.collect(),
        runs: runs(model, now).into_iter().map(|view| person::run(model, view, only)).collect(),
        checks: model
            .tickets
            .values()
            .filter(|ticket| only.is_none_or(|user| ticket.route.user == *user))
            .map(|ticket| ticket.check.view().clone())
            .collect(),
        journal: Vec::new(),
    }
}
