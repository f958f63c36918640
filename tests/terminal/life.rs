//! The client without, with and again without a daemon: it never leaves, and nobody presses a key.

use muster_tests::harness::{Outside, World};

use crate::operator::world;
use crate::screen::{DRILL, Screen, Terminal};

async fn start(world: &World) -> anyhow::Result<Outside> {
    Outside::start(world, DRILL.as_ref()).await
}

fn users(world: &World) -> anyhow::Result<Vec<String>> {
    Ok(world.people()?.iter().map(|person| person.user().to_string()).collect())
}

async fn shows_rows(screen: &Screen, users: &[String]) -> anyhow::Result<()> {
    let live = |text: &str| text.contains("● connected") && !text.contains(" old");
    let rows = |text: &str| users.iter().all(|user| text.contains(user.as_str()));
    screen.until("live rows", |text| live(text) && rows(text)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_the_daemon_and_keeps_the_rows_when_it_goes() -> anyhow::Result<()> {
    let world = world(2).await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["1 Accounts", "daemon stopped, trying in", "there is no socket at"]).await?;
    screen.shows(&["Is musterd running?", "? help"]).await?;
    assert!(screen.is_taken());

    let daemon = start(&world).await?;
    screen.shows(&["● connected", "no accounts yet"]).await?;
    world.connect_all().await?;
    let users = users(&world)?;
    shows_rows(&screen, &users).await?;

    daemon.kill()?;
    screen.shows(&["daemon stopped, trying in", " old"]).await?;
    let text = screen.text();
    assert!(users.iter().all(|user| text.contains(user.as_str())), "{text}");

    let daemon = start(&world).await?;
    shows_rows(&screen, &users).await?;
    daemon.kill()
}

/// The count to the next attempt goes down and the attempts go up, for as long as it takes.
#[tokio::test(flavor = "multi_thread")]
async fn it_tries_again_and_again_and_at_once_when_asked() -> anyhow::Result<()> {
    let world = world(1).await?;
    let screen = Terminal::of(&world.socket()).open()?;
    screen.shows(&["(try 4)"]).await?;
    screen.shows(&["(try 5)"]).await?;
    let daemon = start(&world).await?;
    screen.press("\x12")?;
    screen.shows(&["● connected"]).await?;
    daemon.kill()
}
