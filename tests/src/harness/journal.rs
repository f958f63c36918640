//! A journal as a long life leaves it.

use std::path::Path;

use muster_protocol::event::{Area, JournalEntry, Level};
use musterd::store::{Batch, Epochs, Store};

/// Adds so many entries of a hundred people to a store that no daemon has open; how many there were before.
pub fn fill_journal(file: &Path, entries: u64) -> anyhow::Result<u64> {
    let (store, epochs) = (Store::open(file)?, Epochs::beside(file));
    let journal = (1..=entries).map(entry).collect::<anyhow::Result<_>>()?;
    let (before, next) = (store.size()?.journal, epochs.look(&store)?.1);
    epochs.advance(&store, Batch { journal, ..Batch::default() }, next)?;
    store.close()?;
    Ok(before)
}

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
