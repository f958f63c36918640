//! A disk in memory that forgets: after a crash it holds what was synced and, of the rest, whatever
//! the seed picks, torn at 512 bytes.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// The disk; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    live: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
    syncs: u64,
    writes: u64,
    crash_at: Option<u64>,
    full_at: Option<u64>,
    crashed: bool,
}

#[derive(Debug)]
enum Change {
    Length(usize),
    Sector(usize, Vec<u8>),
}

impl Disk {
    pub(crate) fn with(image: Vec<u8>) -> Self {
        let state = State { live: image.clone(), synced: image, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The same bytes on a disk that has not crashed.
    pub(crate) fn reopened(&self) -> Self {
        Self::with(self.image())
    }

    pub(crate) fn image(&self) -> Vec<u8> {
        self.state().live.clone()
    }

    /// How often it was synced.
    pub(crate) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// The power goes when sync number `sync` is asked for.
    pub(crate) fn crash_at_sync(&self, sync: u64) {
        self.state().crash_at = Some(sync);
    }

    /// How often it was written to.
    pub(crate) fn writes(&self) -> u64 {
        self.state().writes
    }

    /// There is no room from write number `write` on.
    pub(crate) fn full_at_write(&self, write: u64) {
        self.state().full_at = Some(write);
    }

    /// What the platters hold after the crash.
    pub(crate) fn after_crash(&self, random: &mut Random) -> Self {
        let state = self.state();
        let mut image = state.synced.clone();
        // All, none, or each on its own: the extremes are the likely cases.
        let odds = [0, 1, 2, 3, 4][random.below(5)];
        for change in &state.unsynced {
            if random.below(4) < odds {
                apply(&mut image, change);
            }
        }
        Self::with(image)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.crashed { Err(io::Error::other("the power is gone")) } else { Ok(state) }
    }
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => image.resize(*length, 0),
        Change::Sector(offset, data) => {
            let end = offset + data.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*offset..end].copy_from_slice(data);
        }
    }
}

impl State {
    fn change(&mut self, change: Change) {
        apply(&mut self.live, &change);
        self.unsynced.push(change);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.alive()?.live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.alive()?;
        let offset = usize::try_from(offset).unwrap();
        let found = state.live.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap();
        self.alive()?.change(Change::Length(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.alive()?;
        state.syncs += 1;
        if state.crash_at == Some(state.syncs) {
            state.crashed = true;
            return Err(io::Error::other("the power goes"));
        }
        let State { live, synced, unsynced, .. } = &mut *state;
        for change in unsynced.drain(..) {
            apply(synced, &change);
        }
        assert_eq!(live.len(), synced.len(), "the changes are all there is");
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.alive()?;
        state.writes += 1;
        if state.full_at.is_some_and(|full| state.writes >= full) {
            return Err(ErrorKind::StorageFull.into());
        }
        let (mut offset, mut data) = (usize::try_from(offset).unwrap(), data);
        while !data.is_empty() {
            let (sector, rest) = data.split_at(data.len().min(512 - offset % 512));
            state.change(Change::Sector(offset, sector.to_vec()));
            (offset, data) = (offset + sector.len(), rest);
        }
        Ok(())
    }
}

/// `SplitMix64`: small, and the same on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bound = u64::try_from(bound).unwrap();
        usize::try_from((mixed ^ (mixed >> 31)) % bound).unwrap()
    }
}
