//! The sender's clock, read off its answers.

use std::fmt;
use std::sync::Arc;

use muster_protocol::time::{SECOND, Timestamp};

/// A moment by our clocks: what the wall clock showed, and one that nobody can set, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// The other.
    pub steady_ms: i64,
}

/// Who is told of each answer's date.
pub trait Watch: Send + Sync {
    /// The moment it is.
    fn moment(&self) -> Moment;

    /// An answer that was asked for at `sent` and is there now was written at `date`.
    fn dated(&self, date: Timestamp, sent: Moment);
}

/// The same, to be cloned with a client.
#[derive(Clone)]
pub struct Dates(pub Arc<dyn Watch>);

impl fmt::Debug for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dates")
    }
}

/// Their clock minus ours, in milliseconds: the least the header allows. It is cut to the second, and was
/// written at some time between our sending and our receiving.
pub fn least_offset(date: Timestamp, sent: Timestamp, received: Timestamp) -> i64 {
    let least = date.since(received);
    let most = date.since(sent).saturating_add(SECOND - 1);
    if least > 0 { least } else { most.min(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_is_the_least_the_header_allows() {
        let at = Timestamp::from_millis;
        let now = |date, ours| least_offset(at(date), at(ours), at(ours));
        assert_eq!(now(10_000, 10_000), 0);
        assert_eq!(now(10_000, 10_999), 0);
        assert_eq!(now(10_000, 12_000), -1_001);
        assert_eq!(now(12_000, 10_500), 1_500);
        // An answer that took ten seconds proves nothing within them.
        assert_eq!(least_offset(at(12_000), at(5_000), at(15_000)), 0);
        assert_eq!(least_offset(at(20_000), at(5_000), at(15_000)), 5_000);
    }
}
