//! The same program without a terminal: it refuses to draw, and speaks JSON to scripts.

use std::process::Output;

use anyhow::Context;
use muster_tests::harness::World;
use serde_json::Value;
use tokio::process::Command;

use crate::operator::world;
use crate::screen::DRILL;

async fn muster(world: &World, arguments: &[&str]) -> anyhow::Result<Output> {
    let output = Command::new(DRILL)
        .arg("muster")
        .args(arguments)
        .arg("--socket")
        .arg(world.socket())
        .env_clear()
        .env("TERM", "xterm-256color")
        .stdin(std::process::Stdio::null())
        .output();
    output.await.context("run the client")
}

/// Standard output, one JSON object a line.
fn objects(output: &Output) -> anyhow::Result<Vec<Value>> {
    let text = std::str::from_utf8(&output.stdout)?;
    text.lines().map(|line| serde_json::from_str(line).context(line.to_owned())).collect()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_screen_can_be_shown_it_says_what_to_use_instead() -> anyhow::Result<()> {
    let world = world(1).await?;
    let refused = muster(&world, &[]).await?;
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.stdout.is_empty(), "no escape codes into a pipe");
    assert!(complaint(&refused).contains("muster status"), "{}", complaint(&refused));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_daemon_the_exit_code_is_three() -> anyhow::Result<()> {
    let world = world(1).await?;
    for command in [&["status", "--json"][..], &["test", "--all"], &["journal"], &["muster"]] {
        let output = muster(&world, command).await?;
        assert_eq!(output.status.code(), Some(3), "{command:?}: {}", complaint(&output));
        assert!(output.stdout.is_empty() && complaint(&output).contains("no daemon"));
    }
    let wrong = muster(&world, &["no-such-command"]).await?;
    assert_eq!(wrong.status.code(), Some(2));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_read_json_with_a_schema_version() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let status = muster(&world, &["status", "--json"]).await?;
    assert_eq!(status.status.code(), Some(0), "{}", complaint(&status));
    let status = objects(&status)?;
    assert_eq!(status.len(), 1);
    assert_eq!(status.first().map(|all| &all["schema_version"]), Some(&Value::from(1)));
    assert_eq!(status.first().map(|all| &all["status"]["vault"]), Some(&Value::from("open")));

    let tested = muster(&world, &["test", "--all", "--json"]).await?;
    assert_eq!(tested.status.code(), Some(0), "{}", complaint(&tested));
    let tested = objects(&tested)?;
    let accounts = tested.first().and_then(|all| all["accounts"].as_array());
    assert_eq!(accounts.map(Vec::len), Some(2), "{tested:?}");

    let journal = muster(&world, &["journal", "--json"]).await?;
    assert_eq!(journal.status.code(), Some(0));
    let journal = objects(&journal)?;
    assert!(journal.len() > 2, "{journal:?}");
    assert!(journal.iter().all(|entry| entry["schema_version"] == 1 && entry["entry"].is_object()));
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_fails_its_test_fails_the_command() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let account = crate::operator::at_angel_one(&world)?;
    let broker = muster_tests::sandbox::Broker::AngelOne;
    assert!(world.sandbox.set_allowed_ips(broker, &account.client_code, vec![]));
    let tested = muster(&world, &["test", "--all"]).await?;
    assert_eq!(tested.status.code(), Some(1), "{}", String::from_utf8_lossy(&tested.stdout));
    let text = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert!(text.contains("AG7002") && text.contains("127.0.0.1"), "{text}");
    assert!(complaint(&tested).contains("1 of 2 accounts failed"), "{}", complaint(&tested));
    daemon.stop().await
}
