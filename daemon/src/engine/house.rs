//! What is known of the store and the vault's slots, for whoever keeps house.

use muster_protocol::frame::{Code, Failure};
use muster_protocol::house::HouseView;
use muster_protocol::time::Timestamp;

use super::Engine;
use super::handle::Peer;
use crate::store::{Store, StoreError};

/// How many of the newest audit entries are searched for a backup at the start.
const SEARCHED: usize = 10_000;

impl Engine {
    /// The store as it stands. A look at the disk: a person asks now and then, nothing asks by itself.
    pub(super) fn house(&self, peer: &Peer) -> Result<HouseView, Failure> {
        let size = self.store.size().map_err(|error| {
            tracing::warn!(%error, "the store's size cannot be read");
            Failure::new(
                Code::Internal,
                "the store's size cannot be read; the daemon's log says why",
            )
        })?;
        Ok(HouseView {
            store_bytes: size.bytes,
            records: size.records,
            journal: size.journal,
            slots: if peer.only().is_none() { self.custody.slots() } else { Vec::new() },
            backup: self.backed_up,
            brokers: self.brokers.health.iter().map(|kept| kept.view()).collect(),
        })
    }

    /// Whether old journal entries are to be packed. A transaction that changes nothing wears the disk too.
    pub(super) fn is_loose(&self) -> bool {
        self.store.is_loose().unwrap_or_else(|error| {
            tracing::warn!(%error, "the journal's length cannot be read");
            false
        })
    }
}

/// When the store was last backed up, as its audit tells.
pub(super) fn last_backup(store: &Store) -> Result<Option<Timestamp>, StoreError> {
    let entry = store.newest_audit(SEARCHED, |entry| entry.what == BACKUP && entry.done)?;
    Ok(entry.map(|entry| entry.at))
}

/// The audit's word for it.
const BACKUP: &str = "back up";
