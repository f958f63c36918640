//! Keys that come faster than anybody reads, while the daemon has much to say.

use muster_protocol::request::{Selection, SetAutoExecute};
use muster_tests::harness::World;
use tokio_util::sync::CancellationToken;

use crate::operator::world;
use crate::screen::{BACKSPACE, Terminal};

/// Changes every account, over and over.
async fn chatter(world: &World, enough: CancellationToken) -> anyhow::Result<u32> {
    let (client, _feed) = world.client().await?;
    let mut times = 0;
    while !enough.is_cancelled() {
        client.call(SetAutoExecute { accounts: Selection::All, on: times % 2 == 0 }).await?;
        times += 1;
    }
    Ok(times)
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_keys_at_once_arrive_in_order_while_the_daemon_talks() -> anyhow::Result<()> {
    let world = world(6).await?;
    let daemon = world.daemon().await?;
    world.connect_all().await?;
    let screen = Terminal::of(&world.socket()).size(120, 24).open()?;
    screen.shows(&["6 accounts"]).await?;
    screen.press("/")?;
    // Six letters and four steps back, fifty times: a key that is lost or out of place shows.
    let back = BACKSPACE.repeat(4);
    let rounds: Vec<String> = (10..60).map(|round| round.to_string()).collect();
    let (stays, last) = (rounds.concat(), format!("wxyz{back}"));
    let keys = rounds.join(&last) + &last;
    assert_eq!(keys.chars().count(), 500);
    let enough = CancellationToken::new();
    let typing = async {
        screen.press(&keys)?;
        let typed = screen.shows(&[&format!(" /{stays}")]).await;
        enough.cancel();
        typed
    };
    let (typed, times) = tokio::join!(typing, chatter(&world, enough.clone()));
    typed?;
    assert!(times? > 0, "the daemon had something to say");
    daemon.stop().await
}
