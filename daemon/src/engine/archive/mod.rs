//! The archive's two ways: records of old runs are packed beside the loop and read back before anything is
//! deleted; and what somebody wants to see of an archived run is read beside it, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use muster_protocol::frame::{Code, Failure};
use muster_protocol::ids::{RunId, UserId};
use tokio::task::spawn_blocking;

use super::Engine;
use super::handle::Back;
use crate::domain::archive::{About, Remains, Whole, replayed, says_archived};
use crate::domain::model::Model;
use crate::domain::msg::Msg;
use crate::domain::record::Record;
use crate::store::{Packed, Store, StoreError, decode};

/// So many records are looked at in one read of the store: a long one keeps old pages from being used again.
const PAGE: usize = 20_000;

/// A run's records packed, and the run as it was read back from that.
pub(super) type Read = (Packed, Whole);

/// Why an archived run cannot be shown or kept.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is there is not the run that was put there.
    #[error("what the archive has of {0} is not the run that was put there")]
    Another(RunId),
    /// Something is there that was not put there.
    #[error("the archive has {0}, which was not archived")]
    Stray(String),
}

impl Engine {
    /// Packs the records of these runs beside the loop.
    pub(super) fn pack(&self, runs: Vec<RunId>) {
        let (store, back_to) = (Arc::clone(&self.store), self.back_to.clone());
        tokio::spawn(async move {
            let named = runs.clone();
            let packed = spawn_blocking(move || pack_all(&store, &runs)).await;
            let packed = packed.unwrap_or_else(|_| {
                let failed = |run| (run, Err("packing its records failed".to_owned()));
                named.into_iter().map(failed).collect()
            });
            // The receiver lives as long as the engine.
            drop(back_to.send(Back::Packed(packed)));
        });
    }

    /// What was packed waits here until the model has decided.
    pub(super) fn came_packed(&mut self, packed: Vec<(RunId, Result<Read, String>)>) -> Msg {
        self.packed.clear();
        let told = packed.into_iter().map(|(run, read)| {
            let whole = read.map(|(packed, whole)| {
                self.packed.insert(run.clone(), packed);
                whole
            });
            (run, whole)
        });
        Msg::Packed(told.collect())
    }

    /// Answers from the archive, beside the loop: `show` gets a model that knows these runs and whatever of
    /// the live one it takes to show them.
    pub(super) fn beside_archive(
        &self,
        runs: Vec<RunId>,
        only: Option<&UserId>,
        show: impl FnOnce(Result<&Model, Failure>) + Send + 'static,
    ) {
        let mut lent = replayed(&[]);
        self.model.lend(&mut lent, &runs, only);
        let wanted = runs.into_iter().map(|run| (self.model.remains(&run), run));
        let wanted: Vec<_> = wanted.collect();
        let store = Arc::clone(&self.store);
        spawn_blocking(move || {
            let mut records = Vec::new();
            for (remains, run) in &wanted {
                match read_archived(&store, run, remains.as_ref()) {
                    Ok(found) => records.extend(found),
                    Err(error) => return show(Err(unreadable(run, &error))),
                }
            }
            for record in &records {
                // What did not fit when it was written had no effect then either.
                drop(lent.apply(record));
            }
            show(Ok(&lent));
        });
    }
}

fn unreadable(run: &RunId, error: &ArchiveError) -> Failure {
    tracing::error!(%run, %error, "an archived run cannot be read");
    let why = format!(
        "{run} is archived and cannot be read: {error}; `musterd verify` looks at all there is, a backup may have it"
    );
    Failure::new(Code::Internal, why)
}

/// The records of an archived run, if they tell of the run whose remains these are.
fn read_archived(
    store: &Store,
    run: &RunId,
    remains: Option<&Remains>,
) -> Result<Vec<Record>, ArchiveError> {
    let rows = store.archived(&run.to_string())?;
    let records: Result<Vec<Record>, StoreError> = rows.iter().map(|row| decode(row)).collect();
    let records = records?;
    let found = replayed(&records).remains(run);
    if found.is_none() || found.as_ref() != remains {
        return Err(ArchiveError::Another(run.clone()));
    }
    Ok(records)
}

/// Whether every archived run is there, whole, and nothing else is in the archive; how many there are.
pub fn verify_archive(store: &Store, model: &Model) -> Result<usize, ArchiveError> {
    let wanted = model.runs.keys().filter(|run| model.is_archived(run));
    let wanted: Vec<&RunId> = wanted.collect();
    for run in &wanted {
        read_archived(store, run, model.remains(run).as_ref())?;
    }
    let mut there = store.archived_runs()?.into_iter();
    match there.find(|name| wanted.iter().all(|run| run.to_string() != *name)) {
        Some(stray) => Err(ArchiveError::Stray(stray)),
        None => Ok(wanted.len()),
    }
}

fn pack_all(store: &Store, runs: &[RunId]) -> Vec<(RunId, Result<Read, String>)> {
    let found = match rows_of(store, runs) {
        Ok(found) => found,
        Err(error) => {
            let why = error.to_string();
            return runs.iter().map(|run| (run.clone(), Err(why.clone()))).collect();
        }
    };
    let packed = found.into_iter().map(|(run, rows)| {
        let read = pack_one(&run, rows).map_err(|error| error.to_string());
        (run, read)
    });
    packed.collect()
}

/// A record's number and bytes.
type Row = (u64, Vec<u8>);

/// Every record of these runs, by run.
fn rows_of(store: &Store, runs: &[RunId]) -> Result<BTreeMap<RunId, Vec<Row>>, StoreError> {
    let wanted: BTreeSet<&RunId> = runs.iter().collect();
    let mut found: BTreeMap<RunId, Vec<Row>> =
        runs.iter().map(|run| (run.clone(), Vec::new())).collect();
    let mut after = 0;
    loop {
        let end = store.look_through(after, PAGE, &mut |number, bytes| {
            let About(run) = decode(bytes)?;
            if let Some(run) = run.filter(|run| wanted.contains(run))
                && let Some(rows) = found.get_mut(&run)
            {
                rows.push((number, bytes.to_vec()));
            }
            Ok(())
        })?;
        match end {
            Some(last) => after = last,
            None => return Ok(found),
        }
    }
}

/// Packs a run's rows, and reads them back as they will be read.
fn pack_one(run: &RunId, rows: Vec<Row>) -> Result<Read, ArchiveError> {
    let (numbers, rows): (Vec<u64>, Vec<Vec<u8>>) = rows.into_iter().unzip();
    let packed = Packed::new(run.to_string(), numbers, &rows)?;
    let back = packed.records()?;
    let records: Result<Vec<Record>, StoreError> = back.iter().map(|row| decode(row)).collect();
    let records = records?;
    let whole = replayed(&records).whole(run);
    match whole {
        Some(whole) if back == rows && !records.iter().any(says_archived) => Ok((packed, whole)),
        Some(_) | None => Err(ArchiveError::Another(run.clone())),
    }
}

#[cfg(test)]
mod tests;
