//! Random keys as text that a person can type and a file can hold: 14 groups of four letters and
//! digits, which are the base32 of 32 random bytes and the first three of their SHA-256. Whoever makes
//! a key brings the random bytes: nothing here is random.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How many random bytes a key has.
pub const KEY_LEN: usize = 32;

/// The text of a key.
pub fn write(bytes: &[u8; KEY_LEN]) -> Zeroizing<String> {
    let mut checked = Zeroizing::new(Vec::with_capacity(KEY_LEN + CHECK_LEN));
    checked.extend_from_slice(bytes);
    checked.extend(check(bytes));
    let letters = Zeroizing::new(BASE32_NOPAD.encode(&checked));
    let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT));
    for (at, letter) in letters.chars().enumerate() {
        if at > 0 && at.is_multiple_of(GROUP) {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

/// Reads such a text, whatever its case and groups; `None` for any other, with a mistyped letter too.
pub fn read(text: &[u8]) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let mut letters = Zeroizing::new(Vec::with_capacity(MAX_TEXT));
    let kept = text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'-');
    letters.extend(kept.map(u8::to_ascii_uppercase));
    let checked = Zeroizing::new(BASE32_NOPAD.decode(&letters).ok()?);
    let (bytes, found) = checked.split_first_chunk::<KEY_LEN>()?;
    let right = found == check(bytes);
    right.then(|| Zeroizing::new(*bytes))
}

/// Whether two texts are of one key, whatever their case and groups; takes the same time wherever they
/// differ.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    let (Some(one), Some(other)) = (read(one), read(other)) else { return false };
    let differ = one.iter().zip(other.iter()).fold(0, |seen, (a, b)| seen | (a ^ b));
    differ == 0
}

fn check(bytes: &[u8; KEY_LEN]) -> [u8; CHECK_LEN] {
    let [a, b, c, ..]: [u8; 32] = Sha256::digest(bytes).into();
    [a, b, c]
}

const CHECK_LEN: usize = 3;
const GROUP: usize = 4;
const MAX_TEXT: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_however_it_is_typed_and_a_slip_is_found() {
        let text = write(&[7; KEY_LEN]);
        assert_eq!(text.split('-').count(), 14);
        assert_eq!(*read(text.as_bytes()).unwrap(), [7; KEY_LEN]);
        let typed = format!(" {} \n", text.to_lowercase().replace('-', " "));
        assert_eq!(*read(typed.as_bytes()).unwrap(), [7; KEY_LEN]);
        for at in 0..text.len() {
            let mut slip = text.as_bytes().to_vec();
            slip[at] = if slip[at] == b'A' { b'B' } else { b'A' };
            assert!(read(&slip).is_none(), "letter {at}");
        }
        assert!(read(b"correct horse").is_none() && read(b"").is_none());
        assert!(same(text.as_bytes(), typed.as_bytes()) && !same(b"", b""));
        assert!(!same(text.as_bytes(), write(&[8; KEY_LEN]).as_bytes()));
    }
}
