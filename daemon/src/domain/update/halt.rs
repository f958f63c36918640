//! The stop switch: durable before it is acknowledged, ended only by a person.

use muster_protocol::event::{Area, Level};

use super::super::effect::{Answer, Changed, Commit};
use super::super::msg::{HaltChange, ReplyTo};
use super::super::record::Record;
use super::Step;

impl Step<'_> {
    pub(super) fn halt(&mut self, reply: ReplyTo, by: &str, change: HaltChange) {
        let HaltChange { scope, on, cancel } = change;
        let (level, word) = if on { (Level::Error, "HALTED") } else { (Level::Warn, "resumed") };
        let mut commit = Commit::default();
        let also = if cancel { "; what is open is cancelled" } else { "" };
        let text = format!("{word}: {} by {by}{also}", scope.words());
        commit.journal.push(self.entry(level, Area::Run, text));
        let cancels = if cancel { self.cancel_all(&scope, by) } else { Vec::new() };
        commit.records.push(Record::Halt { scope, on, cancel, at: self.now });
        commit.records.extend(cancels);
        commit.ack = Some((reply, Answer::Done));
        self.commit(commit);
    }

    /// A halt changes who is fit.
    pub(super) fn halt_changed(&mut self) {
        let accounts: Vec<_> = self.model.accounts.keys().copied().collect();
        for account in accounts {
            self.publish(Changed::Account(account));
        }
        self.publish(Changed::Status);
    }
}
