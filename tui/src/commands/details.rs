//! One account in full, as text.

use muster_protocol::account::{AccountView, Fitness, SessionView, Unfit};
use muster_protocol::check::{CheckOutcome, CheckView, OrderPermission, StepVerdict};
use muster_protocol::failure::Explained;
use muster_protocol::time::Timestamp;

use super::{CommandError, print, print::Printer};
use crate::text;

/// Everything that is known of an account, but its credential.
pub(super) fn show(
    account: &AccountView,
    now: Timestamp,
    printer: Printer,
) -> Result<(), CommandError> {
    if printer.is_json() {
        return print::json("account", account);
    }
    lines(account, now).iter().try_for_each(print::line)
}

fn lines(account: &AccountView, now: Timestamp) -> Vec<String> {
    let when = |at: Timestamp| format!("{}, {}", at.day_clock(), text::ago(now.since(at)));
    let switch = |on: bool| if on { "on" } else { "off" };
    let mut rows = vec![
        ("account", format!("{} {} {}", account.id, account.user, account.broker)),
        ("client", format!("{} {}", account.client_id, account.holder)),
        ("status", account.status.words().to_owned()),
        ("next run", fitness(account)),
        ("orders", orders(account, now)),
        ("session", session(account.session, now)),
        ("last ok", account.last_ok.map_or_else(|| "never".to_owned(), when)),
        ("auto", switch(account.auto_execute).to_owned()),
        ("egress", account.egress.to_string()),
        ("credential", format!("stored {}", when(account.connected_at))),
    ];
    if let Some(last) = &account.last_run {
        let counts = last.counts.map_or_else(|| "left out".to_owned(), super::run::counts);
        rows.push(("last run", format!("{}: {counts}", last.run)));
    }
    if let Some(latency) = account.latency_ms {
        rows.push(("latency", format!("{latency} ms")));
    }
    let mut lines: Vec<String> =
        rows.into_iter().map(|(label, value)| format!("{label:<11} {value}")).collect();
    if let Some(check) = &account.last_check {
        lines.push(format!("{:<11} {}", "tested", when(check.started)));
        lines.extend(steps(check));
    }
    for past in &account.history {
        let verdict = past.failed.map_or("ok", |kind| kind.words());
        lines.push(format!("{:<11} {} {verdict}", "before", past.at.day_clock()));
    }
    lines
}

fn fitness(account: &AccountView) -> String {
    match &account.fitness {
        Fitness::Fit => "fit".to_owned(),
        Fitness::Unfit { reasons } => {
            let reasons: Vec<String> = reasons.iter().map(Unfit::words).collect();
            format!("NOT FIT: {}", reasons.join("; "))
        }
        Fitness::Off if account.active => "takes no part: auto-execute is off".to_owned(),
        Fitness::Off => "takes no part: inactive".to_owned(),
    }
}

fn orders(account: &AccountView, now: Timestamp) -> String {
    let words = match &account.permission {
        OrderPermission::Refused { seen: Some(ip) } => format!("REFUSED, the broker saw {ip}"),
        OrderPermission::CannotTell { why } => format!("unclear: {why}"),
        other => other.words().to_owned(),
    };
    match account.permission_at {
        Some(at) => format!("{words}, asked {}", text::ago(now.since(at))),
        None => words,
    }
}

fn session(session: SessionView, now: Timestamp) -> String {
    match session {
        SessionView::None => "none".to_owned(),
        SessionView::Live { until, .. } => {
            format!("until {}, {} left", until.day_clock(), text::span(until.since(now)))
        }
        SessionView::Ended { at } => format!("ended {}", at.day_clock()),
    }
}

/// The steps of a check, and why it failed if it did.
pub(super) fn steps(check: &CheckView) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for step in &check.steps {
        let sign = match step.verdict {
            StepVerdict::Waiting | StepVerdict::Running => "--",
            StepVerdict::Passed => "ok",
            StepVerdict::Unknown => "??",
            StepVerdict::Failed => "!!",
        };
        let took = step.took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
        let name = step.step.words();
        lines.push(format!("  [{sign}] {name:<17} {took:>8}  {}", step.detail));
    }
    if let CheckOutcome::Failed { failure } = &check.outcome {
        lines.extend(explained(failure));
    }
    lines
}

fn explained(failure: &Explained) -> Vec<String> {
    let says = failure.broker_says.as_ref().map(|words| format!("  broker says  {words}"));
    let rest =
        [format!("  it means     {}", failure.means), format!("  do           {}", failure.action)];
    says.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::world;

    #[test]
    fn all_that_is_known_is_shown() {
        let account = world::accounts().remove(1);
        let shown = lines(&account, world::snapshot().status.now).join("\n");
        for words in [account.user.as_str(), "session", "credential", "NOT FIT", "  do   "] {
            assert!(shown.contains(words), "{words} in\n{shown}");
        }
    }
}
