//! The journal of a long life, in quiet hours: old entries are packed and read as before.

use muster_protocol::event::{Area, JournalEntry, Level};
use muster_protocol::request::{Backup, JournalFilter, QueryJournal};
use muster_tests::harness::{Setup, World, eventually};
use musterd::store::{Batch, Epochs, Store};

const ENTRIES: u64 = 12_000;

fn entry(n: u64) -> anyhow::Result<JournalEntry> {
    Ok(JournalEntry {
        seq: 0,
        at: "2026-11-20T15:10:00+05:30".parse()?,
        level: Level::Info,
        area: Area::Order,
        user: Some(format!("person-{}", n % 100).parse()?),
        account: None,
        broker: None,
        run: None,
        text: format!("accepted as 26112000{n:08}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_packs_its_journal_and_reads_all_of_it() -> anyhow::Result<()> {
    let world = World::new(Setup { speed: 60.0, ..Setup::default() }).await?;
    world.daemon().await?.stop().await?;
    let (store, epochs) = (Store::open(&world.store())?, Epochs::beside(&world.store()));
    let journal = (1..=ENTRIES).map(entry).collect::<Result<_, _>>()?;
    let (before, next) = (store.size()?.journal, epochs.look(&store)?.1);
    epochs.advance(&store, Batch { journal, ..Batch::default() }, next)?;
    assert!(store.is_loose()?);
    store.close()?;

    let daemon = world.daemon().await?;
    let (client, _feed) = world.client().await?;
    let ask = async |filter: &JournalFilter| {
        let asked = QueryJournal { after: 0, limit: 1_000, filter: filter.clone() };
        client.call(asked).await
    };
    let early = JournalFilter { before: Some(before + 1_500), ..JournalFilter::default() };
    let hers = JournalFilter { user: Some("person-7".parse()?), ..JournalFilter::default() };
    let loose = (ask(&early).await?, ask(&hers).await?);
    let mut copies = 0;
    eventually("the journal is packed", async || {
        copies += 1;
        let file = world.folder().join(format!("copy-{copies}.redb"));
        let made = client.call(Backup { file: file.display().to_string() }).await;
        let copy = made.ok().and_then(|_| Store::open(&file).ok());
        let Some(copy) = copy.filter(|copy| matches!(copy.is_loose(), Ok(false))) else {
            return false;
        };
        // All of it can be read, without a gap.
        let there = copy.size().map_or(0, |size| size.journal);
        there >= before + ENTRIES && matches!(copy.journal_length(), Ok(length) if length == there)
    })
    .await?;
    assert_eq!((ask(&early).await?, ask(&hers).await?), loose);
    assert_eq!((loose.0.len(), loose.1.len()), (1_000, 120));
    daemon.stop().await
}
