//! From a peer's request to the function that decides it; who may touch what is settled here.

use muster_protocol::frame::Code;
use muster_protocol::ids::{AccountId, UserId};
use muster_protocol::request::Selection;

use super::super::effect::Effect;
use super::super::msg::{Ask, Asked, ReplyTo, Who};
use super::Step;
use super::accounts::Switch;

impl Step<'_> {
    pub(super) fn asked(&mut self, asked: Asked) {
        let Asked { reply, who, only, ask } = asked;
        // It changes nothing, so it is no deed; and its answer may take a while.
        if let Ask::CheckPlan(spec) = ask {
            return self.check_plan(reply, spec, only.as_ref());
        }
        let (what, whom) = ask.words();
        let deed = self.deed(&who, what, whom);
        let since = self.effects.len();
        self.perform_ask(reply, &who, only.as_ref(), ask);
        self.audited(reply, &deed, since);
    }

    fn perform_ask(&mut self, reply: ReplyTo, who: &Who, only: Option<&UserId>, ask: Ask) {
        let by = who.name.clone();
        if let Err(why) = self.may_touch(&ask, only) {
            // The credential put aside for a new ticket is not wanted either.
            if let Ask::Connect { ticket, .. } | Ask::Login { ticket, .. } = ask {
                self.effects.push(Effect::DropTicket(ticket));
            }
            self.refuse(reply, Code::Forbidden, why);
            return;
        }
        match ask {
            ask @ Ask::Connect { .. } => self.connect(reply, ask),
            Ask::Login { ticket, account, link } => self.login(reply, ticket, account, link),
            Ask::Redirected { ticket, cancelled } => self.redirected(reply, ticket, cancelled),
            Ask::Abandon { ticket } => self.abandon(reply, ticket),
            Ask::Test(selection) => {
                self.with_selected(reply, &selection, only, Self::test);
            }
            Ask::SetActive(selection, on) => {
                self.with_selected(reply, &selection, only, |step, reply, ids| {
                    step.switch(reply, &by, ids, Switch::Active(on));
                });
            }
            Ask::SetAutoExecute(selection, on) => {
                self.with_selected(reply, &selection, only, |step, reply, ids| {
                    step.switch(reply, &by, ids, Switch::AutoExecute(on));
                });
            }
            Ask::SetEgress { account, egress } => self.set_egress(reply, &by, account, egress),
            Ask::CallMuster => self.call_muster(reply, &by),
            Ask::Label { accounts, add, remove } => {
                self.with_selected(reply, &accounts, only, |step, reply, ids| {
                    step.label(reply, &by, ids, (&add, &remove));
                });
            }
            Ask::Remove { account, confirm } => self.remove(reply, &by, account, &confirm),
            Ask::CheckPlan(spec) => self.check_plan(reply, spec, only),
            Ask::Amend { change, reason } => self.amend(reply, &by, change, reason),
            Ask::PutPlan(spec) => self.put_plan(reply, &by, spec),
            Ask::Arm { plan, mode, hash } => self.arm(reply, &by, plan, (mode, &hash)),
            Ask::RemovePlan(plan) => self.remove_plan(reply, &by, plan),
            Ask::RunNow(call) => self.run_now(reply, by, &call),
            Ask::Keys(task) => self.keys(reply, who, task),
            Ask::Seal => self.seal(reply, &by),
            Ask::Backup(file) => self.backup(reply, who, file),
            Ask::Purge => self.purge(reply, who),
            Ask::Release => self.release(reply, who),
            Ask::Reencrypt(user) => self.reencrypt(reply, &by, user),
            Ask::Halt(change) => self.halt(reply, &by, change),
            Ask::Resolve { intent, verdict } => self.resolve(reply, by, intent, verdict),
        }
    }

    fn with_selected(
        &mut self,
        reply: ReplyTo,
        selection: &Selection,
        only: Option<&UserId>,
        then: impl FnOnce(&mut Self, ReplyTo, Vec<AccountId>),
    ) {
        match self.selected(selection, only) {
            Ok(ids) => then(self, reply, ids),
            Err(foreign) => self.no_account(reply, foreign),
        }
    }

    /// A peer held to one person touches that person's things only; of others it is not even said that they exist.
    fn may_touch(&self, ask: &Ask, only: Option<&UserId>) -> Result<(), &'static str> {
        const NOT_YOURS: &str = "this is not yours";
        let Some(user) = only else { return Ok(()) };
        let own = |id: &AccountId| self.model.accounts.get(id).is_some_and(|a| a.user == *user);
        let allowed = match ask {
            Ask::Connect { user: whose, replaces, .. } => {
                whose == user && replaces.as_ref().is_none_or(own)
            }
            Ask::Login { account, .. } | Ask::Remove { account, .. } => own(account),
            Ask::Redirected { ticket, .. } | Ask::Abandon { ticket } => {
                self.ticket_is_of(*ticket, only)
            }
            // Held to the person's own accounts where the selection is read.
            Ask::Test(_) | Ask::SetActive(..) | Ask::SetAutoExecute(..) => true,
            Ask::SetEgress { .. }
            | Ask::CallMuster
            | Ask::Label { .. }
            | Ask::PutPlan(_)
            | Ask::CheckPlan(_)
            | Ask::Amend { .. }
            | Ask::Arm { .. }
            | Ask::RemovePlan(_)
            | Ask::RunNow(_)
            | Ask::Keys(_)
            | Ask::Seal
            | Ask::Backup(_)
            | Ask::Purge
            | Ask::Release
            | Ask::Reencrypt(_)
            | Ask::Halt(..)
            | Ask::Resolve { .. } => false,
        };
        if allowed { Ok(()) } else { Err(NOT_YOURS) }
    }
}
