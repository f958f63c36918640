//! Whether the clock can be believed. Compares what the wall clock shows with a clock nobody can set, with
//! what it showed before the last stop, with the machine's time source and with the brokers' clocks.
//!
//! A clock that was set is doubted until a broker or the time source confirms it, or a person does; one
//! that is behind what it showed before until it has caught up, or a person says go. Meanwhile runs are HELD,
//! and MISSED when their window closes. That no run happens twice does not rest on any clock: a run is
//! named by its plan and date.

use muster_protocol::order::Broker;
use muster_protocol::status::{ClockOffset, ClockStep, ClockView, HoldReason, Ntp};
use muster_protocol::time::{MINUTE, SECOND, Timestamp};
use serde::{Deserialize, Serialize};

/// What becomes durable of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockEvent {
    /// It showed this.
    Mark {
        /// When.
        at: Timestamp,
    },
    /// A person said that what it shows is right, whatever it showed before.
    Accepted {
        /// What it shows.
        at: Timestamp,
    },
}

/// What the machine's clocks show at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The wall clock, in Unix microseconds.
    pub wall_us: i64,
    /// A clock that nobody can set and that counts while the machine sleeps, in milliseconds.
    pub steady_ms: i64,
    /// A clock that nobody can set and that stands still while the machine sleeps, in milliseconds.
    pub awake_ms: i64,
    /// The machine's time source.
    pub ntp: Ntp,
    /// The brokers' clocks, as last measured.
    pub offsets: Vec<Measured>,
}

/// A broker's clock against ours, and when that was measured by a clock nobody can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// What was measured.
    pub offset: ClockOffset,
    /// The steady clock then, in milliseconds.
    pub steady_ms: i64,
}

/// What is done when the clock is known to follow no time source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NtpRule {
    /// Runs are HELD.
    #[default]
    Refuse,
    /// It is said.
    Warn,
    /// Nothing.
    Ignore,
}

/// What a reading shows that is worth saying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// The wall clock was set.
    Step(ClockStep),
    /// The machine slept for so many milliseconds.
    Slept(i64),
    /// A broker or the time source confirmed the clock after it was set.
    Confirmed,
    /// The time source is lost, found, or not known any more.
    Ntp(Ntp),
}

/// The clock may be off by so much, in milliseconds: the spacing of a broker's `Date` header, and some.
pub const TOLERANCE_MS: i64 = 2 * SECOND;
/// A step of the clock is worth a word from here on.
const STEP_MS: i64 = 500;
/// A sleep of the machine is worth a word from here on.
const SLEPT_MS: i64 = 2 * SECOND;
/// What the clock shows is made durable along with other records, but not more often than this.
const MARK_WITH_OTHERS_MS: i64 = MINUTE;
/// And at least this often.
pub const MARK_ALONE_MS: i64 = 60 * MINUTE;

/// What is known of the clock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClockGuard {
    rule: NtpRule,
    last: Option<Last>,
    offsets: Vec<Measured>,
    ntp: Ntp,
    /// The last step, and what the time source said then.
    set: Option<(ClockStep, Ntp)>,
    /// The steady clock at a step nothing has confirmed.
    doubted_since: Option<i64>,
    /// By how much the clock is ahead of what it would show without the steps nothing has confirmed, in
    /// milliseconds; negative if it is behind.
    ahead_ms: i64,
    /// A person accepted a clock that follows no time source.
    accepted: bool,
    /// Durable: the latest the clock ever showed.
    high_water: Option<Timestamp>,
    /// The last mark on its way to the disk.
    marking: Option<Timestamp>,
    fault: Option<HoldReason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Last {
    wall_us: i64,
    steady_ms: i64,
    awake_ms: i64,
}

impl ClockGuard {
    /// A guard that knows nothing yet.
    pub fn new(rule: NtpRule) -> Self {
        Self { rule, ..Self::default() }
    }

    /// Takes a durable event in.
    pub fn apply(&mut self, event: ClockEvent) {
        match event {
            ClockEvent::Mark { at } => {
                self.high_water = Some(self.high_water.map_or(at, |mark| mark.max(at)));
            }
            ClockEvent::Accepted { at } => {
                self.high_water = Some(at);
                self.doubted_since = None;
                self.accepted = true;
                self.judge(at);
            }
        }
    }

    /// Takes a reading in; what is worth saying comes back.
    pub fn read(&mut self, now: Timestamp, reading: &Reading) -> Vec<Noticed> {
        let Reading { wall_us, steady_ms, awake_ms, .. } = *reading;
        let mut noticed = Vec::new();
        match self.last.replace(Last { wall_us, steady_ms, awake_ms }) {
            Some(last) => self.compare(last, reading, &mut noticed),
            // What a person accepted before the last stop was about that clock, not this one.
            None => self.accepted = false,
        }
        if reading.ntp_word() != ntp_word(self.ntp) {
            self.accepted = false;
            noticed.push(Noticed::Ntp(reading.ntp));
        }
        self.ntp = reading.ntp;
        self.offsets.clone_from(&reading.offsets);
        if self.doubted_since.is_some_and(|since| self.confirmed(now, since)) {
            self.doubted_since = None;
            noticed.push(Noticed::Confirmed);
        }
        self.judge(now);
        noticed
    }

    fn compare(&mut self, last: Last, reading: &Reading, noticed: &mut Vec<Noticed>) {
        let steady = reading.steady_ms.saturating_sub(last.steady_ms);
        let wall = reading.wall_us.saturating_sub(last.wall_us) / 1_000;
        let slept = steady.saturating_sub(reading.awake_ms.saturating_sub(last.awake_ms));
        if slept >= SLEPT_MS {
            noticed.push(Noticed::Slept(slept));
        }
        let by_ms = wall.saturating_sub(steady);
        if by_ms.saturating_abs() < STEP_MS {
            return;
        }
        let step = ClockStep { at: Timestamp::from_millis(reading.wall_us / 1_000), by_ms };
        self.set = Some((step, reading.ntp));
        if by_ms.saturating_abs() > TOLERANCE_MS {
            let before = if self.doubted_since.is_some() { self.ahead_ms } else { 0 };
            self.ahead_ms = before.saturating_add(by_ms);
            self.doubted_since = Some(reading.steady_ms);
        }
        noticed.push(Noticed::Step(step));
    }

    /// Whether something measured after the step agrees with the clock.
    fn confirmed(&self, now: Timestamp, since: i64) -> bool {
        let by_broker = self.offsets.iter().any(|measured| {
            measured.steady_ms > since && measured.offset.offset_ms.saturating_abs() <= TOLERANCE_MS
        });
        // The source has been heard since: what it had said before the step proves nothing.
        let heard = match (self.ntp, self.set) {
            (Ntp::Synchronised { at }, Some((_, then))) => {
                self.ntp != then && at <= now.plus(TOLERANCE_MS)
            }
            (Ntp::Synchronised { .. } | Ntp::Unknown | Ntp::Unsynchronised, _) => false,
        };
        by_broker || heard
    }

    fn judge(&mut self, now: Timestamp) {
        let behind = self.high_water.is_some_and(|mark| now.plus(TOLERANCE_MS) < mark);
        let lost = self.rule == NtpRule::Refuse && self.ntp == Ntp::Unsynchronised;
        self.fault = if behind {
            Some(HoldReason::ClockBehind)
        } else if self.doubted_since.is_some() {
            Some(HoldReason::ClockSet)
        } else if lost && !self.accepted {
            Some(HoldReason::ClockUnsynchronised)
        } else {
            None
        };
    }

    /// Whether something else agrees with the clock: a broker's, as last measured, or the time source.
    pub fn is_confirmed(&self) -> bool {
        let close =
            |measured: &Measured| measured.offset.offset_ms.saturating_abs() <= TOLERANCE_MS;
        let agrees = self.offsets.iter().any(close) || matches!(self.ntp, Ntp::Synchronised { .. });
        agrees && self.fault.is_none() && self.doubted_since.is_none()
    }

    /// Why the clock cannot be believed, if so.
    pub const fn fault(&self) -> Option<HoldReason> {
        self.fault
    }

    /// The earliest it may be while the clock shows this: without the steps that nothing has confirmed. What
    /// cannot be taken back (a run that is missed, a session that is over) is decided by this.
    pub fn surely(&self, now: Timestamp) -> Timestamp {
        now.plus(-self.unsure_ms())
    }

    /// What the clock shows when it is surely that late.
    pub fn shows(&self, at: Timestamp) -> Timestamp {
        at.plus(self.unsure_ms())
    }

    fn unsure_ms(&self) -> i64 {
        if self.doubted_since.is_some() { self.ahead_ms.max(0) } else { 0 }
    }

    /// What to do about a time source that is known to be lost.
    pub const fn rule(&self) -> NtpRule {
        self.rule
    }

    /// The latest the clock ever showed, as far as that is durable.
    pub const fn high_water(&self) -> Option<Timestamp> {
        self.high_water
    }

    /// The mark to make durable along with other records, if one is wanted. A clock in doubt leaves none.
    pub fn mark_with_others(&mut self, now: Timestamp) -> Option<ClockEvent> {
        self.mark_after(now, MARK_WITH_OTHERS_MS)
    }

    /// The mark to make durable by itself, if one is wanted.
    pub fn mark_alone(&mut self, now: Timestamp) -> Option<ClockEvent> {
        self.mark_after(now, MARK_ALONE_MS)
    }

    fn mark_after(&mut self, now: Timestamp, wait: i64) -> Option<ClockEvent> {
        let due = self.marked().is_none_or(|mark| now >= mark.plus(wait));
        if !due || self.fault.is_some() {
            return None;
        }
        self.marking = Some(now);
        Some(ClockEvent::Mark { at: now })
    }

    fn marked(&self) -> Option<Timestamp> {
        self.high_water.max(self.marking)
    }

    /// When a mark is due by itself.
    pub fn next_mark(&self) -> Option<Timestamp> {
        let next = self.marked().map(|mark| mark.plus(MARK_ALONE_MS));
        next.filter(|_| self.fault.is_none())
    }

    /// How long after `at` the last reading was taken, in microseconds; `None` before it and without one.
    pub fn late_us(&self, now: Timestamp, at: Timestamp) -> Option<u64> {
        let last = self.last?;
        // A message that took its time has an older reading: then the milliseconds are all there is.
        let fresh = now.millis().saturating_sub(last.wall_us / 1_000).abs() <= 1;
        let wall_us = if fresh { last.wall_us } else { now.millis().saturating_mul(1_000) };
        u64::try_from(wall_us.saturating_sub(at.millis().saturating_mul(1_000))).ok()
    }

    /// The broker's clock against ours, as last measured.
    pub fn offset(&self, broker: Broker) -> Option<ClockOffset> {
        self.offsets.iter().map(|measured| measured.offset).find(|offset| offset.broker == broker)
    }

    /// As clients see it.
    pub fn view(&self) -> ClockView {
        ClockView {
            ntp: self.ntp,
            offsets: self.offsets.iter().map(|measured| measured.offset).collect(),
            set: self.set.map(|(step, _)| step),
        }
    }
}

impl Reading {
    const fn ntp_word(&self) -> u8 {
        ntp_word(self.ntp)
    }
}

/// Which of the three it is, whenever it was heard.
const fn ntp_word(ntp: Ntp) -> u8 {
    match ntp {
        Ntp::Unknown => 0,
        Ntp::Synchronised { .. } => 1,
        Ntp::Unsynchronised => 2,
    }
}

#[cfg(test)]
mod tests;
