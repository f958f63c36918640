//! What a person does to accounts.

use std::collections::BTreeSet;

use muster_protocol::event::{Area, Level};
use muster_protocol::frame::Code;
use muster_protocol::ids::{AccountId, UserId};
use muster_protocol::request::Selection;

use super::super::account::AccountEvent;
use super::super::effect::{Answer, Commit, Seal};
use super::super::msg::ReplyTo;
use super::super::muster::Purpose;
use super::super::record::Record;
use super::Step;

/// A switch of an account.
#[derive(Clone, Copy)]
pub(super) enum Switch {
    Active(bool),
    AutoExecute(bool),
}

impl Step<'_> {
    /// The accounts a selection names, each once; an unknown or foreign one refuses the whole.
    pub(super) fn selected(
        &self,
        selection: &Selection,
        only: Option<&UserId>,
    ) -> Result<Vec<AccountId>, AccountId> {
        let mine: Vec<AccountId> = self.model.accounts_of(only).map(|(id, _)| id).collect();
        match selection {
            Selection::All => Ok(mine),
            Selection::Ids(ids) => match ids.iter().find(|id| mine.binary_search(id).is_err()) {
                Some(foreign) => Err(*foreign),
                None => Ok(ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()),
            },
        }
    }

    pub(super) fn no_account(&mut self, reply: ReplyTo, id: AccountId) {
        let why = format!("there is no account {id}; see `muster account list`");
        self.refuse(reply, Code::NotFound, why);
    }

    pub(super) fn test(&mut self, reply: ReplyTo, accounts: Vec<AccountId>) {
        let one = accounts.len() == 1;
        let started: Vec<AccountId> =
            accounts.into_iter().filter(|id| self.want_check(*id, Purpose::Asked)).collect();
        if one && started.is_empty() {
            let why = "a person must log in first: the session is over and this broker has no login without one";
            self.refuse(reply, Code::Conflict, why);
            return;
        }
        self.answer(reply, Answer::Touched(started));
    }

    pub(super) fn switch(
        &mut self,
        reply: ReplyTo,
        by: &str,
        accounts: Vec<AccountId>,
        to: Switch,
    ) {
        let at = self.now;
        let (event, word) = match to {
            Switch::Active(on) => {
                (AccountEvent::Active { on, at }, if on { "activated" } else { "deactivated" })
            }
            Switch::AutoExecute(on) => (
                AccountEvent::AutoExecute { on, at },
                if on { "auto-execute on" } else { "auto-execute off" },
            ),
        };
        let mut commit = Commit::default();
        for account in &accounts {
            commit.records.push(Record::Account(*account, event.clone()));
            let text = format!("{word} by {by}");
            commit.journal.push(self.about(*account, Level::Info, Area::Account, text));
        }
        commit.ack = Some((reply, Answer::Touched(accounts)));
        self.commit(commit);
    }

    pub(super) fn remove(&mut self, reply: ReplyTo, by: &str, id: AccountId, confirm: &UserId) {
        let Some(user) = self.model.accounts.get(&id).map(|account| account.user.clone()) else {
            self.no_account(reply, id);
            return;
        };
        if user != *confirm {
            let why = format!("account {id} is {user}'s; type that name to remove it");
            self.refuse(reply, Code::Conflict, why);
            return;
        }
        let open = self.model.intents.iter().any(|(intent, kept)| {
            use muster_protocol::run::IntentStatus::{InDoubt, Sending};
            intent.account == id
                && intent.run.date == self.now.date()
                && matches!(kept.status(), Sending | InDoubt)
        });
        if open {
            let why = "an order of this account is on its way or IN DOUBT; settle it first";
            self.refuse(reply, Code::Conflict, why);
            return;
        }
        let mut commit = Commit::default();
        let last = self.model.accounts_of(Some(&user)).all(|(other, _)| other == id);
        let remains = muster_protocol::vault::remains(last);
        let text = format!("removed by {by}. {remains}");
        commit.journal.push(self.about(id, Level::Warn, Area::Account, text));
        commit.records.push(Record::Account(id, AccountEvent::Removed { at: self.now }));
        commit.seal.push(Seal::Forget { user, account: id });
        commit.ack = Some((reply, Answer::Done));
        self.commit(commit);
    }
}
