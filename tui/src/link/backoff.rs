//! How long to wait before the next attempt to connect.

use std::hash::{BuildHasher, Hasher, RandomState};

/// The first wait, in milliseconds.
const LEAST_MS: u64 = 250;
/// The longest.
const MOST_MS: u64 = 5_000;
/// The longest, for clocks that count with a sign.
pub(super) const MOST_MS_I64: i64 = 5_000;

/// A quarter second, doubling to five seconds, up to a fifth shorter by chance, so that clients do
/// not come back all at once.
pub(super) fn delay_ms(attempt: u32, chance: u64) -> u64 {
    let doubled = LEAST_MS.saturating_mul(1_u64 << attempt.saturating_sub(1).min(10)).min(MOST_MS);
    doubled.saturating_sub(doubled.saturating_mul(chance % 21) / 100)
}

/// A number nobody can foresee; the standard library's hash keys are random.
pub(super) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_five_seconds_and_no_further() {
        let waits: Vec<u64> = (1..9).map(|attempt| delay_ms(attempt, 0)).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
        assert_eq!(delay_ms(u32::MAX, 0), MOST_MS);
        assert!((0..100).all(|chance| (4_000..=5_000).contains(&delay_ms(9, chance))));
    }
}
