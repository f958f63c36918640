//! Who stands before the daemon while it dies and lives: one who halts and resumes again and again, or one
//! who halts and has what is open cancelled. What was acknowledged to them has to hold in every later life.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use muster_protocol::halt::HaltScope;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{Halt, Resume, Status};
use muster_protocol::run::RunState;

use super::halted::Canceller;
use super::victim::Victim;
use crate::harness::World;

/// Who it is.
pub(super) enum Person {
    /// Halts somebody who is not there, and resumes.
    Turns(Turns),
    /// Halts, and has what is open cancelled.
    Cancels(Box<Canceller>),
}

/// What is known of a halt: it is as it was acknowledged, or unknown while an answer is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Halted {
    /// As acknowledged.
    Is(bool),
    /// Asked for, and never answered.
    #[default]
    Unknown,
}

/// The halts one has asked for, and what is known of each.
#[derive(Debug, Default)]
pub(super) struct Halts(BTreeMap<HaltScope, Halted>);

/// One who halts and resumes.
#[derive(Debug, Default)]
pub(super) struct Turns {
    halts: Halts,
    /// How often in this life.
    turned: usize,
}

/// Nobody of this name is there: what is said of them stops no order.
const NOBODY: &str = "nobody";
/// A life sets and ends the halt this often.
const TURNS: usize = 2;

impl Person {
    /// The process was started.
    pub(super) fn sees_a_new_life(&mut self) {
        match self {
            Self::Turns(turns) => turns.turned = 0,
            Self::Cancels(canceller) => canceller.sees_a_new_life(),
        }
    }

    /// What they do once in a life, they do again.
    pub(super) fn asks_on(&mut self) {
        if let Self::Turns(turns) = self {
            turns.turned = 0;
        }
    }

    /// Looks at the daemon, and asks for what they want next.
    pub(super) async fn acts(
        &mut self,
        victim: &mut Victim,
        world: &World,
        details: Option<&[RunDetails]>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Turns(turns) => turns.acts(victim, world).await,
            Self::Cancels(canceller) => canceller.acts(victim, world, details).await,
        }
    }

    /// Whether they want nothing more.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Self::Turns(_) => true,
            Self::Cancels(canceller) => canceller.is_done(),
        }
    }

    /// Whether they want the process killed now.
    pub(super) fn kills(&self) -> bool {
        match self {
            Self::Turns(_) => false,
            Self::Cancels(canceller) => canceller.kills(),
        }
    }

    /// Whether an order may stay open to the end of its day.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Turns(_) => false,
            Self::Cancels(canceller) => canceller.leaves_open(),
        }
    }

    /// Whether only time can change anything.
    pub(super) fn is_still(&self, details: &[RunDetails]) -> bool {
        match self {
            Self::Turns(_) => details.iter().all(nothing_leaves),
            Self::Cancels(canceller) => canceller.is_still(details),
        }
    }
}

impl Turns {
    async fn acts(&mut self, victim: &mut Victim, world: &World) -> anyhow::Result<()> {
        if self.turned >= TURNS {
            return Ok(());
        }
        let scope = HaltScope::User(NOBODY.parse().context("a name")?);
        let Some(there) = self.halts.compare(victim, world).await? else { return Ok(()) };
        let before = self.halts.known(&scope);
        let on = !there.contains(&scope);
        self.halts.ask(victim, world, (scope.clone(), on, false)).await;
        self.turned += usize::from(self.halts.known(&scope) != before);
        Ok(())
    }
}

impl Halts {
    /// What is known of one.
    pub(super) fn known(&self, scope: &HaltScope) -> Halted {
        self.0.get(scope).copied().unwrap_or_default()
    }

    /// The halts that are in force; an error if one is not as it was acknowledged, `None` without an answer.
    pub(super) async fn compare(
        &self,
        victim: &mut Victim,
        world: &World,
    ) -> anyhow::Result<Option<Vec<HaltScope>>> {
        let Ok(status) = victim.ask(world, Status {}).await else { return Ok(None) };
        for (scope, known) in &self.0 {
            let is = status.halts.contains(scope);
            ensure!(
                *known == Halted::Unknown || *known == Halted::Is(is),
                "what was acknowledged is gone: {known:?}, and the halt of {} is {is}",
                scope.words()
            );
        }
        Ok(Some(status.halts))
    }

    /// Asks for it to be set or ended; whether that was acknowledged.
    pub(super) async fn ask(
        &mut self,
        victim: &mut Victim,
        world: &World,
        (scope, on, cancel_open): (HaltScope, bool, bool),
    ) -> bool {
        let asked = scope.clone();
        let answered = if on {
            victim.ask(world, Halt { scope: asked, cancel_open }).await.is_ok()
        } else {
            victim.ask(world, Resume { scope: asked }).await.is_ok()
        };
        let known = if answered { Halted::Is(on) } else { Halted::Unknown };
        self.0.insert(scope, known);
        answered
    }
}

fn nothing_leaves(details: &RunDetails) -> bool {
    let counts = &details.run.counts;
    let waiting = counts.planned + counts.sending;
    let over = matches!(details.run.state, RunState::Closed | RunState::Missed { .. });
    over || details.run.fired_at.is_some() && waiting == 0
}
