//! The records of runs that are over long since, out of the log and packed. They are written and their rows
//! deleted in one transaction, so that they are in one place at any moment, and in one only.
//!
//! ```text
//! archive    run, number from 0       -> a block of its records, in the order of writing
//! ```

use redb::{Database, ReadableDatabase, ReadableTable, Table};

use super::StoreError;
use super::block;
use super::tables::ARCHIVE;

/// A block is full with so many bytes; one record may be longer.
const BLOCK_BYTES: usize = 1 << 20;

/// A run's records, packed, and the numbers they have in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    run: String,
    numbers: Vec<u64>,
    blocks: Vec<Vec<u8>>,
}

impl Packed {
    /// Packs records as [`super::encode`] made them.
    pub fn new(run: String, numbers: Vec<u64>, records: &[Vec<u8>]) -> Result<Self, StoreError> {
        let mut blocks = Vec::new();
        let mut left = records;
        while !left.is_empty() {
            let mut bytes = 0_usize;
            let fits = left.iter().take_while(|record| {
                bytes = bytes.saturating_add(record.len());
                bytes <= BLOCK_BYTES
            });
            let (block, rest) = left.split_at(fits.count().max(1));
            let packed = block::pack(block.iter().map(Vec::as_slice));
            blocks.push(packed.ok_or(StoreError::RecordTooLong)?);
            left = rest;
        }
        Ok(Self { run, numbers, blocks })
    }

    /// The records, unpacked again.
    pub fn records(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        unpacked(self.blocks.iter().map(Vec::as_slice))
    }

    /// Puts the blocks into the archive and takes the records out of the log.
    pub(super) fn write(
        &self,
        archive: &mut Table<'_, (&'static str, u32), &'static [u8]>,
        log: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<(), StoreError> {
        for (block, number) in self.blocks.iter().zip(0_u32..) {
            if archive.insert((self.run.as_str(), number), block.as_slice())?.is_some() {
                return Err(StoreError::Archived { run: self.run.clone() });
            }
        }
        for number in &self.numbers {
            log.remove(number)?;
        }
        Ok(())
    }
}

fn unpacked<'a>(blocks: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut records = Vec::new();
    for block in blocks {
        records.extend(block::unpack(TABLE, block)?);
    }
    Ok(records)
}

/// The records of an archived run.
pub(super) fn records(db: &Database, run: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let table = db.begin_read()?.open_table(ARCHIVE)?;
    let mut blocks = Vec::new();
    for (row, expected) in table.range((run, 0)..=(run, u32::MAX))?.zip(0_u32..) {
        let (key, block) = row?;
        if key.value().1 != expected {
            return Err(StoreError::Unreadable { table: TABLE, source: None });
        }
        blocks.push(block.value().to_vec());
    }
    if blocks.is_empty() {
        return Err(StoreError::NotArchived { run: run.to_owned() });
    }
    unpacked(blocks.iter().map(Vec::as_slice))
}

/// The runs of which there is something in the archive.
pub(super) fn runs(db: &Database) -> Result<Vec<String>, StoreError> {
    let table = db.begin_read()?.open_table(ARCHIVE)?;
    let mut runs: Vec<String> = Vec::new();
    for row in table.iter()? {
        let (key, _) = row?;
        let (run, _) = key.value();
        if runs.last().is_none_or(|last| last != run) {
            runs.push(run.to_owned());
        }
    }
    Ok(runs)
}

const TABLE: &str = "archive";
