//! The audit: what a person asked for is durable before it is answered, in the transaction of what it
//! did.

use muster_protocol::event::AuditEntry;
use muster_protocol::halt::Verdict;
use muster_protocol::ids::{AccountId, Label, TicketId};
use muster_protocol::request::Selection;
use muster_protocol::run::CalledAs;

use super::super::effect::{Commit, Effect};
use super::super::msg::{Ask, ReplyTo, Who};
use super::Step;

impl Step<'_> {
    /// Writes into the audit what was asked, with what it led to: an answer that would be given at
    /// once waits for it, and so does all that uses a secret.
    pub(super) fn audited(&mut self, reply: ReplyTo, entry: &AuditEntry, since: usize) {
        let mut refused = None;
        let asked = self.effects.split_off(since.min(self.effects.len()));
        let (mut begun, now): (Vec<Effect>, Vec<Effect>) =
            asked.into_iter().partition(Effect::waits_for_audit);
        self.effects.extend(now);
        for effect in self.effects.iter_mut().skip(since) {
            if let Effect::Commit(commit) = effect {
                if commit.ack.as_ref().is_some_and(|(to, _)| *to == reply) {
                    commit.audit.push(entry.clone());
                    commit.then.append(&mut begun);
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
                    let (audit, then) = (vec![entry.clone()], std::mem::take(&mut begun));
                    *effect = Effect::Commit(Commit { audit, ack, then, ..Commit::default() });
                }
                Err(_) => refused = Some(AuditEntry { done: false, ..entry.clone() }),
            }
        }
        if !begun.is_empty() {
            // What it leads to is written down and answered when it is known.
            let what = format!("asked for: {}", entry.what);
            let audit = vec![AuditEntry { what, ..entry.clone() }];
            self.commit(Commit { audit, then: begun, ..Commit::default() });
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
            Self::SetEgress { account, egress } => {
                return (format!("leave by {egress}"), of_account(*account));
            }
            Self::CallMuster => ("call a muster", None),
            Self::Label { accounts, add, remove } => {
                return (format!("label{}", label_words(add, remove)), of_selection(accounts));
            }
            Self::Remove { account, .. } => ("remove", of_account(*account)),
            Self::PutPlan(spec) => ("put a plan", Some(spec.name.to_string())),
            Self::CheckPlan(spec) => ("check a plan", Some(spec.name.to_string())),
            Self::Amend { change, reason } => {
                return (format!("change the calendar: {reason}"), Some(change.words()));
            }
            Self::Arm { plan, mode, hash } => {
                let what = format!("set {} at hash {hash:.12}", mode.words());
                return (what, Some(plan.to_string()));
            }
            Self::RemovePlan(plan) => ("remove a plan", Some(plan.to_string())),
            Self::RunNow(call) => {
                let as_what = match call.called {
                    CalledAs::Extra => "one more".to_owned(),
                    CalledAs::InsteadOf { at } => format!("instead of {}", at.clock()),
                };
                let (mode, hash) = (call.mode.words(), &call.hash);
                let what = format!("run now, {mode}, {as_what}, at hash {hash:.12}");
                return (what, Some(call.run.to_string()));
            }
            Self::Keys(task) => (super::vault::doing(task), None),
            Self::Seal => ("seal the vault", None),
            Self::Reencrypt(user) => ("seal again under a new key", Some(user.to_string())),
            Self::Backup(file) => ("back up", Some(file.clone())),
            Self::Purge => ("write the store anew", None),
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
