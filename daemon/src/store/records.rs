//! How an entry becomes bytes: a version byte, then JSON. The store does not know what the entry is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// The bytes of an entry.
///
/// # Panics
/// If the type cannot be JSON at all (a map whose keys are no texts): the first test that makes one shows it.
pub fn encode<T: Serialize>(entry: &T) -> Vec<u8> {
    encode_as(VERSION, entry)
}

/// The bytes of an entry of this version.
pub(super) fn encode_as<T: Serialize>(version: u8, entry: &T) -> Vec<u8> {
    // Room for most: growing byte by byte costs more than the entry.
    let mut bytes = Vec::with_capacity(USUAL);
    bytes.push(version);
    serde_json::to_writer(&mut bytes, entry).expect("an entry of structs, enums and texts encodes");
    bytes
}

/// Reads what [`encode`] wrote for the domain's records.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    decode_from("records", VERSION, bytes)
}

/// Reads an entry of the named table and of this version.
pub(super) fn decode_from<T: DeserializeOwned>(
    table: &'static str,
    version: u8,
    bytes: &[u8],
) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((found, json)) if *found == version => serde_json::from_slice(json)
            .map_err(|error| StoreError::Unreadable { table, source: Some(error) }),
        other => Err(StoreError::UnknownVersion { table, found: other.map(|(&first, _)| first) }),
    }
}

pub(super) const VERSION: u8 = 1;
const USUAL: usize = 384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_back_and_an_unknown_version_is_named() {
        let bytes = encode(&("asha", 7));
        assert_eq!(bytes, b"\x01[\"asha\",7]");
        assert_eq!(decode::<(String, u8)>(&bytes).unwrap(), ("asha".to_owned(), 7));
        let found = |bytes: &[u8]| match decode::<(String, u8)>(bytes).unwrap_err() {
            StoreError::UnknownVersion { found, .. } => found,
            other => panic!("{other}"),
        };
        assert_eq!(found(b"\x02[]"), Some(2));
        assert_eq!(found(b""), None);
        let torn = decode::<(String, u8)>(b"\x01[\"asha\"");
        assert!(matches!(torn, Err(StoreError::Unreadable { .. })));
    }
}
