//! `muster test`: begins the test and watches the feed until every account has its result.

use std::collections::BTreeMap;
use std::time::Duration;

use muster_protocol::account::{AccountStatus, AccountView};
use muster_protocol::check::CheckOutcome;
use muster_protocol::event::{Delta, Feed};
use muster_protocol::ids::AccountId;
use muster_protocol::request::{Selection, Subscribe, TestAccounts};
use muster_protocol::time::Timestamp;

use super::{CommandError, Daemon, choose, details, print, print::Printer};
use crate::cli::TestArgs;

/// How long the results may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// Tests; fails unless every account passes.
pub(super) async fn test(
    daemon: &mut Daemon,
    args: &TestArgs,
    printer: &Printer,
) -> Result<(), CommandError> {
    let subscribed = daemon.client.call(Subscribe { journal_tail: 0 }).await?;
    let known = subscribed.snapshot.accounts;
    let mut watch = Watch::after(&known);
    let accounts = match &args.account {
        Some(named) => Selection::Ids(vec![choose(known, named)?.id]),
        None => Selection::All,
    };
    let touched = daemon.client.call(TestAccounts { accounts }).await?;
    let all = watch.until(daemon, subscribed.seq, &touched.accounts);
    tokio::time::timeout(PATIENCE, all).await.map_err(|_| {
        CommandError::TimedOut(format!("no result within {} s", PATIENCE.as_secs()))
    })??;
    let results: Vec<&AccountView> = watch.done.values().collect();
    if printer.is_json() {
        print::json("accounts", &results)?;
    } else {
        results.iter().try_for_each(|account| print(account, *printer))?;
    }
    let failed = results.iter().filter(|account| !passed(account)).count();
    match failed {
        0 => Ok(()),
        n => Err(CommandError::Failed(format!("{n} of {} accounts failed", results.len()))),
    }
}

/// What has been seen of the accounts under test. A check is known by when it started.
#[derive(Default)]
struct Watch {
    before: BTreeMap<AccountId, Timestamp>,
    running: BTreeMap<AccountId, Timestamp>,
    done: BTreeMap<AccountId, AccountView>,
}

impl Watch {
    /// What there is before the test begins; a check under way then is as good as a new one.
    fn after(known: &[AccountView]) -> Self {
        let mut watch = Self::default();
        for account in known {
            if let Some(check) = &account.last_check {
                watch.before.insert(account.id, check.started);
                if check.outcome == CheckOutcome::Running {
                    watch.running.insert(account.id, check.started);
                }
            }
        }
        watch
    }

    async fn until(
        &mut self,
        daemon: &mut Daemon,
        mut last: u64,
        wanted: &[AccountId],
    ) -> Result<(), CommandError> {
        while !wanted.iter().all(|id| self.done.contains_key(id)) {
            let Some(item) = daemon.feed.recv().await else {
                return Err(CommandError::NoDaemon("the connection was lost".to_owned()));
            };
            let snapshot = match item {
                Feed::Delta { seq, .. } if seq <= last => continue,
                Feed::Delta { seq, delta } if seq == last.saturating_add(1) => {
                    last = seq;
                    if let Delta::Account(account) = *delta {
                        self.look(*account, wanted);
                    }
                    continue;
                }
                Feed::Delta { .. } => {
                    let anew = daemon.resubscribe().await?;
                    last = anew.seq;
                    anew.snapshot
                }
                Feed::Resync { seq, snapshot } => {
                    last = seq;
                    *snapshot
                }
            };
            snapshot.accounts.into_iter().for_each(|account| self.look(account, wanted));
        }
        Ok(())
    }

    fn look(&mut self, account: AccountView, wanted: &[AccountId]) {
        if !wanted.contains(&account.id) {
            return;
        }
        let waits = account.status == AccountStatus::LoginDue;
        let Some(check) = &account.last_check else {
            if waits {
                self.done.insert(account.id, account);
            }
            return;
        };
        let started = check.started;
        if check.outcome == CheckOutcome::Running {
            self.running.insert(account.id, started);
            return;
        }
        // Between the end of a check and its result being stored, the old one is shown once more.
        let is_new = self.before.get(&account.id).is_none_or(|before| started > *before);
        if is_new || waits || self.running.get(&account.id) == Some(&started) {
            self.done.insert(account.id, account);
        }
    }
}

fn passed(account: &AccountView) -> bool {
    account.last_check.as_ref().is_some_and(|check| check.outcome == CheckOutcome::Passed)
}

fn print(account: &AccountView, _printer: Printer) -> Result<(), CommandError> {
    let verdict = if passed(account) { "ok" } else { "FAILED" };
    let name = format!("{} {}", account.user, account.broker);
    print::line(format!("{verdict:<7} {name}: {}", account.status.words()))?;
    let steps = account.last_check.as_ref().map(details::steps).unwrap_or_default();
    steps.iter().try_for_each(print::line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::world;

    /// An account whose check started so many milliseconds after the one that is known.
    fn at(after: i64, outcome: CheckOutcome) -> AccountView {
        let mut account = world::accounts().remove(0);
        let check = account.last_check.as_mut().unwrap();
        (check.started, check.outcome) = (check.started.plus(after), outcome);
        account
    }

    /// An account whose address was refused was reported as good: when a check has ended and its result
    /// is not stored yet, the daemon shows the one before for a moment.
    #[test]
    fn only_the_result_of_this_test_counts() {
        let old = at(0, CheckOutcome::Passed);
        let wanted = [old.id];
        let mut watch = Watch::after(std::slice::from_ref(&old));
        for seen in [old.clone(), at(5, CheckOutcome::Running), old] {
            watch.look(seen, &wanted);
            assert!(watch.done.is_empty());
        }
        watch.look(at(5, CheckOutcome::Passed), &wanted);
        assert_eq!(watch.done.len(), 1);
    }

    #[test]
    fn a_test_that_was_under_way_already_counts() {
        let mut watch = Watch::after(&[at(0, CheckOutcome::Running)]);
        watch.look(at(0, CheckOutcome::Passed), &[at(0, CheckOutcome::Passed).id]);
        assert_eq!(watch.done.len(), 1);
    }
}
