//! Connections ahead of a run: a handshake takes longer than an order, and all would begin at once.

use std::collections::BTreeMap;

use muster_protocol::ids::{EgressName, RunId};
use muster_protocol::order::Broker;
use muster_protocol::plan::Mode;
use muster_protocol::time::{SECOND, Timestamp};

use super::super::effect::Effect;
use super::super::flight::MAX_IN_FLIGHT;
use super::super::model::Model;
use super::super::run::{Run, Stage};
use super::Step;

/// How long before a run its connections are opened: long enough for slow handshakes, shorter than an
/// idle connection is kept.
const WARM_MS: i64 = 2 * SECOND;

/// When the connections of a frozen run are to be opened; `None` once they were asked for, for a dry
/// run, which sends nothing, and while no run can fire.
pub(super) fn warm_at(model: &Model, id: &RunId, run: &Run) -> Option<Timestamp> {
    let cold = model.readings.get(id).is_some_and(|reading| !reading.warmed);
    let live = matches!(run.stage, Stage::Frozen) && run.fixed.mode == Mode::Live;
    (cold && live && model.barred().is_none()).then(|| run.fixed.fire_at.plus(-WARM_MS))
}

impl Step<'_> {
    /// Asks for the connections of the runs that are about to fire, no more than orders may be under way.
    pub(super) fn warm(&mut self) {
        let due = self
            .model
            .runs_open()
            .filter(|(id, run)| warm_at(self.model, id, run).is_some_and(|at| self.now >= at));
        let due: Vec<RunId> = due.map(|(id, _)| id.clone()).collect();
        let mut ways: BTreeMap<(Broker, EgressName), usize> = BTreeMap::new();
        for id in due {
            let run = self.model.runs.get(&id);
            let parts = run.map(|run| run.fixed.participants.as_slice()).unwrap_or_default();
            for route in parts.iter().filter_map(|part| self.model.route(part.account)) {
                let wanted = ways.entry((route.broker, route.egress)).or_default();
                *wanted = wanted.saturating_add(1).min(MAX_IN_FLIGHT);
            }
            if let Some(reading) = self.model.readings.get_mut(&id) {
                reading.warmed = true;
            }
        }
        self.effects.extend(ways.into_iter().map(|((broker, egress), connections)| Effect::Warm {
            broker,
            egress,
            connections,
        }));
    }
}
