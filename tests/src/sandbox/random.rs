//! Made-up secrets and ids. Each secret carries the text CANARY where its shape leaves room,
//! so that a leak into a log, a screen or a file can be found by searching for one word.

use data_encoding::HEXLOWER;

/// A small generator (splitmix64): quick, repeatable from its seed, good for nothing secret.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Seeded by the operating system, so that two sandboxes never share a token.
    pub(crate) fn fresh() -> Self {
        Self(getrandom::u64().unwrap_or(0x5eed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True with `probability` (0 to 1).
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        let roll = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(roll) < probability * f64::from(u32::MAX)
    }

    /// `prefix` filled up to `length` with letters of `alphabet`.
    pub(crate) fn text(&mut self, prefix: &str, alphabet: &[u8], length: usize) -> String {
        let mut text = String::from(prefix);
        while text.len() < length {
            let at = usize::try_from(self.next() % alphabet.len() as u64).unwrap_or(0);
            text.push(alphabet.get(at).map_or('0', |&letter| char::from(letter)));
        }
        text
    }

    pub(crate) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let parts = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
        parts.map(|part| HEXLOWER.encode(part)).join("-")
    }
}

pub(crate) const DIGITS: &[u8] = b"0123456789";
pub(crate) const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub(crate) const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
