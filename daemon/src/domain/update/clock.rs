//! What follows from the machine's clocks: a clock that cannot be believed holds runs, and is said aloud.

use muster_protocol::event::{Area, Level};
use muster_protocol::status::{ClockStep, Ntp};

use super::super::clock_guard::{Noticed, NtpRule, Reading};
use super::super::effect::Changed;
use super::super::limits::Spacing;
use super::super::record::Record;
use super::Step;

impl Step<'_> {
    pub(super) fn clock_read(&mut self, reading: &Reading) {
        let before = self.model.clock.fault();
        for noticed in self.model.clock.read(self.now, reading) {
            self.clock_noticed(noticed);
        }
        let after = self.model.clock.fault();
        if before == after {
            return;
        }
        self.model.warned.clear();
        let (level, text) = match after {
            Some(reason) => (Level::Error, reason.words()),
            None => (Level::Warn, "the clock can be believed again: runs happen"),
        };
        self.log(self.entry(level, Area::Daemon, text));
        self.publish(Changed::Status);
    }

    fn clock_noticed(&mut self, noticed: Noticed) {
        let (level, text) = match noticed {
            Noticed::Step(step) => {
                self.clock_set(step);
                let way = if step.by_ms < 0 { "back" } else { "forward" };
                let by = step.by_ms.unsigned_abs();
                let text = format!("the clock was set {way} by {}.{:03} s", by / 1_000, by % 1_000);
                (Level::Error, text)
            }
            Noticed::Slept(ms) => (Level::Warn, format!("the machine slept for {} s", ms / 1_000)),
            Noticed::Confirmed => {
                (Level::Info, "the clock was confirmed after it was set".to_owned())
            }
            Noticed::Ntp(ntp) => match (ntp, self.model.clock.rule()) {
                (Ntp::Synchronised { .. }, _) => {
                    (Level::Info, "the clock follows a time source".to_owned())
                }
                (_, NtpRule::Ignore) => return,
                (Ntp::Unsynchronised, _) => {
                    (Level::Error, "the clock follows no time source".to_owned())
                }
                (Ntp::Unknown, _) => (
                    Level::Warn,
                    "nothing says any more that the clock follows a source".to_owned(),
                ),
            },
        };
        self.log(self.entry(level, Area::Daemon, text));
        self.publish(Changed::Status);
    }

    /// What waits for a time that has been taken back would wait for too long.
    fn clock_set(&mut self, step: ClockStep) {
        // Half a minute by a clock that was set forward is none: absence is proven anew from here.
        for reading in self.model.readings.values_mut() {
            reading.since = self.now;
            reading.clean.clear();
            reading.anew.clear();
        }
        if step.by_ms >= 0 {
            return;
        }
        let now = self.now;
        self.model.mustered = self.model.mustered.min(now);
        self.model.looked_out = self.model.looked_out.min(now);
        self.model.packed = self.model.packed.min(now);
        self.model.archiving.set_back(now);
        for spacing in self.model.spacing.values_mut() {
            let mut anew = Spacing::default();
            anew.started(now);
            *spacing = anew;
        }
        for firing in self.model.firing.values_mut() {
            firing.set_back(now);
        }
        self.model.watches.set_back(now);
        let cancelling = std::mem::take(&mut self.model.cancelling);
        self.model.cancelling = cancelling.into_iter().map(|(at, id)| (at.min(now), id)).collect();
    }

    /// Writes down at least once an hour what the clock shows.
    pub(super) fn mark_clock(&mut self) {
        if let Some(mark) = self.model.clock.mark_alone(self.now) {
            self.record(Record::Clock(mark));
        }
    }
}
