//! When to draw: at once for what a person did, ten times a second for what the daemon said, once a
//! second for the clock, and not at all otherwise.

use std::time::Duration;

use tokio::time::Instant;

/// How soon a change must be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    Soon,
    Now,
}

/// The least time between two frames of data.
const DATA: Duration = Duration::from_millis(100);

/// Deadlines of the loop.
#[derive(Debug)]
pub(super) struct Clockwork {
    /// When the next frame is due, if one is.
    due: Option<Instant>,
    drawn: Option<Instant>,
    tick: Instant,
}

impl Clockwork {
    /// The first frame is due at once.
    pub(super) const fn new(now: Instant) -> Self {
        Self { due: Some(now), drawn: None, tick: now }
    }

    /// True when a frame is to be drawn.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// A frame was drawn.
    pub(super) const fn drawn(&mut self, now: Instant) {
        self.due = None;
        self.drawn = Some(now);
    }

    /// The terminal takes no bytes at the moment.
    pub(super) fn postpone(&mut self, now: Instant) {
        self.due = Some(now + DATA);
    }

    /// Something changed.
    pub(super) fn mark(&mut self, urgency: Urgency, now: Instant) {
        let at = match (urgency, self.drawn) {
            (Urgency::Now, _) | (_, None) => now,
            (Urgency::Soon, Some(drawn)) => now.max(drawn + DATA),
        };
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// True when a second has passed; the next ends in so many milliseconds.
    pub(super) fn ticked(&mut self, now: Instant, next_in_ms: u64) -> bool {
        if now < self.tick {
            return false;
        }
        self.tick = now + Duration::from_millis(next_in_ms.clamp(20, 1_000));
        self.mark(Urgency::Now, now);
        true
    }

    /// How long the loop may sleep.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let until = self.due.map_or(self.tick, |due| due.min(self.tick));
        until.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_drawn_at_once_and_data_ten_times_a_second() {
        let start = Instant::now();
        let mut clockwork = Clockwork::new(start);
        assert!(clockwork.is_due(start));
        clockwork.drawn(start);
        clockwork.mark(Urgency::Soon, start);
        assert!(!clockwork.is_due(start + Duration::from_millis(99)));
        assert!(clockwork.is_due(start + Duration::from_millis(100)));
        clockwork.mark(Urgency::Now, start);
        assert!(clockwork.is_due(start));
    }

    #[test]
    fn with_nothing_to_show_the_loop_sleeps_to_the_next_second() {
        let start = Instant::now();
        let mut clockwork = Clockwork::new(start);
        assert!(clockwork.ticked(start, 700));
        clockwork.drawn(start);
        assert_eq!(clockwork.wait(start), Duration::from_millis(700));
        assert!(!clockwork.ticked(start, 700));
    }
}
