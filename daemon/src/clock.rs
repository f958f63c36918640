//! The clock: the only place where time is read. Tests and the demo pass another one.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use muster_protocol::status::Ntp;
use muster_protocol::time::{SECOND, Timestamp};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// Exchange time, and waiting for it.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The instant it is.
    fn now(&self) -> Timestamp;

    /// Returns when `at` has come, at once if it has passed. May return early; callers look again.
    async fn sleep_until(&self, at: Timestamp);

    /// What all the machine's clocks show. A clock of which there is but one agrees with itself.
    fn shown(&self) -> Shown {
        let now = self.now().millis();
        let wall_us = now.saturating_mul(1_000);
        Shown { wall_us, steady_ms: now, awake_ms: now, ntp: Ntp::Unknown }
    }
}

/// What the machine's clocks show at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The wall clock, in Unix microseconds.
    pub wall_us: i64,
    /// Since the machine started, in milliseconds; nobody can set it.
    pub steady_ms: i64,
    /// The same without the time the machine slept.
    pub awake_ms: i64,
    /// Whether the wall clock follows a time source.
    pub ntp: Ntp,
}

/// The machine's own clock.
pub struct SystemClock {
    synchronized: PathBuf,
    asked: Mutex<Option<(i64, Ntp)>>,
}

/// The file systemd's time service touches whenever it hears from its source.
pub fn timesyncd() -> PathBuf {
    PathBuf::from("/run/systemd/timesync/synchronized")
}

/// The longest sleep in one piece: the timer does not see the wall clock being set or the machine
/// being suspended, so it is looked at again at least this often.
const LONGEST_SLEEP_US: i64 = 1_000_000;
/// From here on the kernel is asked to wake us by the wall clock itself.
const LAST_APPROACH_US: i64 = 50_000;
/// The time source is asked this often.
const ASK_NTP_MS: i64 = SECOND;
/// A source that was not heard for so long may be gone: systemd's asks at least every 34 minutes.
const NTP_GOOD_S: i64 = 2 * 60 * 60;

impl SystemClock {
    /// The machine's clock; the time service touches this file.
    pub fn new(synchronized: PathBuf) -> Self {
        Self { synchronized, asked: Mutex::new(None) }
    }

    /// What the time service's file says, asked for now and then.
    fn ntp(&self, steady_ms: i64, now_s: i64) -> Ntp {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        match *asked {
            Some((at, ntp)) if steady_ms.saturating_sub(at) < ASK_NTP_MS => ntp,
            Some(_) | None => {
                let ntp = self.look(now_s);
                *asked = Some((steady_ms, ntp));
                ntp
            }
        }
    }

    /// The file is there once the clock was set from the source, its folder while the service runs.
    fn look(&self, now_s: i64) -> Ntp {
        let Ok(file) = std::fs::metadata(&self.synchronized) else {
            let running = self.synchronized.parent().is_some_and(std::path::Path::is_dir);
            return if running { Ntp::Unsynchronised } else { Ntp::Unknown };
        };
        let since =
            file.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let heard = since.and_then(|since| i64::try_from(since.as_millis()).ok());
        match heard {
            Some(ms) if now_s.saturating_sub(ms / 1_000) <= NTP_GOOD_S => {
                Ntp::Synchronised { at: Timestamp::from_millis(ms) }
            }
            Some(_) | None => Ntp::Unknown,
        }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(micros(ClockId::Realtime) / 1_000)
    }

    async fn sleep_until(&self, at: Timestamp) {
        let left = at.millis().saturating_mul(1_000).saturating_sub(micros(ClockId::Realtime));
        if left <= 0 {
            return;
        }
        if left > LAST_APPROACH_US {
            let nap = (left - LAST_APPROACH_US / 2).min(LONGEST_SLEEP_US);
            tokio::time::sleep(Duration::from_micros(nap.unsigned_abs())).await;
        } else if wake_at(at).await.is_err() {
            // No timer to be had: the runtime's own is late by a millisecond or two.
            tokio::time::sleep(Duration::from_micros(left.unsigned_abs())).await;
        }
    }

    fn shown(&self) -> Shown {
        let wall_us = micros(ClockId::Realtime);
        let steady_ms = micros(ClockId::Boottime) / 1_000;
        let awake_ms = micros(ClockId::Monotonic) / 1_000;
        Shown { wall_us, steady_ms, awake_ms, ntp: self.ntp(steady_ms, wall_us / 1_000_000) }
    }
}

fn micros(clock: ClockId) -> i64 {
    let shown = clock_gettime(clock);
    shown.tv_sec.saturating_mul(1_000_000).saturating_add(shown.tv_nsec / 1_000)
}

/// Has the kernel wake us when the wall clock shows this, or when somebody sets it.
async fn wake_at(at: Timestamp) -> std::io::Result<()> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
    let when = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec {
            tv_sec: at.millis().div_euclid(SECOND),
            tv_nsec: at.millis().rem_euclid(SECOND).saturating_mul(1_000_000),
        },
    };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    timerfd_settime(&timer, flags, &when)?;
    #[expect(
        deprecated,
        reason = "sound for a descriptor that is owned; its successor is unsafe to call"
    )]
    let timer = AsyncFd::new(timer)?;
    let _woken = timer.readable().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(folder: &std::path::Path) -> SystemClock {
        SystemClock::new(folder.join("timesync/synchronized"))
    }

    #[test]
    fn the_time_services_file_says_whether_the_clock_follows_a_source() {
        let folder = tempfile::tempdir().unwrap();
        let now_s = micros(ClockId::Realtime) / 1_000_000;
        assert_eq!(system(folder.path()).look(now_s), Ntp::Unknown, "no such service");
        std::fs::create_dir(folder.path().join("timesync")).unwrap();
        assert_eq!(system(folder.path()).look(now_s), Ntp::Unsynchronised);
        std::fs::write(folder.path().join("timesync/synchronized"), "").unwrap();
        let heard = system(folder.path()).look(now_s);
        assert!(matches!(heard, Ntp::Synchronised { .. }), "{heard:?}");
        assert_eq!(system(folder.path()).look(now_s + 3 * 60 * 60), Ntp::Unknown, "long ago");
    }

    #[tokio::test]
    async fn it_never_wakes_before_the_time_on_the_last_approach() {
        let clock = system(std::path::Path::new("/nonexistent"));
        let at = clock.now().plus(20);
        clock.sleep_until(at).await;
        assert!(clock.now() >= at);
        clock.sleep_until(at).await;
    }

    #[test]
    fn the_machines_clocks_are_read_together() {
        let shown = system(std::path::Path::new("/nonexistent")).shown();
        assert!(shown.wall_us > 0 && shown.steady_ms >= shown.awake_ms);
    }
}
