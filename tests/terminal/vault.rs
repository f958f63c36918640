//! The vault at a terminal: sealed and opened on the screen, and a recovery key that is typed back.

use muster_protocol::request::{ListSlots, Status};
use muster_protocol::status::VaultState;
use muster_protocol::vault::SlotKind;
use muster_tests::harness::World;

use crate::operator::world;
use crate::screen::{CTRL_C, ENTER, Screen, Terminal};

const PASSPHRASE: &str = "CANARY-passphrase";

async fn state(world: &World) -> anyhow::Result<VaultState> {
    let (client, _feed) = world.client().await?;
    Ok(client.call(Status {}).await?.vault)
}

async fn slots(world: &World) -> anyhow::Result<Vec<SlotKind>> {
    let (client, _feed) = world.client().await?;
    Ok(client.call(ListSlots {}).await?.iter().map(|slot| slot.kind).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_vault_is_shown_and_opened_and_sealed_again_on_the_screen() -> anyhow::Result<()> {
    let world = world(1).await?;
    std::fs::remove_file(world.folder().join("passphrase"))?;
    let daemon = world.daemon().await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["connected", "VAULT SEALED: V opens it"]).await?;
    screen.press("V")?;
    screen.shows(&["Open the vault", "0 characters"]).await?;
    screen.press("CANARY-wrong")?;
    screen.shows(&["12 characters"]).await?;
    screen.press(ENTER)?;
    screen.shows(&["the passphrase does not open the vault"]).await?;
    // The clock runs on; the wait after the first wrong one is a second of it.
    world.set_clock("2026-11-23T12:30:00+05:30")?;
    screen.press("V")?;
    screen.shows(&["0 characters"]).await?;
    screen.press(&format!("{PASSPHRASE}{ENTER}"))?;
    screen.until("the vault is open", |text| !text.contains("VAULT SEALED")).await?;
    assert_eq!(state(&world).await?, VaultState::Open);
    screen.press("V")?;
    screen.shows(&["Seal the vault?", "Type SEAL"]).await?;
    // A question takes no key in its first moments.
    screen
        .until("the typed word", |text| screen.press("\x15SEAL").is_ok() && text.contains("> SEAL"))
        .await?;
    screen.press(ENTER)?;
    screen.shows(&["VAULT SEALED"]).await?;
    assert_eq!(state(&world).await?, VaultState::Sealed);
    assert!(!screen.has_written("CANARY"), "nothing that was typed was shown");
    daemon.stop().await
}

/// The key on the screen, as a person copies it onto paper.
fn on_paper(screen: &Screen) -> Option<String> {
    let is_key =
        |word: &str| word.split('-').count() == 14 && word.split('-').all(|group| group.len() == 4);
    screen.text().split_whitespace().find(|word| is_key(word)).map(str::to_owned)
}

/// The ceremony up to the last question; the key as it was shown.
async fn typed_back(screen: &Screen) -> anyhow::Result<String> {
    screen.shows(&["it is shown this once", "Press Enter when you have it on paper"]).await?;
    let key = on_paper(screen).ok_or_else(|| anyhow::anyhow!("no key:\n{}", screen.text()))?;
    screen.press(ENTER)?;
    screen.shows(&["Type it back from the paper"]).await?;
    assert_eq!(on_paper(screen), None, "it is off the screen:\n{}", screen.text());
    let slip = key.replacen(|c: char| c != 'A', "A", 1);
    screen.press(&format!("{slip}{ENTER}"))?;
    screen.shows(&["4 tries are left"]).await?;
    screen.press(&format!("{}{ENTER}", key.to_lowercase().replace('-', " ")))?;
    Ok(key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_key_is_a_slot_only_when_it_was_typed_back() -> anyhow::Result<()> {
    let world = world(1).await?;
    let daemon = world.daemon().await?;
    let add = ["vault", "add", "recovery"];
    let given_up = Terminal::of(&world.socket()).asking(&add).open()?;
    given_up.shows(&["Press Enter when you have it on paper"]).await?;
    given_up.press(CTRL_C)?;
    assert!(!given_up.ended().await?.status.success());
    assert_eq!(slots(&world).await?, [SlotKind::Passphrase], "given up, nothing is made");

    let screen = Terminal::of(&world.socket()).asking(&add).open()?;
    let key = typed_back(&screen).await?;
    screen.shows(&["that opens the vault (not shown)"]).await?;
    assert_eq!(slots(&world).await?, [SlotKind::Passphrase], "not before a secret that opens it");
    screen.press(&format!("{PASSPHRASE}{ENTER}"))?;
    let left = screen.ended().await?;
    assert!(left.status.success() && left.text.contains("the recovery key on your paper"));
    assert!(!left.has_written("CANARY"));
    assert_eq!(slots(&world).await?, [SlotKind::Passphrase, SlotKind::Recovery]);
    daemon.stop().await?;
    // It opens the vault.
    std::fs::write(world.folder().join("passphrase"), key)?;
    let daemon = world.daemon().await?;
    assert_eq!(state(&world).await?, VaultState::Open);
    daemon.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_daemon_the_ceremony_is_the_same() -> anyhow::Result<()> {
    let world = world(1).await?;
    let (config, add) = (world.config(), ["slot", "add", "recovery"]);
    let given_up = Terminal::without_daemon(&config).asking(&add).open()?;
    given_up.shows(&["Press Enter when you have it on paper"]).await?;
    given_up.press(ENTER)?;
    given_up.shows(&["Type it back from the paper"]).await?;
    given_up.press(CTRL_C)?;
    assert!(!given_up.ended().await?.status.success());
    assert_eq!(musterd::upkeep::slots(&world.store())?.len(), 1);

    let screen = Terminal::without_daemon(&config).asking(&add).open()?;
    let key = typed_back(&screen).await?;
    screen.shows(&["A passphrase or key that opens the vault"]).await?;
    screen.press(&format!("{PASSPHRASE}{ENTER}"))?;
    let left = screen.ended().await?;
    assert!(left.status.success(), "{}", left.text);
    std::fs::write(world.folder().join("passphrase"), key)?;
    let daemon = world.daemon().await?;
    assert_eq!(slots(&world).await?, [SlotKind::Passphrase, SlotKind::Recovery]);
    daemon.stop().await
}
