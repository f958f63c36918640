//! Exchange time: an anchor, a speed, and the real time that has passed since.
//! Every rule of the sandbox asks this clock, so a test moves a whole day by setting it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// A handle on one exchange clock; clones show the same time.
#[derive(Clone)]
pub struct SandboxClock(Arc<Mutex<Hands>>);

/// What a clock shows at one moment, as the control port reports it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClockReading {
    /// Exchange time, RFC 3339 with the Indian offset.
    pub now: String,
    /// Exchange seconds per real second.
    pub speed: f64,
    /// Whether the clock stands still.
    pub frozen: bool,
}

struct Hands {
    exchange: Timestamp,
    real: Instant,
    speed: f64,
    frozen: bool,
}

impl SandboxClock {
    /// Exchange time is the machine's time.
    pub fn wall() -> Self {
        Self::starting_at(wall_now(), 1.0)
    }

    /// Runs from `exchange` at `speed` exchange seconds per real second.
    pub fn starting_at(exchange: Timestamp, speed: f64) -> Self {
        Self::with(Hands { exchange, real: Instant::now(), speed, frozen: false })
    }

    /// Stands at `exchange` until somebody moves it.
    pub fn frozen_at(exchange: Timestamp) -> Self {
        Self::with(Hands { exchange, real: Instant::now(), speed: 1.0, frozen: true })
    }

    /// Shares a time base with other processes: the same three numbers give the same time everywhere.
    pub fn from_anchor(wall_unix_ms: i64, exchange_unix_ms: i64, speed: f64) -> Self {
        let (wall, real) = at_one_moment(|| (wall_now(), Instant::now()));
        let passed = wall.as_millisecond().saturating_sub(wall_unix_ms);
        let anchor = Timestamp::from_millisecond(exchange_unix_ms).unwrap_or(Timestamp::MAX);
        let size = scaled(Duration::from_millis(passed.unsigned_abs()), speed);
        let moved = if passed < 0 { anchor.checked_sub(size) } else { anchor.checked_add(size) };
        Self::with(Hands { exchange: moved.unwrap_or(anchor), real, speed, frozen: false })
    }

    /// The same moment on this machine's clock and on this one, in Unix milliseconds.
    pub fn anchor(&self) -> (i64, i64) {
        at_one_moment(|| (wall_now().as_millisecond(), self.now().as_millisecond()))
    }

    /// The exchange time now.
    pub fn now(&self) -> Timestamp {
        self.hands().now()
    }

    /// Moves the clock; what is `None` stays as it is.
    pub fn set(&self, now: Option<Timestamp>, speed: Option<f64>, frozen: Option<bool>) {
        let mut hands = self.hands();
        let exchange = now.unwrap_or_else(|| hands.now());
        let speed = speed.unwrap_or(hands.speed);
        let frozen = frozen.unwrap_or(hands.frozen);
        *hands = Hands { exchange, real: Instant::now(), speed, frozen };
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let size = SignedDuration::try_from(by).unwrap_or(SignedDuration::ZERO);
        let now = self.now();
        self.set(Some(now.checked_add(size).unwrap_or(now)), None, None);
    }

    /// Everything the clock shows.
    pub fn reading(&self) -> ClockReading {
        let hands = self.hands();
        ClockReading { now: rfc3339(hands.now()), speed: hands.speed, frozen: hands.frozen }
    }

    fn with(hands: Hands) -> Self {
        Self(Arc::new(Mutex::new(hands)))
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SandboxClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SandboxClock").field(&self.reading()).finish()
    }
}

impl Hands {
    fn now(&self) -> Timestamp {
        if self.frozen {
            return self.exchange;
        }
        let passed = scaled(self.real.elapsed(), self.speed);
        self.exchange.checked_add(passed).unwrap_or(self.exchange)
    }
}

/// The wall clock of an exchange day in India.
pub(crate) fn ist(at: Timestamp) -> Zoned {
    at.to_zoned(india())
}

/// The next time the Indian wall clock shows `hour`:00, strictly after `at`.
pub(crate) fn next_hour_of_day(at: Timestamp, hour: i64) -> Timestamp {
    let local = at.as_second() + INDIA_SECONDS;
    let today = local.div_euclid(DAY_SECONDS) * DAY_SECONDS + hour * 3600;
    let next = if today > local { today } else { today + DAY_SECONDS };
    Timestamp::from_second(next - INDIA_SECONDS).unwrap_or(Timestamp::MAX)
}

/// The Indian calendar day, as days since 1970.
pub(crate) fn day_number(at: Timestamp) -> i64 {
    (at.as_second() + INDIA_SECONDS).div_euclid(DAY_SECONDS)
}

/// RFC 3339 with the Indian offset and milliseconds.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    ist(at).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

fn india() -> TimeZone {
    TimeZone::fixed(Offset::from_seconds(INDIA_OFFSET).unwrap_or(Offset::UTC))
}

fn scaled(real: Duration, speed: f64) -> SignedDuration {
    let scaled = Duration::try_from_secs_f64(real.as_secs_f64() * speed).unwrap_or_default();
    SignedDuration::try_from(scaled).unwrap_or(SignedDuration::ZERO)
}

fn wall_now() -> Timestamp {
    Timestamp::now()
}

/// Two clocks read one after the other, and nothing else meanwhile: on a busy machine a thread can be put
/// aside for a tenth of a second between two lines, which is half a minute of a clock that runs quickly.
fn at_one_moment<T>(read: impl Fn() -> T) -> T {
    let timed = || {
        let began = Instant::now();
        let value = read();
        (began.elapsed(), value)
    };
    let mut best = timed();
    for _ in 0..TRIES {
        if best.0 < SHORT {
            break;
        }
        let next = timed();
        if next.0 < best.0 {
            best = next;
        }
    }
    best.1
}

/// So short is a moment.
const SHORT: Duration = Duration::from_micros(200);
const TRIES: usize = 1_000;

const INDIA_OFFSET: i32 = 19_800;
pub(crate) const INDIA_SECONDS: i64 = 19_800;
const DAY_SECONDS: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    /// Two clocks that were read with a pause between them ran apart for all of a daemon's life.
    #[test]
    fn what_was_read_with_a_pause_is_read_again() {
        let reads = std::cell::Cell::new(0);
        let read = at_one_moment(|| {
            reads.set(reads.get() + 1);
            let began = Instant::now();
            while reads.get() == 1 && began.elapsed() < SHORT * 50 {
                std::hint::spin_loop();
            }
            reads.get()
        });
        assert!(read > 1);
    }

    #[test]
    fn a_day_ends_at_the_hour_in_india() {
        let evening: Timestamp = "2026-11-23T23:59:59+05:30".parse().unwrap();
        assert_eq!(rfc3339(next_hour_of_day(evening, 0)), "2026-11-24T00:00:00.000+05:30");
        assert_eq!(rfc3339(next_hour_of_day(evening, 6)), "2026-11-24T06:00:00.000+05:30");
        let early: Timestamp = "2026-11-23T06:00:00+05:30".parse().unwrap();
        assert_eq!(rfc3339(next_hour_of_day(early, 6)), "2026-11-24T06:00:00.000+05:30");
    }

    #[test]
    fn a_frozen_clock_moves_only_when_moved() {
        let clock = SandboxClock::frozen_at("2026-11-23T15:08:00+05:30".parse().unwrap());
        let before = clock.now();
        assert_eq!(clock.now(), before);
        clock.advance(Duration::from_secs(120));
        assert_eq!(clock.reading().now, "2026-11-23T15:10:00.000+05:30");
    }

    #[test]
    fn an_anchor_gives_every_process_the_same_time() {
        let wall = wall_now().as_millisecond() - 10_000;
        let clock = SandboxClock::from_anchor(wall, 1_795_400_000_000, 60.0);
        let shown = clock.now().as_millisecond() - 1_795_400_000_000;
        assert!((600_000..660_000).contains(&shown), "{shown}");
    }
}
