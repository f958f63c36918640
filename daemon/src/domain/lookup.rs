//! When an account's order book is read for orders in doubt.

use muster_protocol::time::{SECOND, Timestamp};

/// The wait before each look-up, in milliseconds; the last repeats. The first leaves the broker time to
/// take the order in: without it a book read at once does not show what arrives late.
const WAITS: [i64; 6] = [2 * SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND, 15 * SECOND, 30 * SECOND];

/// One account's look-ups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUps {
    done: usize,
    due: Option<Timestamp>,
}

impl LookUps {
    /// The first look-up after doubt arose at `now`.
    pub fn begin(now: Timestamp) -> Self {
        Self { done: 0, due: Some(now.plus(wait(0))) }
    }

    /// When the next read is due; `None` while one is under way.
    pub const fn due(self) -> Option<Timestamp> {
        self.due
    }

    /// Notes that a read has begun.
    pub const fn started(&mut self) {
        self.due = None;
    }

    /// Notes that a read has ended without settling everything.
    pub fn ended(&mut self, now: Timestamp) {
        self.done = self.done.saturating_add(1);
        self.due = Some(now.plus(wait(self.done)));
    }
}

fn wait(done: usize) -> i64 {
    WAITS.get(done).or(WAITS.last()).copied().unwrap_or(30 * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_stay() {
        let mut now = Timestamp::from_millis(0);
        let mut lookups = LookUps::begin(now);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let due = lookups.due().unwrap();
            waits.push(due.since(now) / SECOND);
            lookups.started();
            assert_eq!(lookups.due(), None);
            now = due;
            lookups.ended(now);
        }
        assert_eq!(waits, [2, 2, 4, 8, 15, 30, 30, 30]);
    }
}
