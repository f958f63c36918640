//! The clock: the only place where time is read. Tests and the demo pass another one.

use std::time::Duration;

use async_trait::async_trait;
use muster_protocol::time::Timestamp;

/// Exchange time, and waiting for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The instant it is.
    fn now(&self) -> Timestamp;

    /// Returns when `at` has come, at once if it has passed. May return early; callers look again.
    async fn sleep_until(&self, at: Timestamp);
}

/// The machine's own clock.
pub struct SystemClock;

/// The longest sleep in one piece: the timer does not see the wall clock being set or the machine
/// being suspended, so it is looked at again at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock edge")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Timestamp::from_millis(millis)
    }

    async fn sleep_until(&self, at: Timestamp) {
        let left = u64::try_from(at.since(self.now())).unwrap_or(0);
        tokio::time::sleep(Duration::from_millis(left).min(LONGEST_SLEEP)).await;
    }
}
