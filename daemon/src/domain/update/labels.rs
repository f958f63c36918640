//! Labels: the words an operator puts on accounts, by which plans name them.

use std::collections::BTreeSet;

use muster_protocol::event::{Area, Level};
use muster_protocol::frame::Code;
use muster_protocol::ids::{AccountId, Label};

use super::super::account::AccountEvent;
use super::super::effect::{Answer, Commit};
use super::super::msg::ReplyTo;
use super::super::record::Record;
use super::Step;
use super::audit::label_words;

/// The most labels an account can have.
const MAX_LABELS: usize = 16;

impl Step<'_> {
    /// An account changes only if its labels do.
    pub(super) fn label(
        &mut self,
        reply: ReplyTo,
        by: &str,
        accounts: Vec<AccountId>,
        (add, remove): (&[Label], &[Label]),
    ) {
        let mut commit = Commit::default();
        for id in &accounts {
            let Some(account) = self.model.accounts.get(id) else { continue };
            let kept = account.labels.iter().filter(|label| !remove.contains(label));
            let labels: BTreeSet<Label> = kept.chain(add).cloned().collect();
            if labels.len() > MAX_LABELS {
                let why = format!("account {id} would have more than {MAX_LABELS} labels");
                self.refuse(reply, Code::Conflict, why);
                return;
            }
            let labels: Vec<Label> = labels.into_iter().collect();
            if labels == account.labels {
                continue;
            }
            let event = AccountEvent::Labelled { labels, at: self.now };
            commit.records.push(Record::Account(*id, event));
            let text = format!("labelled by {by}:{}", label_words(add, remove));
            commit.journal.push(self.about(*id, Level::Info, Area::Account, text));
        }
        commit.ack = Some((reply, Answer::Touched(accounts)));
        self.commit(commit);
    }
}
