//! Connecting an account at Angel One: the address first, then the fields, then the test, and only
//! then something is stored.

use muster_tests::harness::SECRET_MARK;
use muster_tests::sandbox::{Broker, Fault, FaultKind, Operation};

use crate::operator::{at_angel_one, world};
use crate::screen::{ENTER, TAB, Terminal};

/// The address stands alone on its row and is reversed.
fn stands_alone(text: &str, address: &str) -> bool {
    text.lines().any(|row| row.trim_matches([' ', '║']) == address)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_warning_and_the_address_stand_there_before_anything_is_typed() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.open_angel_one().await?;
    screen.shows(&["WARNING: IP WHITELISTING REQUIRED", "although login works", "MPIN"]).await?;
    let text = screen.text();
    assert!(stands_alone(&text, "127.0.0.1"), "{text}");
    assert!(screen.reversed().contains(&" 127.0.0.1 ".to_owned()), "{:?}", screen.reversed());
    // The link is there in full, for terminals that know no hyperlinks.
    screen.shows(&["https://smartapi.angelone.in/new/apps"]).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_by_hand_it_is_tested_step_by_step_and_stored() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let mut slow = Fault::once(Broker::AngelOne, Operation::Profile, FaultKind::Slow);
    slow.seconds = Some(1.0);
    world.sandbox.arm(slow);
    let screen = Terminal::of(&world.socket()).open()?;
    screen.open_angel_one().await?;
    screen.type_angel_one(&at_angel_one(&world)?)?;
    screen.press(ENTER)?;
    screen
        .until("logged in, the profile under way", |text| {
            let row =
                |words: &str| text.lines().find(|row| row.contains(words)).unwrap_or_default();
            row("log in").contains('●') && row("profile").contains("◐ profile")
        })
        .await?;
    assert!(world.look().await?.snapshot.accounts.is_empty(), "nothing is stored before the end");
    screen.shows(&["4/4 Done", "● order permission", "Stored, sealed, as account 1"]).await?;
    screen.press(ENTER)?;
    screen.shows(&["1 account "]).await?;
    let row = screen.row("asha.k").unwrap_or_default();
    assert!(row.contains("● active") && row.contains("allowed"), "{row}");
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn pasted_field_by_field_it_is_stored_too() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let account = at_angel_one(&world)?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.open_angel_one().await?;
    // As copied from the portal: in groups, in lower case, with the line's end.
    let grouped = account.totp_secret.to_lowercase();
    let grouped =
        format!("{} {}\n", &grouped.get(..8).unwrap_or(""), &grouped.get(8..).unwrap_or(""));
    let pin = format!("{}\r\nrm -rf everything", account.pin);
    for field in ["asha.k", &account.client_code, &account.api_key, &pin, &grouped] {
        screen.press(TAB)?;
        screen.paste(field)?;
    }
    screen.shows(&["4 typed"]).await?;
    screen.press(ENTER)?;
    screen.shows(&["4/4 Done", "Stored, sealed, as account 1"]).await?;
    assert!(!screen.has_written(SECRET_MARK) && !screen.has_written("rm -rf"));
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_address_is_explained_and_the_same_form_passes_once_it_is_registered()
-> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let account = at_angel_one(&world)?;
    let register = |address: &str| -> anyhow::Result<bool> {
        let address = vec![address.parse()?];
        Ok(world.sandbox.set_allowed_ips(Broker::AngelOne, &account.client_code, address))
    };
    assert!(register("203.0.113.9")?);
    let screen = Terminal::of(&world.socket()).open()?;
    screen.open_angel_one().await?;
    screen.type_angel_one(&account)?;
    screen.press(ENTER)?;
    screen.shows(&["Broker says", "AG7002", "It means", "Do ", "Register"]).await?;
    screen.shows(&["✗ order permission", "Nothing has been stored"]).await?;
    let reversed = screen.reversed();
    assert!(reversed.contains(&" 127.0.0.1 ".to_owned()), "{reversed:?}");
    assert!(world.look().await?.snapshot.accounts.is_empty());

    assert!(register("127.0.0.1")?);
    screen.press("r")?;
    screen.shows(&["4/4 Done", "Stored, sealed, as account 1"]).await?;
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_right_is_said_beside_its_field_and_the_daemon_is_not_asked()
-> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let mut account = at_angel_one(&world)?;
    (account.pin, account.totp_secret) = ("12".to_owned(), "123456".to_owned());
    let screen = Terminal::of(&world.socket()).open()?;
    screen.open_angel_one().await?;
    screen.type_angel_one(&account)?;
    screen.press(ENTER)?;
    screen.shows(&["MPIN has 2 digits, it needs 4", "6 digits of the moment", "2/4"]).await?;
    let row = screen.row("MPIN  ").unwrap_or_default();
    assert!(row.starts_with(" > MPIN"), "the first bad field has the focus: {row}");
    daemon.stop().await
}
