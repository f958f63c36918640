//! Who is fit for a run: every account at every gate. What one gate says is decided in `gates`; fitness
//! is what follows from all of them.

mod funds;
mod gates;
mod probe;
mod words;

#[cfg(test)]
mod tests;

use muster_protocol::account::{Fitness, Unfit};
use muster_protocol::ids::{AccountId, PlanId, RunId, UserId};
use muster_protocol::muster::{Gate, GateVerdict, GateView, MusterBoard, MusterRow, MusterRun};
use muster_protocol::order::Leg;
use muster_protocol::status::FitCounts;
use muster_protocol::time::Timestamp;

use super::account::Account;
use super::model::Model;
use super::plan::Kept;
use super::run::Stage;
use super::schedule::{self, Fire};
use super::update::due_fire;

pub use self::probe::{Purpose, probe_wanted};

/// The run an account is to be fit for.
#[derive(Debug, Clone, Copy)]
pub struct Ahead<'a> {
    /// What is due; `None` if nothing is, and then what depends on it is not judged.
    pub due: Option<Due<'a>>,
    /// Until when a session must live.
    pub until: Timestamp,
}

/// A run that is due.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// Of which plan.
    pub plan: &'a PlanId,
    /// The plan as it is now.
    pub kept: &'a Kept,
    /// What is sent: the frozen legs, else the plan's.
    pub legs: &'a [Leg],
    /// The hash of what is sent.
    pub hash: &'a str,
    /// When it fires.
    pub at: Timestamp,
    /// The latest send.
    pub until: Timestamp,
    /// Legs and accounts are fixed already.
    pub frozen: bool,
}

impl<'a> Ahead<'a> {
    /// A firing of a plan that is about to be frozen.
    pub fn of_fire(plan: &'a PlanId, kept: &'a Kept, fire: Fire) -> Self {
        let (legs, hash) = (kept.spec.legs.as_slice(), kept.hash.as_str());
        let (at, until) = (fire.at, fire.window_until);
        Self { due: Some(Due { plan, kept, legs, hash, at, until, frozen: false }), until }
    }

    /// The next run there will be, if it is less than a day away.
    pub fn next(model: &'a Model, now: Timestamp) -> Self {
        let due = model.plans.keys().filter_map(|plan| Self::due_of(model, now, plan));
        Self::within_a_day(due.min_by_key(|due| due.at), now)
    }

    /// The next run of this plan.
    pub fn of_plan(model: &'a Model, now: Timestamp, plan: &PlanId) -> Self {
        let due = model.plans.get_key_value(plan);
        Self::within_a_day(due.and_then(|(plan, _)| Self::due_of(model, now, plan)), now)
    }

    fn within_a_day(due: Option<Due<'a>>, now: Timestamp) -> Self {
        let due = due.filter(|due| due.at.since(now) < muster_protocol::time::DAY);
        Self { due, until: due.map_or(now, |due| due.until) }
    }

    fn due_of(model: &'a Model, now: Timestamp, plan: &'a PlanId) -> Option<Due<'a>> {
        let kept = model.plans.get(plan)?.kept()?;
        let last = model.runs.iter().rev().find(|(run, _)| run.plan == *plan).map(|(_, run)| run);
        let due = match last.filter(|run| matches!(run.stage, Stage::Frozen)) {
            Some(run) => Due {
                plan,
                kept,
                legs: &run.fixed.legs,
                hash: &run.fixed.hash,
                at: run.fixed.fire_at,
                until: run.fixed.window_until,
                frozen: true,
            },
            None => Self::of_fire(plan, kept, due_fire(model, plan, kept)?).due?,
        };
        (due.until >= now).then_some(due)
    }
}

/// How an account stands at a gate, without words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Judged {
    verdict: GateVerdict,
    known_at: Option<Timestamp>,
    why: Option<Unfit>,
}

/// One account before one run.
#[derive(Clone, Copy)]
struct Before<'a> {
    model: &'a Model,
    now: Timestamp,
    id: AccountId,
    account: &'a Account,
    ahead: Ahead<'a>,
}

/// Fit for that run, or why not.
pub fn fitness(model: &Model, now: Timestamp, id: AccountId, ahead: Ahead<'_>) -> Fitness {
    let Some(account) = model.accounts.get(&id) else { return Fitness::Off };
    let before = Before { model, now, id, account, ahead };
    if before.judge(Gate::Active).verdict == GateVerdict::Failed {
        return Fitness::Off;
    }
    let reasons: Vec<Unfit> =
        Gate::ALL.into_iter().filter_map(|gate| before.judge(gate).why).collect();
    if reasons.is_empty() { Fitness::Fit } else { Fitness::Unfit { reasons } }
}

/// The accounts by fitness.
pub fn counts(model: &Model, now: Timestamp, only: Option<&UserId>) -> FitCounts {
    let ahead = Ahead::next(model, now);
    let mut counts = FitCounts::default();
    for (id, _) in model.accounts_of(only) {
        count(&mut counts, &fitness(model, now, id, ahead));
    }
    counts
}

fn count(counts: &mut FitCounts, fitness: &Fitness) {
    let slot = match fitness {
        Fitness::Fit => &mut counts.fit,
        Fitness::Unfit { .. } => &mut counts.unfit,
        Fitness::Off => &mut counts.off,
    };
    *slot = slot.saturating_add(1);
}

/// What of the board is shown, and to whom.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'a> {
    /// A person held to their own accounts sees those only.
    pub only: Option<&'a UserId>,
    /// This account's row alone.
    pub account: Option<AccountId>,
    /// Rows without their gates.
    pub brief: bool,
}

/// The board.
pub fn board(model: &Model, now: Timestamp, ahead: Ahead<'_>, shown: Shown<'_>) -> MusterBoard {
    let mut counts = FitCounts::default();
    let rows = model.accounts_of(shown.only).filter_map(|(id, account)| {
        let before = Before { model, now, id, account, ahead };
        let fitness = fitness(model, now, id, ahead);
        count(&mut counts, &fitness);
        let gates = || Gate::ALL.into_iter().map(|gate| before.view(gate)).collect();
        shown.account.is_none_or(|wanted| wanted == id).then(|| MusterRow {
            account: id,
            user: account.user.clone(),
            broker: account.broker,
            client_id: account.identity.client_id.clone(),
            fitness,
            gates: if shown.brief { Vec::new() } else { gates() },
        })
    });
    let rows: Vec<MusterRow> = rows.collect();
    let checking = model.checks.len().saturating_add(model.to_check.len());
    MusterBoard {
        now,
        run: ahead.due.map(|due| MusterRun {
            plan: due.plan.clone(),
            at: due.at,
            window_until: due.until,
            mode: due.kept.mode,
            hash: due.hash.to_owned(),
            frozen: due.frozen,
        }),
        held: model.hold_reason(),
        mustered: model.called,
        next_muster: schedule::next_of(&model.settings.muster_times, &model.calendar, now),
        checking: u32::try_from(checking).unwrap_or(u32::MAX),
        counts,
        rows,
    }
}

impl Before<'_> {
    fn view(&self, gate: Gate) -> GateView {
        let judged = self.judge(gate);
        let detail = self.detail(gate, &judged);
        GateView { gate, verdict: judged.verdict, known_at: judged.known_at, detail }
    }

    /// The account's orders in doubt, of any run.
    fn in_doubt(&self) -> u32 {
        let open = |run: &RunId| {
            let legs = self.model.legs_of(run, self.id);
            legs.filter(|(_, intent)| {
                intent.status() == muster_protocol::run::IntentStatus::InDoubt
            })
            .count()
        };
        let doubted = self.model.counts.iter().filter(|(_, counts)| counts.in_doubt > 0);
        u32::try_from(doubted.map(|(run, _)| open(run)).sum::<usize>()).unwrap_or(u32::MAX)
    }
}
