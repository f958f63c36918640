//! Writing a store into a new file while no daemon runs.

use std::path::Path;

use super::slots::Hand;
use super::{UpkeepError, open};
use crate::store::{Batch, Epochs, Rewritten};

/// Writes the store into a new file in the old one's place; the audit has it before.
pub fn purge(path: &Path, hand: &Hand) -> Result<Rewritten, UpkeepError> {
    let at = |source| UpkeepError::Store { path: path.to_owned(), source };
    let store = open(path)?;
    let audit = vec![hand.entry("write the store anew", true)];
    store.commit([Batch { audit, ..Batch::default() }].iter_mut()).map_err(at)?;
    let made = Epochs::beside(path).purged(&store).map_err(at)?;
    store.close().map_err(at)?;
    Ok(made)
}
