//! The journal of a long life, in quiet hours: old entries are packed and read as before.

use muster_protocol::request::{Backup, JournalFilter, QueryJournal};
use muster_tests::harness::{Setup, World, eventually, fill_journal};
use musterd::store::Store;

const ENTRIES: u64 = 12_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_packs_its_journal_and_reads_all_of_it() -> anyhow::Result<()> {
    let world = World::new(Setup { speed: 60.0, ..Setup::default() }).await?;
    world.daemon().await?.stop().await?;
    let before = fill_journal(&world.store(), ENTRIES)?;
    assert!(Store::open(&world.store())?.is_loose()?);

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
