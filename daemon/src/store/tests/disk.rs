//! A disk in memory that forgets and fails: after a crash it holds what was synced and, of the rest,
//! whatever the seed picks, torn at 512 bytes; a call may fail as on a full or a broken disk.

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
    /// Writes, changes of length and syncs.
    calls: u64,
    crash_at: Option<u64>,
    crash_at_call: Option<u64>,
    fault: Option<Fault>,
    crashed: bool,
}

/// A call that fails while the power stays on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    /// Which of the calls, from 1.
    pub(crate) at: u64,
    /// What the system says.
    pub(crate) error: ErrorKind,
    /// Whether all calls after it fail, too.
    pub(crate) lasts: bool,
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

    /// How often it was written to, made longer or shorter, or synced.
    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// The power goes when this call is under way; of a write, some sectors may arrive.
    pub(crate) fn crash_at_call(&self, call: u64) {
        self.state().crash_at_call = Some(call);
    }

    /// A call fails.
    pub(crate) fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
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

    /// One more call that changes something.
    fn changing(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.alive()?;
        state.calls += 1;
        let calls = state.calls;
        match state.fault {
            Some(Fault { at, error, lasts }) if calls == at || lasts && calls > at => {
                Err(error.into())
            }
            _ => Ok(state),
        }
    }
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => set_length(image, *length),
        Change::Sector(offset, data) => {
            let end = offset + data.len();
            if image.len() < end {
                set_length(image, end);
            }
            image[*offset..end].copy_from_slice(data);
        }
    }
}

/// `Vec::resize`, which without optimisation goes byte by byte.
fn set_length(image: &mut Vec<u8>, length: usize) {
    image.truncate(length);
    image.extend_from_slice(&vec![0; length - image.len()]);
}

impl State {
    fn change(&mut self, change: Change) {
        apply(&mut self.live, &change);
        self.unsynced.push(change);
    }

    /// Ends a call, unless the power goes in it.
    fn done(&mut self) -> io::Result<()> {
        if self.crash_at_call == Some(self.calls) {
            self.crashed = true;
            return Err(io::Error::other("the power goes"));
        }
        Ok(())
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
        let mut state = self.changing()?;
        state.change(Change::Length(length));
        state.done()
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.changing()?;
        state.syncs += 1;
        state.done()?;
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
        let mut state = self.changing()?;
        let (mut offset, mut data) = (usize::try_from(offset).unwrap(), data);
        while !data.is_empty() {
            let (sector, rest) = data.split_at(data.len().min(512 - offset % 512));
            state.change(Change::Sector(offset, sector.to_vec()));
            (offset, data) = (offset + sector.len(), rest);
        }
        state.done()
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

/// Seeds: some that are always the same, and one that was never tried; or the one that a failure named,
/// given again in `MUSTER_SEED`.
#[expect(clippy::disallowed_methods, reason = "a seed is given by whoever looks into a failure")]
pub(crate) fn seeds(always: u64) -> Vec<u64> {
    if let Ok(given) = std::env::var("MUSTER_SEED") {
        return vec![given.parse().expect("MUSTER_SEED is a number")];
    }
    let mut fresh = [0; 8];
    getrandom::fill(&mut fresh).unwrap();
    (1..=always).chain([u64::from_le_bytes(fresh)]).collect()
}
