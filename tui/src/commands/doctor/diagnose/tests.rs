//! Each thing that can be wrong is found, and what is right is not complained about.

use muster_protocol::reply::Welcome;
use muster_protocol::status::{HoldReason, Observed};

use super::super::Verdict;
use super::*;
use crate::tests::world;

/// A daemon of this build whose accounts are all fit.
fn healthy() -> Seen {
    let snapshot = world::snapshot();
    let mut status = snapshot.status;
    status.vault = VaultState::Open;
    status.halts.clear();
    status.held = None;
    status.calendar_until = "2027-12-31".parse().unwrap();
    for way in &mut status.egress {
        way.observed = Some(Observed { address: way.address.clone(), at: status.now });
        way.shared_at.clear();
    }
    let mut accounts = snapshot.accounts;
    for account in &mut accounts {
        account.fitness = Fitness::Fit;
    }
    status.counts.fit = 1;
    Seen {
        here: status.now,
        answered_ms: 2,
        welcome: Welcome {
            build: env!("CARGO_PKG_VERSION").to_owned(),
            now: status.now,
            ..world::welcome()
        },
        backup: Some(status.now),
        status,
        accounts,
        plans: snapshot.plans,
        runs: Vec::new(),
        errors: 0,
    }
}

fn worst(seen: &Seen) -> Vec<(Verdict, &'static str)> {
    let found = diagnose(seen, "the socket", 7);
    let bad = found.iter().filter(|finding| finding.verdict > Verdict::Ok);
    let bad: Vec<_> = bad.map(|finding| (finding.verdict, finding.about)).collect();
    let named = found.iter().all(|finding| {
        finding.remedy.is_some() == (finding.verdict > Verdict::Ok) && !finding.says.is_empty()
    });
    assert!(named, "what is wrong says what to do: {found:?}");
    bad
}

#[test]
fn nothing_is_wrong_with_a_healthy_daemon() {
    assert_eq!(worst(&healthy()), []);
}

#[test]
fn each_thing_that_is_wrong_is_found() {
    type Break = fn(&mut Seen);
    let breaks: [(Break, Verdict, &str); 14] = [
        (|seen| seen.welcome.build = "9.9.9".to_owned(), Verdict::Warn, "version"),
        (|seen| seen.status.vault = VaultState::Sealed, Verdict::Fail, "vault"),
        (|seen| seen.status.held = Some(HoldReason::NoEpoch), Verdict::Fail, "runs"),
        (|seen| seen.status.halts.push(HaltScope::All), Verdict::Warn, "halt"),
        (|seen| seen.here = seen.here.plus(-3 * SECOND), Verdict::Fail, "clock"),
        (|seen| seen.here = seen.here.plus(3 * SECOND), Verdict::Fail, "clock"),
        (|seen| seen.status.egress[0].observed = None, Verdict::Warn, "egress"),
        (|seen| seen.status.egress[0].address = "192.0.2.1".to_owned(), Verdict::Fail, "egress"),
        (
            |seen| seen.status.calendar_until = seen.status.now.plus(5 * DAY).date(),
            Verdict::Warn,
            "calendar",
        ),
        (
            |seen| seen.status.calendar_until = seen.status.now.plus(-DAY).date(),
            Verdict::Fail,
            "calendar",
        ),
        (|seen| seen.status.next_run = None, Verdict::Warn, "next run"),
        (|seen| seen.backup = None, Verdict::Warn, "backup"),
        (|seen| seen.backup = Some(seen.status.now.plus(-8 * DAY)), Verdict::Warn, "backup"),
        (|seen| seen.errors = 3, Verdict::Warn, "journal"),
    ];
    for (at, (spoil, verdict, about)) in breaks.into_iter().enumerate() {
        let mut seen = healthy();
        spoil(&mut seen);
        assert_eq!(worst(&seen), [(verdict, about)], "the {at}th");
    }
}

#[test]
fn who_is_not_fit_is_in_the_way_of_a_live_run_only() {
    let mut seen = healthy();
    seen.accounts[0].fitness = Fitness::Unfit { reasons: vec![Unfit::LoginDue] };
    let next = seen.status.next_run.as_mut().unwrap();
    (next.mode, next.at) = (Mode::Live, seen.status.now.plus(MINUTE));
    assert_eq!(worst(&seen), [(Verdict::Fail, "unfit")]);
    seen.status.next_run.as_mut().unwrap().mode = Mode::DryRun;
    assert_eq!(worst(&seen), [(Verdict::Warn, "unfit")]);
    let found = diagnose(&seen, "the socket", 7);
    let remedy = found.iter().find(|finding| finding.about == "unfit").unwrap().remedy.clone();
    assert_eq!(remedy.as_deref(), Some("muster account login 1"));
}

#[test]
fn orders_in_doubt_are_found() {
    let mut seen = healthy();
    seen.runs.push(world::firing().0);
    seen.runs[0].counts.in_doubt = 2;
    assert_eq!(worst(&seen), [(Verdict::Fail, "in doubt")]);
}
