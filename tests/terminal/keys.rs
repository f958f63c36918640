//! Keys that come faster than anybody reads, while the daemon has much to say; and more said than anybody
//! can take.

use muster_protocol::event::Delta;
use muster_protocol::request::{Selection, SetAutoExecute};
use muster_tests::bench::terminal::crowd;
use muster_tests::harness::World;
use tokio_util::sync::CancellationToken;

use crate::operator::world;
use crate::screen::{BACKSPACE, Terminal};
use crate::scripted::Scripted;

/// Five hundred keys that leave a text of their own: six letters and four steps back, fifty times. A key
/// that is lost or out of place shows.
fn five_hundred() -> (String, String) {
    let back = BACKSPACE.repeat(4);
    let rounds: Vec<String> = (10..60).map(|round| round.to_string()).collect();
    let last = format!("wxyz{back}");
    let keys = rounds.join(&last) + &last;
    (keys, rounds.concat())
}

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
    let (keys, stays) = five_hundred();
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

/// How many accounts the crowd has, and how many changes come for each key: at 5,000 a second and a key
/// every 5 ms it is 25.
const CROWD: u32 = 200;
const CHANGES: u32 = 25;

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_keys_among_twelve_thousand_changes_are_all_taken() -> anyhow::Result<()> {
    let daemon = Scripted::start(crowd::snapshot(CROWD))?;
    let socket = daemon.socket();
    let screen = Terminal::of(&socket).size(120, 24).open()?;
    screen.shows(&["200 accounts", "LATENCY"]).await?;
    screen.press("/")?;
    let (keys, stays) = five_hundred();
    let mut said = 0_u32;
    for key in keys.chars() {
        let numbers = (0..CHANGES).map(|n| (said + n) % CROWD);
        let round = u64::from(said);
        let changes = numbers.map(|n| Delta::Account(Box::new(crowd::account(n, round))));
        daemon.say(changes.collect()).await?;
        said += CHANGES;
        screen.press(&key.to_string())?;
    }
    assert_eq!((keys.chars().count(), said), (500, 12_500));
    screen.shows(&[&format!(" /{stays} ")]).await?;
    // Every change was taken, too: the last one of the first row is what stands there.
    screen.press("\x1b")?;
    let mut last = crowd::account(0, u64::from(said));
    last.latency_ms = Some(4_711);
    daemon.say(vec![Delta::Account(Box::new(last))]).await?;
    screen.shows(&["4711ms"]).await?;
    screen.press("q")?;
    assert!(screen.ended().await?.is_restored);
    Ok(())
}

/// What is kept, what fell out and what never came add up to what was said; the newest is what is seen.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_thousand_entries_the_last_is_seen_and_the_rest_is_counted()
-> anyhow::Result<()> {
    const ENTRIES: u64 = 100_000;
    let daemon = Scripted::start(crowd::snapshot(50))?;
    let socket = daemon.socket();
    let screen = Terminal::of(&socket).size(140, 24).open()?;
    screen.shows(&["50 accounts"]).await?;
    screen.press("4")?;
    screen.shows(&["Journal · follow"]).await?;
    let mut next = 2;
    while next <= ENTRIES {
        let end = (next + 500).min(ENTRIES + 1);
        daemon.say((next..end).map(|seq| Delta::Journal(crowd::entry(seq))).collect()).await?;
        next = end;
    }
    screen.shows(&[&format!("entry {ENTRIES} of")]).await?;
    let title = screen.row("Journal · follow").unwrap_or_default();
    let before = |words: &str| -> u64 {
        let part = title.split(" · ").find(|part| part.contains(words)).unwrap_or("0");
        let digits: String = part.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    };
    let counted = before("entries") + before("fell out") + before("skipped");
    assert_eq!(counted, ENTRIES, "{title}");
    Ok(())
}
