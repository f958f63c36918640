//! Checks: when they start, what their ends mean. A credential the broker rejected is never tried
//! again unless a person asks.

use muster_protocol::check::{CheckTarget, StepView};
use muster_protocol::event::{Area, Level};
use muster_protocol::ids::{AccountId, TicketId};
use muster_protocol::status::VaultState;
use muster_protocol::time::Timestamp;

use super::super::account::{AccountEvent, Identity};
use super::super::check::{Check, CheckEvent, EndedCheck};
use super::super::effect::{Changed, CheckJob, Commit, Effect, Seal};
use super::super::model::{Deciding, Ticket, TicketKind};
use super::super::msg::CheckDone;
use super::super::record::Record;
use super::super::schedule;
use super::super::session::SessionEvent;
use super::Step;

impl Step<'_> {
    /// At the muster times every account is checked that may be checked unasked.
    pub(super) fn muster(&mut self) {
        let times = &self.model.settings.muster_times;
        let due = schedule::next_of(times, &self.model.calendar, self.model.mustered);
        if due.is_none_or(|due| due > self.now) {
            return;
        }
        self.model.mustered = self.now;
        if self.model.vault == VaultState::Sealed {
            let text = "no muster: the vault is sealed";
            self.log(self.entry(Level::Error, Area::Daemon, text));
            return;
        }
        let may = self.model.accounts.iter().filter(|(_, a)| a.may_check_unasked(self.now));
        let accounts: Vec<AccountId> = may.map(|(id, _)| *id).collect();
        self.log(self.entry(
            Level::Info,
            Area::Daemon,
            format!("muster: checking {} accounts", accounts.len()),
        ));
        for account in accounts {
            self.start_check(account);
        }
        self.refresh_instruments();
    }

    /// Starts a check of a stored account, unless one is running.
    pub(super) fn start_check(&mut self, id: AccountId) -> bool {
        let Some(account) = self.model.accounts.get(&id) else { return false };
        if self.model.checks.contains_key(&id) {
            return true;
        }
        let reuse_session = account.session.is_live(self.now);
        if !reuse_session && account.needs_person_to_log_in() {
            return false;
        }
        let target = CheckTarget::Account(id);
        let check = Check::new(target, account.user.clone(), account.broker, self.now);
        let claimed = Some(account.identity.client_id.clone());
        let Some(route) = self.model.route(id) else { return false };
        self.model.checks.insert(id, check);
        let job = CheckJob { target, account: Some(id), route, claimed, reuse_session };
        self.effects.push(Effect::StartCheck(job));
        self.publish(Changed::Account(id));
        true
    }

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
        let Some(user) = self.model.accounts.get(&id).map(|account| account.user.clone()) else {
            return;
        };
        let mut commit = Commit::default();
        if let Some(until) = done.opened_until {
            let event = SessionEvent::Opened { since: self.now, until };
            commit.records.push(Record::Session(id, event));
            commit.seal.push(Seal::Session { from, user, account: id });
        } else if done.session_dead {
            commit.records.extend(self.session_over(id));
        }
        commit.records.push(Record::Check(id, ended(&check, done, self.now)));
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
        commit.records.push(Record::Check(account, ended(&ticket.check, done, self.now)));
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
        commit.records.push(Record::Check(account, ended(&ticket.check, done, at)));
        commit.seal.push(Seal::Adopt { ticket: id, user, account });
        entry.account = Some(account);
        entry.text = format!("connected and stored as account {account}");
        commit.journal.push(entry);
        self.commit(commit);
    }

    /// Sessions whose time has come.
    pub(super) fn end_sessions(&mut self) {
        let ends = self.model.session_ends.iter();
        let over: Vec<AccountId> =
            ends.take_while(|(until, _)| *until <= self.now).map(|(_, id)| *id).collect();
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
}

fn ended(check: &Check, done: &CheckDone, now: Timestamp) -> EndedCheck {
    let view = check.view();
    EndedCheck {
        started: view.started,
        ended: now,
        steps: view.steps.clone(),
        failed: done.failed.clone(),
        permission: done.permission.clone(),
        funds: done.funds,
        latency_ms: done.latency_ms,
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
