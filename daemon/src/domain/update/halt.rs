//! The stop switch: durable before it is acknowledged, ended only by a person.

use muster_protocol::event::{Area, Level};
use muster_protocol::halt::HaltScope;

use super::super::effect::{Answer, Changed, Commit};
use super::super::msg::ReplyTo;
use super::super::record::Record;
use super::Step;

impl Step<'_> {
    pub(super) fn halt(&mut self, reply: ReplyTo, by: &str, scope: HaltScope, on: bool) {
        let (level, word) = if on { (Level::Error, "HALTED") } else { (Level::Warn, "resumed") };
        let mut commit = Commit::default();
        let text = format!("{word}: {} by {by}", scope.words());
        commit.journal.push(self.entry(level, Area::Run, text));
        commit.records.push(Record::Halt { scope, on, at: self.now });
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
