//! Commands against the fake daemon: what they ask, and how they end.

use std::path::Path;

use clap::Parser;
use muster_protocol::account::{AccountStatus, AccountView};
use muster_protocol::event::Delta;
use muster_protocol::time::SECOND;

use super::fake::{self, Act, Fake};
use super::world;
use crate::cli::Cli;
use crate::commands::{self, CommandError, Exit};

async fn muster(socket: &Path, line: &str) -> Result<(), CommandError> {
    let words = std::iter::once("muster").chain(line.split_whitespace());
    let cli = Cli::try_parse_from(words).unwrap();
    commands::perform(cli.command.unwrap(), socket, cli.json).await
}

#[tokio::test]
async fn what_only_looks_succeeds_as_text_and_as_json() {
    let (_dir, path) = fake::socket();
    let mut snapshot = world::snapshot();
    snapshot.runs.push(world::firing().0);
    let _daemon = Fake::start(&path, snapshot);
    for line in [
        "status",
        "account list",
        "account show 2",
        "plan list",
        "plan show btst",
        "plan get btst",
        "run list",
        "egress",
        "journal level>=warn",
        "journal --since 2000-01-01 --until 2d -n 5000",
    ] {
        muster(&path, line).await.unwrap();
        muster(&path, &format!("{line} --json")).await.unwrap();
    }
}

#[tokio::test]
async fn the_board_fails_while_somebody_is_not_fit() {
    let (_dir, path) = fake::socket();
    let _daemon = Fake::start(&path, world::snapshot());
    for line in ["muster", "muster --gates", "muster btst --json"] {
        let error = muster(&path, line).await.unwrap_err();
        assert_eq!(error.to_string(), "3 of 5 accounts are not fit");
        assert_eq!(error.exit(), Exit::Unfit, "{line}");
    }
}

#[tokio::test]
async fn without_a_daemon_it_says_so() {
    let (_dir, path) = fake::socket();
    let error = muster(&path, "status").await.unwrap_err();
    assert!(matches!(error, CommandError::NoDaemon(why) if why.contains("no socket")));
}

#[tokio::test]
async fn what_cannot_be_undone_needs_the_name() {
    let (_dir, path) = fake::socket();
    let mut daemon = Fake::start(&path, world::snapshot());
    let wrong = muster(&path, "account remove asha.k --confirm asha").await;
    assert!(matches!(wrong, Err(CommandError::Usage(_))));
    for line in ["plan arm btst --live --confirm x", "plan arm btst --confirm btst"] {
        assert!(matches!(muster(&path, line).await, Err(CommandError::Usage(_))), "{line}");
    }
    let wrong = muster(&path, "plan remove btst --confirm x").await;
    assert!(matches!(wrong, Err(CommandError::Usage(_))));
    muster(&path, "account remove asha.k --confirm asha.k").await.unwrap();
    let (method, params) = daemon.called().await;
    assert_eq!(method, "account.remove");
    assert_eq!(params, r#"{"account":1,"confirm":"asha.k"}"#);
}

fn asha(status: AccountStatus, later: i64) -> Box<Delta> {
    let mut account = world::accounts().remove(0);
    account.status = status;
    if let Some(check) = &mut account.last_check {
        check.started = check.started.plus(later);
    }
    Box::new(Delta::Account(Box::new(account)))
}

#[tokio::test]
async fn a_test_waits_for_its_own_result() {
    let (_dir, path) = fake::socket();
    let mut daemon = Fake::start(&path, world::snapshot());
    let mut asked = tokio::spawn(async move { muster(&path, "test asha.k --json").await });
    assert_eq!(daemon.called().await.0, "account.test");
    // Not the old result, not the one under way.
    daemon.send(Act::Send(11, asha(AccountStatus::Active, 0)));
    daemon.send(Act::Send(12, asha(AccountStatus::Testing, 0)));
    let early = tokio::time::timeout(std::time::Duration::from_millis(100), &mut asked).await;
    assert!(early.is_err(), "it did not wait: {early:?}");
    daemon.send(Act::Send(13, asha(AccountStatus::Active, 60 * SECOND)));
    asked.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_test_that_fails_fails_the_command() {
    let (_dir, path) = fake::socket();
    let mut daemon = Fake::start(&path, world::snapshot());
    let asked = tokio::spawn(async move { muster(&path, "test asha.k").await });
    daemon.called().await;
    let mut account: AccountView = world::accounts().remove(1);
    account.id = world::accounts()[0].id;
    daemon.send(Act::Send(11, Box::new(Delta::Account(Box::new(account)))));
    assert!(matches!(asked.await.unwrap(), Err(CommandError::Failed(_))));
}

#[tokio::test]
async fn what_a_command_asks_is_what_was_said() {
    let (_dir, path) = fake::socket();
    let mut daemon = Fake::start(&path, world::snapshot());
    for (line, method, params) in [
        (
            "account auto 1 off",
            "account.set_auto_execute",
            r#"{"accounts":{"ids":[1]},"on":false}"#,
        ),
        (
            "account deactivate asha.k",
            "account.set_active",
            r#"{"accounts":{"ids":[1]},"on":false}"#,
        ),
        ("account abandon 7", "account.abandon", r#"{"ticket":7}"#),
        (
            "halt --user asha.k",
            "halt",
            r#"{"scope":{"of":"user","name":"asha.k"},"cancel_open":false}"#,
        ),
        ("resume --plan btst", "resume", r#"{"scope":{"of":"plan","name":"btst"}}"#),
        ("release", "hold.release", "{}"),
        (
            "run resolve btst@2026-11-23 7 1 --not-placed",
            "run.resolve",
            r#"{"intent":{"run":"btst@2026-11-23","account":7,"leg":0},"verdict":{"verdict":"not_placed"}}"#,
        ),
    ] {
        muster(&path, line).await.unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(daemon.called().await, (method.to_owned(), params.to_owned()), "{line}");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_not_sent() {
    let (_dir, path) = fake::socket();
    let _daemon = Fake::start(&path, world::snapshot());
    for (line, exit) in [
        ("account show nobody", Exit::Refused),
        ("plan disarm nothing", Exit::Refused),
        ("run show nothing", Exit::Refused),
        ("run show btst@yesterday", Exit::Usage),
        ("run resolve btst@2026-11-23 7 0 --not-placed", Exit::Usage),
        ("run resolve btst@2026-11-23 7 1", Exit::Usage),
        ("run now nothing", Exit::Refused),
        ("run now btst --instead --confirm btst", Exit::Usage),
        ("journal level>=loud", Exit::Usage),
        ("journal --since 1h --until 2h", Exit::Usage),
        ("wait fit nobody", Exit::Refused),
        ("wait closed nothing", Exit::Refused),
    ] {
        let error = muster(&path, line).await.expect_err(line);
        assert_eq!(error.exit(), exit, "{line}: {error}");
    }
}
