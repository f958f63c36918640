//! `muster wait`: looks, and looks again whenever the daemon says that something changed. A daemon that
//! restarts meanwhile is waited for.

use std::path::Path;
use std::time::Duration;

use muster_protocol::account::{AccountView, Fitness, Unfit};
use muster_protocol::client::CallError;
use muster_protocol::event::{Delta, Feed};
use muster_protocol::ids::{PlanId, RunId};
use muster_protocol::request::{ListAccounts, ListPlans, ListRuns, Status, Subscribe};
use muster_protocol::run::{IntentStatus, RunState, RunView};
use muster_protocol::status::VaultState;

use super::{CommandError, Daemon, choose, print, print::Printer, run};
use crate::cli::{WaitArgs, WaitFor};

/// Between two tries to reach a daemon that is away.
const RETRY: Duration = Duration::from_millis(250);
/// Changes come in bursts; this long they are gathered before the next look.
const GATHER: Duration = Duration::from_millis(50);

/// Waits; fails when it cannot come true, or not in time.
pub(super) async fn wait(
    socket: &Path,
    args: &WaitArgs,
    printer: Printer,
) -> Result<(), CommandError> {
    let mut waiter =
        Waiter { what: &args.what, printer, seen: String::new(), met: false, run: None };
    let Some(most) = args.timeout else { return waiter.until(socket).await };
    match tokio::time::timeout(most, waiter.until(socket)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            Err(CommandError::TimedOut(format!("not within {} s: {}", most.as_secs(), waiter.seen)))
        }
    }
}

struct Waiter<'a> {
    what: &'a WaitFor,
    printer: Printer,
    /// Why it is not so yet.
    seen: String,
    /// Whether a daemon answered once.
    met: bool,
    /// The run that is waited for, once it is known.
    run: Option<RunId>,
}

impl Waiter<'_> {
    async fn until(&mut self, socket: &Path) -> Result<(), CommandError> {
        loop {
            let outcome = match Daemon::connect(socket).await {
                Ok(mut daemon) => {
                    self.met = true;
                    self.watch(&mut daemon).await
                }
                Err(error) => Err(error),
            };
            // A socket that never answered is more likely the wrong one.
            let goes_on = self.met || matches!(self.what, WaitFor::Daemon);
            match outcome {
                Err(
                    gone
                    @ (CommandError::NoDaemon(_) | CommandError::Call(CallError::Disconnected)),
                ) if goes_on => {
                    self.seen = gone.to_string();
                    tokio::time::sleep(RETRY).await;
                }
                other => return other,
            }
        }
    }

    async fn watch(&mut self, daemon: &mut Daemon) -> Result<(), CommandError> {
        daemon.client.call(Subscribe { journal_tail: 0 }).await?;
        loop {
            if let Some(outcome) = self.look(daemon).await? {
                return outcome;
            }
            loop {
                let Some(item) = daemon.feed.recv().await else {
                    return Err(CommandError::NoDaemon("the connection was lost".to_owned()));
                };
                if !matches!(&item, Feed::Delta { delta, .. } if matches!(**delta, Delta::Journal(_)))
                {
                    break;
                }
            }
            tokio::time::sleep(GATHER).await;
            while daemon.feed.try_recv().is_ok() {}
        }
    }

    /// The end, if this is it.
    async fn look(
        &mut self,
        daemon: &Daemon,
    ) -> Result<Option<Result<(), CommandError>>, CommandError> {
        match self.what {
            WaitFor::Daemon | WaitFor::Unsealed => self.vault(daemon).await,
            WaitFor::Fit { accounts } => self.fit(daemon, accounts).await,
            WaitFor::Closed { run } => self.closed(daemon, run).await,
        }
    }

    async fn vault(
        &mut self,
        daemon: &Daemon,
    ) -> Result<Option<Result<(), CommandError>>, CommandError> {
        let status = daemon.client.call(Status {}).await?;
        if matches!(self.what, WaitFor::Unsealed) && status.vault == VaultState::Sealed {
            "the vault is sealed".clone_into(&mut self.seen);
            return Ok(None);
        }
        let words = match self.what {
            WaitFor::Daemon => format!("musterd {} answers", status.version),
            _ => "the vault is open".to_owned(),
        };
        self.print("status", &status, &words).map(|()| Some(Ok(())))
    }

    async fn fit(
        &mut self,
        daemon: &Daemon,
        named: &[String],
    ) -> Result<Option<Result<(), CommandError>>, CommandError> {
        let all = daemon.client.call(ListAccounts {}).await?;
        let wanted: Vec<AccountView> = if named.is_empty() {
            all.into_iter().filter(|account| account.fitness != Fitness::Off).collect()
        } else {
            let one = |named: &String| choose(all.clone(), named);
            named.iter().map(one).collect::<Result<_, _>>()?
        };
        let unfit: Vec<String> = wanted.iter().filter_map(why_not).collect();
        if wanted.is_empty() {
            "nobody takes part; see muster account auto".clone_into(&mut self.seen);
        } else if unfit.is_empty() {
            let words = format!("{} fit", wanted.len());
            return self.print("accounts", &wanted, &words).map(|()| Some(Ok(())));
        } else {
            self.seen = unfit.join("; ");
        }
        Ok(None)
    }

    async fn closed(
        &mut self,
        daemon: &Daemon,
        named: &str,
    ) -> Result<Option<Result<(), CommandError>>, CommandError> {
        let runs = daemon.client.call(ListRuns {}).await?;
        let id = match &self.run {
            Some(id) => id.clone(),
            None => which(daemon, named, &runs).await?,
        };
        self.run = Some(id.clone());
        let Some(found) = runs.iter().find(|run| run.id == id) else {
            // It may have been frozen between the two questions: then it is there now, and not to come.
            let there = async || -> Result<bool, CommandError> {
                Ok(daemon.client.call(ListRuns {}).await?.iter().any(|run| run.id == id))
            };
            if !to_come(daemon, &id).await? && !there().await? {
                return Err(CommandError::NotFound(format!(
                    "there is no run {id}, and none to come; see muster run list and muster plan list"
                )));
            }
            self.seen = format!("{id} has not begun");
            return Ok(None);
        };
        let Some(verdict) = over(found) else {
            self.seen = format!("{id} is not over: {}", run::counts(found.counts));
            return Ok(None);
        };
        self.print("run", found, &run::row(found).join("  "))?;
        Ok(Some(verdict))
    }

    fn print<T: serde::Serialize>(
        &self,
        key: &str,
        value: &T,
        words: &str,
    ) -> Result<(), CommandError> {
        if self.printer.is_json() { print::json(key, value) } else { print::line(words) }
    }
}

/// A run by its name. Of a plan: its run of today that is under way, else the one to come, else the last.
async fn which(daemon: &Daemon, named: &str, runs: &[RunView]) -> Result<RunId, CommandError> {
    if named.contains('@') {
        return RunId::try_from(named.to_owned())
            .map_err(|error| CommandError::Usage(error.to_string()));
    }
    let plan: PlanId = named.parse().map_err(|error| CommandError::Usage(format!("{error}")))?;
    let date = daemon.client.welcome().now.date();
    let of_today = || runs.iter().filter(|run| run.id.plan == plan && run.id.date == date);
    let last = of_today().max_by_key(|run| run.id.firing);
    let firing = last.map_or(0, |run| run.id.firing).saturating_add(1);
    let next = RunId { plan: plan.clone(), date, firing };
    let under_way = of_today().find(|run| over(run).is_none()).map(|run| run.id.clone());
    match (under_way, last) {
        (Some(id), _) => Ok(id),
        (None, Some(last)) if !to_come(daemon, &next).await? => Ok(last.id.clone()),
        (None, _) => Ok(next),
    }
}

/// Whether a run may still begin.
async fn to_come(daemon: &Daemon, id: &RunId) -> Result<bool, CommandError> {
    let plans = daemon.client.call(ListPlans {}).await?;
    let of_plan = plans.iter().filter(|plan| plan.spec.name == id.plan);
    Ok(of_plan.filter_map(|plan| plan.next_fire).any(|at| at.date() <= id.date))
}

/// How a run went, once it is over.
fn over(run: &RunView) -> Option<Result<(), CommandError>> {
    match &run.state {
        RunState::Frozen | RunState::Firing => None,
        RunState::Missed { reason } => {
            Some(Err(CommandError::Failed(format!("{} was MISSED: {reason}", run.id))))
        }
        RunState::Closed => {
            let good = IntentStatus::ALL.into_iter().filter(|status| went_well(*status));
            let good: u32 = good.map(|status| run.counts.of(status)).sum();
            let all = run.counts.total();
            Some(if good == all {
                Ok(())
            } else {
                let missing = all.saturating_sub(good);
                Err(CommandError::Failed(format!(
                    "{missing} of {all} orders of {} did not go well: {}; see muster run show {}",
                    run.id,
                    run::counts(run.counts),
                    run.id
                )))
            })
        }
    }
}

/// Whether an order is where it was wanted: at the broker, and neither rejected nor cancelled there.
const fn went_well(status: IntentStatus) -> bool {
    match status {
        IntentStatus::Accepted
        | IntentStatus::Open
        | IntentStatus::PartlyFilled
        | IntentStatus::Filled
        | IntentStatus::Rehearsed => true,
        IntentStatus::Planned
        | IntentStatus::Sending
        | IntentStatus::Rejected
        | IntentStatus::Cancelled
        | IntentStatus::Refused
        | IntentStatus::NotSent
        | IntentStatus::InDoubt
        | IntentStatus::Missed => false,
    }
}

fn why_not(account: &AccountView) -> Option<String> {
    let why = match &account.fitness {
        Fitness::Fit => return None,
        Fitness::Unfit { reasons } => {
            reasons.iter().map(Unfit::words).collect::<Vec<_>>().join(", ")
        }
        Fitness::Off if account.active => "auto-execute is off".to_owned(),
        Fitness::Off => "inactive".to_owned(),
    };
    Some(format!("{} {}: {why}", account.user, account.broker))
}
