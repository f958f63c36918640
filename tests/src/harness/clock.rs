//! The sandbox's exchange clock, as the daemon's.

use std::time::Duration;

use async_trait::async_trait;
use muster_protocol::status::Ntp;
use muster_protocol::time::Timestamp;
use musterd::clock::{Clock, Shown};

use crate::sandbox::SandboxClock;

/// The daemon lives by the sandbox's time.
pub struct DayClock(pub SandboxClock);

/// The clock can be moved at any moment, so it is looked at again this often.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

#[async_trait]
impl Clock for DayClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now().as_millisecond())
    }

    async fn sleep_until(&self, at: Timestamp) {
        let reading = self.0.reading();
        let left = u64::try_from(at.since(self.now())).unwrap_or(0);
        let speed = if reading.frozen { 1.0 } else { reading.speed.max(0.001) };
        let real = Duration::from_millis(left).div_f64(speed);
        tokio::time::sleep(real.min(LOOK_AGAIN)).await;
    }
}

/// The same, on a machine that has another clock beside it, which nobody sets: a move of the sandbox's
/// clock is a clock that was set.
pub struct SetClock {
    day: DayClock,
    since: tokio::time::Instant,
}

impl SetClock {
    /// A machine whose wall clock is this one.
    pub fn new(clock: SandboxClock) -> Self {
        Self { day: DayClock(clock), since: tokio::time::Instant::now() }
    }
}

#[async_trait]
impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.day.now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        self.day.sleep_until(at).await;
    }

    fn shown(&self) -> Shown {
        let steady_ms = i64::try_from(self.since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let wall_us = self.now().millis().saturating_mul(1_000);
        Shown { wall_us, steady_ms, awake_ms: steady_ms, ntp: Ntp::Unknown }
    }
}
