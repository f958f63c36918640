//! `muster run`.

use muster_protocol::halt::Verdict;
use muster_protocol::ids::{AccountId, IntentId, LegNo, OrderId, RunId};
use muster_protocol::plan::Mode;
use muster_protocol::reply::RunCalled;
use muster_protocol::request::{ListRuns, ResolveIntent, RunNow, ShowRun, Status};
use muster_protocol::run::{CalledAs, IntentStatus, IntentView, RunCounts, RunState, RunView};

use super::{CommandError, Daemon, print, print::Printer, prompt};
use crate::cli::{NowArgs, ResolveArgs, RunCommand};

/// Lists runs, shows one, calls for one, settles orders in doubt.
pub(super) async fn run(
    daemon: &Daemon,
    command: RunCommand,
    printer: &Printer,
) -> Result<(), CommandError> {
    match command {
        RunCommand::List => {
            let runs = daemon.client.call(ListRuns {}).await?;
            if printer.is_json() {
                return print::json("runs", &runs);
            }
            let rows: Vec<_> = runs.iter().map(row).collect();
            print::table(&["RUN", "MODE", "STATE", "FIRED", "ACCOUNTS", "ORDERS"], &rows)
        }
        RunCommand::Show { run } => show(daemon, &run, *printer).await,
        RunCommand::Resolve(args) => resolve(daemon, args, *printer).await,
        RunCommand::Now(args) => now(daemon, args, *printer).await,
    }
}

/// The run is named before it is asked for: a script that asks again asks for the same one.
async fn now(daemon: &Daemon, args: NowArgs, printer: Printer) -> Result<(), CommandError> {
    let plan = super::plan::find(daemon, &args.plan).await?;
    let name = plan.spec.name.clone();
    let today = daemon.client.call(Status {}).await?.now.date();
    let later = plan.next_fire.filter(|at| at.date() == today);
    let called = match (args.instead, args.extra, later) {
        (true, _, Some(at)) => CalledAs::InsteadOf { at },
        (true, _, None) => {
            let what = format!("{name} has no firing of today to come; leave --instead out");
            return Err(CommandError::Usage(what));
        }
        (false, false, Some(at)) => {
            return Err(CommandError::Usage(format!(
                "{name} fires at {} today: say --instead to run now in its place, or --extra to run now as well",
                at.clock()
            )));
        }
        (false, _, _) => CalledAs::Extra,
    };
    let runs = daemon.client.call(ListRuns {}).await?;
    let of_today = runs.iter().filter(|run| run.id.plan == name && run.id.date == today);
    let last = of_today.map(|run| run.id.firing).max().unwrap_or(0);
    let run = RunId { plan: name, date: today, firing: last.saturating_add(1) };
    if plan.mode == Mode::Live || args.confirm.is_some() {
        let question = format!("{} Now.", super::plan::text::arming(&plan.spec));
        prompt::confirm(args.confirm, &run.to_string(), &question)?;
    }
    let call = RunNow { run, hash: plan.hash, mode: plan.mode, called };
    let done = daemon.client.call(call).await?;
    if printer.is_json() {
        return print::json("run", &done);
    }
    let RunCalled { run, mode, window_until, accounts } = done;
    let stays = match (called, later) {
        (CalledAs::Extra, Some(at)) => format!("; it fires at {} as well", at.clock()),
        (CalledAs::Extra, None) => String::new(),
        (CalledAs::InsteadOf { at }, _) => format!(", in the place of {}", at.clock()),
    };
    let until = window_until.clock();
    print::line(format!(
        "{run} fires now, {}, for {accounts} accounts, until {until}{stays}",
        mode.words()
    ))
}

async fn resolve(daemon: &Daemon, args: ResolveArgs, printer: Printer) -> Result<(), CommandError> {
    let ResolveArgs { run, account, leg, found, not_placed, send_again } = args;
    let verdict = match (found, not_placed, send_again) {
        (Some(number), ..) => Verdict::Found { order_id: OrderId(number) },
        (None, true, _) => Verdict::NotPlaced,
        (None, false, true) => Verdict::SendAgain,
        (None, false, false) => {
            let what = "say what you found: --found ORDER, --not-placed or --send-again";
            return Err(CommandError::Usage(what.to_owned()));
        }
    };
    let run = RunId::try_from(run).map_err(|error| CommandError::Usage(error.to_string()))?;
    let first = || CommandError::Usage("legs are counted from 1".to_owned());
    let leg = LegNo(leg.checked_sub(1).ok_or_else(first)?);
    let intent = IntentId { run, account: AccountId(account), leg };
    let id = intent.to_string();
    daemon.client.call(ResolveIntent { intent, verdict }).await?;
    if printer.is_json() {
        return print::json("resolved", &id);
    }
    print::line(format!("settled: {id}"))
}

pub(super) fn row(run: &RunView) -> Vec<String> {
    let state = match &run.state {
        RunState::Frozen => "frozen".to_owned(),
        RunState::Firing => "firing".to_owned(),
        RunState::Closed => "closed".to_owned(),
        RunState::Missed { reason } => format!("MISSED: {reason}"),
    };
    vec![
        run.id.to_string(),
        run.mode.words().to_owned(),
        state,
        run.fired_at.map_or_else(|| "-".to_owned(), muster_protocol::time::Timestamp::clock_millis),
        run.accounts.to_string(),
        counts(run.counts),
    ]
}

pub(super) fn counts(counts: RunCounts) -> String {
    let words: Vec<_> = IntentStatus::ALL
        .into_iter()
        .filter(|status| counts.of(*status) > 0)
        .map(|status| format!("{} {}", counts.of(status), status.words()))
        .collect();
    words.join(", ")
}

/// What a dry run would have sent; the leg has the rest.
fn would_send(intent: &IntentView) -> Option<String> {
    if intent.status != IntentStatus::Rehearsed {
        return None;
    }
    let leg = &intent.leg;
    let symbol = intent.broker_symbol.as_deref().unwrap_or(&leg.symbol);
    let tag = intent.tag.as_ref()?;
    let (product, validity) = (leg.product.words(), leg.validity.code());
    Some(format!("would be sent as {} {symbol}, {product}, {validity}, tag {tag}", leg.exchange))
}

/// A run by its name, or the newest of a plan.
async fn named(daemon: &Daemon, named: &str) -> Result<RunId, CommandError> {
    if named.contains('@') {
        return RunId::try_from(named.to_owned())
            .map_err(|error| CommandError::Usage(error.to_string()));
    }
    let runs = daemon.client.call(ListRuns {}).await?;
    let newest = runs.into_iter().rev().find(|run| run.id.plan.as_str() == named);
    newest.map(|run| run.id).ok_or_else(|| {
        CommandError::NotFound(format!(
            "{named} did not run in the last days; muster run list shows all"
        ))
    })
}

async fn show(daemon: &Daemon, wanted: &str, printer: Printer) -> Result<(), CommandError> {
    let run = named(daemon, wanted).await?;
    let details = daemon.client.call(ShowRun { run }).await?;
    if printer.is_json() {
        return print::json("run", &details);
    }
    print::line(row(&details.run).join("  "))?;
    details.run.called.iter().try_for_each(|called| print::line(called.words()))?;
    let rows: Vec<Vec<String>> = details
        .intents
        .iter()
        .map(|intent| {
            let failure = intent.failure.as_ref();
            let why = failure.map(|f| f.broker_says.clone().unwrap_or_else(|| f.means.clone()));
            vec![
                intent.user.to_string(),
                intent.broker.to_string(),
                intent.leg.words(),
                intent.status.words().to_owned(),
                intent.order_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                intent.took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default(),
                why.or_else(|| would_send(intent)).unwrap_or_default(),
            ]
        })
        .collect();
    print::table(&["USER", "BROKER", "LEG", "STATUS", "ORDER", "TOOK", "WHY"], &rows)?;
    print::line(format!("in doubt: {}", details.run.ambiguity.words()))?;
    for left in &details.run.left_out {
        let words: Vec<_> =
            left.reasons.iter().map(muster_protocol::account::Unfit::words).collect();
        print::line(format!("left out: {} {}: {}", left.user, left.broker, words.join("; ")))?;
    }
    Ok(())
}
