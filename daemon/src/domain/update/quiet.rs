//! Quiet hours: what may take the store's time is done while no run needs it, now or soon.

use muster_protocol::time::{MINUTE, Timestamp};

use super::super::effect::Effect;
use super::super::model::Model;
use super::super::run::Stage;
use super::Step;
use super::freeze::due_fire;

/// A run that is due within this time wants the store for itself.
const AHEAD_MS: i64 = 2 * MINUTE;
/// How often old journal entries are packed: each time takes some tens of milliseconds of the store.
const PACK_EVERY_MS: i64 = MINUTE;

/// Whether no run is frozen, firing, or due by then.
pub(super) fn is_quiet(model: &Model, soon: Timestamp) -> bool {
    let due = |(id, plan): (&_, &super::super::plan::Plan)| {
        let fire = plan.kept().and_then(|kept| due_fire(model, id, kept));
        fire.is_some_and(|fire| fire.at <= soon)
    };
    let under_way = |stage: &Stage| matches!(stage, Stage::Frozen | Stage::Firing { .. });
    !model.runs_open().any(|(_, run)| under_way(&run.stage)) && !model.plans.iter().any(due)
}

impl Step<'_> {
    /// Packs old journal entries now and then, if it is quiet.
    pub(super) fn pack_journal(&mut self) {
        let due = self.now >= self.model.packed.plus(PACK_EVERY_MS);
        if due && is_quiet(self.model, self.now.plus(AHEAD_MS)) {
            self.model.packed = self.now;
            self.effects.push(Effect::PackJournal);
        }
    }
}
