//! From a plan to a run: which firing is due, who takes part, and what is missed.

use muster_protocol::event::Level;
use muster_protocol::ids::{AccountId, Attempt, LegNo, MAX_FIRINGS, OrderTag, PlanId, RunId};
use muster_protocol::order::{Broker, Leg};
use muster_protocol::time::{MINUTE, TimeOfDay, Timestamp};

use super::super::account::Account;
use super::super::effect::Effect;
use super::super::instrument::Instrument;
use super::super::model::{Deciding, Model};
use super::super::muster::Ahead;
use super::super::plan::Kept;
use super::super::record::Record;
use super::super::roster::{Roster, Standing};
use super::super::run::{Excluded, Fixed, Participant, Run, RunEvent, Stage};
use super::super::schedule::{Fire, fire_now, next_fire};
use super::super::tag::TagParts;
use super::{Step, noted};

/// How long after its window a run still waits for orders in doubt before it is closed with them counted.
const RESOLVE_MS: i64 = 5 * MINUTE;

/// The instant at which a firing run is closed even with orders in doubt.
pub(super) fn resolve_until(run: &Run) -> Timestamp {
    run.fixed.window_until.plus(RESOLVE_MS)
}

/// The plan's first firing that has no run yet: one of its times, or the one that a person called for.
pub(crate) fn due_fire(model: &Model, id: &PlanId, plan: &Kept) -> Option<Fire> {
    let called = called_fire(model, id, plan);
    called.into_iter().chain(timed_fire(model, id, plan)).min_by_key(|fire| fire.at)
}

/// The first of the plan's times that has no run yet.
pub(super) fn timed_fire(model: &Model, id: &PlanId, plan: &Kept) -> Option<Fire> {
    let mut after = plan.since;
    // Of all runs of the last date, not of the newest alone: where the clock was set back between two
    // of them, the newer one is the earlier.
    for (run, kept) in model.newest_runs(id) {
        after = after.max(kept.covers_until());
        if run.firing >= MAX_FIRINGS {
            // No tag is left for that date.
            after = after.max(run.date.at(TimeOfDay::LAST));
        }
    }
    next_fire(&plan.spec, &model.calendar, after).ok()
}

/// The firing that a person called for, until it has a run.
pub(super) fn called_fire(model: &Model, id: &PlanId, plan: &Kept) -> Option<Fire> {
    let call = plan.call.as_ref().filter(|call| last_fired(model, id) < Some(call.at))?;
    Some(fire_now(&plan.spec, &model.calendar, call.at, call.until))
}

/// The latest instant at which a run of the plan fired or was to.
pub(super) fn last_fired(model: &Model, id: &PlanId) -> Option<Timestamp> {
    model.newest_runs(id).map(|(_, run)| run.fixed.fire_at).max()
}

/// The run a firing will be: the next of its plan on its date.
pub(super) fn next_run(model: &Model, plan: &PlanId, fire: &Fire) -> RunId {
    let firing = model.next_firing(plan, fire.date);
    RunId { plan: plan.clone(), date: fire.date, firing }
}

impl Step<'_> {
    pub(super) fn plans_due(&mut self) {
        let due: Vec<(RunId, Fire)> = self
            .model
            .plans
            .iter()
            .filter_map(|(id, plan)| {
                let fire = due_fire(self.model, id, plan.kept()?)?;
                Some((next_run(self.model, id, &fire), fire))
            })
            .filter(|(_, fire)| self.now >= fire.at.plus(-self.model.settings.freeze_lead_ms))
            .filter(|(run, _)| !self.model.deciding.contains(&Deciding::Run(run.clone())))
            // Which run is next is not known before it is durable that a person calls for one.
            .filter(|(run, _)| !self.model.deciding.contains(&Deciding::Call(run.plan.clone())))
            .collect();
        for (run, fire) in due {
            let barred = self.model.barred();
            match barred {
                Some(why) if self.model.clock.surely(self.now) <= fire.window_until => {
                    self.warn_barred(&run, fire.window_until, why);
                    continue;
                }
                Some(_) | None => {}
            }
            self.model.deciding.insert(Deciding::Run(run.clone()));
            if let Some(exchange) = fire.outside {
                let why = format!("{exchange} takes no orders at this time of this date");
                self.miss_whole(run, fire, &why);
            } else if self.now > fire.window_until {
                let why = self.model.barred().unwrap_or("the daemon was not running at its time");
                self.miss_whole(run, fire, why);
            } else {
                self.make_tags(run, fire);
            }
        }
        self.fire_frozen();
    }

    fn fire_frozen(&mut self) {
        let frozen = self.model.runs.iter().filter(|(id, run)| {
            matches!(run.stage, Stage::Frozen)
                && self.now >= run.fixed.fire_at
                && !self.model.deciding.contains(&Deciding::Run((*id).clone()))
        });
        let frozen: Vec<(RunId, Run)> = frozen.map(|(id, run)| (id.clone(), run.clone())).collect();
        for (id, run) in frozen {
            let barred = self.model.barred();
            let off = self.no_longer(&id, &run);
            if let Some(why) = barred
                && off.is_none()
                && self.model.clock.surely(self.now) <= run.fixed.window_until
            {
                self.warn_barred(&id, run.fixed.window_until, why);
                continue;
            }
            self.model.deciding.insert(Deciding::Run(id.clone()));
            let late = self.now > run.fixed.window_until;
            let late = late.then(|| {
                let stopped =
                    "the daemon was not running between the run's time and the end of its window";
                barred.unwrap_or(stopped).to_owned()
            });
            if let Some(reason) = off.or(late) {
                self.miss(id, Fixed::clone(&run.fixed), &reason);
                continue;
            }
            let late_us = self.model.clock.late_us(self.now, run.fixed.fire_at);
            let late = late_words(late_us, self.now.since(run.fixed.fire_at));
            let orders: usize = run.fixed.participants.iter().map(|part| part.tags.len()).sum();
            let text = format!(
                "fired {late} after {}: {orders} orders of {} accounts, {}",
                run.fixed.fire_at.clock(),
                run.fixed.participants.len(),
                run.fixed.mode.words()
            );
            let entry = self.of_run(&id, Level::Info, text);
            let fired = Record::Run(id.clone(), RunEvent::Fired { at: self.now, late_us });
            self.commit(noted(fired, entry, Vec::new()));
            // The first orders' records go to the disk in the same transaction, after this one.
            self.begin_firing(&id, &run.fixed);
        }
    }

    /// Why a frozen run does not fire any more. Looked at again here, since a crash may have come between
    /// what a person said and what followed from it.
    fn no_longer(&self, id: &RunId, run: &Run) -> Option<String> {
        if let Some(why) = self.model.called_off.get(id) {
            return Some((*why).to_owned());
        }
        let exchanges: Vec<_> = run.fixed.legs.iter().map(|leg| leg.exchange).collect();
        let closed = self.model.calendar.day(id.date, &exchanges).err()?;
        Some(format!("the calendar was changed: {closed}"))
    }

    fn miss_whole(&mut self, id: RunId, fire: Fire, reason: &str) {
        let Some(plan) = self.model.plans.get(&id.plan).and_then(|plan| plan.kept()) else {
            return;
        };
        let fixed = fixed(plan, fire);
        self.miss(id, fixed, reason);
    }

    pub(super) fn miss(&mut self, id: RunId, fixed: Fixed, reason: &str) {
        let entry = self.of_run(&id, Level::Error, format!("MISSED: {reason}"));
        let event = RunEvent::Missed { fixed, reason: reason.to_owned(), at: self.now };
        self.commit(noted(Record::Run(id, event), entry, Vec::new()));
    }

    fn make_tags(&mut self, id: RunId, fire: Fire) {
        let Some(plan) = self.model.plans.get(&id.plan).and_then(|plan| plan.kept()) else {
            return;
        };
        let legs = leg_numbers(plan);
        let parts = self.fit(Ahead::of_fire(&id.plan, plan, fire)).into_iter().map(|account| {
            let of_leg = |leg: &LegNo| TagParts {
                date: fire.date,
                plan: plan.no,
                firing: id.firing,
                account,
                leg: *leg,
                attempt: Attempt(1),
            };
            (account, legs.iter().map(of_leg).collect())
        });
        let parts = parts.collect();
        self.effects.push(Effect::MakeTags { run: id, parts });
    }

    fn fit(&self, ahead: Ahead<'_>) -> Vec<AccountId> {
        let mut roster = Roster::new(self.model, ahead);
        let mut fits = |id: AccountId, account: &Account| {
            roster.standing((id, account), self.now) == Standing::In
        };
        self.model.accounts.iter().filter(|(id, a)| fits(**id, a)).map(|(id, _)| *id).collect()
    }

    /// Freezes the run: what is recorded here is what is sent, whatever is edited meanwhile.
    pub(super) fn tags_made(&mut self, id: RunId, tags: Vec<(AccountId, Vec<OrderTag>)>) {
        let plan = self.model.plans.get(&id.plan).and_then(|plan| plan.kept().cloned());
        let fire = plan.as_ref().and_then(|plan| due_fire(self.model, &id.plan, plan));
        let fire = fire.filter(|fire| next_run(self.model, &id.plan, fire) == id);
        let (Some(plan), Some(fire)) = (plan, fire) else {
            // The plan was removed or moved while the tags were made; the next tick decides anew.
            self.model.deciding.remove(&Deciding::Run(id));
            return;
        };
        let legs = leg_numbers(&plan);
        let part = |(account, tags): (AccountId, Vec<OrderTag>)| {
            let kept = self.model.accounts.get(&account)?;
            (tags.len() == legs.len()).then(|| Participant {
                account,
                user: kept.user.clone(),
                broker: kept.broker,
                multiplier: plan.spec.terms(account, &kept.labels).multiplier,
                tags: legs.iter().copied().zip(tags).collect(),
            })
        };
        let participants: Vec<Participant> = tags.into_iter().filter_map(part).collect();
        let ahead = Ahead::of_fire(&id.plan, &plan, fire);
        let excluded: Vec<Excluded> = self.excluded(ahead, &participants);
        let text = format!(
            "frozen: {} legs, {} accounts, {} left out, {}, hash {:.12}",
            plan.spec.legs.len(),
            participants.len(),
            excluded.len(),
            plan.mode.words(),
            plan.hash
        );
        let mut journal = vec![self.of_run(&id, Level::Info, text)];
        for out in &excluded {
            let why: Vec<String> =
                out.reasons.iter().map(muster_protocol::account::Unfit::words).collect();
            let mut entry = self.of_run(&id, Level::Warn, format!("left out: {}", why.join("; ")));
            (entry.user, entry.account) = (Some(out.user.clone()), Some(out.account));
            entry.broker = Some(out.broker);
            journal.push(entry);
        }
        let instruments = self.instruments_of(&plan);
        let fixed = Fixed { instruments, participants, excluded, ..fixed(&plan, fire) };
        let frozen = Record::Run(id, RunEvent::Frozen { fixed, at: self.now });
        let mut commit = super::Commit { records: vec![frozen], ..super::Commit::default() };
        commit.journal = journal;
        self.commit(commit);
    }

    /// What is known of the legs' instruments now.
    fn instruments_of(&self, plan: &Kept) -> Vec<(Broker, Instrument)> {
        let legs = plan.spec.legs.iter();
        let of_leg = |leg: &Leg| {
            let key = |broker| (broker, leg.exchange, leg.symbol.clone());
            Broker::ALL
                .map(|broker| Some((broker, self.model.instruments.get(&key(broker))?.clone())))
        };
        legs.flat_map(of_leg).flatten().collect()
    }

    fn excluded(&self, ahead: Ahead<'_>, participants: &[Participant]) -> Vec<Excluded> {
        let taking_part = |id: AccountId| participants.iter().any(|part| part.account == id);
        let mut roster = Roster::new(self.model, ahead);
        let left_out = self.model.accounts.iter().filter(|(id, _)| !taking_part(**id));
        left_out
            .filter_map(|(id, account)| match roster.standing((*id, account), self.now) {
                Standing::Out(reasons) => Some(Excluded {
                    account: *id,
                    user: account.user.clone(),
                    broker: account.broker,
                    reasons,
                }),
                Standing::In | Standing::Aside => None,
            })
            .collect()
    }
}

/// To the tenth of a millisecond, where the clock was read that finely.
fn late_words(micros: Option<u64>, millis: i64) -> String {
    match micros {
        Some(us) => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        None => format!("{millis} ms"),
    }
}

fn leg_numbers(plan: &Kept) -> Vec<LegNo> {
    (0..=u8::MAX).take(plan.spec.legs.len()).map(LegNo).collect()
}

fn fixed(plan: &Kept, fire: Fire) -> Fixed {
    let called = plan.call.as_ref().filter(|call| call.at == fire.at);
    Fixed {
        mode: plan.mode,
        fire_at: fire.at,
        window_until: fire.window_until,
        called: called.map(|call| call.called.clone()),
        hash: plan.hash.clone(),
        ambiguity: plan.spec.ambiguity,
        legs: plan.spec.ordered_legs(),
        instruments: Vec::new(),
        participants: Vec::new(),
        excluded: Vec::new(),
    }
}
