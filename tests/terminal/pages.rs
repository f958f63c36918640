//! What an operator does on the pages besides watching: keep house, take back, paste a whole credential.

use crate::operator::{at_angel_one, world};
use crate::screen::{ENTER, Terminal};

#[tokio::test(flavor = "multi_thread")]
async fn the_house_is_shown_as_the_daemon_keeps_it() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let screen = Terminal::of(&world.socket()).size(100, 30).open()?;
    screen.shows(&["1 account "]).await?;
    screen.press("5")?;
    screen.shows(&["● open · opened by one passphrase alone", "none known: muster backup"]).await?;
    screen.shows(&["records · journal ", "egress main", "127.0.0.1", "Angel One", "head "]).await?;
    screen.shows(&["unknown whether it follows a time source", "brokers' clocks: angel "]).await?;
    screen.shows(&["calls since the start, all served · answered "]).await?;
    let file = world.folder().join("copy.redb");
    let (client, _feed) = world.client().await?;
    client.call(muster_protocol::request::Backup { file: file.display().to_string() }).await?;
    // The page asks again when it is opened anew after the daemon was away, or after a while.
    daemon.stop().await?;
    let daemon = world.daemon().await?;
    screen.until("the backup", |text| text.contains("backup       ● Mon 23 Nov")).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_of_every_account_is_taken_back_by_one_key() -> anyhow::Result<()> {
    let world = world(3).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let screen = Terminal::of(&world.socket()).size(100, 30).open()?;
    let on = |text: &str| text.lines().filter(|row| row.contains(" on  ")).count();
    screen.shows(&["3 accounts"]).await?;
    screen.until("all off", |text| on(text) == 0).await?;
    screen.press("*a")?;
    screen.until("all on", |text| on(text) == 3).await?;
    screen.shows(&["auto-execute on: 3 accounts", "u takes it back"]).await?;
    screen.press("u")?;
    screen.until("all off again", |text| on(text) == 0).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_pasted_as_a_block_is_tested_and_stored() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let account = at_angel_one(&world)?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.open_angel_one().await?;
    screen.paste(&format!(
        "user=asha.k\nclient_id={}\napi_key={}\nmpin={}\ntotp_secret={}\n",
        account.client_code, account.api_key, account.pin, account.totp_secret
    ))?;
    screen.shows(&["asha.k", "5 fields filled from the paste", "4 typed"]).await?;
    screen.press(ENTER)?;
    screen.shows(&["4/4 Done", "Stored, sealed, as account 1"]).await?;
    assert!(!screen.has_written(&account.api_key) && !screen.has_written(&account.totp_secret));
    daemon.stop().await
}

/// The client that is left alone costs little on a slow line: the clock's digits, once a second.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_client_writes_the_clock_and_nothing_else() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["no accounts yet", "12:00:0"]).await?;
    // What follows the first frame belongs to it.
    let second = |text: &str| -> Option<u32> {
        text.lines().next()?.split("12:00:").nth(1)?.get(..2)?.parse().ok()
    };
    let seconds = |wanted: u32| move |text: &str| second(text).is_some_and(|now| now >= wanted);
    screen.until("the clock moves", seconds(3)).await?;
    let (from, before) = (second(&screen.text()), screen.written());
    screen.until("six seconds later", seconds(9)).await?;
    let (to, after) = (second(&screen.text()), screen.written());
    let passed = from.zip(to).map_or(0, |(from, to)| to.saturating_sub(from)) as usize;
    let bytes = after.saturating_sub(before);
    assert!(passed >= 5 && bytes <= 45 * (passed + 1), "{bytes} bytes in {passed} s");
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_sizes_leaves_a_whole_screen() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let mut screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["2 accounts"]).await?;
    for round in 0..60_u16 {
        screen.resize(20 + round * 37 % 180, 5 + round * 13 % 50)?;
    }
    screen.resize(80, 24)?;
    screen.shows(&["1 Accounts", "USER", "LAST RUN", "2 accounts", "Steps", "? help"]).await?;
    screen.press("q")?;
    assert!(screen.ended().await?.is_restored);
    daemon.stop().await
}
