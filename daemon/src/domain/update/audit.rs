//! The audit: what a person asked for is durable before it is answered, in the transaction of what it
//! did.

use muster_protocol::event::AuditEntry;
use muster_protocol::halt::Verdict;
use muster_protocol::ids::{AccountId, Label, TicketId};
use muster_protocol::request::Selection;

use super::super::effect::{Commit, Effect};
use super::super::msg::{Ask, ReplyTo, Who};
use super::Step;

impl Step<'_> {
    /// Writes into the audit what was asked, with what it led to: an answer that would be given at
    /// once waits for it.
    pub(super) fn audited(&mut self, reply: ReplyTo, entry: &AuditEntry, since: usize) {
        let mut refused = None;
        for effect in self.effects.iter_mut().skip(since) {
            if let Effect::Commit(commit) = effect {
                if commit.ack.as_ref().is_some_and(|(to, _)| *to == reply) {
                    commit.audit.push(entry.clone());
                }
                continue;
            }
            let Effect::Reply(to, answer) = effect else { continue };
            if *to != reply {
                continue;
            }
            match answer {
                Ok(answer) => {
                    let ack = Some((reply, answer.clone()));
                    let audit = vec![entry.clone()];
                    *effect = Effect::Commit(Commit { audit, ack, ..Commit::default() });
                }
                Err(_) => refused = Some(AuditEntry { done: false, ..entry.clone() }),
            }
        }
        if let Some(refused) = refused {
            self.commit(Commit { audit: vec![refused], ..Commit::default() });
        }
    }

    /// An entry of what this person did.
    pub(super) fn deed(
        &self,
        who: &Who,
        what: impl Into<String>,
        whom: Option<String>,
    ) -> AuditEntry {
        AuditEntry {
            at: self.now,
            by: who.name.clone(),
            role: who.role.clone(),
            what: what.into(),
            whom,
            done: true,
        }
    }
}

impl Ask {
    /// What is asked for and of whom, as the audit has it.
    pub(in crate::domain) fn words(&self) -> (String, Option<String>) {
        let (what, whom) = match self {
            Self::Connect { user, broker, replaces, .. } => {
                let what = if replaces.is_some() { "replace a credential" } else { "connect" };
                (what, Some(format!("{user} at {}", broker.title())))
            }
            Self::Login { account, .. } => ("log in", of_account(*account)),
            Self::Redirected { ticket, .. } => ("finish a login", of_ticket(*ticket)),
            Self::Abandon { ticket } => ("give up", of_ticket(*ticket)),
            Self::Test(selection) => ("test", of_selection(selection)),
            Self::SetActive(selection, true) => ("activate", of_selection(selection)),
            Self::SetActive(selection, false) => ("deactivate", of_selection(selection)),
            Self::SetAutoExecute(selection, true) => ("auto-execute on", of_selection(selection)),
            Self::SetAutoExecute(selection, false) => ("auto-execute off", of_selection(selection)),
            Self::Label { accounts, add, remove } => {
                return (format!("label{}", label_words(add, remove)), of_selection(accounts));
            }
            Self::Remove { account, .. } => ("remove", of_account(*account)),
            Self::PutPlan(spec) => ("put a plan", Some(spec.name.to_string())),
            Self::Arm { plan, mode, hash } => {
                let what = format!("set {} at hash {hash:.12}", mode.words());
                return (what, Some(plan.to_string()));
            }
            Self::RemovePlan(plan) => ("remove a plan", Some(plan.to_string())),
            Self::Keys(task) => return (task.words(), None),
            Self::Seal => ("seal the vault", None),
            Self::Reencrypt(user) => ("seal again under a new key", Some(user.to_string())),
            Self::Backup(file) => ("back up", Some(file.clone())),
            Self::Release => ("let held runs go", None),
            Self::Halt(change) => {
                let what = match (change.on, change.cancel) {
                    (true, true) => "halt and cancel what is open",
                    (true, false) => "halt",
                    (false, _) => "end a halt",
                };
                return (what.to_owned(), Some(change.scope.words()));
            }
            Self::Resolve { intent, verdict } => {
                let what = match verdict {
                    Verdict::Found { .. } => "resolve: found",
                    Verdict::NotPlaced => "resolve: not placed",
                    Verdict::SendAgain => "resolve: send again",
                };
                (
                    what,
                    Some(format!("{} account {} leg {}", intent.run, intent.account, intent.leg.0)),
                )
            }
        };
        (what.to_owned(), whom)
    }
}

/// ` +family -old`.
pub(super) fn label_words(add: &[Label], remove: &[Label]) -> String {
    let add = add.iter().map(|label| format!(" +{label}"));
    add.chain(remove.iter().map(|label| format!(" -{label}"))).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for every ask")]
fn of_account(account: AccountId) -> Option<String> {
    Some(format!("account {account}"))
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for every ask")]
fn of_ticket(ticket: TicketId) -> Option<String> {
    Some(format!("connection {ticket}"))
}

#[expect(clippy::unnecessary_wraps, reason = "one shape for every ask")]
fn of_selection(selection: &Selection) -> Option<String> {
    Some(match selection {
        Selection::All => "all of theirs".to_owned(),
        Selection::Ids(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            format!("accounts {}", ids.join(", "))
        }
    })
}
