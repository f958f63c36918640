//! When runs are archived: in quiet hours, by a clock that something confirms, and never unless what is put
//! into the archive was read back and is the run, order by order.

use muster_protocol::event::Level;
use muster_protocol::ids::RunId;
use muster_protocol::status::MarketPhase;
use muster_protocol::time::MINUTE;

use super::super::archive::Whole;
use super::super::effect::{Commit, Effect};
use super::super::model::Deciding;
use super::super::record::Record;
use super::super::run::RunEvent;
use super::Step;
use super::quiet::is_quiet;

/// Nothing is archived so shortly before a run: a run waits for its commits, and these are large.
const BEFORE_RUN_MS: i64 = 30 * MINUTE;

impl Step<'_> {
    /// Looks now and then for runs to archive.
    pub(super) fn archive(&mut self) {
        if self.now < self.model.archiving.look_at {
            return;
        }
        self.model.archiving.looked(self.now);
        if !self.model.archiving.packing.is_empty() || !self.may_forget() {
            return;
        }
        let today = self.model.clock.surely(self.now).date();
        let runs = self.model.archivable(today);
        if !runs.is_empty() {
            self.model.archiving.packing.extend(runs.iter().cloned());
            self.effects.push(Effect::PackRuns { runs });
        }
    }

    /// Their records are packed. What is not the run as it is known here stays where it is.
    pub(super) fn packed(&mut self, packed: Vec<(RunId, Result<Whole, String>)>) {
        self.model.archiving.packing.clear();
        let quiet = self.may_forget();
        let today = self.model.clock.surely(self.now).date();
        for (id, found) in packed {
            let why = match found {
                // Something happened meanwhile; the next look decides anew.
                Ok(_) if !quiet || !self.model.may_archive(&id, today) => continue,
                Ok(whole) if self.model.is_whole(&id, &whole) => {
                    self.put_away(id);
                    self.model.archiving.again(self.now);
                    continue;
                }
                Ok(_) => "its records do not tell what is known of it".to_owned(),
                Err(why) => why,
            };
            let text = format!("not archived, all of it stays as it is: {why}");
            self.log(self.of_run(&id, Level::Error, text));
            self.model.archiving.refused.insert(id);
        }
    }

    fn put_away(&mut self, id: RunId) {
        let Some(remains) = self.model.remains(&id) else { return };
        let orders = remains.counts.total();
        let text = format!("archived: its {orders} orders are read from the archive from now on");
        let entry = self.of_run(&id, Level::Info, text);
        let (last, at) = (self.model.last_of(&id), self.now);
        let event = RunEvent::Archived { remains: Box::new(remains), last, at };
        self.model.deciding.insert(Deciding::Run(id.clone()));
        self.commit(Commit {
            records: vec![Record::Run(id.clone(), event)],
            journal: vec![entry],
            archive: Some(id),
            ..Commit::default()
        });
    }

    /// Nothing is under way, nothing comes soon, and the clock can be believed.
    fn may_forget(&self) -> bool {
        let model = &*self.model;
        let idle = model.in_flight.is_empty() && model.deciding.is_empty() && !model.stopping;
        let closed = model.calendar.phase(self.now) == MarketPhase::Closed;
        let sure = model.barred().is_none() && model.clock.is_confirmed();
        idle && closed && sure && is_quiet(model, self.now.plus(BEFORE_RUN_MS))
    }
}
