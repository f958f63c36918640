//! Calling everybody: at the set times and when a person says so; a few checks at a time, so that
//! thousands of logins do not meet the brokers at once. A session that ended before its time is opened again
//! once. A way out that changed is tested at once.

use muster_protocol::check::CheckTarget;
use muster_protocol::event::{Area, Level};
use muster_protocol::frame::Code;
use muster_protocol::ids::{AccountId, EgressName};
use muster_protocol::status::{Observed, VaultState};
use muster_protocol::time::MINUTE;

use super::super::account::AccountEvent;
use super::super::check::Check;
use super::super::effect::{Answer, Changed, CheckJob, Commit, Effect};
use super::super::egress::Trouble;
use super::super::limits::MAX_CHECKS;
use super::super::msg::ReplyTo;
use super::super::muster::{Purpose, probe_wanted};
use super::super::record::Record;
use super::super::schedule;
use super::Step;

/// After logging in again once, the next time is no sooner than this: never in a loop.
const LOG_IN_AGAIN_MS: i64 = 10 * MINUTE;

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
        self.call_everybody();
    }

    /// A person calls everybody now.
    pub(super) fn call_muster(&mut self, reply: ReplyTo, by: &str) {
        let text = format!("a muster is called by {by}");
        self.log(self.entry(Level::Info, Area::Daemon, text));
        let called = self.call_everybody();
        self.answer(reply, Answer::Touched(called));
    }

    fn call_everybody(&mut self) -> Vec<AccountId> {
        self.model.called = Some(self.now);
        let may = self.model.accounts.iter().filter(|(_, a)| a.may_check_unasked(self.now));
        let may: Vec<AccountId> = may.map(|(id, _)| *id).collect();
        let text = format!("muster: checking {} accounts", may.len());
        self.log(self.entry(Level::Info, Area::Daemon, text));
        self.say_who_must_log_in();
        let called = may.into_iter().filter(|id| self.want_check(*id, Purpose::Muster)).collect();
        self.model.looked_out = self.now;
        self.effects.push(Effect::ObserveEgresses);
        self.refresh_instruments();
        self.publish(Changed::Status);
        called
    }

    /// The people who must log in by themselves today.
    fn say_who_must_log_in(&mut self) {
        let must = self.model.accounts.iter().filter(|(_, account)| {
            account.active && account.needs_person_to_log_in() && !account.session.is_live(self.now)
        });
        let must: Vec<AccountId> = must.map(|(id, _)| *id).collect();
        if must.is_empty() {
            return;
        }
        let text = format!(
            "{} people must log in at Zerodha; muster account login --all shows their links",
            must.len()
        );
        let mut commit = Commit::default();
        commit.journal.push(self.entry(Level::Warn, Area::Session, text));
        for id in must {
            let text = "must log in at Zerodha today";
            commit.journal.push(self.about(id, Level::Warn, Area::Session, text));
        }
        self.commit(commit);
    }

    /// Begins a check of a stored account, or has it wait for its turn; `false` if there can be none.
    pub(super) fn want_check(&mut self, id: AccountId, purpose: Purpose) -> bool {
        let Some(account) = self.model.accounts.get(&id) else { return false };
        if !account.session.is_live(self.now) && account.needs_person_to_log_in() {
            return false;
        }
        // One under way was begun before what is wanted now was known, unless a person just looks.
        let running = self.model.checks.contains_key(&id);
        if running && purpose != Purpose::EgressChanged {
            return true;
        }
        if !running && self.model.checks.len() < MAX_CHECKS {
            return self.start_check(id, purpose);
        }
        if let Some(waiting) = self.model.to_check.iter_mut().find(|(other, _)| *other == id) {
            waiting.1 = waiting.1.min(purpose);
        } else {
            self.model.to_check.push_back((id, purpose));
        }
        true
    }

    /// Begins the checks that wait for their turn.
    pub(super) fn next_checks(&mut self) {
        if self.model.vault == VaultState::Sealed {
            self.model.to_check.clear();
            return;
        }
        let mut busy = Vec::new();
        while self.model.checks.len() < MAX_CHECKS {
            let Some((id, purpose)) = self.model.to_check.pop_front() else { break };
            if self.model.checks.contains_key(&id) {
                busy.push((id, purpose));
            } else {
                self.start_check(id, purpose);
            }
        }
        self.model.to_check.extend(busy);
    }

    fn start_check(&mut self, id: AccountId, purpose: Purpose) -> bool {
        let Some(account) = self.model.accounts.get(&id) else { return false };
        let Some(route) = self.model.route(id) else { return false };
        let reuse_session = account.session.is_live(self.now);
        if !reuse_session && account.needs_person_to_log_in() {
            return false;
        }
        let target = CheckTarget::Account(id);
        let check = Check::new(target, account.user.clone(), account.broker, self.now);
        let claimed = Some(account.identity.client_id.clone());
        let probe = probe_wanted(self.model, self.now, account, purpose);
        self.model.checks.insert(id, check);
        let job = CheckJob { target, account: Some(id), route, claimed, reuse_session, probe };
        self.effects.push(Effect::StartCheck(job));
        self.publish(Changed::Account(id));
        true
    }

    /// The broker ended a session before its time: it is opened again, once.
    pub(super) fn log_in_again(&mut self, id: AccountId) {
        let Some(account) = self.model.accounts.get(&id) else { return };
        let last = self.model.relogins.get(&id);
        let lately = last.is_some_and(|last| self.now < last.plus(LOG_IN_AGAIN_MS));
        if lately || account.needs_person_to_log_in() || !account.may_check_unasked(self.now) {
            return;
        }
        self.model.relogins.insert(id, self.now);
        let text = "the broker ended the session before its time; logging in once more";
        self.log(self.about(id, Level::Warn, Area::Session, text));
        self.want_check(id, Purpose::LogInAgain);
    }

    /// The world was asked what it sees of an egress. Another address than before means that no verdict on
    /// order permission holds any more: the accounts that leave by it are tested at once.
    pub(super) fn observed(&mut self, egress: &EgressName, found: Result<Observed, Trouble>) {
        let before = self.model.egress_fault(egress, self.now);
        let was = self.model.leaves_as(egress).map(str::to_owned);
        self.model.seen.entry(egress.clone()).or_default().took(found);
        let after = self.model.egress_fault(egress, self.now);
        let leaves = self.model.leaves_as(egress).map(str::to_owned);
        if before != after {
            let (level, text) = match &after {
                Some(why) => (Level::Error, format!("egress {egress}: {}", why.words())),
                None => (Level::Info, format!("egress {egress} is as registered again")),
            };
            self.log(self.entry(level, Area::Daemon, text));
        }
        if was != leaves || before != after {
            self.retest(egress);
        }
        self.publish(Changed::Status);
    }

    fn retest(&mut self, egress: &EgressName) {
        if self.model.vault == VaultState::Sealed {
            return;
        }
        let by_it = self.model.accounts.iter().filter(|(_, account)| {
            account.identity.egress == *egress && account.may_check_unasked(self.now)
        });
        // A verdict from the same address stands: a look that failed for a while changed nothing.
        let by_it = by_it.filter(|(_, account)| {
            self.model.permission_is_stale(account) || account.failure().is_some()
        });
        let by_it: Vec<AccountId> = by_it.map(|(id, _)| *id).collect();
        for id in by_it {
            self.want_check(id, Purpose::EgressChanged);
        }
    }

    /// Gives an account another way out.
    pub(super) fn set_egress(
        &mut self,
        reply: ReplyTo,
        by: &str,
        id: AccountId,
        egress: EgressName,
    ) {
        let Some(account) = self.model.accounts.get(&id) else {
            self.no_account(reply, id);
            return;
        };
        if !self.model.settings.egress.iter().any(|way| way.name == egress) {
            let why = format!("there is no egress {egress}; see `muster egress`");
            self.refuse(reply, Code::NotFound, why);
            return;
        }
        if !self.model.may_join(&account.user, &egress, account.broker) {
            let why =
                "another person leaves by this egress at the same broker, and sharing is refused";
            self.refuse(reply, Code::Conflict, why);
            return;
        }
        let text = format!("leaves by egress {egress} from now on, says {by}; test it");
        let mut commit = Commit::default();
        commit.journal.push(self.about(id, Level::Warn, Area::Account, text));
        commit.records.push(Record::Account(id, AccountEvent::Egress { egress, at: self.now }));
        commit.ack = Some((reply, Answer::Done));
        self.commit(commit);
    }
}
