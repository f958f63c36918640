//! When the broker is asked whether it takes orders from our address. The question is a cancel of an order
//! that cannot exist; it may count against the account's limits, so it is not put with every check.

use muster_protocol::check::OrderPermission;
use muster_protocol::time::{MINUTE, Timestamp};

use super::super::account::Account;
use super::super::model::Model;
use super::Ahead;

/// Why a check is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A person asked for it.
    Asked,
    /// All are called.
    Muster,
    /// The egress leaves by another address than before.
    EgressChanged,
    /// The broker ended the session before its time.
    LogInAgain,
}

/// A muster so long before a run is that run's.
const BEFORE_RUN_MS: i64 = 15 * MINUTE;

impl Model {
    /// Whether the verdict on order permission was found by another address than the account leaves by now.
    pub fn permission_is_stale(&self, account: &Account) -> bool {
        let now = self.leaves_as(&account.identity.egress);
        match (&account.permission_from, now) {
            (Some(then), Some(now)) => then != now,
            // Not known then or not known now: nothing shows that it changed.
            (None, _) | (_, None) => false,
        }
    }
}

/// Whether this check asks for the order permission, too.
pub fn probe_wanted(model: &Model, now: Timestamp, account: &Account, purpose: Purpose) -> bool {
    let allowed = account.permission == OrderPermission::Allowed;
    let changed =
        account.permission == OrderPermission::Untested || model.permission_is_stale(account);
    match purpose {
        Purpose::Asked | Purpose::EgressChanged => true,
        Purpose::LogInAgain => changed,
        Purpose::Muster if changed => true,
        Purpose::Muster => {
            let Some(last) = account.permission_at else { return true };
            let first_today = last.date() != now.date();
            let run = Ahead::next(model, now).due.map(|due| due.at);
            let before_run = run.is_some_and(|at| {
                let pre_run = at.plus(-BEFORE_RUN_MS);
                pre_run <= now && last < pre_run
            });
            // A refusal may have been settled at the broker since.
            let refused =
                !allowed && !matches!(account.permission, OrderPermission::CannotTell { .. });
            first_today || before_run || refused
        }
    }
}
