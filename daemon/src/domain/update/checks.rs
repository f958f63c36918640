//! Checks: when they start, what their ends mean. A credential the broker rejected is never tried
//! again unless a person asks.

use muster_protocol::check::{CheckTarget, StepView};
use muster_protocol::event::{Area, Level};
use muster_protocol::ids::{AccountId, EgressName, TicketId};
use muster_protocol::status::Observed;

use super::super::account::{AccountEvent, Identity};
use super::super::check::{Check, CheckEvent, EndedCheck};
use super::super::effect::{Changed, Commit, Effect, Seal};
use super::super::model::{Deciding, Ticket, TicketKind};
use super::super::msg::CheckDone;
use super::super::record::Record;
use super::super::session::SessionEvent;
use super::Step;

impl Step<'_> {
    pub(super) fn check_step(&mut self, target: CheckTarget, moved: StepView) {
        self.move_check(target, CheckEvent::Step(moved));
    }

    /// Moves a check under way and tells who watches; an event it does not take is dropped, as after Abandon.
    pub(super) fn move_check(&mut self, target: CheckTarget, event: CheckEvent) -> bool {
        let check = match target {
            CheckTarget::Account(id) => self.model.checks.get_mut(&id),
            CheckTarget::Ticket(id) => self.model.tickets.get_mut(&id).map(|t| &mut t.check),
        };
        let Some(check) = check else { return false };
        let Ok(next) = check.next(event) else { return false };
        *check = next;
        self.publish(match target {
            CheckTarget::Account(id) => Changed::Account(id),
            CheckTarget::Ticket(id) => Changed::Check(id),
        });
        true
    }

    pub(super) fn check_done(&mut self, target: CheckTarget, done: &CheckDone) {
        let event = done.failed.clone().map_or(CheckEvent::Passed, CheckEvent::Failed);
        if !self.move_check(target, event) {
            return;
        }
        match target {
            CheckTarget::Account(id) => self.account_checked(id, target, done),
            CheckTarget::Ticket(ticket) => self.ticket_checked(ticket, done),
        }
    }

    fn account_checked(&mut self, id: AccountId, from: CheckTarget, done: &CheckDone) {
        // It stays under way for clients until its result is durable: no old result shows in between.
        let Some(check) = self.model.checks.get(&id).cloned() else { return };
        let Some(account) = self.model.accounts.get(&id) else { return };
        let (user, egress) = (account.user.clone(), account.identity.egress.clone());
        let mut commit = Commit::default();
        if let Some(until) = done.opened_until {
            let event = SessionEvent::Opened { since: self.now, until };
            commit.records.push(Record::Session(id, event));
            commit.seal.push(Seal::Session { from, user, account: id });
        } else if done.session_dead {
            commit.records.extend(self.session_over(id));
        }
        self.seen_by_check(&egress, done);
        commit.records.push(Record::Check(id, self.ended(&check, done, &egress)));
        let (level, text) = verdict(done);
        commit.journal.push(self.about(id, level, Area::Check, text));
        self.commit(commit);
    }

    fn ticket_checked(&mut self, id: TicketId, done: &CheckDone) {
        let Some(ticket) = self.model.tickets.get(&id).cloned() else { return };
        match ticket.kind {
            TicketKind::Login { account } => self.login_checked(id, &ticket, account, done),
            TicketKind::Connect { replaces } => self.connect_checked(id, &ticket, replaces, done),
        }
    }

    fn login_checked(
        &mut self,
        id: TicketId,
        ticket: &Ticket,
        account: AccountId,
        done: &CheckDone,
    ) {
        let mut commit = Commit::default();
        if let Some(until) = done.opened_until {
            let event = SessionEvent::Opened { since: self.now, until };
            commit.records.push(Record::Session(account, event));
            let (from, user) = (CheckTarget::Ticket(id), ticket.route.user.clone());
            commit.seal.push(Seal::Session { from, user, account });
        }
        commit
            .records
            .push(Record::Check(account, self.ended(&ticket.check, done, &ticket.route.egress)));
        let (level, text) = verdict(done);
        commit.journal.push(self.about(account, level, Area::Session, format!("login: {text}")));
        self.commit(commit);
        if done.opened_until.is_none() {
            self.effects.push(Effect::DropTicket(id));
        }
    }

    /// A connection that was tested is stored only now, and only if every step passed.
    fn connect_checked(
        &mut self,
        id: TicketId,
        ticket: &Ticket,
        replaces: Option<AccountId>,
        done: &CheckDone,
    ) {
        let (level, text) = verdict(done);
        let mut entry = self.entry(level, Area::Account, String::new());
        entry.user = Some(ticket.route.user.clone());
        entry.broker = Some(ticket.route.broker);
        let (Some((client_id, holder)), None) = (done.profile.clone(), &done.failed) else {
            entry.text = format!("connection test failed, nothing stored: {text}");
            self.log(entry);
            self.effects.push(Effect::DropTicket(id));
            return;
        };
        let account = replaces.unwrap_or(AccountId(self.model.next_account));
        if replaces.is_none() {
            self.model.next_account = self.model.next_account.saturating_add(1);
        }
        if let Some(kept) = self.model.tickets.get_mut(&id) {
            kept.saving = Some(account);
        }
        let identity = Identity { client_id, holder, egress: ticket.route.egress.clone() };
        let at = self.now;
        let (user, broker) = (ticket.route.user.clone(), ticket.route.broker);
        let event = match replaces {
            None => AccountEvent::Connected { user: user.clone(), broker, identity, at },
            Some(_) => AccountEvent::Replaced { identity, at },
        };
        let mut commit = Commit::default();
        commit.records.push(Record::Account(account, event));
        if let Some(until) = done.opened_until {
            commit
                .records
                .push(Record::Session(account, SessionEvent::Opened { since: at, until }));
        }
        commit
            .records
            .push(Record::Check(account, self.ended(&ticket.check, done, &ticket.route.egress)));
        commit.seal.push(Seal::Adopt { ticket: id, user, account });
        entry.account = Some(account);
        entry.text = format!("connected and stored as account {account}");
        commit.journal.push(entry);
        self.commit(commit);
    }

    /// Sessions whose time has come.
    pub(super) fn end_sessions(&mut self) {
        // A clock that was set forward by mistake ends nobody's session for good.
        let now = self.model.clock.surely(self.now);
        let ends = self.model.session_ends.iter();
        let over: Vec<AccountId> =
            ends.take_while(|(until, _)| *until <= now).map(|(_, id)| *id).collect();
        for id in over {
            if !self.model.deciding.insert(Deciding::Session(id)) {
                continue;
            }
            let mut commit = Commit::default();
            commit.records.push(Record::Session(id, SessionEvent::Ended { at: self.now }));
            let text = "the broker's daily flush ended the session";
            commit.journal.push(self.about(id, Level::Info, Area::Session, text));
            self.commit(commit);
        }
    }

    /// What is kept of a check; the verdict on order permission with the address it holds for.
    fn ended(&self, check: &Check, done: &CheckDone, egress: &EgressName) -> EndedCheck {
        let view = check.view();
        let leaves_as = || self.model.leaves_as(egress).map(str::to_owned);
        let probed = done.permission.is_some();
        EndedCheck {
            started: view.started,
            ended: self.now,
            steps: view.steps.clone(),
            failed: done.failed.clone(),
            permission: done.permission.clone(),
            funds: done.funds,
            latency_ms: done.latency_ms,
            probed_from: done.seen_from.clone().or_else(leaves_as).filter(|_| probed),
            exchanges: done.exchanges.clone(),
            otp_step: done.otp_step,
        }
    }

    /// A check sees the egress, too.
    fn seen_by_check(&mut self, egress: &EgressName, done: &CheckDone) {
        if let Some(address) = done.seen_from.clone() {
            let observed = Observed { address, at: self.now };
            self.model.seen.entry(egress.clone()).or_default().took(Ok(observed));
            self.publish(Changed::Status);
        }
    }
}

fn verdict(done: &CheckDone) -> (Level, String) {
    match &done.failed {
        None => (Level::Info, "check passed".to_owned()),
        Some(failure) => {
            let says = failure.broker_says.as_deref().unwrap_or("");
            let text = format!("{}: {} {says}", failure.kind.words(), failure.means);
            (Level::Warn, text.trim_end().to_owned())
        }
    }
}
