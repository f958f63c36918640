//! What is typed into a secret field is never on the screen and never among the bytes the client
//! writes: not masked wrongly, not after a failure, not on the way back and forth.

use muster_tests::harness::SECRET_MARK;

use crate::operator::{at_angel_one, at_zerodha, world};
use crate::screen::{CTRL_C, ENTER, ESC, TAB, Terminal};

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_angel_one_is_ever_shown() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let mut account = at_angel_one(&world)?;
    account.totp_secret = "CANARYCANARYCANARYCANARY22".to_owned();
    let screen = Terminal::of(&world.socket()).open()?;
    screen.open_angel_one().await?;
    screen.type_angel_one(&account)?;
    screen.press(&format!("{TAB}{SECRET_MARK}-api-secret"))?;
    screen.until("masked fields", |text| text.contains("17 typed")).await?;
    // The mask is as long for four letters as for forty.
    for (label, typed) in [("MPIN ", "4 typed"), ("TOTP secret ", "26 typed")] {
        let row = screen.row(label).unwrap_or_default();
        assert!(row.contains("••••••••  ") && row.contains(typed), "{row}");
        assert!(!row.contains("•••••••••") && !row.contains(&account.pin), "{row}");
    }
    screen.press(ENTER)?;
    screen.shows(&["AB1050", "Nothing has been stored"]).await?;
    screen.press("b")?;
    screen.shows(&["2/4 Angel One", "17 typed"]).await?;
    // Back and forth, with help in a field that is none, and a page in between.
    screen.press(&format!("{TAB}{TAB}?"))?;
    screen.shows(&["┌ Help"]).await?;
    screen.press(&format!("{ESC}{CTRL_C}"))?;
    screen.shows(&["Leave?"]).await?;
    screen.press(ESC)?;
    screen.until("the form again", |text| !text.contains("Leave?")).await?;
    screen.press(ESC)?;
    screen.shows(&["At which broker"]).await?;
    screen.press("4")?;
    screen.shows(&["Journal · follow"]).await?;
    screen.press("2\r")?;
    screen.until("wiped fields", |text| text.contains("2/4") && !text.contains(" typed")).await?;
    screen.press(&format!("{TAB}{CTRL_C}"))?;
    screen.shows(&["Leave?"]).await?;
    screen.press(CTRL_C)?;
    assert!(!screen.ended().await?.has_written(SECRET_MARK));
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_zerodha_is_ever_shown() -> anyhow::Result<()> {
    let world = world(2).await?;
    let daemon = world.daemon().await?;
    let account = at_zerodha(&world)?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.begin_zerodha(&account).await?;
    screen.press("v")?;
    screen.until("the code fills the screen", |text| !text.contains("waiting for")).await?;
    screen.press(ESC)?;
    screen.shows(&["waiting for the redirect"]).await?;
    screen.press(ESC)?;
    screen.shows(&["At which broker"]).await?;
    screen.press(CTRL_C)?;
    let left = screen.ended().await?;
    // The key is part of the link by Kite's design; the secret is not.
    assert!(left.has_written(&account.api_key) && !left.has_written(&account.api_secret));
    daemon.stop().await
}
