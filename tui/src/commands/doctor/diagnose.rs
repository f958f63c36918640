//! From what was seen to what is wrong. Pure: the same sight gives the same lines.

use muster_protocol::account::{AccountView, Fitness, Unfit};
use muster_protocol::check::CheckOutcome;
use muster_protocol::halt::HaltScope;
use muster_protocol::plan::Mode;
use muster_protocol::reply::Role;
use muster_protocol::status::{EgressView, NextRun, VaultState};
use muster_protocol::time::{DAY, MINUTE, SECOND, TimeOfDay, Timestamp};

use super::Finding;
use super::look::Seen;
use crate::text;

/// How far the daemon's clock may be from this machine's.
const CLOCKS_APART: i64 = 2 * SECOND;
/// An observation of an egress is old after this.
const OBSERVED_WITHIN: i64 = 60 * MINUTE;
/// The calendar is to be renewed so long before it ends.
const CALENDAR_LEFT: i64 = 14 * DAY;
/// So many people who are not fit are named; the rest are counted.
const NAMED: usize = 20;

/// Everything that is right or wrong, in the order in which it is to be mended.
pub(super) fn diagnose(seen: &Seen, socket: &str, backup_days: u16) -> Vec<Finding> {
    let mut findings = vec![answers(seen, socket), version(seen), vault(seen)];
    findings.extend(held(seen));
    findings.extend(seen.status.halts.iter().map(halted));
    findings.push(clock(seen));
    findings.extend(seen.status.egress.iter().flat_map(|way| egress(way, seen.status.now)));
    findings.push(calendar(seen));
    findings.push(next_run(seen));
    findings.extend(accounts(seen));
    findings.extend(in_doubt(seen));
    findings.push(backup(seen, backup_days));
    findings.push(journal(seen));
    findings
}

fn answers(seen: &Seen, socket: &str) -> Finding {
    let role = match &seen.welcome.role {
        Role::Operator => "an operator".to_owned(),
        Role::Viewer => "a viewer".to_owned(),
        Role::User { user } => format!("the user {user}, whose accounts alone are seen"),
    };
    let says = format!("{socket} answers in {} ms; you are {role}", seen.answered_ms);
    Finding::ok("socket", says)
}

/// Of one protocol they are, or hello would have been refused.
fn version(seen: &Seen) -> Finding {
    let (here, there) = (env!("CARGO_PKG_VERSION"), seen.welcome.build.as_str());
    if here == there {
        let protocol = u32::from(seen.welcome.protocol);
        return Finding::ok("version", format!("{here}, protocol {protocol}"));
    }
    let says = format!("muster is {here}, musterd is {there}");
    Finding::warn("version", says, "install both of one build, then systemctl restart musterd")
}

fn vault(seen: &Seen) -> Finding {
    match seen.status.vault {
        VaultState::Open => Finding::ok("vault", "open"),
        VaultState::Sealed => {
            Finding::fail("vault", "sealed: nothing can be tested or sent", "muster vault unseal")
        }
    }
}

fn held(seen: &Seen) -> Option<Finding> {
    let reason = seen.status.held?;
    let remedy = "look at today's orders at the brokers, then: muster release";
    Some(Finding::fail("runs", reason.words(), remedy))
}

fn halted(scope: &HaltScope) -> Finding {
    let flag = match scope {
        HaltScope::All => String::new(),
        HaltScope::User(user) => format!(" --user {user}"),
        HaltScope::Plan(plan) => format!(" --plan {plan}"),
    };
    let says = format!("{} is halted; nothing of it leaves", scope.words());
    Finding::warn("halt", says, format!("muster resume{flag}, when it is to go on"))
}

fn clock(seen: &Seen) -> Finding {
    let apart = seen.welcome.now.since(seen.here);
    if apart.abs() <= CLOCKS_APART {
        return Finding::ok("clock", format!("{} IST", seen.status.now.day_clock()));
    }
    let way = if apart > 0 { "ahead of" } else { "behind" };
    let says = format!("the daemon is {} {way} this machine", text::span(apart.abs()));
    Finding::fail(
        "clock",
        says,
        "timedatectl set-ntp true, then restart musterd; runs go by its clock",
    )
}

fn egress(way: &EgressView, now: Timestamp) -> Vec<Finding> {
    let name = format!("{} {}", way.name, way.address);
    let seen = match &way.observed {
        None => Finding::warn(
            "egress",
            format!("{name} was not observed from outside"),
            "set observe_url in [[egress]] of the configuration, then test an account",
        ),
        Some(seen) if seen.address != way.address => Finding::fail(
            "egress",
            format!("{name}, but the world sees {}", seen.address),
            "mend the route or the address in [[egress]]; brokers refuse orders from another one",
        ),
        Some(seen) if now.since(seen.at) > OBSERVED_WITHIN => Finding::warn(
            "egress",
            format!("{name} was last observed {}", text::ago(now.since(seen.at))),
            "muster test --all",
        ),
        Some(seen) => {
            let ago = text::ago(now.since(seen.at));
            Finding::ok("egress", format!("{name}, observed {ago}, {} accounts", way.accounts))
        }
    };
    let shared = way.shared_at.iter().map(|broker| {
        Finding::warn(
            "egress",
            format!("unrelated people may not share {} at {broker}", way.name),
            "give them an egress each, unless they are one family",
        )
    });
    std::iter::once(seen).chain(shared).collect()
}

fn calendar(seen: &Seen) -> Finding {
    let until = seen.status.calendar_until;
    let left = until.at(TimeOfDay::hm(23, 59)).since(seen.status.now);
    let says = format!("holidays are known until {}", until.words());
    let remedy = "install a newer musterd, or its newer list of holidays";
    match left {
        ..0 => Finding::fail("calendar", says, remedy),
        _ if left < CALENDAR_LEFT => Finding::warn("calendar", says, remedy),
        _ => Finding::ok("calendar", says),
    }
}

fn next_run(seen: &Seen) -> Finding {
    let Some(next) = &seen.status.next_run else {
        let why = seen.plans.iter().find_map(|plan| plan.no_fire_because.clone());
        let says = why.map_or_else(|| "no plan will fire".to_owned(), |why| format!("none: {why}"));
        return Finding::warn("next run", says, "muster plan list, muster plan put");
    };
    let left = text::countdown(next.at.since(seen.status.now));
    let says = format!("{} {} at {}, in {left}", next.plan, next.mode.words(), next.at.day_clock());
    Finding::ok("next run", says)
}

/// Whoever is not fit for a live run within a day is in its way.
fn accounts(seen: &Seen) -> Vec<Finding> {
    let counts = seen.status.counts;
    let unfit = seen.accounts.iter().filter_map(|account| match &account.fitness {
        Fitness::Unfit { reasons } => Some((account, reasons)),
        Fitness::Fit | Fitness::Off => None,
    });
    let unfit: Vec<(&AccountView, &Vec<Unfit>)> = unfit.collect();
    let all = format!("{} fit, {} not, {} off", counts.fit, counts.unfit, counts.off);
    if unfit.is_empty() {
        return match counts.fit {
            0 => vec![Finding::warn(
                "accounts",
                format!("{all}: nobody takes part"),
                "muster account connect, then muster account auto ACCOUNT on",
            )],
            _ => vec![Finding::ok("accounts", all)],
        };
    }
    let soon = |next: &NextRun| next.mode == Mode::Live && next.at.since(seen.status.now) < DAY;
    let urgent = seen.status.next_run.as_ref().is_some_and(soon);
    let make = if urgent { Finding::fail } else { Finding::warn };
    let mut findings = vec![Finding::ok("accounts", all)];
    findings.extend(unfit.iter().take(NAMED).map(|(account, reasons)| {
        let words: Vec<String> = reasons.iter().map(Unfit::words).collect();
        let says = format!("{} {}: {}", account.user, account.broker, words.join("; "));
        make("unfit", says, remedy(account, reasons))
    }));
    if let Some(more) = unfit.len().checked_sub(NAMED).filter(|more| *more > 0) {
        findings.push(make("unfit", format!("and {more} more"), "muster muster".to_owned()));
    }
    findings
}

fn remedy(account: &AccountView, reasons: &[Unfit]) -> String {
    let named = account.id;
    match reasons.first() {
        Some(Unfit::LoginDue) => format!("muster account login {named}"),
        Some(Unfit::Sealed) => "muster vault unseal".to_owned(),
        Some(Unfit::Leg { .. } | Unfit::Cap { .. }) => {
            "change the plan, or take the account out of it".to_owned()
        }
        Some(Unfit::Halted) => "muster resume".to_owned(),
        Some(Unfit::Untested | Unfit::NoSession | Unfit::SessionEndsEarly { .. }) => {
            format!("muster test {named}")
        }
        Some(Unfit::CheckFailed { .. } | Unfit::OrderPermission { .. }) | None => {
            match account.last_check.as_ref().map(|check| &check.outcome) {
                Some(CheckOutcome::Failed { failure }) => failure.action.clone(),
                _ => format!("muster account show {named}"),
            }
        }
    }
}

fn in_doubt(seen: &Seen) -> Vec<Finding> {
    let doubts = seen.runs.iter().filter(|run| run.counts.in_doubt > 0);
    let say = |run: &muster_protocol::run::RunView| {
        let says = format!("{} of {} may or may not be at the broker", run.counts.in_doubt, run.id);
        let remedy =
            format!("muster run show {}, look at the broker, then muster run resolve", run.id);
        Finding::fail("in doubt", says, remedy)
    };
    doubts.map(say).collect()
}

fn backup(seen: &Seen, days: u16) -> Finding {
    let remedy = "muster backup FILE, then copy the file to another machine";
    let Some(at) = seen.backup else {
        return Finding::warn("backup", "none known", remedy);
    };
    let age = seen.status.now.since(at);
    let says = format!("the newest was made {}", text::ago(age));
    if age > i64::from(days).saturating_mul(DAY) {
        return Finding::warn("backup", says, remedy);
    }
    Finding::ok("backup", says)
}

fn journal(seen: &Seen) -> Finding {
    match seen.errors {
        0 => Finding::ok("journal", "no errors in the last day"),
        n => Finding::warn(
            "journal",
            format!("{n} error{} in the last day", if n == 1 { "" } else { "s" }),
            "muster journal --since 1d level:error",
        ),
    }
}

#[cfg(test)]
mod tests;
