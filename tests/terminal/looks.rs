//! Terminals that are small, or without colours.

use crate::operator::world;
use crate::screen::{ENTER, Terminal};

#[tokio::test(flavor = "multi_thread")]
async fn without_colours_the_selected_row_is_still_reversed() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let screen = Terminal::of(&world.socket()).with("NO_COLOR", "1").open()?;
    screen.shows(&["2 accounts"]).await?;
    let selected = |user: &str| {
        let sign = format!("> {user}");
        screen.reversed().iter().any(|words| words.starts_with(&sign))
    };
    screen.until("the first row is reversed", |_| selected("s100001")).await?;
    screen.press("j")?;
    screen.until("the second row is reversed", |_| selected("zs0001")).await?;
    assert!(!selected("s100001") && !screen.has_colours());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_there_where_nobody_forbids_them() -> anyhow::Result<()> {
    let world = world(1).await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["daemon stopped"]).await?;
    assert!(screen.has_colours());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_too_small_it_says_so_and_works_again_when_there_is_room() -> anyhow::Result<()>
{
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let mut screen = Terminal::of(&world.socket()).size(39, 9).open()?;
    screen.shows(&["terminal too small (39x9, need 40x10)"]).await?;
    screen.resize(40, 10)?;
    screen.shows(&["1 Accounts", "s100001", "active", "? help"]).await?;
    screen.resize(80, 24)?;
    screen.shows(&["USER", "LAST RUN", "Steps"]).await?;
    screen.resize(39, 9)?;
    screen.shows(&["terminal too small"]).await?;
    screen.press("q")?;
    assert!(screen.ended().await?.is_restored);
    daemon.stop().await
}

/// At 80x24 the lower pane has no room for everything: Enter gives the account the whole page.
#[tokio::test(flavor = "multi_thread")]
async fn enter_shows_an_account_in_full_and_q_goes_back() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["USER", "Steps", "History"]).await?;
    screen.press(ENTER)?;
    screen.shows(&["Account 1 of 1", "Last test", "Session", "Credential", "Tests  1 of"]).await?;
    screen.press("q")?;
    screen.shows(&["USER", "LAST RUN"]).await?;
    screen.press("q")?;
    assert!(screen.ended().await?.is_restored);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn where_utf8_is_not_spoken_everything_is_ascii() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let screen = Terminal::of(&world.socket()).with("LC_ALL", "C").open()?;
    screen.shows(&["1 account ", "active", "connected"]).await?;
    screen.press("2\r")?;
    screen.shows(&["WARNING: IP WHITELISTING REQUIRED", "127.0.0.1"]).await?;
    assert!(screen.text().is_ascii(), "{}", screen.text());
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_can_draw_nothing_is_told_what_to_use_instead() -> anyhow::Result<()> {
    let nowhere = tempfile::tempdir()?;
    let socket = nowhere.path().join("musterd.sock");
    let screen = Terminal::of(&socket).with("TERM", "dumb").open()?;
    let left = screen.ended().await?;
    assert_eq!(left.status.code(), Some(2), "{}", left.text);
    assert!(left.text.contains("muster status") && !left.has_written("\x1b"), "{}", left.text);
    Ok(())
}
