//! Opening and sealing the vault, its slots, and runs that cannot happen while it is sealed.

use muster_protocol::check::CheckTarget;
use muster_protocol::event::{Area, AuditEntry, Level};
use muster_protocol::frame::Code;
use muster_protocol::ids::{AccountId, RunId, TicketId, UserId};
use muster_protocol::status::VaultState;
use muster_protocol::time::Timestamp;
use muster_protocol::vault::KeyTask;

use super::super::check::CheckEvent;
use super::super::effect::{Answer, Changed, Commit, Effect, Seal};
use super::super::keyring::{KeyJob, NotNow};
use super::super::msg::{KeyRefusal, ReplyTo, Who};
use super::super::record::{Record, VaultEvent};
use super::Step;

impl Step<'_> {
    /// Begins to try a secret.
    pub(super) fn keys(&mut self, reply: ReplyTo, who: &Who, task: KeyTask) {
        if task == KeyTask::Unseal && self.model.vault == VaultState::Open {
            self.refuse(reply, Code::Conflict, "the vault is open");
            return;
        }
        let job = KeyJob { reply, who: who.clone(), task: task.clone() };
        match self.model.keyring.begin(self.now, job) {
            Ok(()) => self.effects.push(Effect::DeriveKeys { reply, task }),
            Err(NotNow::Working) => {
                self.refuse(reply, Code::Busy, "another secret is being tried; one at a time");
            }
            Err(NotNow::Wait(left)) => {
                let seconds = left.saturating_add(999).checked_div(1_000).unwrap_or(0);
                let why = format!("the last secret was wrong; the next try is in {seconds} s");
                self.refuse(reply, Code::Busy, why);
            }
        }
    }

    /// A secret was tried: what follows is durable before it is answered.
    pub(super) fn keys_derived(&mut self, result: Result<(), KeyRefusal>) {
        let wrong = result.as_ref().is_err_and(|refusal| refusal.wrong);
        let Some(job) = self.model.keyring.end(self.now, wrong) else { return };
        if let Err(refusal) = result {
            let text =
                format!("{} tried by {}: {}", doing(&job.task), job.who.name, refusal.failure);
            let mut commit = Commit::default();
            commit.journal.push(self.entry(Level::Warn, Area::Daemon, text));
            let deed = self.deed(&job.who, doing(&job.task), None);
            commit.audit.push(AuditEntry { done: false, ..deed });
            self.commit(commit);
            self.effects.push(Effect::Reply(job.reply, Err(refusal.failure)));
            return;
        }
        let mut commit = Commit::default();
        let text = format!("{} by {}", job.task.words(), job.who.name);
        commit.journal.push(self.entry(Level::Warn, Area::Daemon, text));
        commit.audit.push(self.deed(&job.who, job.task.words(), None));
        if job.task == KeyTask::Unseal {
            commit.records.push(Record::Vault(VaultEvent::Unsealed { at: self.now }));
        } else {
            commit.seal.push(Seal::Keys);
        }
        commit.ack = Some((job.reply, Answer::Done));
        self.commit(commit);
    }

    /// Wipes the keys at once; the record follows.
    pub(super) fn seal(&mut self, reply: ReplyTo, by: &str) {
        if self.model.keyring.is_working() {
            self.refuse(reply, Code::Busy, "a secret is being tried; seal when it is done");
            return;
        }
        self.model.vault = VaultState::Sealed;
        let tickets: Vec<TicketId> = self.model.tickets.keys().copied().collect();
        for id in tickets {
            let why = CheckEvent::Abandoned("the vault was sealed".to_owned());
            self.move_check(CheckTarget::Ticket(id), why);
            self.effects.push(Effect::DropTicket(id));
        }
        // Their tasks are ended below, and nothing of them comes back.
        let checks: Vec<AccountId> = std::mem::take(&mut self.model.checks).into_keys().collect();
        for id in checks {
            self.publish(Changed::Account(id));
        }
        self.effects.push(Effect::SealVault);
        let mut commit = Commit::default();
        let text = format!("vault SEALED by {by}: nothing runs until somebody unseals");
        commit.journal.push(self.entry(Level::Error, Area::Daemon, text));
        commit.records.push(Record::Vault(VaultEvent::Sealed { at: self.now }));
        commit.ack = Some((reply, Answer::Done));
        self.commit(commit);
        self.publish(Changed::Status);
    }

    pub(super) fn vault_moved(&mut self, event: VaultEvent) {
        match event {
            VaultEvent::Unsealed { .. } => {
                self.model.vault = VaultState::Open;
                self.model.warned.clear();
                self.effects.push(Effect::OpenVault);
            }
            // The keys went when it was asked for; it may have been opened by a record before this one.
            VaultEvent::Sealed { .. } => self.model.vault = VaultState::Sealed,
        }
        self.publish(Changed::Status);
    }

    pub(super) fn reencrypt(&mut self, reply: ReplyTo, by: &str, user: UserId) {
        if self.model.accounts_of(Some(&user)).next().is_none() {
            self.refuse(reply, Code::NotFound, format!("{user} has no account"));
            return;
        }
        let mut commit = Commit::default();
        let text = format!("sealed again under a new key by {by}");
        let mut entry = self.entry(Level::Warn, Area::Daemon, text);
        entry.user = Some(user.clone());
        commit.journal.push(entry);
        commit.seal.push(Seal::Reencrypt { user });
        commit.ack = Some((reply, Answer::Done));
        self.commit(commit);
    }

    /// Says once, loudly, that a run is due and cannot happen.
    pub(super) fn warn_barred(&mut self, run: &RunId, until: Timestamp, why: &str) {
        if self.model.warned.insert(run.clone()) {
            let text =
                format!("due, but {why}: it will be MISSED unless that ends by {}", until.clock());
            self.log(self.of_run(run, Level::Error, text));
        }
    }
}

/// What is tried, as a doing.
pub(super) fn doing(task: &KeyTask) -> &'static str {
    match task {
        KeyTask::Unseal => "unsealing",
        KeyTask::AddSlot(_) => "adding a slot",
        KeyTask::RemoveSlot(_) => "removing a slot",
        KeyTask::ChangeSecret => "changing a secret",
        KeyTask::UpgradeKdf => "upgrading a passphrase",
        KeyTask::Rotate => "rotating the master key",
    }
}
