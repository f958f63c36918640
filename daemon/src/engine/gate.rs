//! The last look before an order leaves: a task that was spawned before a halt and starts after it
//! finds the gate shut, and so does one whose account was switched off, that waits while runs come to be HELD
//! or the vault is sealed, or that waited for so long that the run's window is over, as after a machine has
//! slept. The model decides; this only carries it to the tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use muster_protocol::halt::HaltScope;
use muster_protocol::ids::{AccountId, RunId, UserId};
use muster_protocol::time::Timestamp;

use crate::domain::account::Account;
use crate::domain::model::Model;
use crate::domain::record::Record;

/// What is stopped, for tasks that send.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<RwLock<Stopped>>);

#[derive(Default, PartialEq, Eq)]
struct Stopped {
    halts: BTreeSet<HaltScope>,
    called_off: BTreeMap<RunId, &'static str>,
    barred: Option<&'static str>,
    off: BTreeSet<AccountId>,
}

/// An order that is about to leave.
pub(super) struct Leaving {
    pub(super) user: UserId,
    pub(super) account: AccountId,
    pub(super) run: RunId,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Gate {
    /// Takes over what the model says; before the halt is acknowledged.
    pub(super) fn set(&self, model: &Model) {
        let same = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            let stopped = known.halts == model.halts && known.called_off == model.called_off;
            stopped && known.barred == model.barred()
        };
        if !same {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.halts.clone_from(&model.halts);
            known.called_off.clone_from(&model.called_off);
            known.barred = model.barred();
        }
    }

    /// Takes over which accounts these durable records, which the model has applied, switched on or off;
    /// before who asked for it is answered.
    pub(super) fn switched(&self, accounts: &[AccountId], model: &Model) {
        if accounts.is_empty() {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for id in accounts {
            let on = |account: &Account| account.active && account.auto_execute;
            if model.accounts.get(id).is_some_and(on) {
                known.off.remove(id);
            } else {
                known.off.insert(*id);
            }
        }
    }

    /// Why an order must not leave now, if so.
    pub(super) fn shut(&self, order: &Leaving, now: Timestamp) -> Option<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.halts.iter().any(|scope| scope.holds(&order.user, &order.run.plan)) {
            return Some("halted before it left".to_owned());
        }
        if let Some(why) = known.called_off.get(&order.run) {
            return Some(format!("{why} before it left"));
        }
        if known.off.contains(&order.account) {
            return Some("the account was switched off before it left".to_owned());
        }
        if let Some(why) = known.barred {
            return Some(format!("stopped before it left: {why}"));
        }
        let open = order.from <= now && now < order.until;
        (!open).then(|| {
            format!("its window was not open when it was about to leave, at {}", now.clock())
        })
    }
}

/// The accounts that these records may have switched on or off.
pub(super) fn accounts_of(records: &[Record]) -> Vec<AccountId> {
    let of = |record: &Record| {
        let Record::Account(id, _) = record else { return None };
        Some(*id)
    };
    records.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use muster_protocol::plan::Mode;
    use muster_protocol::status::{HoldReason, VaultState};

    use super::*;
    use crate::domain::account::AccountEvent;
    use crate::domain::calendar::Calendar;
    use crate::domain::tests::{records, settings};

    /// The machine slept, or the price took its time: the task comes to the post when nobody expects it.
    #[test]
    fn nothing_leaves_before_its_time_after_its_window_or_once_it_is_stopped() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let (user, run): (UserId, RunId) =
            ("asha".parse().unwrap(), "btst@2026-11-23".to_owned().try_into().unwrap());
        let (from, until) = (at(10), at(20));
        let account = AccountId(1);
        let order = Leaving { user: user.clone(), account, run: run.clone(), from, until };
        let mut model = Model::new(settings(), Calendar::built_in(), at(0));
        let gate = Gate::default();
        let open = |second: i64| gate.shut(&order, at(second)).is_none();
        assert!(open(10) && open(19) && !open(9) && !open(20) && !open(3_600));
        model.halts.insert(HaltScope::User(user));
        gate.set(&model);
        assert!(!open(10));
        model.halts.clear();
        model.called_off.insert(run, "the plan was disarmed");
        gate.set(&model);
        assert_eq!(gate.shut(&order, at(10)).unwrap(), "the plan was disarmed before it left");
        model.called_off.clear();
        gate.set(&model);
        assert!(open(10));
        model.held = Some(HoldReason::SecondSender);
        gate.set(&model);
        assert!(gate.shut(&order, at(10)).unwrap().contains("HELD"));
        model.held = None;
        model.vault = VaultState::Sealed;
        gate.set(&model);
        assert!(!open(10));
        model.vault = VaultState::Open;
        gate.set(&model);
        assert!(open(10));
    }

    #[test]
    fn nothing_leaves_for_an_account_that_was_switched_off_meanwhile() {
        let now = Timestamp::from_millis(10_000);
        let mut model = Model::new(settings(), Calendar::built_in(), now);
        for record in records(2, Mode::Live, now) {
            model.apply(&record).unwrap();
        }
        let gate = Gate::default();
        let shut = |account| {
            let (user, run): (UserId, RunId) =
                ("user1".parse().unwrap(), "btst@2026-11-23".to_owned().try_into().unwrap());
            let until = now.plus(1);
            gate.shut(&Leaving { user, account: AccountId(account), run, from: now, until }, now)
        };
        let switched = [
            (AccountEvent::Active { on: false, at: now }, true),
            (AccountEvent::Active { on: true, at: now }, false),
            (AccountEvent::AutoExecute { on: false, at: now }, true),
            (AccountEvent::AutoExecute { on: true, at: now }, false),
            (AccountEvent::Removed { at: now }, true),
        ];
        for (event, is_shut) in switched {
            let record = Record::Account(AccountId(1), event);
            model.apply(&record).unwrap();
            gate.switched(&accounts_of(&[record]), &model);
            assert_eq!((shut(1).is_some(), shut(2).is_some()), (is_shut, false));
        }
    }
}
