//! Backups, and runs that are held after an old store was put back.

use muster_protocol::event::{Area, Level};
use muster_protocol::frame::{Code, Failure};
use muster_protocol::reply::BackedUp;

use super::super::clock_guard::ClockEvent;
use super::super::effect::{Answer, BackupJob, Changed, Commit, Effect};
use super::super::msg::{ReplyTo, Who};
use super::super::record::{HoldEvent, Record};
use super::Step;

impl Step<'_> {
    pub(super) fn backup(&mut self, reply: ReplyTo, who: &Who, file: String) {
        if !file.starts_with('/') {
            let why = "name the file by its whole path, as the daemon sees it";
            self.refuse(reply, Code::InvalidParams, why);
            return;
        }
        self.effects.push(Effect::Backup(BackupJob { reply, who: who.clone(), file }));
    }

    pub(super) fn backed_up(&mut self, job: BackupJob, made: Result<u64, Failure>) {
        let mut deed = self.deed(&job.who, "back up", Some(job.file.clone()));
        let (level, text) = match &made {
            Ok(bytes) => {
                let text = format!("backed up to {} by {}, {bytes} bytes", job.file, job.who.name);
                (Level::Info, text)
            }
            Err(failure) => (Level::Error, format!("no backup to {}: {failure}", job.file)),
        };
        deed.done = made.is_ok();
        let mut commit = Commit { audit: vec![deed], ..Commit::default() };
        commit.journal.push(self.entry(level, Area::Daemon, text));
        match made {
            Ok(bytes) => {
                let made = Answer::BackedUp(BackedUp { file: job.file, bytes });
                commit.ack = Some((job.reply, made));
            }
            Err(failure) => self.effects.push(Effect::Reply(job.reply, Err(failure))),
        }
        self.commit(commit);
    }

    /// A person has looked at today's orders and says go.
    pub(super) fn release(&mut self, reply: ReplyTo, who: &Who) {
        let Some(reason) = self.model.hold_reason() else {
            self.refuse(reply, Code::Conflict, "no run is held");
            return;
        };
        let mut commit = Commit::default();
        let text = format!("runs happen again, says {}; until now {}", who.name, reason.words());
        commit.journal.push(self.entry(Level::Warn, Area::Daemon, text));
        if self.model.held.is_some() {
            commit.records.push(Record::Hold(HoldEvent::Released { at: self.now }));
        }
        if self.model.clock.fault().is_some() {
            commit.records.push(Record::Clock(ClockEvent::Accepted { at: self.now }));
        }
        commit.ack = Some((reply, Answer::Done));
        self.commit(commit);
    }

    pub(super) fn hold_moved(&mut self) {
        self.model.warned.clear();
        if self.model.held.is_none() {
            // A person has looked: what was seen before it counts no more.
            for reading in self.model.readings.values_mut() {
                reading.twins.clear();
            }
        }
        self.publish(Changed::Status);
    }
}
