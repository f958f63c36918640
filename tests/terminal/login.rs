//! Connecting an account at Zerodha: the link on the screen, the person at the broker's page, and the
//! screen that goes on by itself.

use crate::operator::{at_zerodha, world};
use crate::screen::{ENTER, Terminal};

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_goes_on_when_the_browser_comes_back() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    let account = at_zerodha(&world)?;
    let screen = Terminal::of(&world.socket()).open()?;
    let ticket = screen.begin_zerodha(&account).await?;
    screen.shows(&["127.0.0.1", "link good for"]).await?;
    let back = world.browser_login(&account, &ticket)?;
    world.browser_returns(&back).await?;
    screen.shows(&["4/4 Done", "Stored, sealed, as account 1"]).await?;
    screen.press(ENTER)?;
    screen.shows(&["1 account "]).await?;
    let row = screen.row("chitra.r").unwrap_or_default();
    assert!(row.contains("zerodha") && row.contains("● active"), "{row}");
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_the_browser_ended_at_can_be_pasted_and_is_never_shown() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    let account = at_zerodha(&world)?;
    let screen = Terminal::of(&world.socket()).open()?;
    let ticket = screen.begin_zerodha(&account).await?;
    let back = world.browser_login(&account, &ticket)?;
    screen.press("p")?;
    screen.shows(&["Redirected address"]).await?;
    screen.paste(&back)?;
    screen.shows(&[&format!("{} characters", back.chars().count())]).await?;
    screen.press(ENTER)?;
    screen.shows(&["4/4 Done", "Stored, sealed, as account 1"]).await?;
    let token = back.split("request_token=").nth(1).and_then(|rest| rest.split('&').next());
    let token = token.ok_or_else(|| anyhow::anyhow!("no request token in {back}"))?;
    assert!(!screen.has_written(token) && !screen.has_written(&account.api_secret));
    daemon.stop().await
}

/// A paste where no field is would run as commands, key by key.
#[tokio::test(flavor = "multi_thread")]
async fn a_paste_outside_a_field_does_nothing_and_says_so() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.begin_zerodha(&at_zerodha(&world)?).await?;
    screen.paste("q4\r")?;
    screen.shows(&["the paste was ignored", "waiting for the redirect"]).await?;
    daemon.stop().await
}
