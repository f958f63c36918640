//! How often an account may send: a spacing between starts, empty at start-up so that a restart never bursts.

use muster_protocol::time::Timestamp;

/// The least time between the starts of two order calls of one account, in milliseconds: 8 a second.
/// Angel One documents 9 a second for place, modify and cancel combined; Kite 10 a second.
pub const ORDER_SPACING_MS: i64 = 125;

/// The most checks of stored accounts under way at once: a muster of thousands is a queue, not a flood.
pub const MAX_CHECKS: usize = 32;

/// One account's spacing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spacing {
    free_at: Option<Timestamp>,
}

impl Spacing {
    /// When the next call may start, `now` at the earliest.
    pub fn next_start(self, now: Timestamp) -> Timestamp {
        self.free_at.map_or(now, |free| free.max(now))
    }

    /// Notes that a call starts now.
    pub fn started(&mut self, now: Timestamp) {
        self.free_at = Some(now.plus(ORDER_SPACING_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i8_never_more_than_eight_in_a_second() {
        let mut spacing = Spacing::default();
        let (mut now, mut starts) = (Timestamp::from_millis(0), Vec::new());
        while starts.len() < 40 {
            now = spacing.next_start(now);
            spacing.started(now);
            starts.push(now.millis());
        }
        for window in starts.windows(9) {
            assert!(window[8] - window[0] >= 1_000, "{window:?}");
        }
    }
}
