//! A list as bytes to keep: one line of JSON that says what follows, then the lines. What does not
//! agree with its own checksum is no list.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Catalog, Listing, Stamp};

/// The version of the layout.
const FORMAT: u32 = 1;

/// Why bytes are no list; it is downloaded again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    /// It is of another version, or no list at all.
    #[error("it is no list of this version")]
    Foreign,
    /// It is not what was written.
    #[error("it is damaged")]
    Damaged,
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    #[serde(flatten)]
    stamp: Stamp,
    sha256: String,
}

impl Catalog {
    /// As it is kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = &self.listing.text;
        let head = Head { format: FORMAT, stamp: self.stamp.clone(), sha256: sum(text) };
        // Numbers and texts only: this cannot fail.
        let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    /// As it was kept.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BadFile> {
        let mut text = String::from_utf8(bytes).map_err(|_| BadFile::Damaged)?;
        let head = text.lines().next().unwrap_or_default();
        let body_at = head.len().saturating_add(1);
        let head: Head = serde_json::from_str(head).map_err(|_| BadFile::Foreign)?;
        if head.format != FORMAT {
            return Err(BadFile::Foreign);
        }
        text.drain(..body_at.min(text.len()));
        if sum(&text) != head.sha256 {
            return Err(BadFile::Damaged);
        }
        let listing = Listing::of(text).ok_or(BadFile::Damaged)?;
        Ok(Self { stamp: head.stamp, listing })
    }
}

fn sum(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}
