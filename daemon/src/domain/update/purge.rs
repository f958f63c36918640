//! Writing the store into a new file, so that nothing deleted is left in it.

use muster_protocol::event::{Area, Level};
use muster_protocol::frame::{Code, Failure};
use muster_protocol::reply::Purged;

use super::super::effect::{Answer, Commit, Effect, PurgeJob};
use super::super::msg::{ReplyTo, Who};
use super::super::run::Stage;
use super::Step;

impl Step<'_> {
    /// Nothing can be committed while the store is copied, and a run waits for its commits.
    pub(super) fn purge(&mut self, reply: ReplyTo, who: &Who) {
        let under_way = |stage: &Stage| matches!(stage, Stage::Frozen | Stage::Firing { .. });
        let run = self.model.runs.values().any(|run| under_way(&run.stage));
        if run || !self.model.in_flight.is_empty() {
            let why = "a run is frozen or under way; purge when it is over";
            self.refuse(reply, Code::Conflict, why);
            return;
        }
        self.effects.push(Effect::Purge(PurgeJob { reply, who: who.clone() }));
    }

    pub(super) fn purged(&mut self, job: &PurgeJob, made: Result<Purged, Failure>) {
        let mut deed = self.deed(&job.who, "write the store anew", None);
        let (level, text) = match &made {
            Ok(made) => {
                let old = if made.overwritten {
                    "the old file was overwritten"
                } else {
                    "the old file has another name still and was left there"
                };
                let (by, before, after) = (&job.who.name, made.before, made.after);
                (
                    Level::Warn,
                    format!("store written anew for {by}: {before} bytes, now {after}; {old}"),
                )
            }
            Err(failure) => (Level::Error, format!("the store was not written anew: {failure}")),
        };
        deed.done = made.is_ok();
        let mut commit = Commit { audit: vec![deed], ..Commit::default() };
        commit.journal.push(self.entry(level, Area::Daemon, text));
        match made {
            Ok(made) => commit.ack = Some((job.reply, Answer::Purged(made))),
            Err(failure) => self.effects.push(Effect::Reply(job.reply, Err(failure))),
        }
        self.commit(commit);
    }
}
