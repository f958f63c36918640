//! Plans from files, by the real client against a real daemon: checked, put, armed, fired, taken back.

use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::Context;
use muster_protocol::ids::RunId;
use muster_protocol::reply::RunDetails;
use muster_protocol::request::{PutPlan, ShowRun};
use muster_protocol::run::{IntentStatus, RunState};
use muster_tests::harness::{Setup, Tally, World, eventually, tally, two_legs};
use serde_json::Value;
use tokio::process::Command;

const DRILL: &str = env!("CARGO_BIN_EXE_muster-drill");

pub(crate) const PLAN: &str = r#"name = "btst"
accounts = { labels = ["family"] }
multiplier = 3

[[legs]]
exchange = "NSE"
symbol = "SBIN"
side = "BUY"
quantity = 2
product = "delivery"
price = { rule = "limit", price = 90000 }

[[legs]]
exchange = "NSE"
symbol = "INFY"
side = "SELL"
quantity = 1
product = "delivery"
price = { rule = "limit", price = 140000 }
"#;

/// What a command said, and its exit code.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.out).with_context(|| format!("{}{}", self.out, self.err))
    }
}

pub(crate) async fn muster(world: &World, arguments: &[&str]) -> anyhow::Result<Said> {
    let output: Output = Command::new(DRILL)
        .arg("muster")
        .args(arguments)
        .arg("--socket")
        .arg(world.socket())
        .env_clear()
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .context("run the client")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) })
}

pub(crate) async fn done(world: &World, arguments: &[&str]) -> anyhow::Result<Said> {
    let said = muster(world, arguments).await?;
    anyhow::ensure!(said.code == Some(0), "{arguments:?}: {} {}", said.out, said.err);
    Ok(said)
}

pub(crate) fn written(world: &World, text: &str) -> anyhow::Result<PathBuf> {
    let file = world.folder().join("plan.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

pub(crate) fn path(file: &Path) -> &str {
    file.to_str().unwrap_or_default()
}

pub(crate) async fn run(world: &World, run: &str) -> anyhow::Result<RunDetails> {
    let (client, _feed) = world.client().await?;
    let run: RunId = run.to_owned().try_into()?;
    Ok(client.call(ShowRun { run }).await?)
}

pub(crate) async fn closed(world: &World, name: &str) -> anyhow::Result<RunDetails> {
    eventually("the run is closed", async || {
        run(world, name).await.is_ok_and(|details| details.run.state == RunState::Closed)
    })
    .await?;
    run(world, name).await
}

pub(crate) async fn ready(
    accounts: usize,
) -> anyhow::Result<(World, muster_tests::harness::Daemon)> {
    let world = World::new(Setup { accounts, ..Setup::default() }).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    Ok((world, daemon))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_file_goes_from_a_check_to_orders_of_the_accounts_it_names() -> anyhow::Result<()> {
    let (world, daemon) = ready(4).await?;
    done(&world, &["account", "label", "1", "--add", "family", "--add", "old"]).await?;
    done(&world, &["account", "label", "1", "--remove", "old"]).await?;
    done(&world, &["account", "label", "4", "--add", "family"]).await?;
    let file = written(&world, &PLAN.replace("price = 90000", "price = 90001"))?;
    // Waited for the lists, and named the line and both brokers' names of the trouble.
    let wrong = muster(&world, &["plan", "check", path(&file)]).await?;
    assert_eq!(wrong.code, Some(1), "{}", wrong.out);
    assert!(wrong.out.contains("plan.toml:5: leg 1 at "), "{}", wrong.out);
    assert!(wrong.out.contains("no multiple of the tick"), "{}", wrong.out);
    let refused = muster(&world, &["plan", "put", path(&file)]).await?;
    assert_eq!(refused.code, Some(1), "{}", refused.err);
    assert!(refused.err.contains("plan.toml:5: leg 1"), "{}", refused.err);

    let file = written(&world, PLAN)?;
    let check = done(&world, &["plan", "check", path(&file), "--json"]).await?.json()?;
    assert_eq!((&check["check"]["good"], &check["check"]["accounts"]), (&true.into(), &2.into()));
    assert_eq!(check["check"]["findings"], serde_json::json!([]), "the lists came");
    assert_eq!(muster(&world, &["plan", "diff", path(&file)]).await?.code, Some(1));
    done(&world, &["plan", "put", path(&file)]).await?;
    done(&world, &["plan", "diff", path(&file)]).await?;
    let text = done(&world, &["plan", "get", "btst", "--toml"]).await?.out;
    let again = world.folder().join("again.toml");
    std::fs::write(&again, text)?;
    done(&world, &["plan", "diff", path(&again)]).await?;

    let unsure = muster(&world, &["plan", "arm", "btst", "--confirm", "btst"]).await?;
    assert_eq!(unsure.code, Some(2), "without --live nothing is armed");
    done(&world, &["plan", "arm", "btst", "--live", "--confirm", "btst"]).await?;
    let show = done(&world, &["plan", "show", "btst"]).await?.out;
    assert!(show.contains("btst, LIVE") && show.contains("label family"), "{show}");
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let details = closed(&world, "btst@2026-11-23").await?;
    let books = world.sandbox.orders();
    assert_eq!(tally(&details.intents, &books), Tally::default());
    let mut placed: Vec<(&str, u64)> =
        books.iter().map(|order| (order.side.as_str(), order.quantity)).collect();
    placed.sort_unstable();
    assert_eq!(placed, [("BUY", 6), ("BUY", 6), ("SELL", 3), ("SELL", 3)]);
    assert!(details.run.left_out.is_empty(), "{:?}", details.run.left_out);
    assert_eq!(details.run.legs[0].symbol, "INFY", "sells leave first");
    done(&world, &["plan", "disarm", "btst"]).await?;
    done(&world, &["plan", "remove", "btst", "--confirm", "btst"]).await?;
    assert_ne!(muster(&world, &["plan", "show", "btst"]).await?.code, Some(0));
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_daemon_a_file_is_still_looked_over() -> anyhow::Result<()> {
    let world = World::new(Setup { accounts: 1, ..Setup::default() }).await?;
    let file = written(&world, PLAN)?;
    let said = done(&world, &["plan", "check", path(&file), "--json"]).await?.json()?;
    assert_eq!((&said["check"]["daemon"], &said["check"]["good"]), (&false.into(), &true.into()));
    let file = written(&world, &PLAN.replace("SBIN", "sbin"))?;
    let said = muster(&world, &["plan", "check", path(&file)]).await?;
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("plan.toml:5: leg 1: \"sbin\" is not a symbol"), "{}", said.out);
    let file = written(&world, &PLAN.replace("quantity = 2", "quantity = 0"))?;
    let said = muster(&world, &["plan", "check", path(&file)]).await?;
    assert_eq!(said.code, Some(2), "{}", said.out);
    assert!(said.err.contains("plan.toml:9: a quantity must be at least 1"), "{}", said.err);
    assert_eq!(muster(&world, &["plan", "put", path(&file)]).await?.code, Some(3));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_it_would_have_sent_and_sends_nothing() -> anyhow::Result<()> {
    let (world, daemon) = ready(2).await?;
    let file = written(&world, &PLAN.replace("{ labels = [\"family\"] }", "\"all\""))?;
    done(&world, &["plan", "put", path(&file)]).await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let details = closed(&world, "btst@2026-11-23").await?;
    assert_eq!(details.run.counts.rehearsed, 4, "{:?}", details.run);
    assert!(world.sandbox.orders().is_empty());
    let requests = world.sandbox.requests();
    assert!(requests.iter().all(|request| request.placed.is_empty()));
    let journal = world.look().await?.snapshot.journal;
    let run = done(&world, &["run", "show", "btst@2026-11-23"]).await?.out;
    for intent in &details.intents {
        assert_eq!(intent.status, IntentStatus::Rehearsed);
        let (symbol, tag) = (intent.broker_symbol.clone(), intent.tag.clone());
        let symbol = symbol.context("a symbol")?;
        let words = format!("NSE {symbol} {} {}", intent.leg.side.code(), intent.leg.quantity);
        let tag = format!("tag {}", tag.context("a tag")?);
        let said = |text: &str| text.contains(&words) && text.contains(&tag);
        assert!(journal.iter().any(|entry| said(&entry.text)), "{words} {tag}");
        assert!(run.contains(&symbol) && run.contains(&tag), "{run}");
    }
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_times_a_day_are_two_runs_also_over_a_restart() -> anyhow::Result<()> {
    let (world, daemon) = ready(2).await?;
    let mut spec = two_legs();
    spec.at = serde_json::from_value(serde_json::json!(["12:30", "15:10"]))?;
    spec.window_until = serde_json::from_value(serde_json::json!([]))?;
    world.arm(spec).await?;
    world.set_clock("2026-11-23T12:29:59+05:30")?;
    let first = closed(&world, "btst@2026-11-23").await?;
    daemon.stop().await?;
    let daemon = world.daemon().await?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    let second = closed(&world, "btst@2026-11-23.2").await?;
    assert_eq!((first.run.counts.accepted, second.run.counts.accepted), (4, 4));
    let both: Vec<_> = first.intents.into_iter().chain(second.intents).collect();
    assert_eq!(tally(&both, &world.sandbox.orders()), Tally::default());
    assert_eq!(world.sandbox.orders().len(), 8);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_s_change_after_the_freeze_is_for_the_next_firing() -> anyhow::Result<()> {
    let (world, daemon) = ready(2).await?;
    world.arm(two_legs()).await?;
    world.clock.set(None, None, Some(true));
    world.set_clock("2026-11-23T15:09:45+05:30")?;
    eventually("the run is frozen", async || {
        run(&world, "btst@2026-11-23").await.is_ok_and(|seen| seen.run.state == RunState::Frozen)
    })
    .await?;
    let mut later = two_legs();
    later.legs.truncate(1);
    let (client, _feed) = world.client().await?;
    let plan = client.call(PutPlan { spec: later }).await?;
    let unchanged = plan.unchanged_run.map(|run| run.to_string());
    assert_eq!(unchanged.as_deref(), Some("btst@2026-11-23"));
    assert_eq!(run(&world, "btst@2026-11-23").await?.run.legs.len(), 2);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_is_mended_by_an_operator_and_keeps_it_over_a_restart() -> anyhow::Result<()> {
    let (world, daemon) = ready(2).await?;
    world.arm(two_legs()).await?;
    let no_reason = muster(&world, &["calendar", "add", "2026-11-23", "Election"]).await?;
    assert_eq!(no_reason.code, Some(2));
    let past = ["calendar", "add", "2026-11-20", "Election", "--reason", "CMTR"];
    assert_eq!(muster(&world, &past).await?.code, Some(4), "refused by the daemon");
    done(&world, &["calendar", "add", "2026-11-23", "Election", "--reason", "CMTR"]).await?;
    done(&world, &["calendar", "remove", "2026-11-24", "--reason", "moved"]).await?;
    daemon.stop().await?;
    let daemon = world.daemon().await?;
    let shown = done(&world, &["calendar", "show", "--json"]).await?.json()?;
    let days = shown["calendar"]["days"].as_array().context("days")?;
    let of = |date: &str| days.iter().find(|day| day["date"] == date).cloned().unwrap_or_default();
    assert_eq!(of("2026-11-23")["amended"]["reason"], "CMTR");
    assert_eq!(of("2026-11-24")["removed"], true);
    let text = done(&world, &["calendar", "show"]).await?.out;
    assert!(text.contains("Election") && text.contains("uid ") && text.contains("NSE/CMTR/71775"));
    let status = done(&world, &["status", "--json"]).await?.json()?;
    assert_eq!(status["status"]["next_run"]["at"], "2026-11-24T15:10:00.000+05:30");
    assert_eq!(status["status"]["market"], "closed");
    daemon.stop().await
}
