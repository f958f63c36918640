//! Runs that are over long since. Their orders leave the memory and their records the log; what remains in
//! the model is what decides when a plan fires next and that no run happens twice. The rest is read from
//! the archive when somebody asks, by the same functions that show a run of today.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_protocol::ids::{AccountId, IntentId, RunId};
use muster_protocol::order::Broker;
use muster_protocol::run::{IntentStatus, RunCounts};
use muster_protocol::tally::TallyCounts;
use muster_protocol::time::{MINUTE, Timestamp, TradingDate};
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::intent::Intent;
use super::model::{Model, Settings};
use super::record::Record;
use super::run::{Fixed, Run, RunEvent, Stage, Tally};

/// A run is archived when so many whole days lie between its date and today: more than the list of runs
/// goes back, so that nobody sees it happen.
pub const ARCHIVE_AFTER_DAYS: i64 = 7;
/// How often it is looked whether there is anything to archive.
const LOOK_EVERY_MS: i64 = 15 * MINUTE;
/// The first look after the start: not while everything else begins.
const FIRST_LOOK_MS: i64 = MINUTE;
/// So many orders are packed in one go; a run that has more goes alone.
const ORDERS_AT_ONCE: u32 = 20_000;
/// And so many runs.
const RUNS_AT_ONCE: usize = 32;

/// What remains of an archived run: all but its instruments, participants, those left out, the tally's lines
/// and the orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remains {
    /// What does not change; no instrument, participant or account left out in it.
    pub fixed: Fixed,
    /// How it ended.
    pub end: End,
    /// How its orders stand.
    pub counts: RunCounts,
    /// What is no longer in it, in numbers.
    pub numbers: Numbers,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It fired.
    Closed {
        /// When it fired.
        fired_at: Timestamp,
        /// How long after its time, in microseconds.
        late_us: Option<u64>,
        /// When the last intent was settled.
        at: Timestamp,
        /// When the tally was made, if it was.
        tallied_at: Option<Timestamp>,
    },
    /// It did not happen.
    Missed {
        /// Why.
        reason: String,
    },
}

/// What is only in the archive, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// How many accounts took part.
    pub accounts: u32,
    /// How many were left out.
    pub left_out: u32,
    /// What the tally came to.
    pub tally: TallyCounts,
}

impl Remains {
    /// What remains of a run that is over; the same again of one that is archived.
    pub fn of(run: &Run, counts: RunCounts) -> Self {
        let Fixed { participants, excluded, .. } = &*run.fixed;
        let number = |length| u32::try_from(length).unwrap_or(u32::MAX);
        let lines = run.tally().map(|tally| tally.lines.as_slice()).unwrap_or_default();
        let numbers = run.archived.unwrap_or_else(|| Numbers {
            accounts: number(participants.len()),
            left_out: number(excluded.len()),
            tally: lines.iter().collect(),
        });
        let end = match &run.stage {
            Stage::Closed { fired_at, late_us, at, tally } => End::Closed {
                fired_at: *fired_at,
                late_us: *late_us,
                at: *at,
                tallied_at: tally.as_ref().map(|tally| tally.at),
            },
            Stage::Missed { reason } => End::Missed { reason: reason.clone() },
            Stage::Frozen | Stage::Firing { .. } => End::Missed { reason: String::new() },
        };
        let fixed = Fixed {
            instruments: Vec::new(),
            participants: Vec::new(),
            excluded: Vec::new(),
            called: run.fixed.called.clone(),
            hash: run.fixed.hash.clone(),
            legs: run.fixed.legs.clone(),
            ..*run.fixed
        };
        Self { fixed, end, counts, numbers }
    }

    /// The run as the model keeps it from then on.
    pub fn run(&self) -> Run {
        let stage = match &self.end {
            End::Closed { fired_at, late_us, at, tallied_at } => Stage::Closed {
                fired_at: *fired_at,
                late_us: *late_us,
                at: *at,
                tally: tallied_at.map(|at| Tally { lines: Vec::new(), at }),
            },
            End::Missed { reason } => Stage::Missed { reason: reason.clone() },
        };
        Run { archived: Some(self.numbers), ..Run::new(Arc::new(self.fixed.clone()), stage) }
    }
}

/// A run with its orders, read back from its own records alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The run.
    pub run: Run,
    /// Its intents.
    pub intents: BTreeMap<IntentId, Intent>,
}

/// Runs that are being archived; a restart begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archiving {
    /// When it is looked next.
    pub look_at: Timestamp,
    /// Their records are being packed.
    pub packing: BTreeSet<RunId>,
    /// Those that could not be archived, of which it was said.
    pub refused: BTreeSet<RunId>,
}

impl From<Timestamp> for Archiving {
    fn from(started: Timestamp) -> Self {
        let look_at = started.plus(FIRST_LOOK_MS);
        Self { look_at, packing: BTreeSet::new(), refused: BTreeSet::new() }
    }
}

impl Archiving {
    /// The next look is so far away.
    pub const fn looked(&mut self, now: Timestamp) {
        self.look_at = now.plus(LOOK_EVERY_MS);
    }

    /// There may be more: the next look is a minute away.
    pub const fn again(&mut self, now: Timestamp) {
        self.look_at = now.plus(FIRST_LOOK_MS);
    }

    /// The clock was set back: no look waits for an instant that is hours away now.
    pub fn set_back(&mut self, now: Timestamp) {
        self.look_at = self.look_at.min(now.plus(LOOK_EVERY_MS));
    }
}

/// The runs of the records, as nothing but these records tells them. What did not fit when it was written
/// had no effect then and has none now.
pub fn replayed(records: &[Record]) -> Model {
    let began = Timestamp::from_millis(0);
    let mut model = Model::new(Settings::default(), Calendar::built_in(), began);
    for record in records {
        drop(model.apply(record));
    }
    model
}

impl Model {
    /// Whether only the archive can tell of the run.
    pub fn is_archived(&self, id: &RunId) -> bool {
        self.runs.get(id).is_some_and(|run| run.archived.is_some())
    }

    /// What remains of a run when it is archived, or remained.
    pub fn remains(&self, id: &RunId) -> Option<Remains> {
        let counts = self.counts.get(id).copied().unwrap_or_default();
        self.runs.get(id).map(|run| Remains::of(run, counts))
    }

    /// A run with its orders.
    pub fn whole(&self, id: &RunId) -> Option<Whole> {
        let intents = self.intents_of(id).map(|(id, intent)| (id.clone(), intent.clone()));
        Some(Whole { run: self.runs.get(id)?.clone(), intents: intents.collect() })
    }

    /// Whether this is the run, order by order. What is archived and is not would be lost.
    pub fn is_whole(&self, id: &RunId, whole: &Whole) -> bool {
        let same = self.runs.get(id).is_some_and(|run| *run == whole.run);
        same && self.intents_of(id).eq(whole.intents.iter())
    }

    /// What is shown of this model's runs by what another knows: whose accounts a person's are, and the
    /// broker's names of what no list had yet when a run was frozen.
    pub fn lend(
        &self,
        scratch: &mut Self,
        runs: &[RunId],
        only: Option<&muster_protocol::ids::UserId>,
    ) {
        if only.is_some() {
            let mine = self.accounts_of(only).map(|(id, account)| (id, account.clone()));
            scratch.accounts.extend(mine);
        }
        let legs = runs.iter().filter_map(|id| self.runs.get(id)).flat_map(|run| &run.fixed.legs);
        for leg in legs {
            for broker in Broker::ALL {
                let key = (broker, leg.exchange, leg.symbol.clone());
                if let Some(listed) = self.instruments.get(&key) {
                    scratch.instruments.insert(key, listed.clone());
                }
            }
        }
    }

    /// The accounts whose last run this is, with how their orders stand.
    pub fn last_of(&self, id: &RunId) -> Vec<(AccountId, RunCounts)> {
        let last =
            self.accounts.iter().filter(|(_, account)| account.last_run.as_ref() == Some(id));
        let counted = last.map(|(account, _)| {
            let counts = self.legs_of(id, *account).map(|(_, intent)| intent.status()).collect();
            (*account, counts)
        });
        counted.collect()
    }

    /// The runs that can be archived today, the oldest first, as many as are packed in one go.
    pub fn archivable(&self, today: TradingDate) -> Vec<RunId> {
        let old = self.runs.keys().filter(|id| self.may_archive(id, today));
        let mut old: Vec<&RunId> = old.collect();
        old.sort_by_key(|id| (id.date, *id));
        let (mut orders, mut chosen) = (0_u32, Vec::new());
        for id in old.into_iter().take(RUNS_AT_ONCE) {
            orders = orders.saturating_add(self.counts.get(id).map_or(0, |counts| counts.total()));
            if orders > ORDERS_AT_ONCE && !chosen.is_empty() {
                break;
            }
            chosen.push(id.clone());
        }
        chosen
    }

    /// Whether the run is old, nothing can become of it or its orders any more, and no client shows it
    /// unasked.
    pub fn may_archive(&self, id: &RunId, today: TradingDate) -> bool {
        let Some(run) = self.runs.get(id).filter(|run| run.archived.is_none() && run.is_over())
        else {
            return false;
        };
        let counts = self.counts.get(id).copied().unwrap_or_default();
        let fired = matches!(run.stage, Stage::Closed { .. });
        let unsettled = [IntentStatus::InDoubt, IntentStatus::Sending];
        let settled = unsettled.into_iter().all(|status| counts.of(status) == 0)
            && !(fired && counts.planned > 0);
        let date = id.date.max(run.fixed.fire_at.date());
        let days = today.days_since_2020().saturating_sub(date.days_since_2020());
        let old = days > ARCHIVE_AFTER_DAYS;
        // The newest run of a plan in force is in every snapshot, with its orders.
        let kept = self.plans.get(&id.plan).is_some_and(|plan| plan.kept().is_some());
        let shown = kept && self.newest_run(&id.plan).is_some_and(|(newest, _)| newest == id);
        let refused = self.archiving.refused.contains(id);
        old && settled && !shown && !refused && !self.open_runs.contains(id)
    }

    /// The run is archived: nothing of its orders stays but how many stand where.
    pub(super) fn forget_orders(
        &mut self,
        id: &RunId,
        (counts, last): (RunCounts, &[(AccountId, RunCounts)]),
    ) {
        let orders: Vec<IntentId> = self.intents_of(id).map(|(id, _)| id.clone()).collect();
        for order in &orders {
            self.intents.remove(order);
            self.cancel_answers.remove(order);
        }
        self.counts.insert(id.clone(), counts);
        for (account, counts) in last {
            if let Some(account) = self.accounts.get_mut(account) {
                (account.last_run, account.last_counts) = (Some(id.clone()), Some(*counts));
            }
        }
    }
}

/// Which run a record is about, read without the rest of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About(pub Option<RunId>);

impl<'de> Deserialize<'de> for About {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::IgnoredAny as Any;

        #[derive(Deserialize)]
        struct OfIntent {
            run: RunId,
        }

        /// Every kind of record there is; only what names a run is read.
        #[derive(Deserialize)]
        enum Heading {
            Started(Any),
            Account(Any),
            Session(Any),
            Check(Any),
            Plan(Any),
            Run(RunId, Any),
            Intent(OfIntent, Any),
            Vault(Any),
            Hold(Any),
            Clock(Any),
            Calendar(Any),
            Halt(Any),
        }

        Ok(Self(match Heading::deserialize(from)? {
            Heading::Run(run, _) | Heading::Intent(OfIntent { run }, _) => Some(run),
            Heading::Started(_)
            | Heading::Account(_)
            | Heading::Session(_)
            | Heading::Check(_)
            | Heading::Plan(_)
            | Heading::Vault(_)
            | Heading::Hold(_)
            | Heading::Clock(_)
            | Heading::Calendar(_)
            | Heading::Halt(_) => None,
        }))
    }
}

/// Whether it says that a run was archived: such a record stays in the log.
pub const fn says_archived(record: &Record) -> bool {
    matches!(record, Record::Run(_, RunEvent::Archived { .. }))
}
