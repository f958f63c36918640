//! A run's life: one firing of a plan on one date.
//!
//! ```text
//! (none) --Frozen--> Frozen --Fired--> Firing --Closed--> Closed --Tallied--> Closed
//!    \---Missed--> Missed <---Missed--- Frozen
//! Closed, Missed --Archived--> the same, archived: nothing happens to it any more
//!    (none) --Archived--> the same: its other records have left the log
//! ```

use std::sync::Arc;

use muster_protocol::account::Unfit;
use muster_protocol::ids::{AccountId, LegNo, OrderTag, UserId};
use muster_protocol::order::{Broker, Leg};
use muster_protocol::plan::{Ambiguity, Mode};
use muster_protocol::run::{Called, CalledAs, RunCounts, RunState};
use muster_protocol::tally::TallyLine;
use muster_protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::archive::{Numbers, Remains};
use super::illegal::Illegal;
use super::instrument::Instrument;

/// One account's part in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// Which account.
    pub account: AccountId,
    /// Whose; kept, since the account may be gone later.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// What each leg's quantity is multiplied by.
    #[serde(default = "once")]
    pub multiplier: u32,
    /// The tag of each leg, in the order they leave in.
    pub tags: Vec<(LegNo, OrderTag)>,
}

const fn once() -> u32 {
    1
}

/// An account that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excluded {
    /// Which account.
    pub account: AccountId,
    /// Whose.
    pub user: UserId,
    /// Where.
    pub broker: Broker,
    /// Why.
    pub reasons: Vec<Unfit>,
}

/// What does not change once a run is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixed {
    /// Live or dry-run.
    pub mode: Mode,
    /// The instant it is to fire.
    pub fire_at: Timestamp,
    /// The latest send.
    pub window_until: Timestamp,
    /// Who called for it, if it is none of the plan's times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<Called>,
    /// The plan's hash.
    pub hash: String,
    /// What happens to an order that is proven not to be at the broker.
    #[serde(default)]
    pub ambiguity: Ambiguity,
    /// The plan's legs, in the order they leave in.
    pub legs: Vec<Leg>,
    /// The legs' instruments as each broker's list named them when the run was frozen: a restart in
    /// the middle of a run needs no list.
    #[serde(default)]
    pub instruments: Vec<(Broker, Instrument)>,
    /// Who takes part.
    pub participants: Vec<Participant>,
    /// Who does not, and why.
    pub excluded: Vec<Excluded>,
}

/// What happens to a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEvent {
    /// Legs, accounts and tags are fixed.
    Frozen {
        /// What is fixed.
        fixed: Fixed,
        /// When.
        at: Timestamp,
    },
    /// Orders may leave.
    Fired {
        /// When.
        at: Timestamp,
        /// How long after its time, in microseconds, where the clock was read that finely.
        #[serde(default)]
        late_us: Option<u64>,
    },
    /// Every intent is in a counted state.
    Closed {
        /// When.
        at: Timestamp,
    },
    /// Our records were compared with the brokers' books and trades.
    Tallied {
        /// An account a line.
        lines: Vec<TallyLine>,
        /// When.
        at: Timestamp,
    },
    /// It did not happen.
    Missed {
        /// What would have been, without participants.
        fixed: Fixed,
        /// Why.
        reason: String,
        /// When that was known.
        at: Timestamp,
    },
    /// It is over long since: its other records leave the log, and its orders the memory.
    Archived {
        /// What stays of it.
        remains: Box<Remains>,
        /// The accounts whose last run it is, with how their orders stand.
        last: Vec<(AccountId, RunCounts)>,
        /// When.
        at: Timestamp,
    },
}

impl RunEvent {
    const fn name(&self) -> &'static str {
        match self {
            Self::Frozen { .. } => "frozen",
            Self::Fired { .. } => "fired",
            Self::Closed { .. } => "closed",
            Self::Tallied { .. } => "tallied",
            Self::Missed { .. } => "missed",
            Self::Archived { .. } => "archived",
        }
    }
}

/// The tally of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// An account a line; none of an archived run.
    pub lines: Vec<TallyLine>,
    /// When it was made.
    pub at: Timestamp,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The time has not come.
    Frozen,
    /// Orders are going out.
    Firing {
        /// Since when.
        at: Timestamp,
        /// How long after its time, in microseconds.
        late_us: Option<u64>,
    },
    /// Over.
    Closed {
        /// When it fired.
        fired_at: Timestamp,
        /// How long after its time, in microseconds.
        late_us: Option<u64>,
        /// When the last intent was settled.
        at: Timestamp,
        /// The tally, once it was made.
        tally: Option<Tally>,
    },
    /// It did not happen.
    Missed {
        /// Why.
        reason: String,
    },
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What does not change; shared, since a run of many accounts is large and moves at its instant.
    pub fixed: Arc<Fixed>,
    /// Where it stands.
    pub stage: Stage,
    /// Archived: its participants, those left out and the tally's lines are in the archive, their numbers
    /// here. Nothing is shown of it but what was read from there.
    pub archived: Option<Numbers>,
}

impl Run {
    /// A run whose records are in the log.
    pub const fn new(fixed: Arc<Fixed>, stage: Stage) -> Self {
        Self { fixed, stage, archived: None }
    }

    /// The run after the event; `None` is the run that does not exist yet.
    pub fn next(this: Option<&Self>, event: &RunEvent) -> Result<Self, Illegal> {
        if let Some(archived) = this.filter(|run| run.archived.is_some()) {
            return Err(archived.illegal(event));
        }
        match (this.map(|run| (&run.fixed, &run.stage)), event) {
            (None, RunEvent::Frozen { fixed, .. }) => {
                Ok(Self::new(Arc::new(fixed.clone()), Stage::Frozen))
            }
            (None, RunEvent::Missed { fixed, reason, .. }) => {
                let stage = Stage::Missed { reason: reason.clone() };
                Ok(Self::new(Arc::new(fixed.clone()), stage))
            }
            (Some((fixed, Stage::Frozen)), RunEvent::Missed { reason, .. }) => {
                let stage = Stage::Missed { reason: reason.clone() };
                Ok(Self::new(Arc::clone(fixed), stage))
            }
            (Some((fixed, Stage::Frozen)), RunEvent::Fired { at, late_us }) => {
                let stage = Stage::Firing { at: *at, late_us: *late_us };
                Ok(Self::new(Arc::clone(fixed), stage))
            }
            (Some((fixed, Stage::Firing { at: fired_at, late_us })), RunEvent::Closed { at }) => {
                let (fired_at, late_us, at, tally) = (*fired_at, *late_us, *at, None);
                let stage = Stage::Closed { fired_at, late_us, at, tally };
                Ok(Self::new(Arc::clone(fixed), stage))
            }
            (_, RunEvent::Archived { remains, .. }) if this.is_none_or(Self::is_over) => {
                Ok(remains.run())
            }
            (
                Some((fixed, Stage::Closed { fired_at, late_us, at, tally: None })),
                RunEvent::Tallied { lines, at: tallied_at },
            ) => {
                let tally = Some(Tally { lines: lines.clone(), at: *tallied_at });
                let (fired_at, late_us, at) = (*fired_at, *late_us, *at);
                let stage = Stage::Closed { fired_at, late_us, at, tally };
                Ok(Self::new(Arc::clone(fixed), stage))
            }
            (_, event) => Err(this.map_or_else(|| none(event), |run| run.illegal(event))),
        }
    }

    const fn illegal(&self, event: &RunEvent) -> Illegal {
        let state = if self.archived.is_some() { "archived" } else { self.stage.name() };
        Illegal { machine: "run", state, event: event.name() }
    }

    /// Whether nothing more is to be done for it: missed, rehearsed and over, or tallied.
    pub fn is_over(&self) -> bool {
        match &self.stage {
            Stage::Frozen | Stage::Firing { .. } => false,
            Stage::Closed { tally, .. } => {
                tally.is_some() || matches!(self.fixed.mode, Mode::DryRun)
            }
            Stage::Missed { .. } => true,
        }
    }

    /// The plan's times up to this instant have had their run: this one, or the one it stood in the place
    /// of. A run that did not happen stood in no place but its own.
    pub fn covers_until(&self) -> Timestamp {
        let own = self.fixed.fire_at;
        match self.fixed.called.as_ref().map(|called| called.run) {
            Some(CalledAs::InsteadOf { at }) if !matches!(self.stage, Stage::Missed { .. }) => {
                own.max(at)
            }
            Some(_) | None => own,
        }
    }

    /// Whether its orders have left, or never will.
    pub const fn is_sent(&self) -> bool {
        matches!(self.stage, Stage::Closed { .. } | Stage::Missed { .. })
    }

    /// Whether an order that is proven not to be at the broker is sent once more by itself.
    pub fn resends(&self) -> bool {
        matches!(self.fixed.ambiguity, Ambiguity::ResendOnce)
    }

    /// The tally, once it was made.
    pub const fn tally(&self) -> Option<&Tally> {
        match &self.stage {
            Stage::Closed { tally, .. } => tally.as_ref(),
            Stage::Frozen | Stage::Firing { .. } | Stage::Missed { .. } => None,
        }
    }

    /// An account's part.
    pub fn part(&self, account: AccountId) -> Option<&Participant> {
        // Participants are in the order of their accounts' numbers.
        let parts = &self.fixed.participants;
        parts.get(parts.binary_search_by_key(&account, |part| part.account).ok()?)
    }

    /// What one account orders by one leg: the plan's leg with the account's quantity.
    pub fn leg_of(&self, account: AccountId, leg: LegNo) -> Option<Leg> {
        let part = self.part(account)?;
        self.fixed.legs.get(usize::from(leg.0))?.times(part.multiplier)
    }

    /// How long after its time it fired, in microseconds, if it did and that was measured.
    pub const fn late_us(&self) -> Option<u64> {
        match self.stage {
            Stage::Firing { late_us, .. } | Stage::Closed { late_us, .. } => late_us,
            Stage::Frozen | Stage::Missed { .. } => None,
        }
    }

    /// As clients see it.
    pub fn state(&self) -> RunState {
        match &self.stage {
            Stage::Frozen => RunState::Frozen,
            Stage::Firing { .. } => RunState::Firing,
            Stage::Closed { .. } => RunState::Closed,
            Stage::Missed { reason } => RunState::Missed { reason: reason.clone() },
        }
    }
}

const fn none(event: &RunEvent) -> Illegal {
    Illegal { machine: "run", state: "none", event: event.name() }
}

impl Stage {
    const fn name(&self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Firing { .. } => "firing",
            Self::Closed { .. } => "closed",
            Self::Missed { .. } => "missed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Fixed {
        Fixed {
            mode: Mode::Live,
            fire_at: Timestamp::from_millis(0),
            window_until: Timestamp::from_millis(1),
            called: None,
            hash: String::new(),
            ambiguity: Ambiguity::Hold,
            legs: vec![],
            instruments: vec![],
            participants: vec![],
            excluded: vec![],
        }
    }

    #[test]
    fn i4_a_run_fires_at_most_once() {
        let at = Timestamp::from_millis(5);
        let frozen = Run::next(None, &RunEvent::Frozen { fixed: fixed(), at }).unwrap();
        let firing = Run::next(Some(&frozen), &RunEvent::Fired { at, late_us: None }).unwrap();
        let closed = Run::next(Some(&firing), &RunEvent::Closed { at }).unwrap();
        let missed = RunEvent::Missed { fixed: fixed(), reason: String::new(), at };
        let missed = Run::next(None, &missed).unwrap();
        for run in [&firing, &closed, &missed] {
            assert!(Run::next(Some(run), &RunEvent::Fired { at, late_us: None }).is_err());
            assert!(Run::next(Some(run), &RunEvent::Frozen { fixed: fixed(), at }).is_err());
        }
    }
}
