//! When a secret may be tried: one at a time, and after each that was wrong a longer wait. A try costs
//! half a second and 256 MiB, so that without this the socket would be a way to take the machine down.

use muster_protocol::time::{SECOND, Timestamp};
use muster_protocol::vault::KeyTask;

use super::msg::{ReplyTo, Who};

/// A task whose secret is being tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyJob {
    /// Who waits for it.
    pub reply: ReplyTo,
    /// Who asked.
    pub who: Who,
    /// What for.
    pub task: KeyTask,
}

/// Why a secret is not tried now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNow {
    /// Another is being tried.
    Working,
    /// The last ones were wrong; so many milliseconds are left.
    Wait(i64),
}

/// What is being tried, and how often it went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keyring {
    working: Option<KeyJob>,
    wrong: u32,
    not_before: Option<Timestamp>,
}

impl Keyring {
    /// Begins a try, if one may begin now.
    pub fn begin(&mut self, now: Timestamp, job: KeyJob) -> Result<(), NotNow> {
        if self.working.is_some() {
            return Err(NotNow::Working);
        }
        if let Some(until) = self.not_before.filter(|until| *until > now) {
            return Err(NotNow::Wait(until.since(now)));
        }
        self.working = Some(job);
        Ok(())
    }

    /// Whether a secret is being tried.
    pub const fn is_working(&self) -> bool {
        self.working.is_some()
    }

    /// Ends the try; `wrong` if the secret opened nothing.
    pub fn end(&mut self, now: Timestamp, wrong: bool) -> Option<KeyJob> {
        let job = self.working.take()?;
        if wrong {
            let doublings = self.wrong.min(MAX_DOUBLINGS);
            self.wrong = self.wrong.saturating_add(1);
            let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
            self.not_before = Some(now.plus(wait));
        } else {
            (self.wrong, self.not_before) = (0, None);
        }
        Some(job)
    }
}

const FIRST_WAIT: i64 = SECOND;
const LONGEST_WAIT: i64 = 300 * SECOND;
const MAX_DOUBLINGS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> KeyJob {
        let who = Who { name: "uid 0".to_owned(), role: "operator".to_owned() };
        KeyJob { reply: ReplyTo(1), who, task: KeyTask::Unseal }
    }

    #[test]
    fn i14_one_at_a_time_and_the_wait_grows_with_each_that_was_wrong() {
        let mut ring = Keyring::default();
        let mut now = Timestamp::from_millis(0);
        let mut waits = Vec::new();
        for _ in 0..11 {
            ring.begin(now, job()).unwrap();
            assert_eq!(ring.begin(now, job()), Err(NotNow::Working));
            assert!(ring.end(now, true).is_some());
            let Err(NotNow::Wait(left)) = ring.begin(now, job()) else { panic!("no wait") };
            waits.push(left / SECOND);
            now = now.plus(left);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        ring.begin(now, job()).unwrap();
        ring.end(now, false);
        assert_eq!(ring.begin(now, job()), Ok(()), "a right one ends the waiting");
    }
}
