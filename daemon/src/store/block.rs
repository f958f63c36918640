//! Rows that are not changed any more, as one value: deflated together they take a tenth of their room.
//!
//! ```text
//! version byte (1) | rows (4, big-endian) | their length before (4) | deflate of, for each row: length (4), bytes
//! ```

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::StoreError;

/// How many bytes of rows a block holds at most, so that a damaged one cannot ask for all memory.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// What a row takes besides its own bytes.
pub(super) const ROW_HEAD: usize = 4;

/// The block of these rows; `None` if they are more than a block holds.
pub(super) fn pack<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut count = 0_u32;
    let mut inflated = Vec::new();
    for row in rows {
        count = count.checked_add(1)?;
        inflated.extend_from_slice(&u32::try_from(row.len()).ok()?.to_be_bytes());
        inflated.extend_from_slice(row);
    }
    let length = u32::try_from(inflated.len()).ok().filter(|_| inflated.len() <= MOST_BYTES)?;
    let mut block = vec![VERSION];
    block.extend_from_slice(&count.to_be_bytes());
    block.extend_from_slice(&length.to_be_bytes());
    // Fast: what repeats from row to row is found at any level.
    let mut deflate = DeflateEncoder::new(block, Compression::fast());
    deflate.write_all(&inflated).ok()?;
    deflate.finish().ok()
}

/// The rows of a block of the named table. One that is not whole is an error.
pub(super) fn unpack(table: &'static str, block: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
    let unreadable = || StoreError::Unreadable { table, source: None };
    match block.first() {
        Some(&VERSION) => {}
        found => return Err(StoreError::UnknownVersion { table, found: found.copied() }),
    }
    let mut rest = block.get(1..).unwrap_or_default();
    let count = number(&mut rest).ok_or_else(unreadable)?;
    let length = number(&mut rest).filter(|length| *length <= MOST_BYTES).ok_or_else(unreadable)?;
    let mut inflated = Vec::with_capacity(length);
    let most = u64::try_from(length).unwrap_or(u64::MAX).saturating_add(1);
    let whole = DeflateDecoder::new(rest).take(most).read_to_end(&mut inflated);
    if whole.ok() != Some(length) {
        return Err(unreadable());
    }
    let mut left = inflated.as_slice();
    let mut rows = Vec::new();
    while !left.is_empty() {
        let length = number(&mut left).ok_or_else(unreadable)?;
        let (row, after) = left.split_at_checked(length).ok_or_else(unreadable)?;
        rows.push(row.to_vec());
        left = after;
    }
    if rows.len() == count { Ok(rows) } else { Err(unreadable()) }
}

/// Takes a number of four bytes from the front.
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    usize::try_from(u32::from_be_bytes(*number)).ok()
}

const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(rows: &[Vec<u8>]) -> Vec<u8> {
        pack(rows.iter().map(Vec::as_slice)).unwrap()
    }

    proptest! {
        #[test]
        fn rows_read_back(rows in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..40)) {
            prop_assert_eq!(unpack("journal", &block(&rows)).unwrap(), rows);
        }

        #[test]
        fn a_damaged_block_is_an_error_or_other_rows_and_never_more(at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let rows = vec![b"accepted as 26112300001".to_vec(); 30];
            let mut bytes = block(&rows);
            let at = at.index(bytes.len());
            bytes[at] = to;
            if let Ok(read) = unpack("journal", &bytes) {
                prop_assert_eq!(read.len(), rows.len());
            }
        }
    }

    #[test]
    fn what_is_cut_claims_too_much_or_is_too_large_is_refused() {
        let whole = block(&[b"one".to_vec(), b"two".to_vec()]);
        for cut in 0..whole.len() {
            assert!(unpack("journal", &whole[..cut]).is_err(), "{cut}");
        }
        let mut claims = whole;
        claims[5..9].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(matches!(unpack("journal", &claims), Err(StoreError::Unreadable { .. })));
        let row = vec![0; MOST_BYTES / 2];
        assert!(pack([row.as_slice(), &row].into_iter()).is_none());
        let unknown = unpack("journal", &[9]).unwrap_err();
        assert!(matches!(unknown, StoreError::UnknownVersion { found: Some(9), .. }));
    }
}
