//! The state a browser login carries to the broker and back: which ticket, until when, signed.
//!
//! base64url without padding of: version 2 (1 byte), ticket (8), expiry in seconds (4, both big-endian),
//! the first 18 bytes of HMAC-SHA256 over these 13. Short, so that the login link with it is a QR code of
//! 22 rows, which a terminal of 24 shows whole; 144 bits are not guessed in the minutes it is good for.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use muster_protocol::ids::TicketId;
use muster_protocol::time::Timestamp;
use sha2::Sha256;

use super::CustodyError;

/// Signs.
pub(super) fn sign(key: &[u8; 32], ticket: TicketId, expires: Timestamp) -> String {
    let seconds = u32::try_from(expires.unix_seconds()).unwrap_or(0);
    let payload = [&[VERSION], ticket.0.to_be_bytes().as_slice(), &seconds.to_be_bytes()].concat();
    let tag = mac(key, &payload).finalize().into_bytes();
    BASE64URL_NOPAD.encode(&[payload.as_slice(), tag.get(..TAG_LEN).unwrap_or(&tag)].concat())
}

/// Gives the ticket of a state that was signed with the key and has not expired.
pub(super) fn verify(
    key: &[u8; 32],
    state: &str,
    now: Timestamp,
) -> Result<TicketId, CustodyError> {
    // The length is looked at first, so that a long text costs nothing.
    if state.len() != BASE64URL_NOPAD.encode_len(PAYLOAD_LEN + TAG_LEN) {
        return Err(CustodyError::ForgedState);
    }
    let bytes = BASE64URL_NOPAD.decode(state.as_bytes()).map_err(|_| CustodyError::ForgedState)?;
    let (payload, tag) =
        bytes.split_first_chunk::<PAYLOAD_LEN>().ok_or(CustodyError::ForgedState)?;
    // It takes the same time wherever the first difference is; the length was looked at above.
    mac(key, payload).verify_truncated_left(tag).map_err(|_| CustodyError::ForgedState)?;
    let [version, t0, t1, t2, t3, t4, t5, t6, t7, expires @ ..] = *payload;
    if version != VERSION {
        return Err(CustodyError::ForgedState);
    }
    if now.unix_seconds() >= i64::from(u32::from_be_bytes(expires)) {
        return Err(CustodyError::ExpiredState);
    }
    Ok(TicketId(u64::from_be_bytes([t0, t1, t2, t3, t4, t5, t6, t7])))
}

fn mac(key: &[u8; 32], payload: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.chain_update(payload)
}

const VERSION: u8 = 2;
const PAYLOAD_LEN: usize = 13;
const TAG_LEN: usize = 18;
