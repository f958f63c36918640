//! The moment everything is for, as the screen shows it: countdown, firing, result, journal.

use muster_protocol::request::{Selection, SetAutoExecute};
use muster_tests::harness::{World, two_legs};
use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation};

use crate::operator::world;
use crate::screen::{ENTER, Terminal};

/// Four accounts that are fit, and a live plan; every order takes a while.
async fn armed() -> anyhow::Result<(World, muster_tests::harness::Daemon)> {
    let world = world(4).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    world.auto_execute_all().await?;
    world.arm(two_legs()).await?;
    for broker in [Broker::AngelOne, Broker::Kite] {
        let mut slow = Fault::once(broker, Operation::Place, FaultKind::Slow);
        (slow.times, slow.seconds) = (Some(u32::MAX), Some(1.0));
        world.sandbox.arm(slow);
    }
    Ok((world, daemon))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gates_of_whoever_is_chosen_are_shown_as_the_daemon_judges_them() -> anyhow::Result<()>
{
    let (world, daemon) = armed().await?;
    let low = Terminal::of(&world.socket()).open()?;
    low.shows(&["4 fit"]).await?;
    low.press("3")?;
    low.shows(&["FIT 4 accounts, 8 orders", "enter gates"]).await?;
    low.press(ENTER)?;
    low.shows(&["gates · account 1 of 4", "for btst at 15:10:00", "● ok   order permission"])
        .await?;
    for gate in muster_protocol::muster::Gate::ALL {
        low.shows(&[gate.words()]).await?;
    }
    let row = low.row("reach  ").unwrap_or_default();
    assert!(row.trim_end().ends_with("ago") || row.trim_end().ends_with("now"), "{row}");
    // Left out, the first gate closes by itself on the page; taken back, it opens.
    low.press("a")?;
    low.shows(&["off: takes no part", "✗ NO   active"]).await?;
    low.press("u")?;
    low.shows(&[" FIT", "● ok   active"]).await?;
    low.press("q")?;
    low.shows(&["FIT 4 accounts"]).await?;

    let wide = Terminal::of(&world.socket()).size(200, 50).open()?;
    wide.shows(&["4 fit"]).await?;
    wide.press("3")?;
    wide.shows(&["FIT 4 accounts", "● ok   order permission", "● ok   instruments"]).await?;
    let first = wide.row(" FIT ").unwrap_or_default();
    wide.press("j")?;
    wide.until("the other one's gates", |text| {
        text.contains("● ok   order permission")
            && text.lines().find(|row| row.contains(" FIT ")).is_some_and(|row| row != first)
    })
    .await?;
    wide.press("m")?;
    wide.shows(&["everybody is called"]).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_called_for_on_the_screen_by_its_name_and_shown_as_it_fires() -> anyhow::Result<()>
{
    let (world, daemon) = armed().await?;
    world.sandbox.disarm();
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["4 fit"]).await?;
    screen.press("3")?;
    screen.shows(&["FIT 4 accounts"]).await?;
    screen.press("B")?;
    screen.shows(&["Run btst@2026-11-23 now, LIVE?", "does not happen"]).await?;
    // A question takes no key in its first moments.
    screen
        .until("the typed name", |text| {
            screen.press("\x15btst@2026-11-23").is_ok() && text.contains("> btst@2026-11-23 ")
        })
        .await?;
    screen.press(ENTER)?;
    screen.shows(&["btst@2026-11-23 · LIVE · closed", "8/8"]).await?;
    assert_eq!(world.sandbox.orders().len(), 8);
    daemon.stop().await
}

async fn switch_auto(world: &World, on: bool) -> anyhow::Result<()> {
    let (client, _feed) = world.client().await?;
    client.call(SetAutoExecute { accounts: Selection::All, on }).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_is_counted_down_shown_while_it_fires_and_when_it_is_over() -> anyhow::Result<()> {
    let (world, daemon) = armed().await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["4 fit", "btst 15:10 in 3h"]).await?;
    screen.press("3")?;
    screen.shows(&["btst · LIVE · 15:10:00 in 3h", "FIT 4 accounts, 8 orders"]).await?;
    world.set_clock("2026-11-23T15:09:57+05:30")?;
    // Its legs are frozen now; what is counted down to is still today's run.
    screen.shows(&["frozen · window to 15:14", "btst · LIVE · 15:10:00 in 0:0"]).await?;
    screen.shows(&["FIRING", "sending", "0/8"]).await?;
    screen.shows(&["FIRING", "accepted 4", "4/8"]).await?;
    screen.shows(&["closed", "accepted 8", "8/8", "IN DOUBT 0", "2/2 accepted"]).await?;
    screen.press(ENTER)?;
    screen.shows(&["SELL NSE:INFY 1", "BUY NSE:SBIN 2"]).await?;
    screen.press("1")?;
    screen.until("the last run on every row", |text| text.matches("● 2/2").count() == 4).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_doubt_is_on_every_page_and_named_in_full() -> anyhow::Result<()> {
    let (world, daemon) = armed().await?;
    world.sandbox.disarm();
    world.sandbox.arm(Fault::once(Broker::Kite, Operation::Place, FaultKind::Drop));
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["4 fit"]).await?;
    screen.press("3")?;
    world.set_clock("2026-11-23T15:09:59+05:30")?;
    screen.shows(&["IN DOUBT 1", "IN DOUBT · zs000", "tag ", "it is never sent again"]).await?;
    for (page, words) in [("1", "USER"), ("4", "Journal ·"), ("5", "daemon  ")] {
        screen.press(page)?;
        screen.shows(&["1 IN DOUBT", words]).await?;
        let first = screen.text().lines().next().unwrap_or_default().to_owned();
        assert!(first.contains("1 IN DOUBT"), "{first}");
    }
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_follows_pauses_and_is_filtered() -> anyhow::Result<()> {
    let (world, daemon) = armed().await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["4 fit"]).await?;
    screen.press("4")?;
    screen.shows(&["Journal · follow", "set LIVE"]).await?;
    switch_auto(&world, false).await?;
    screen.shows(&["auto-execute off"]).await?;

    screen.press(" ")?;
    screen.shows(&["paused, 0 new, f to follow"]).await?;
    switch_auto(&world, true).await?;
    screen.shows(&["paused, 4 new, f to follow"]).await?;
    let last = screen.text().lines().rev().nth(1).unwrap_or_default().to_owned();
    assert!(!last.contains("auto-execute on"), "{last}");
    screen.press("f")?;
    screen.shows(&["Journal · follow", "auto-execute on"]).await?;

    screen.press("/area:plan")?;
    screen.press(ENTER)?;
    screen
        .until("only the plan's entries", |text| {
            text.contains("set LIVE") && !text.contains("auto-execute")
        })
        .await?;
    screen.press("\x1b")?;
    screen.shows(&["auto-execute on"]).await?;
    daemon.stop().await
}
