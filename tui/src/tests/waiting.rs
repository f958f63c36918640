//! `muster wait` and `muster doctor` against the fake daemon.

use std::path::Path;
use std::time::Duration;

use clap::Parser;
use muster_protocol::account::Fitness;
use muster_protocol::event::{Delta, Snapshot};
use muster_protocol::run::RunState;
use muster_protocol::status::VaultState;

use super::fake::{self, Act, Fake};
use super::world;
use crate::cli::Cli;
use crate::commands::{self, CommandError, Exit};

async fn muster(socket: &Path, line: &str) -> Result<(), CommandError> {
    let words = std::iter::once("muster").chain(line.split_whitespace());
    let cli = Cli::try_parse_from(words).unwrap();
    commands::perform(cli.command.unwrap(), socket, cli.json).await
}

fn exit(outcome: Result<(), CommandError>) -> Exit {
    outcome.err().map_or(Exit::Done, |error| error.exit())
}

fn sealed() -> Snapshot {
    let mut snapshot = world::snapshot();
    snapshot.status.vault = VaultState::Sealed;
    snapshot
}

/// Nothing is slept for: the fake daemon speaks when the command has subscribed.
#[tokio::test]
async fn it_ends_when_it_is_so_and_not_before() {
    let (_dir, path) = fake::socket();
    let daemon = Fake::start(&path, sealed());
    let mut waiting = tokio::spawn(async move { muster(&path, "wait unsealed").await });
    daemon.send(Act::Send(11, Box::new(Delta::Status(sealed().status))));
    let early = tokio::time::timeout(Duration::from_millis(200), &mut waiting).await;
    assert!(early.is_err(), "it did not wait: {early:?}");
    daemon.shows(world::snapshot());
    daemon.send(Act::Send(12, Box::new(Delta::Status(world::snapshot().status))));
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_daemon_that_restarts_is_waited_for() {
    let (_dir, path) = fake::socket();
    let daemon = Fake::start(&path, sealed());
    let waiting = tokio::spawn(async move { muster(&path, "wait unsealed --json").await });
    daemon.send(Act::Send(11, Box::new(Delta::Status(sealed().status))));
    daemon.shows(world::snapshot());
    daemon.send(Act::Cut);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_socket_that_never_answered_is_not_waited_for_unless_that_is_asked() {
    let (_dir, path) = fake::socket();
    assert_eq!(exit(muster(&path, "wait unsealed").await), Exit::NoDaemon);
    let late = muster(&path, "wait daemon --timeout 1s").await;
    assert_eq!(exit(late), Exit::TimedOut);
    let there = path.clone();
    let waiting = tokio::spawn(async move { muster(&there, "wait daemon").await });
    let _daemon = Fake::start(&path, world::snapshot());
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_is_not_fit_is_named_when_the_time_is_over() {
    let (_dir, path) = fake::socket();
    let daemon = Fake::start(&path, world::snapshot());
    let late = muster(&path, "wait fit --timeout 1s").await.unwrap_err();
    assert_eq!(late.exit(), Exit::TimedOut);
    let unfit = world::accounts().into_iter().find(|a| matches!(a.fitness, Fitness::Unfit { .. }));
    let unfit = unfit.unwrap();
    assert!(late.to_string().contains(unfit.user.as_str()), "{late}");
    muster(&path, "wait fit asha.k").await.unwrap();
    let mut all = world::snapshot();
    for account in &mut all.accounts {
        account.fitness = Fitness::Fit;
    }
    daemon.shows(all);
    muster(&path, "wait fit --json").await.unwrap();
}

#[tokio::test]
async fn a_run_is_waited_for_to_its_end_and_how_it_ended_is_the_exit_code() {
    let (_dir, path) = fake::socket();
    let mut snapshot = world::snapshot();
    snapshot.runs.push(world::firing().0);
    let run = snapshot.runs[0].id.to_string();
    let daemon = Fake::start(&path, snapshot.clone());
    let waits = format!("wait closed {run} --timeout 1s");
    assert_eq!(exit(muster(&path, &waits).await), Exit::TimedOut);
    let counts = &mut snapshot.runs[0].counts;
    let total = counts.total();
    *counts = muster_protocol::run::RunCounts { accepted: total, ..Default::default() };
    snapshot.runs[0].state = RunState::Closed;
    daemon.shows(snapshot.clone());
    muster(&path, &waits).await.unwrap();
    snapshot.runs[0].counts.accepted -= 1;
    snapshot.runs[0].counts.in_doubt = 1;
    daemon.shows(snapshot.clone());
    let short = muster(&path, &waits).await.unwrap_err();
    assert_eq!((short.exit(), short.to_string().starts_with("1 of ")), (Exit::Failed, true));
    snapshot.runs[0].state = RunState::Missed { reason: "sealed".to_owned() };
    daemon.shows(snapshot);
    assert_eq!(exit(muster(&path, &waits).await), Exit::Failed);
}

#[tokio::test]
async fn the_doctor_fails_when_something_is_in_the_way() {
    let (_dir, path) = fake::socket();
    assert_eq!(exit(muster(&path, "doctor --json").await), Exit::NoDaemon);
    let _daemon = Fake::start(&path, sealed());
    // The world's clock is not this machine's, and its vault is sealed.
    let error = muster(&path, "doctor --config /no/such/file").await.unwrap_err();
    assert_eq!(error.exit(), Exit::Failed);
    assert!(error.to_string().contains("in the way of a run"), "{error}");
}
