//! The benchmark's way to learn what the journal costs: the same daemon with a writer that reports at once
//! and writes nothing. Only a build with the feature `unjournalled` has it, and nothing in the daemon turns
//! it on.

#[cfg(feature = "unjournalled")]
mod on {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::super::{Batch, Placed};

    static ON: AtomicBool = AtomicBool::new(false);

    /// From now on no writer of this process writes.
    pub fn begin() {
        ON.store(true, Ordering::SeqCst);
    }

    /// What a store would say of the batches, if no store is asked.
    pub(in super::super) fn placed<'a>(
        batches: impl Iterator<Item = &'a mut Batch>,
    ) -> Option<Vec<Placed>> {
        let place = |batch: &'a mut Batch| {
            let journal = std::mem::take(&mut batch.journal);
            Placed { records: 0..0, journal, audit: None }
        };
        ON.load(Ordering::SeqCst).then(|| batches.map(place).collect())
    }
}

#[cfg(not(feature = "unjournalled"))]
mod on {
    use super::super::{Batch, Placed};

    pub(in super::super) fn placed<'a>(
        _batches: impl Iterator<Item = &'a mut Batch>,
    ) -> Option<Vec<Placed>> {
        None
    }
}

#[cfg(feature = "unjournalled")]
pub use self::on::begin;
pub(super) use self::on::placed;
