//! A run that a person calls for now: durable before it is answered, then frozen, vetted and fired as every
//! other. It never doubles a firing of the plan in silence: it stands in the place of the next one of today,
//! or is one more and says so.

use muster_protocol::event::{Area, Level};
use muster_protocol::frame::Code;
use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{MAX_FIRINGS, PlanId, RunId};
use muster_protocol::plan::Mode;
use muster_protocol::reply::RunCalled;
use muster_protocol::run::{Called, CalledAs};
use muster_protocol::time::{MINUTE, SECOND};

use super::super::calendar::DayKind;
use super::super::effect::{Answer, Commit};
use super::super::model::{Deciding, Model};
use super::super::msg::{ReplyTo, RunCall};
use super::super::muster::Ahead;
use super::super::plan::{Kept, PlanEvent};
use super::super::record::Record;
use super::super::roster::{Roster, Standing};
use super::super::run::{Run, Stage};
use super::super::schedule::{Fire, fire_now};
use super::Step;
use super::freeze::{called_fire, last_fired, timed_fire};

/// How long after it was called for such a run may send.
const WINDOW_MS: i64 = 4 * MINUTE;

/// And it has at least so long.
const LEAST_MS: i64 = 10 * SECOND;

/// Why a run is not called for, and what to do.
type Refused = (Code, String);

impl Step<'_> {
    pub(super) fn run_now(&mut self, reply: ReplyTo, by: String, call: &RunCall) {
        let (fire, accounts) = match self.may_run_now(call) {
            Ok(fire) => fire,
            Err((code, why)) => return self.refuse(reply, code, why),
        };
        let plan = call.run.plan.clone();
        self.model.deciding.insert(Deciding::Call(plan.clone()));
        let called = Called { by, run: call.called };
        let text = format!("{} {}, {}", call.run, called.words(), call.mode.words());
        let level = if call.mode == Mode::Live { Level::Warn } else { Level::Info };
        let (at, until) = (fire.at, fire.window_until);
        let mut commit = Commit::default();
        commit.journal.push(self.entry(level, Area::Plan, text));
        commit.records.push(Record::Plan(plan, PlanEvent::Called { called, until, at }));
        let (run, mode) = (call.run.clone(), call.mode);
        let answer = RunCalled { run, mode, window_until: until, accounts };
        commit.ack = Some((reply, Answer::RunCalled(answer)));
        self.commit(commit);
    }

    /// The firing that was called for, and how many accounts are fit for it.
    fn may_run_now(&self, call: &RunCall) -> Result<(Fire, u32), Refused> {
        let id = &call.run.plan;
        let Some(plan) = self.model.plans.get(id).and_then(|plan| plan.kept()) else {
            return Err((Code::NotFound, format!("there is no plan {id}; see `muster plan list`")));
        };
        let refused = as_seen(call, plan)
            .or_else(|| self.stopped(id))
            .or_else(|| self.busy(id, plan))
            .or_else(|| self.misnamed(&call.run))
            .or_else(|| self.closed(plan));
        if let Some(why) = refused {
            return Err((Code::Conflict, why));
        }
        let fire = self.fire_of(call, plan).map_err(|why| (Code::Conflict, why))?;
        let fit = self.fit_now(id, plan, fire);
        if fit == 0 {
            let why = format!("nobody is fit for it; `muster muster {id} --gates` says why");
            return Err((Code::Conflict, why));
        }
        Ok((fire, fit))
    }

    /// What keeps every order of the plan from leaving.
    fn stopped(&self, id: &PlanId) -> Option<String> {
        if let Some(why) = self.model.barred() {
            return Some(format!("{why}; see `muster status`"));
        }
        let scopes = [HaltScope::All, HaltScope::Plan(id.clone())];
        let halted = scopes.into_iter().find(|scope| self.model.halts.contains(scope))?;
        Some(format!("orders are halted: {}; `muster resume` ends it", halted.words()))
    }

    /// Another run of the plan that is there, or about to be.
    fn busy(&self, id: &PlanId, plan: &Kept) -> Option<String> {
        let deciding = |deciding: &Deciding| match deciding {
            Deciding::Run(run) => run.plan == *id,
            Deciding::Call(plan) => plan == id,
            Deciding::Intent(_) | Deciding::Session(_) | Deciding::Hold => false,
        };
        if called_fire(self.model, id, plan).is_some() || self.model.deciding.iter().any(deciding) {
            return Some(format!("a run of {id} is just being made; see `muster run list`"));
        }
        let under_way = |run: &Run| matches!(run.stage, Stage::Frozen | Stage::Firing { .. });
        let open = self.model.runs_open().find(|(run, kept)| run.plan == *id && under_way(kept));
        if let Some((run, _)) = open {
            return Some(format!("{run} is under way; wait for its end"));
        }
        let next = timed_fire(self.model, id, plan)?;
        let freezes = next.at.plus(-self.model.settings.freeze_lead_ms);
        let soon = self.now.plus(LEAST_MS) >= freezes;
        soon.then(|| format!("{id} fires at {} and is about to be frozen for it", next.at.clock()))
    }

    /// The name the run will have. Another one was asked for before, or on another day.
    fn misnamed(&self, run: &RunId) -> Option<String> {
        let (plan, date) = (&run.plan, self.now.date());
        let firing = self.model.next_firing(plan, date);
        if firing > MAX_FIRINGS {
            return Some(format!("{plan} has fired {MAX_FIRINGS} times today, the most there are"));
        }
        let next = RunId { plan: plan.clone(), date, firing };
        if next != *run {
            return Some(format!("the next run of {plan} is {next}, not {run}"));
        }
        let last = last_fired(self.model, plan).filter(|last| *last >= self.now)?;
        Some(format!("the clock shows an earlier time than at its last run, {}", last.day_clock()))
    }

    /// Why there is no trading for the plan today.
    fn closed(&self, plan: &Kept) -> Option<String> {
        let exchanges: Vec<_> = plan.spec.legs.iter().map(|leg| leg.exchange).collect();
        match self.model.calendar.day(self.now.date(), &exchanges) {
            Ok(DayKind::Ordinary) => None,
            Ok(DayKind::Special(_)) if plan.spec.special_sessions => None,
            Ok(DayKind::Special(_)) => {
                let what = "today is a special session; a plan that is to run in one says special_sessions = true";
                Some(what.to_owned())
            }
            Err(why) => Some(format!("no trading today: {why}")),
        }
    }

    fn fire_of(&self, call: &RunCall, plan: &Kept) -> Result<Fire, String> {
        let id = &call.run.plan;
        let next = timed_fire(self.model, id, plan).filter(|next| next.date == self.now.date());
        let mut until = self.now.plus(WINDOW_MS);
        match (call.called, next) {
            (CalledAs::InsteadOf { at }, Some(next)) if next.at == at => {}
            (CalledAs::InsteadOf { at }, _) => {
                return Err(format!(
                    "{id} has no firing at {} to come; look again",
                    at.day_clock()
                ));
            }
            // Never two runs of one plan at once.
            (CalledAs::Extra, Some(next)) => {
                until = until.min(next.at.plus(-self.model.settings.freeze_lead_ms));
            }
            (CalledAs::Extra, None) => {}
        }
        let fire = fire_now(&plan.spec, &self.model.calendar, self.now, until);
        match fire.outside {
            None if fire.window_until > self.now.plus(LEAST_MS) => Ok(fire),
            None => Err("the session is all but over".to_owned()),
            Some(exchange) => {
                let session = self.model.calendar.session(fire.date, exchange);
                let hours = session.map(|of| format!(": from {} to {}", of.opens, of.until));
                Err(format!("{exchange} takes no orders now{}", hours.unwrap_or_default()))
            }
        }
    }

    fn fit_now(&self, id: &PlanId, plan: &Kept, fire: Fire) -> u32 {
        let model: &Model = self.model;
        let mut roster = Roster::new(model, Ahead::of_fire(id, plan, fire));
        let mut fit: u32 = 0;
        for (id, account) in &model.accounts {
            if roster.standing((*id, account), self.now) == Standing::In {
                fit = fit.saturating_add(1);
            }
        }
        fit
    }
}

/// Whether the plan is as the person saw it.
fn as_seen(call: &RunCall, plan: &Kept) -> Option<String> {
    let id = &call.run.plan;
    if plan.hash != call.hash {
        return Some(format!("plan {id} has changed since you looked; look again"));
    }
    let now = plan.mode.words();
    (plan.mode != call.mode).then(|| format!("plan {id} is {now} by now; look again"))
}
