//! How a sealed secret becomes a row: a version byte, the generation, the sealed bytes.

use muster_protocol::ids::AccountId;

use super::{SealedRow, StoreError};

/// The value of a row; account and kind are its key.
pub(super) fn encode(row: &SealedRow) -> Vec<u8> {
    [&[VERSION], row.generation.to_be_bytes().as_slice(), &row.bytes].concat()
}

/// Reads what [`encode`] wrote.
pub(super) fn decode((account, kind): (u32, u8), value: &[u8]) -> Result<SealedRow, StoreError> {
    let (version, rest) =
        value.split_first().ok_or(StoreError::UnknownVersion { table: TABLE, found: None })?;
    if *version != VERSION {
        return Err(StoreError::UnknownVersion { table: TABLE, found: Some(*version) });
    }
    let (generation, bytes) = rest
        .split_first_chunk::<8>()
        .ok_or(StoreError::Unreadable { table: TABLE, source: None })?;
    Ok(SealedRow {
        account: AccountId(account),
        kind,
        generation: u64::from_be_bytes(*generation),
        bytes: bytes.to_vec(),
    })
}

const VERSION: u8 = 1;
const TABLE: &str = "sealed secrets";
