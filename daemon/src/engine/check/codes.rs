//! Which steps of one-time codes were used: a broker may take each once, and a refused code counts against
//! the account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use muster_protocol::time::{SECOND, Timestamp};

/// The length of a step, in seconds.
const STEP_S: i64 = 30;
/// So much of a step must be left for a login: a code that changes while it travels may be refused.
const MARGIN_S: i64 = 3;

/// The step of an instant.
pub fn step_of(at: Timestamp) -> i64 {
    at.unix_seconds().div_euclid(STEP_S)
}

/// When a code may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Now; the step is taken.
    Now {
        /// Which.
        step: i64,
    },
    /// From this instant on, by the clock that was given.
    From(Timestamp),
}

/// The last step used of each client's codes.
#[derive(Debug, Default)]
pub struct Codes(Mutex<BTreeMap<String, i64>>);

impl Codes {
    /// Notes that this step was used, perhaps.
    pub fn used(&self, client_id: &str, step: i64) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = used.entry(client_id.to_ascii_uppercase()).or_insert(step);
        *last = step.max(*last);
    }

    /// Takes the step `at` is in, unless it was used or is nearly over.
    pub fn take(&self, client_id: &str, at: Timestamp) -> Turn {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let step = step_of(at);
        let left = STEP_S - at.unix_seconds().rem_euclid(STEP_S);
        let last = used.get(&client_id.to_ascii_uppercase()).copied();
        let free = last.map_or(step, |last| step.max(last.saturating_add(1)));
        if free > step {
            return Turn::From(begin_of(free));
        }
        if left <= MARGIN_S {
            return Turn::From(begin_of(step.saturating_add(1)));
        }
        used.insert(client_id.to_ascii_uppercase(), step);
        Turn::Now { step }
    }
}

fn begin_of(step: i64) -> Timestamp {
    Timestamp::from_millis(step.saturating_mul(STEP_S).saturating_mul(SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * SECOND)
    }

    #[test]
    fn no_step_is_taken_twice_and_none_that_is_nearly_over() {
        let codes = Codes::default();
        assert_eq!(codes.take("A1", at(3_000)), Turn::Now { step: 100 });
        assert_eq!(codes.take("a1", at(3_001)), Turn::From(at(3_030)), "the same person");
        assert_eq!(codes.take("B2", at(3_001)), Turn::Now { step: 100 });
        assert_eq!(codes.take("A1", at(3_057)), Turn::From(at(3_060)));
        assert_eq!(codes.take("A1", at(3_056)), Turn::Now { step: 101 });
        // A clock that went back does not make an old step new.
        assert_eq!(codes.take("A1", at(3_000)), Turn::From(at(3_060)));
    }

    #[test]
    fn what_was_used_before_a_restart_stays_used() {
        let codes = Codes::default();
        codes.used("A1", 100);
        codes.used("A1", 90);
        assert_eq!(codes.take("A1", at(3_010)), Turn::From(at(3_030)));
    }
}
