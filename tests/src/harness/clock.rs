//! The sandbox's exchange clock, as the daemon's.

use std::time::Duration;

use async_trait::async_trait;
use muster_protocol::time::Timestamp;
use musterd::clock::Clock;

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
